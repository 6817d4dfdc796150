//! Whether a tokenizer.json is one that this engine covers, and its parts if so.

use crate::tokenize::added_tokens::{AddedTokens, added_tokens};
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::file::spec::Spec;
use crate::tokenize::models::Known;
use crate::tokenize::models::wordpiece::Pieces;
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::text::added::{Matcher, is_whitespace};
use crate::tokenize::text::normalizers::bert::{Normalizer, Run};

/// Ids share a word of 32 bits with a tag of three.
pub(super) const ID_BOUND: u32 = (1 << 29) - 1;

/// Everything the engine needs from the file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) normalizer: Normalizer,
    pub(super) pieces: Pieces,
    pub(super) unk_id: u32,
    pub(super) raw: Option<Matcher>,
    pub(super) normalized: Option<Matcher>,
    /// Whether `lstrip` and `rstrip` can matter: they swallow white space, which yields no ids, so
    /// only a pattern that begins or ends with white space can tell the difference.
    pub(super) strips_matter: bool,
}

impl Plan {
    /// What a file says of normalization.
    pub(super) fn normalizer(spec: &Spec<'_>) -> Result<Normalizer, NotCovered> {
        match leaves(Kind::Normalizer, spec.normalizer)?.as_slice() {
            [] => Ok(Normalizer::default()),
            [Leaf { json, .. }, ..] => Normalizer::plan(json),
        }
    }

    /// Of a file with these pieces. Also returns the lengths in code points of the added tokens
    /// that are none of them, and one more than the largest id of all that are added.
    pub(super) fn new(
        spec: &Spec<'_>,
        normalizer: Normalizer,
        pieces: Pieces,
        unk_id: u32,
        known: &Known,
    ) -> Result<(Self, Vec<u32>, u32), NotCovered> {
        let mut run = Run::default();
        let added = added_tokens(
            spec,
            known.len,
            |token| known.ids.get(token).copied(),
            |text, out| {
                normalizer.normalize(text, &mut run, out);
                true
            },
        )?;
        let AddedTokens { raw, normalized, new_lengths, id_bound, .. } = added;
        let strips_matter = raw.iter().chain(&normalized).any(|token| {
            token.pattern.starts_with(is_whitespace) || token.pattern.ends_with(is_whitespace)
        });
        let plan = Self {
            normalizer,
            pieces,
            unk_id,
            raw: Matcher::new(raw),
            normalized: Matcher::new(normalized),
            strips_matter,
        };
        Ok((plan, new_lengths, id_bound))
    }
}
