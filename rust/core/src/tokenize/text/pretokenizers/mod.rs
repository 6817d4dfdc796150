//! Pre-tokenizers: where a normalized text is cut into words.
//!
//! Each is written for exactly the rules in use. Most only cut; Metaspace and ByteLevel change the
//! text as well, after which words lie in a text of their own. What a ByteLevel at the end does to
//! the bytes of a word is left to the model: some work on the bytes themselves.

mod classes;
mod metaspace;
mod patterns;
mod plan;
pub(in crate::tokenize) mod regex;
mod scripts;
mod split;
mod words;

pub(in crate::tokenize) use classes::Classes;
pub(in crate::tokenize) use metaspace::{Metaspace, Prepend};
pub(in crate::tokenize) use patterns::Pattern;
pub(in crate::tokenize) use words::Words;

use super::stand_ins;
use classes::{Class, NUMERIC, PUNCTUATION};
use split::Split;

/// One cut, or one change of the text.
#[derive(Debug)]
enum Step {
    /// Each match of an expression without gaps.
    Pattern(Pattern),
    Words(Words),
    /// Characters of a class apart from the others, one by one or in runs.
    Apart {
        class: Class,
        one_by_one: bool,
    },
    Split(Split),
    /// So many characters at a time, at least one.
    FixedLength(usize),
    /// Where the script changes: UnicodeScripts.
    Scripts,
    /// `add_prefix_space` of ByteLevel.
    PrefixSpace,
    /// Bytes become the characters that stand for them.
    StandIns,
    Metaspace(Metaspace),
}

/// All steps of a tokenizer.json, one after the other.
#[derive(Debug)]
pub(in crate::tokenize) struct PreTokenizer {
    steps: Vec<Step>,
    byte_level: bool,
}

/// Working memory.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Buffer {
    /// What the steps that change the text make of it.
    text: Vec<u8>,
    spare: Vec<u8>,
    /// Where its words lie.
    ranges: Vec<Range>,
    again: Vec<Range>,
}

/// Where a word starts and ends: texts are shorter than four gigabytes.
type Range = (u32, u32);

/// How raw text can be cut so that what becomes of a part does not depend on the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Apart<'a> {
    /// At what these drop or set apart.
    Words(Words),
    /// At spaces, each of which begins a word.
    Metaspace(&'a Metaspace),
}

impl PreTokenizer {
    /// Whether the words are still to be seen as characters that stand for their bytes.
    pub(in crate::tokenize) fn is_byte_level(&self) -> bool {
        self.byte_level
    }

    /// The pattern whose matches are the words, if it is as simple as that for every text that
    /// starts with a space, and for others once `prefixed`.
    pub(in crate::tokenize) fn pattern(&self) -> Option<&Pattern> {
        match self.steps.as_slice() {
            [Step::Pattern(pattern)] | [Step::PrefixSpace, Step::Pattern(pattern)] => Some(pattern),
            _ => None,
        }
    }

    /// How raw text can be cut into parts that have nothing to do with each other.
    pub(in crate::tokenize) fn apart(&self) -> Option<Apart<'_>> {
        let (first, rest) = self.steps.split_first()?;
        let depends = |step: &Step| {
            matches!(step, Step::Metaspace(Metaspace { prepend: Prepend::First, .. }))
        };
        if rest.iter().any(depends) {
            return None;
        }
        match first {
            Step::Words(words) => Some(Apart::Words(*words)),
            Step::Metaspace(metaspace) if metaspace.split => Some(Apart::Metaspace(metaspace)),
            _ => None,
        }
    }

    /// The last step, if it is a Metaspace with nothing before it but a cut at white space; and
    /// whether that is there.
    pub(in crate::tokenize) fn metaspace(&self) -> Option<(&Metaspace, bool)> {
        match self.steps.as_slice() {
            _ if self.byte_level => None,
            [Step::Metaspace(metaspace)] => Some((metaspace, false)),
            [Step::Words(Words::WhitespaceSplit), Step::Metaspace(metaspace)] => {
                Some((metaspace, true))
            }
            _ => None,
        }
    }

    /// Whether it matters what is the start of a whole text, and if so, whether nothing is cut before
    /// that is asked.
    pub(in crate::tokenize) fn first_matters(&self) -> Option<bool> {
        let first = |step: &Step| {
            matches!(step, Step::Metaspace(Metaspace { prepend: Prepend::First, .. }))
        };
        self.steps.iter().position(first).map(|at| at == 0)
    }

    /// Has that Metaspace write a byte of ASCII for its replacement.
    pub(in crate::tokenize) fn fold(&mut self, byte: u8) {
        if let Some(Step::Metaspace(metaspace)) = self.steps.last_mut() {
            metaspace.fold(byte);
        }
    }

    /// The text that the pattern is for.
    #[inline]
    pub(in crate::tokenize) fn prefixed<'a>(
        &self,
        text: &'a [u8],
        buffer: &'a mut Buffer,
    ) -> &'a [u8] {
        if matches!(self.steps.first(), Some(Step::PrefixSpace)) && needs_space(text) {
            buffer.text.clear();
            prefix(text, &mut buffer.text);
            return &buffer.text;
        }
        text
    }

    /// Calls `word` for every word until it returns false, and says so. A word is a range of the
    /// text that it comes with, which is not always this one. What begins in the `first` bytes counts
    /// as the start of a whole text.
    #[inline]
    pub(in crate::tokenize) fn split(
        &self,
        text: &[u8],
        first: usize,
        buffer: &mut Buffer,
        mut word: impl FnMut(&[u8], usize, usize) -> bool,
    ) -> bool {
        let classes = Classes::get();
        // What most files have, without an indirect call for every word.
        match self.steps.as_slice() {
            [] => text.is_empty() || word(text, 0, text.len()),
            [Step::Words(words)] => words.split(classes, text, |start, end| word(text, start, end)),
            steps => {
                let goes_on = all(steps, classes, text, first, buffer, &mut word);
                buffer.trim();
                goes_on
            }
        }
    }
}

