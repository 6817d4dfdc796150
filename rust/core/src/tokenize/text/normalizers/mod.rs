//! Normalizers: a plan of steps read from tokenizer.json, exact for every text.
//!
//! The steps are spelled out one by one in [`step`]. What they do character by character is
//! gathered into one pass over the text ([`fused`]), which is a table look-up for nearly every
//! character there is; the few that depend on their neighbours are taken with some of these through
//! the steps themselves.

pub(in crate::tokenize) mod bert;
mod charsmap;
mod forms;
mod fused;
mod origin;
#[cfg(all(test, feature = "fallback"))]
mod reference;
mod step;
mod table;

use serde_json::value::RawValue;

use crate::tokenize::refusals::NotCovered;
#[cfg(feature = "fallback")]
pub(in crate::tokenize) use charsmap::longest_replacement;
use fused::Fused;
pub(in crate::tokenize) use step::Work;
#[cfg(feature = "fallback")]
pub(in crate::tokenize) use step::{Pattern, Replace};
use step::{Step, read};
use table::Table;

/// An immutable normalizer.
#[derive(Debug)]
pub(in crate::tokenize) struct Normalizer {
    /// The steps that one pass does together; none if there are none.
    fused: Option<Fused>,
    /// The steps that follow it.
    rest: Vec<Step>,
    /// Whether what stands at the start of some text may not come from its first character.
    trims: bool,
}

/// How a normalizer treats the parts of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) struct Parts {
    /// Runs of spaces become one, also where they come from different parts.
    pub(in crate::tokenize) joins: bool,
    /// White space at the start of the text goes, and at its end.
    pub(in crate::tokenize) strips_left: bool,
    pub(in crate::tokenize) strips_right: bool,
}

/// Where a part of a text lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Place {
    /// Anywhere, by itself: only plain characters are taken.
    Alone,
    /// Between others.
    Within,
    /// At the start of the text.
    Start,
    /// At its end.
    End,
    /// It is the whole text.
    Whole,
}

/// Why a part cannot be normalized by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Open {
    /// Its start depends on what is before it.
    Before,
    /// Its end depends on what is behind it.
    Behind,
    /// Nothing helps but the whole text.
    Always,
}

/// Working memory of one worker for one normalizer.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Buffers {
    text: String,
    spare: String,
    table: Table,
    work: Work,
    /// Whether some normalized text was longer than [`limit`] since it was asked.
    overflow: bool,
    /// What the parts of a text took of [`ALWAYS`] so far: a text between many added tokens must not
    /// have that for each of its parts.
    taken: usize,
}

impl Buffers {
    /// Whether a text became too long since the last time that this was asked, which is once a text.
    #[inline]
    pub(in crate::tokenize) fn take_overflow(&mut self) -> bool {
        self.taken = 0;
        std::mem::take(&mut self.overflow)
    }
}

/// How many bytes a normalized text may have, of a text of so many. Replacements that feed each
/// other make any text as long as they like, and a short one so long that no memory holds it; what
/// people write grows threefold at most, and Unicode's forms make eleven bytes of one. (The reference
/// takes some hundred bytes of memory for each byte of a normalized text.)
pub(in crate::tokenize) fn limit(text: usize) -> usize {
    (ALWAYS + TIMES * text).min(MOST)
}

const ALWAYS: usize = 1 << 16;
const TIMES: usize = 16;
/// Engines count bytes in 32 bits, and may make three of one: the replacement of Metaspace.
const MOST: usize = u32::MAX as usize / 4;

impl Normalizer {
    /// Plans the `normalizer` of a tokenizer.json.
    pub(in crate::tokenize) fn plan(json: Option<&RawValue>) -> Result<Self, NotCovered> {
        let steps = read(json)?;
        let trims = steps.iter().any(Step::trims);
        let (fused, rest) = Fused::new(steps);
        Ok(Self { fused, rest, trims })
    }

    /// Whether it changes nothing.
    pub(in crate::tokenize) fn is_identity(&self) -> bool {
        self.fused.is_none() && self.rest.is_empty()
    }

