//! From a text to segments: added tokens are cut out, once before and once after normalization, and
//! what lies between is normalized by itself.

use crate::tokenize::added_tokens::AddedTokens;
use crate::tokenize::output::Output;
use crate::tokenize::text::added::{Matcher, Part};
use crate::tokenize::text::normalizers::{Buffers, Normalizer};

/// Added tokens and normalizer of a tokenizer.json.
#[derive(Debug)]
pub(in crate::tokenize) struct Segments {
    normalizer: Normalizer,
    raw: Option<Matcher>,
    normalized: Option<Matcher>,
    /// Whether it has to be found out what goes back to the start of a text.
    follows: bool,
}

impl Segments {
    /// `follows` if it has to be found out which parts of a normalized text go back to the start of
    /// the raw one; else that is where the normalized text starts.
    pub(in crate::tokenize) fn new(
        normalizer: Normalizer,
        added: AddedTokens,
        follows: bool,
    ) -> Self {
        Self {
            normalizer,
            follows,
            raw: Matcher::new(added.raw),
            normalized: Matcher::new(added.normalized),
        }
    }

    pub(in crate::tokenize) fn normalizer(&self) -> &Normalizer {
        &self.normalizer
    }

    /// Whether raw text can be told what it becomes without the rest of the segment: there are no
    /// added tokens to be looked for in normalized text, and nothing is followed.
    pub(in crate::tokenize) fn is_open(&self) -> bool {
        self.normalized.is_none() && !self.follows
    }

    /// Puts out the ids of added tokens and calls `segment` for the normalized texts between them,
    /// told how many bytes at their start count as that of the whole text, until either returns
    /// false, and says so.
    #[inline]
    pub(in crate::tokenize) fn each(
        &self,
        text: &str,
        buffers: &mut Buffers,
        out: &mut Output<'_>,
        mut segment: impl FnMut(&str, usize, &mut Output<'_>) -> bool,
    ) -> bool {
        self.raw(text, out, |text, first, normalizer, out| {
            let first = match self.follows && first {
                true => normalizer.leading(text),
                false => usize::from(first),
            };
            let text = normalizer.normalize(text, buffers);
            let Some(normalized) = &self.normalized else {
                return segment(text, first, out);
            };
            normalized.split(text, |part| match part {
                Part::Token(id) => out.push(id),
                Part::Text(range) => {
                    let first = first.saturating_sub(range.start);
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
