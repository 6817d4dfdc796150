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
pub(crate) struct Buffer {
    prefixed: Vec<u8>,
    /// What two cuts in a row make of a piece.
    cut: Vec<Range>,
    again: Vec<Range>,
}

/// Where a piece starts and ends.
type Range = (usize, usize);

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
            Some(Step::PrefixSpace) => prefixed(text, &mut buffer.prefixed),
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
            ref steps => {
                let Buffer { prefixed: own, cut, again } = buffer;
                let space = steps.iter().position(|step| *step == Step::PrefixSpace);
                let (before, after) = match space {
                    Some(at) => (&steps[..at], &steps[at + 1..]),
                    None => (steps, [].as_slice()),
                };
                let goes_on = cuts(before, classes, text, cut, again, &mut |start, end| {
                    if space.is_none() {
                        return piece(text, start, end);
                    }
                    let text = prefixed(&text[start..end], own);
                    let mut each = |start: usize, end: usize| piece(text, start, end);
                    match after {
                        [] => each(0, text.len()),
                        [step] => step.split(classes, text, &mut each),
                        steps => {
                            // Not in any file in use, so that memory may be asked for.
                            let (mut cut, mut again) = (Vec::new(), Vec::new());
                            cuts(steps, classes, text, &mut cut, &mut again, &mut each)
                        }
                    }
                });
                for ranges in [cut, again] {
                    ranges.clear();
                    ranges.shrink_to(KEPT);
                }
                goes_on
            }
        }
    }
}

/// More ranges than this are not kept from one text to the next: half a megabyte.
const KEPT: usize = 1 << 15;

/// All cuts but of an empty text, one after the other: of each piece that the first one makes,
/// the pieces of the second, of all these those of the third. However many there are, nothing
/// calls itself.
fn cuts(
    steps: &[Step],
    classes: &Classes,
    text: &[u8],
    cut: &mut Vec<Range>,
    again: &mut Vec<Range>,
    piece: &mut dyn FnMut(usize, usize) -> bool,
) -> bool {
    let Some((first, rest)) = steps.split_first() else {
        return text.is_empty() || piece(0, text.len());
    };
    let Some((last, middle)) = rest.split_last() else {
        return first.split(classes, text, piece);
    };
    first.split(classes, text, &mut |start, end| {
        cut.clear();
        cut.push((start, end));
        for step in middle {
            again.clear();
            for &(from, to) in &*cut {
                step.split(classes, &text[from..to], &mut |start, end| {
                    again.push((from + start, from + end));
                    true
                });
            }
            std::mem::swap(cut, again);
        }
        cut.iter().all(|&(from, to)| {
            last.split(classes, &text[from..to], &mut |start, end| piece(from + start, from + end))
        })
    })
}

impl Step {
    /// Calls `piece` for every piece until it returns false, and says so.
    fn split(
        self,
        classes: &Classes,
        text: &[u8],
        piece: &mut dyn FnMut(usize, usize) -> bool,
    ) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.split(classes, text, piece),
            Self::Words(words) => words.split(classes, text, piece),
            Self::Apart { class, one_by_one } => {
                let mut start = 0;
                while start < text.len() {
                    let (found, len) = classes.at(text, start);
                    let end = if one_by_one && found & class != 0 {
                        start + len
                    } else {
                        classes.run(text, start, class, found & class)
                    };
                    if !piece(start, end) {
                        return false;
                    }
                    start = end;
                }
                true
            }
            // No cut: it is taken care of where the cuts after it are made.
            Self::PrefixSpace => text.is_empty() || piece(0, text.len()),
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