    /// Whether what stands at the start of some text may not come from its first character.
    pub(in crate::tokenize) fn trims(&self) -> bool {
        self.trims
    }

    /// How it treats the parts of a text, if each can be normalized by itself where all of their
    /// characters are plain ([`Self::alone`]).
    pub(in crate::tokenize) fn parts(&self) -> Option<Parts> {
        let mut parts = Parts { joins: false, strips_left: false, strips_right: false };
        parts.joins = self.fused.as_ref().is_some_and(Fused::collapses);
        for step in &self.rest {
            match step {
                Step::Blanks { content } | Step::Whitespace { content } if content == " " => {
                    parts.joins = true;
                }
                Step::Strip { left, right } => {
                    parts.strips_left |= left;
                    parts.strips_right |= right;
                }
                _ => return None,
            }
        }
        Some(parts)
    }

    /// What becomes of a part of a text whose characters are all plain, but for the strips; none if
    /// one is not. Only if there are [`Parts`].
    pub(in crate::tokenize) fn alone<'b>(
        &self,
        part: &'b str,
        buffers: &'b mut Buffers,
    ) -> Option<&'b str> {
        self.part(part, Place::Alone, buffers).ok()
    }

    /// What becomes of a part of a text that plain characters surround, or its ends: characters that
    /// are not plain may be within it, as combining marks and joiners mostly are. But for the
    /// strips, and only if there are [`Parts`].
    #[inline]
    pub(in crate::tokenize) fn between<'b>(
        &self,
        part: &'b str,
        place: Place,
        buffers: &'b mut Buffers,
    ) -> Result<&'b str, Open> {
        self.part(part, place, buffers)
    }

    #[inline]
    fn part<'b>(
        &self,
        part: &'b str,
        place: Place,
        buffers: &'b mut Buffers,
    ) -> Result<&'b str, Open> {
        let Buffers { text: current, spare, table, work, .. } = buffers;
        if self.is_identity() {
            return Ok(part);
        }
        match &self.fused {
            Some(fused) => {
                if !fused.alone_into(part, place, table, work, current) {
                    fused.openness(part, place, table, work)?;
                    if !fused.normalize(part, TIMES * part.len(), table, work, current) {
                        return Err(Open::Always);
                    }
                }
            }
            None => {
                current.clear();
                current.push_str(part);
            }
        }
        for step in &self.rest {
            if !matches!(step, Step::Strip { .. }) && step.changes(current) {
                spare.clear();
                if !step.apply(current, TIMES * part.len(), work, spare) {
                    return Err(Open::Always);
                }
                std::mem::swap(current, spare);
            }
        }
        Ok(current)
    }

    /// Whether a character becomes something between two spaces, whatever is around it.
    #[inline]
    pub(in crate::tokenize) fn isolates(&self, c: char, buffers: &mut Buffers) -> bool {
        let Buffers { table, work, .. } = buffers;
        self.fused.as_ref().is_some_and(|fused| fused.isolates(c, table, work))
    }

    /// Whether what follows a part leaves it alone: as many characters as could pass something on
    /// to each other are plain.
    pub(in crate::tokenize) fn is_untouched_by(&self, rest: &str, buffers: &mut Buffers) -> bool {
        let guard = self.fused.as_ref().map_or(0, Fused::guard);
        // One more, as the first of them is what separates.
        let near = rest.char_indices().nth(guard + 1).map_or(rest, |(at, _)| &rest[..at]);
        self.alone(near, buffers).is_some()
    }

    /// Appends the normalized text, and says whether it is whole.
    #[must_use]
    pub(in crate::tokenize) fn append(
        &self,
        text: &str,
        buffers: &mut Buffers,
        out: &mut String,
    ) -> bool {
        out.push_str(self.normalize(text, buffers));
        !buffers.take_overflow()
    }

    /// The normalized text; if that is longer than [`limit`] allows, nothing, which
    /// [`Buffers::take_overflow`] tells.
    pub(in crate::tokenize) fn normalize<'b>(
        &self,
        text: &'b str,
        buffers: &'b mut Buffers,
    ) -> &'b str {
        let Buffers { text: current, spare, table, work, overflow, taken } = buffers;
        if self.is_identity() {
            return text;
        }
        let limit = limit(text.len()).saturating_sub(*taken);
        let mut fits = true;
        match &self.fused {
            Some(fused) => fits = fused.normalize(text, limit, table, work, current),
            None => {
                current.clear();
                current.push_str(text);
            }
        }
        let mut longest = current.len();
        let (mut start, mut end) = (0, current.len());
        for step in &self.rest {
            if !fits {
                break;
            }
            let part = &current[start..end];
            if let Some((left, right)) = step.as_trim(part) {
                (start, end) = (start + left, end - right);
            } else if step.changes(part) {
                spare.clear();
                fits = step.apply(part, limit, work, spare);
                std::mem::swap(current, spare);
                (start, end) = (0, current.len());
                longest = longest.max(end);
            }
        }
        *taken += longest.saturating_sub(TIMES * text.len());
        if fits {
            return &current[start..end];
        }
        // What was made so far is let go: it would stay for as long as the worker.
        for buffer in [&mut *current, spare, &mut work.first, &mut work.second] {
            *buffer = String::new();
        }
        *overflow = true;
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalize(json: &str, text: &str) -> String {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        let normalizer = Normalizer::plan(Some(raw)).unwrap();
        let mut buffers = Buffers::default();
        let once = normalizer.normalize(text, &mut buffers).to_owned();
        assert_eq!(normalizer.normalize(text, &mut buffers), once);
        once
    }

    const SUPER: &str = r#"{"type":"Sequence","normalizers":[
        {"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,
         "strip_accents":null,"lowercase":true},
        {"type":"Replace","pattern":{"String":","},"content":" , "},
        {"type":"Replace","pattern":{"String":"."},"content":" . "},
        {"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},
        {"type":"Strip","strip_left":true,"strip_right":true}]}"#;

    #[test]
    fn one_pass_of_many_steps() {
        assert_eq!(normalize(SUPER, "  Añb, c..D\t中文é\u{301} "), "anb , c . . d 中 文 e");
        assert_eq!(normalize(SUPER, " \t "), "");
        assert_eq!(normalize(SUPER, ""), "");
        assert_eq!(
            normalize(SUPER, "x \u{1d16d}\u{1d165} \u{1d16d}\u{1d165}"),
            "x \u{1d165}\u{1d16d} \u{1d165}\u{1d16d}"
        );
    }

    #[test]
    fn single_steps() {
        assert_eq!(normalize("null", "A é"), "A é");
        assert_eq!(normalize(r#"{"type":"NFC"}"#, "e\u{301}a\u{323}\u{302}"), "éậ");
        assert_eq!(normalize(r#"{"type":"NFKC"}"#, "ﬁx①"), "fix1");
        assert_eq!(normalize(r#"{"type":"ByteLevel"}"#, "a é"), "aĠÃ©");
        assert_eq!(normalize(r#"{"type":"Prepend","prepend":"_"}"#, "a"), "_a");
        assert_eq!(normalize(r#"{"type":"Prepend","prepend":"_"}"#, ""), "");
        let spaces = r#"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"}"#;
        assert_eq!(normalize(spaces, "a  b c   "), "a_b c_");
        let string = r#"{"type":"Replace","pattern":{"String":"aa"},"content":"b"}"#;
        assert_eq!(normalize(string, "aaa"), "ba");
    }

    #[test]
    fn what_is_not_covered_says_so() {
        for json in [
            r#"{"type":"Replace","pattern":{"String":""},"content":"b"}"#,
            r#"{"type":"Replace","pattern":{"Regex":"^"},"content":"b"}"#,
            r#"{"type":"Precompiled","precompiled_charsmap":"AAA="}"#,
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert!(Normalizer::plan(Some(raw)).is_err(), "{json}");
        }
    }
}
