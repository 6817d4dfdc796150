//! From a text to the pieces that a pre-tokenizer sees: added tokens are cut out, once before and
//! once after normalization, and what lies between is normalized piece by piece.

use crate::tokenize::file::parts::AddedTokens;
use crate::tokenize::output::Output;
use crate::tokenize::text::added::{Matcher, Part};
use crate::tokenize::text::normalizers::{self, Normalizer};

/// Added tokens and normalizer of a tokenizer.json.
#[derive(Debug)]
pub(in crate::tokenize) struct Segments {
    normalizer: Normalizer,
    raw: Option<Matcher>,
    normalized: Option<Matcher>,
}

/// Working memory.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Buffers {
    normalizer: normalizers::Buffers,
}

impl Buffers {
    /// Whether a text became too long since the last time that this was asked.
    #[inline]
    pub(in crate::tokenize) fn take_overflow(&mut self) -> bool {
        self.normalizer.take_overflow()
    }
}

impl Segments {
    pub(in crate::tokenize) fn new(normalizer: Normalizer, added: AddedTokens) -> Self {
        Self {
            normalizer,
            raw: Matcher::new(added.raw),
            normalized: Matcher::new(added.normalized),
        }
    }

    /// Puts out the ids of added tokens and calls `piece` for the texts between them, until either
    /// returns false, and says so.
    #[inline]
    pub(in crate::tokenize) fn each(
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

    /// As `each`, for tokenizers without added tokens that are looked for in normalized text:
    /// `piece` gets the raw texts, and the normalizer.
    #[inline]
    pub(in crate::tokenize) fn raw(
        &self,
        text: &str,
        out: &mut Output<'_>,
        mut piece: impl FnMut(&str, &Normalizer, &mut Output<'_>) -> bool,
    ) -> bool {
        let Some(raw) = &self.raw else {
            return piece(text, &self.normalizer, out);
        };
        raw.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => piece(&text[range], &self.normalizer, out),
        })
    }

    /// As `each`, of a text in which there are no raw added tokens, or not to be looked for.
    #[inline]
    pub(in crate::tokenize) fn normalized(
        &self,
        text: &str,
        buffers: &mut Buffers,
        out: &mut Output<'_>,
        piece: &mut impl FnMut(&str, &mut Output<'_>) -> bool,
    ) -> bool {
        let text = self.normalizer.normalize(text, &mut buffers.normalizer);
        let Some(normalized) = &self.normalized else {
            return piece(text, out);
        };
        normalized.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => piece(&text[range], out),
        })
    }
}
