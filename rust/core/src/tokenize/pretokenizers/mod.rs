//! Pre-tokenizers: where a normalized text is cut before the model sees it.
//!
//! Each is written by hand for exactly the rules in use; an expression is recognized by its text,
//! so that no regex engine runs. What ByteLevel does to the bytes of a piece is left to the model:
//! it works on the bytes themselves.

mod classes;
mod patterns;
mod plan;
mod words;

pub(crate) use classes::Classes;
pub(crate) use patterns::Pattern;
pub(crate) use words::Words;

use classes::{Class, NUMERIC, PUNCTUATION};

/// One cut, or the space that ByteLevel sets before what reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Pattern(Pattern),
    Words(Words),
    /// Digits and Punctuation: characters of a class apart from the others, one by one or in runs.
    Apart {
        class: Class,
        one_by_one: bool,
    },
    /// `add_prefix_space`.
    PrefixSpace,
}

/// All cuts of a tokenizer.json, one after the other.
#[derive(Debug)]
pub(crate) struct PreTokenizer {
    steps: Vec<Step>,
    byte_level: bool,
}

/// Working memory.
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<u8>);

impl PreTokenizer {
    /// Whether the model's strings stand for bytes rather than characters.
    pub(crate) fn is_byte_level(&self) -> bool {
        self.byte_level
    }

    /// The pattern whose matches are the pieces, if it is as simple as that for every text that
    /// starts with a space, and for others once `prefixed`.
    pub(crate) fn pattern(&self) -> Option<Pattern> {
        match *self.steps.as_slice() {
            [Step::Pattern(pattern)] | [Step::PrefixSpace, Step::Pattern(pattern)] => Some(pattern),
            _ => None,
        }
    }

    /// The kind of words, if there is no other cut.
    pub(crate) fn words(&self) -> Option<Words> {
        match *self.steps.as_slice() {
            [Step::Words(words)] => Some(words),
            _ => None,
        }
    }

    /// The text that the pattern is for.
    #[inline]
    pub(crate) fn prefixed<'a>(&self, text: &'a [u8], buffer: &'a mut Buffer) -> &'a [u8] {
        match self.steps.first() {
            Some(Step::PrefixSpace) => prefixed(text, &mut buffer.0),
            _ => text,
        }
    }

    /// Calls `piece` for every piece until it returns false, and says so. A piece is a range of
    /// the text that it comes with, which is not always this one.
    #[inline]
    pub(crate) fn split(
        &self,
        text: &[u8],
        buffer: &mut Buffer,
        mut piece: impl FnMut(&[u8], usize, usize) -> bool,
    ) -> bool {
        let classes = Classes::get();
        // What most files have, without an indirect call for every piece.
        match *self.steps.as_slice() {
            [Step::Words(words)] => {
                words.split(classes, text, |start, end| piece(text, start, end))
            }
            ref steps => run(steps, classes, text, &mut buffer.0, &mut piece),
        }
    }
}

fn run(
    steps: &[Step],
    classes: &Classes,
    text: &[u8],
    buffer: &mut Vec<u8>,
    piece: &mut dyn FnMut(&[u8], usize, usize) -> bool,
) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return text.is_empty() || piece(text, 0, text.len());
    };
    let mut next = |start: usize, end: usize| run(rest, classes, &text[start..end], buffer, piece);
    match *step {
        Step::Pattern(pattern) => pattern.split(classes, text, next),
        Step::Words(words) => words.split(classes, text, next),
        Step::Apart { class, one_by_one } => {
            let mut start = 0;
            while start < text.len() {
                let (found, len) = classes.at(text, start);
                let end = if one_by_one && found & class != 0 {
                    start + len
                } else {
                    classes.run(text, start, class, found & class)
                };
                if !next(start, end) {
                    return false;
                }
                start = end;
            }
            true
        }
        Step::PrefixSpace => {
            // Only one step of this kind exists, so the buffer is not in use.
            let mut own = std::mem::take(buffer);
            let goes_on = run(rest, classes, prefixed(text, &mut own), buffer, piece);
            *buffer = own;
            goes_on
        }
    }
}

/// The text with a space before it, if it is not empty and has none.
fn prefixed<'a>(text: &'a [u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    if text.first().is_none_or(|&first| first == b' ') {
        return text;
    }
    buffer.clear();
    buffer.push(b' ');
    buffer.extend_from_slice(text);
    buffer
}
