//! BertNormalizer, exactly and one text at a time: the definition that the fast path's table of
//! characters is built from, and the road for the texts which that table cannot express.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::tokenize::file::json::parse;
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::text::unicode::{self, HANGUL, Properties};

/// The four switches of a BertNormalizer; all off is the same as no normalizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tokenize) struct Normalizer {
    pub(in crate::tokenize) clean_text: bool,
    pub(in crate::tokenize) handle_chinese_chars: bool,
    pub(in crate::tokenize) strip_accents: bool,
    pub(in crate::tokenize) lowercase: bool,
}

impl Normalizer {
    /// Reads a BertNormalizer.
    pub(in crate::tokenize) fn plan(json: &RawValue) -> Result<Self, NotCovered> {
        #[derive(Deserialize)]
        struct Flags {
            clean_text: bool,
            handle_chinese_chars: bool,
            strip_accents: Option<bool>,
            lowercase: bool,
        }
        let flags: Flags = parse("normalizer", json)?;
        Ok(Self {
            clean_text: flags.clean_text,
            handle_chinese_chars: flags.handle_chinese_chars,
            strip_accents: flags.strip_accents.unwrap_or(flags.lowercase),
            lowercase: flags.lowercase,
        })
    }

    /// Appends the normalized text. `run` is working memory.
    pub(in crate::tokenize) fn normalize(self, text: &str, run: &mut Run, out: &mut String) {
        run.0.clear();
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                run.flush(self, out);
                out.push(if self.lowercase { c.to_ascii_lowercase() } else { c });
                continue;
            }
            let properties = unicode::properties(c);
            if self.clean_text && properties.is_clean_removed() {
                continue;
            }
            let c = if self.clean_text && properties.is_clean_space() { ' ' } else { c };
            if self.handle_chinese_chars && properties.is_chinese() {
                self.unaccented(' ', run, out);
                self.unaccented(c, run, out);
                self.unaccented(' ', run, out);
            } else {
                self.unaccented(c, run, out);
            }
        }
        run.flush(self, out);
    }

    fn unaccented(self, c: char, run: &mut Run, out: &mut String) {
        let code = u32::from(c);
        let properties = unicode::properties(c);
        if !self.strip_accents {
            self.lowered(c, properties, out);
        } else if HANGUL.contains(&code) {
            run.flush(self, out);
            // Jamo have no case.
            out.extend(unicode::hangul_jamo(code));
        } else if properties.decomposes() {
            for part in unicode::decomposition(c) {
                self.part(part, unicode::properties(part), run, out);
            }
        } else {
            self.part(c, properties, run, out);
        }
    }

    /// A character that does not decompose.
    fn part(self, c: char, properties: Properties, run: &mut Run, out: &mut String) {
        if properties.combining_class() != 0 {
            run.0.push((properties.combining_class(), properties.is_mark(), c));
            return;
        }
        // A mark of class 0 that is dropped still ends a run.
        run.flush(self, out);
        if !properties.is_mark() {
            self.lowered(c, properties, out);
        }
    }

    fn lowered(self, c: char, properties: Properties, out: &mut String) {
        if self.lowercase && properties.lowers() {
            out.extend(unicode::lower(c));
        } else {
            out.push(c);
        }
    }
}

/// Marks waiting to be sorted: combining class, whether it is dropped afterwards, the mark.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Run(Vec<(u8, bool, char)>);

impl Run {
    fn flush(&mut self, normalizer: Normalizer, out: &mut String) {
        if self.0.is_empty() {
            return;
        }
        // Stable: marks of one class keep their order.
        self.0.sort_by_key(|&(class, ..)| class);
        for (_, dropped, mark) in self.0.drain(..) {
            if !dropped {
                normalizer.lowered(mark, unicode::properties(mark), out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalize(flags: [bool; 4], text: &str) -> String {
        let [clean_text, handle_chinese_chars, strip_accents, lowercase] = flags;
        let normalizer = Normalizer { clean_text, handle_chinese_chars, strip_accents, lowercase };
        let mut out = String::new();
        normalizer.normalize(text, &mut Run::default(), &mut out);
        out
    }

    #[test]
    fn each_flag_alone() {
        assert_eq!(normalize([false; 4], "A\u{0}É中\t"), "A\u{0}É中\t");
        assert_eq!(normalize([true, false, false, false], "A\u{0}\u{b}É中\t"), "AÉ中 ");
        assert_eq!(normalize([false, true, false, false], "A中é"), "A 中 é");
        assert_eq!(
            normalize([false, false, true, false], "Éa\u{301}각"),
            "Ea각".replace('각', "\u{1100}\u{1161}\u{11a8}")
        );
        assert_eq!(normalize([false, false, false, true], "ÉİΣ"), "éi\u{307}σ");
    }

    #[test]
    fn surviving_marks_are_sorted() {
        let strip = [false, false, true, false];
        assert_eq!(normalize(strip, "\u{1d16d}\u{1d165}"), "\u{1d165}\u{1d16d}");
        // A dropped mark takes part in the sorting, a dropped class-0 mark ends the run.
        assert_eq!(normalize(strip, "\u{1d16d}\u{301}\u{1d165}"), "\u{1d165}\u{1d16d}");
    }
}
