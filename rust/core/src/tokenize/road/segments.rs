//! From a text to segments: added tokens are cut out, once before and once after normalization, and
//! what lies between is normalized by itself.

use crate::tokenize::file::parts::AddedTokens;
use crate::tokenize::output::Output;
use crate::tokenize::text::added::{Matcher, Part};
use crate::tokenize::text::normalizers::{Buffers, Normalizer};

/// Added tokens and normalizer of a tokenizer.json.
#[derive(Debug)]
pub(in crate::tokenize) struct Segments {
    normalizer: Normalizer,
    raw: Option<Matcher>,
    normalized: Option<Matcher>,
}

impl Segments {
    pub(in crate::tokenize) fn new(normalizer: Normalizer, added: AddedTokens) -> Self {
        Self {
            normalizer,
            raw: Matcher::new(added.raw),
            normalized: Matcher::new(added.normalized),
        }
    }

    pub(in crate::tokenize) fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }

    /// Whether there are added tokens that are looked for in normalized text.
    pub(in crate::tokenize) fn has_normalized(&self) -> bool {
        self.normalized.is_some()
    }

    /// Puts out the ids of added tokens and calls `segment` for the normalized texts between them,
    /// told whether nothing came before, until either returns false, and says so.
    #[inline]
    pub(in crate::tokenize) fn each(
        &self,
        text: &str,
        buffers: &mut Buffers,
        out: &mut Output<'_>,
        mut segment: impl FnMut(&str, bool, &mut Output<'_>) -> bool,
    ) -> bool {
        self.raw(text, out, |text, first, normalizer, out| {
            let text = normalizer.normalize(text, buffers);
            let Some(normalized) = &self.normalized else {
                return segment(text, first, out);
            };
            normalized.split(text, |part| match part {
                Part::Token(id) => out.push(id),
                Part::Text(range) => {
                    let first = first && range.start == 0;
                    segment(&text[range], first, out)
                }
            })
        })
    }

    /// As `each`, for tokenizers without added tokens that are looked for in normalized text:
    /// `segment` gets the raw texts, and the normalizer.
    #[inline]
    pub(in crate::tokenize) fn raw(
        &self,
        text: &str,
        out: &mut Output<'_>,
        mut segment: impl FnMut(&str, bool, &Normalizer, &mut Output<'_>) -> bool,
    ) -> bool {
        let Some(raw) = &self.raw else {
            return segment(text, true, &self.normalizer, out);
        };
        raw.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => {
                let first = range.start == 0;
                segment(&text[range], first, &self.normalizer, out)
            }
        })
    }
}
