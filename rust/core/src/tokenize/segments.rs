//! From a text to the pieces that a pre-tokenizer sees: added tokens are cut out, once before and
//! once after normalization, and what lies between is normalized piece by piece.

use serde_json::value::RawValue;

use super::added::{Matcher, Part};
use super::output::Output;
use super::plan::AddedTokens;
use super::wordpiece::normalizer::{Normalizer, Run};
use super::{NotCovered, wordpiece};

/// Added tokens and normalizer of a tokenizer.json.
#[derive(Debug)]
pub(super) struct Segments {
    normalizer: Option<Normalizer>,
    raw: Option<Matcher>,
    normalized: Option<Matcher>,
}

/// Working memory.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    text: String,
    run: Run,
}

/// The normalizer of a file; none if it changes nothing.
pub(super) fn normalizer(json: Option<&RawValue>) -> Result<Option<Normalizer>, NotCovered> {
    let normalizer = wordpiece::plan::normalizer(json)?;
    Ok((normalizer != Normalizer::default()).then_some(normalizer))
}

/// Normalizes the content of an added token.
pub(super) fn normalize(normalizer: Option<Normalizer>, text: &str, out: &mut String) {
    match normalizer {
        Some(normalizer) => normalizer.normalize(text, &mut Run::default(), out),
        None => out.push_str(text),
    }
}

/// Normalizes a text, with a short way for what is visible in ASCII: it is only ever lower-cased,
/// and marks are never sorted across it. (They are across control characters, which are dropped.)
fn normalize_into(normalizer: Normalizer, text: &str, run: &mut Run, out: &mut String) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
    let mut rest = text;
    while !rest.is_empty() {
        let bytes = rest.as_bytes();
        let plain = bytes.iter().position(|&byte| !is_plain(byte)).unwrap_or(bytes.len());
        let before = out.len();
        out.push_str(&rest[..plain]);
        if normalizer.lowercase {
            out[before..].make_ascii_lowercase();
        }
        let other = bytes[plain..].iter().position(|&byte| is_plain(byte));
        let (other, after) = rest[plain..].split_at(other.unwrap_or(bytes.len() - plain));
        normalizer.normalize(other, run, out);
        rest = after;
    }
}

impl Segments {
    pub(super) fn new(normalizer: Option<Normalizer>, added: AddedTokens) -> Self {
        Self {
            normalizer,
            raw: Matcher::new(added.raw),
            normalized: Matcher::new(added.normalized),
        }
    }

    /// Puts out the ids of added tokens and calls `piece` for the texts between them, until either
    /// returns false, and says so.
    #[inline]
    pub(super) fn each(
        &self,
        text: &str,
        buffers: &mut Buffers,
        out: &mut Output<'_>,
        mut piece: impl FnMut(&str, &mut Output<'_>) -> bool,
    ) -> bool {
        let Some(raw) = &self.raw else {
            return self.normalized(text, buffers, out, &mut piece);
        };
        raw.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => self.normalized(&text[range], buffers, out, &mut piece),
        })
    }

    #[inline]
    fn normalized(
        &self,
        text: &str,
        buffers: &mut Buffers,
        out: &mut Output<'_>,
        piece: &mut impl FnMut(&str, &mut Output<'_>) -> bool,
    ) -> bool {
        let text = match self.normalizer {
            None => text,
            Some(normalizer) => {
                buffers.text.clear();
                normalize_into(normalizer, text, &mut buffers.run, &mut buffers.text);
                &buffers.text
            }
        };
        let Some(normalized) = &self.normalized else {
            return piece(text, out);
        };
        normalized.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => piece(&text[range], out),
        })
    }
}