/// All steps, one after the other, over the words of the one before: however many there are,
/// nothing calls itself.
fn all(
    steps: &[Step],
    classes: &Classes,
    text: &[u8],
    first: usize,
    buffer: &mut Buffer,
    word: &mut dyn FnMut(&[u8], usize, usize) -> bool,
) -> bool {
    let Buffer { text: own, spare, ranges, again } = buffer;
    ranges.clear();
    if !text.is_empty() {
        ranges.push((0, text.len() as u32));
    }
    let mut changed = false;
    // The words of the last step need not be kept if it only cuts.
    let (before, last) = match steps.split_last() {
        Some((last, before)) if !last.changes() => (before, Some(last)),
        _ => (steps, None),
    };
    for step in before {
        again.clear();
        let source = if changed { own.as_slice() } else { text };
        if step.changes() {
            spare.clear();
            for &(start, end) in &*ranges {
                let word = &source[start as usize..end as usize];
                step.change(word, (start as usize) < first, spare, again);
            }
            std::mem::swap(own, spare);
            changed = true;
        } else {
            for &(from, to) in &*ranges {
                step.cut(classes, &source[from as usize..to as usize], &mut |start, end| {
                    again.push((from + start as u32, from + end as u32));
                    true
                });
            }
        }
        std::mem::swap(ranges, again);
    }
    let source = if changed { own.as_slice() } else { text };
    ranges.iter().all(|&(from, to)| {
        let (from, to) = (from as usize, to as usize);
        match last {
            None => word(source, from, to),
            Some(step) => step.cut(classes, &source[from..to], &mut |start, end| {
                word(source, from + start, from + end)
            }),
        }
    })
}

impl Buffer {
    /// Gives back what one text of uncommon size took.
    fn trim(&mut self) {
        for ranges in [&mut self.ranges, &mut self.again] {
            ranges.clear();
            ranges.shrink_to(KEPT);
        }
        for text in [&mut self.text, &mut self.spare] {
            text.clear();
            text.shrink_to(16 * KEPT);
        }
    }
}

/// More ranges than this are not kept from one text to the next: a quarter of a megabyte.
const KEPT: usize = 1 << 15;

impl Step {
    /// Whether it changes the text.
    fn changes(&self) -> bool {
        matches!(self, Self::PrefixSpace | Self::StandIns | Self::Metaspace(_))
    }

    /// Appends what a step that changes the text makes of a word, and where its words are then.
    fn change(&self, word: &[u8], first: bool, out: &mut Vec<u8>, words: &mut Vec<Range>) {
        let start = out.len();
        match self {
            Self::Metaspace(metaspace) => {
                metaspace.rewrite(word, first, out, |start, end| {
                    words.push((start as u32, end as u32));
                });
                return;
            }
            Self::PrefixSpace if needs_space(word) => prefix(word, out),
            Self::StandIns => stand_ins::append(word, out),
            _ => out.extend_from_slice(word),
        }
        words.push((start as u32, out.len() as u32));
    }

    /// Calls `word` with start and end of every word until it returns false, and says so. One
    /// that changes the text cuts nothing here.
    fn cut(
        &self,
        classes: &Classes,
        text: &[u8],
        word: &mut dyn FnMut(usize, usize) -> bool,
    ) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.split(classes, text, word),
            Self::Words(words) => words.split(classes, text, word),
            Self::Split(split) => split.split(classes, text, word),
            &Self::Apart { class, one_by_one } => {
                let mut start = 0;
                while start < text.len() {
                    let (found, len) = classes.at(text, start);
                    let end = if one_by_one && found & class != 0 {
                        start + len
                    } else {
                        classes.run(text, start, class, found & class)
                    };
                    if !word(start, end) {
                        return false;
                    }
                    start = end;
                }
                true
            }
            Self::Scripts => scripts::split(text, word),
            &Self::FixedLength(length) => {
                let mut start = 0;
                while start < text.len() {
                    let mut end = start;
                    for _ in 0..length {
                        if end == text.len() {
                            break;
                        }
                        end += classes.at(text, end).1;
                    }
                    if !word(start, end) {
                        return false;
                    }
                    start = end;
                }
                true
            }
            Self::PrefixSpace | Self::StandIns | Self::Metaspace(_) => {
                text.is_empty() || word(0, text.len())
            }
        }
    }
}

/// Whether a text is not empty and has no space at its start.
fn needs_space(text: &[u8]) -> bool {
    text.first().is_some_and(|&first| first != b' ')
}

fn prefix(text: &[u8], out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(text);
}
