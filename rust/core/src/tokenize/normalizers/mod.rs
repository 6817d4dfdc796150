//! Normalizers: a plan of steps read from tokenizer.json, exact for every text.
//!
//! The steps are spelled out one by one in [`step`]. What they do character by character is
//! gathered into one pass over the text ([`fused`]), which is a table look-up for nearly every
//! character there is; the few that depend on their neighbours are taken with some of these through
//! the steps themselves.

mod charsmap;
mod forms;
mod fused;
#[cfg(all(test, feature = "fallback"))]
mod reference;
mod step;

use serde_json::value::RawValue;

use super::NotCovered;
use fused::{Fused, Table};
pub(super) use step::Work;
use step::{Step, read};

/// An immutable normalizer.
#[derive(Debug)]
pub(super) struct Normalizer {
    /// The steps that one pass does together; none if there are none.
    fused: Option<Fused>,
    /// The steps that follow it.
    rest: Vec<Step>,
    /// Whether what stands at the start of some text may not come from its first character.
    trims: bool,
}

/// Working memory of one worker for one normalizer.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    text: String,
    spare: String,
    table: Table,
    work: Work,
}

impl Normalizer {
    /// Plans the `normalizer` of a tokenizer.json.
    pub(super) fn plan(json: Option<&RawValue>) -> Result<Self, NotCovered> {
        let mut steps = Vec::new();
        read(json, &mut steps)?;
        let trims = steps.iter().any(Step::trims);
        let (fused, rest) = Fused::new(steps);
        Ok(Self { fused, rest, trims })
    }

    /// Whether it changes nothing.
    pub(super) fn is_identity(&self) -> bool {
        self.fused.is_none() && self.rest.is_empty()
    }

    /// Whether what stands at the start of some text may not come from its first character.
    pub(super) fn trims(&self) -> bool {
        self.trims
    }

    /// The normalized text.
    pub(super) fn normalize<'b>(&self, text: &'b str, buffers: &'b mut Buffers) -> &'b str {
        let Buffers { text: current, spare, table, work } = buffers;
        if self.is_identity() {
            return text;
        }
        match &self.fused {
            Some(fused) => fused.normalize(text, table, work, current),
            None => {
                current.clear();
                current.push_str(text);
            }
        }
        let (mut start, mut end) = (0, current.len());
        for step in &self.rest {
            let part = &current[start..end];
            if let Some((left, right)) = step.as_trim(part) {
                (start, end) = (start + left, end - right);
            } else if step.changes(part) {
                spare.clear();
                step.apply(part, work, spare);
                std::mem::swap(current, spare);
                (start, end) = (0, current.len());
            }
        }
        &current[start..end]
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
            r#"{"type":"ByteLevel"}"#,
            r#"{"type":"Replace","pattern":{"String":""},"content":"b"}"#,
            r#"{"type":"Replace","pattern":{"Regex":"^"},"content":"b"}"#,
            r#"{"type":"Precompiled","precompiled_charsmap":"AAA="}"#,
        ] {
            let raw: &RawValue = serde_json::from_str(json).unwrap();
            assert!(Normalizer::plan(Some(raw)).is_err(), "{json}");
        }
    }
}
