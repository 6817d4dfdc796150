//! Metaspace: spaces become a visible character, which words begin with.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::tokenize::file::json::parse;
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::not_covered;

/// When the replacement is set before a word that does not begin with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub(in crate::tokenize) enum Prepend {
    #[default]
    Always,
    /// At the start of the whole text.
    First,
    Never,
}

/// The settings, and what is written for a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tokenize) struct Metaspace {
    pub(in crate::tokenize) replacement: char,
    pub(in crate::tokenize) prepend: Prepend,
    pub(in crate::tokenize) split: bool,
    /// The replacement in UTF-8, or what a model wants in its place.
    written: Vec<u8>,
}

impl Metaspace {
    pub(super) fn plan(json: &RawValue) -> Result<Self, NotCovered> {
        #[derive(Deserialize)]
        struct Settings {
            replacement: char,
            add_prefix_space: Option<bool>,
            #[serde(default)]
            prepend_scheme: Prepend,
            split: Option<bool>,
            /// Of old files. It is of no use, but the reference wants it to be a string.
            #[serde(rename = "str_rep")]
            _str_rep: Option<String>,
        }
        let settings: Settings = parse("pre_tokenizer", json)?;
        let prepend = settings.prepend_scheme;
        if settings.add_prefix_space == Some(false) && prepend != Prepend::Never {
            return not_covered("pre_tokenizer that contradicts itself");
        }
        let replacement = settings.replacement;
        let written = replacement.to_string().into_bytes();
        Ok(Self { replacement, prepend, split: settings.split.unwrap_or(true), written })
    }

    /// Has a byte of ASCII written in place of the replacement.
    pub(super) fn fold(&mut self, byte: u8) {
        self.written = vec![byte];
    }

    /// Appends what becomes of a word, and calls `word` with start and end of each word of it in
    /// `out`. `first` if the word begins where the whole text does.
    pub(super) fn rewrite(
        &self,
        given: &[u8],
        first: bool,
        out: &mut Vec<u8>,
        mut word: impl FnMut(usize, usize),
    ) {
        let written = self.written.as_slice();
        let mut buffer = [0; 4];
        let replacement = self.replacement.encode_utf8(&mut buffer).as_bytes();
        let begun = given.first() == Some(&b' ') || given.starts_with(replacement);
        let prepend = match self.prepend {
            Prepend::Always => !begun,
            Prepend::First => first && !begun,
            Prepend::Never => false,
        };
        let mut start = out.len();
        if prepend {
            out.extend_from_slice(written);
        }
        // A word ends before the next replacement.
        let mut sign = |out: &mut Vec<u8>| {
            if self.split && start < out.len() {
                word(start, out.len());
                start = out.len();
            }
            out.extend_from_slice(written);
        };
        let mut rest = given;
        let lead = replacement[0];
        while let Some(at) = memchr::memchr2(b' ', lead, rest) {
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            if rest[0] == b' ' {
                sign(out);
                rest = &rest[1..];
            } else if rest.starts_with(replacement) {
                sign(out);
                rest = &rest[replacement.len()..];
            } else {
                out.push(lead);
                rest = &rest[1..];
            }
        }
        out.extend_from_slice(rest);
        if start < out.len() {
            word(start, out.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(prepend: Prepend, split: bool, fold: bool, text: &str) -> String {
        let mut metaspace =
            Metaspace { replacement: '▁', prepend, split, written: "▁".as_bytes().to_vec() };
        if fold {
            metaspace.fold(b' ');
        }
        let mut out = b"before".to_vec();
        let mut places = Vec::new();
        metaspace.rewrite(text.as_bytes(), true, &mut out, |start, end| places.push((start, end)));
        let word = |&(start, end): &(usize, usize)| std::str::from_utf8(&out[start..end]).unwrap();
        places.iter().map(word).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn replacements_cut() {
        let always = |text| words(Prepend::Always, true, false, text);
        assert_eq!(always("a  b"), "▁a|▁|▁b");
        assert_eq!(always("a▁b ─"), "▁a|▁b|▁─");
        assert_eq!(always("▁b "), "▁b|▁");
        assert_eq!(always(" "), "▁");
        assert_eq!(words(Prepend::Never, true, false, "a b"), "a|▁b");
        assert_eq!(words(Prepend::First, false, false, "a b"), "▁a▁b");
        assert_eq!(words(Prepend::Always, true, true, "a▁b ─"), " a| b| ─");
    }
}
