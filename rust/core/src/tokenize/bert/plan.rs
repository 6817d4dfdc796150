//! Whether a tokenizer.json is one that this engine covers, and its parts if so.

use crate::tokenize::added_tokens::{AddedTokens, added_tokens};
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::file::spec::Spec;
use crate::tokenize::models::Facts;
use crate::tokenize::models::wordpiece::{Pieces, WordPiece};
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::not_covered;
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
    /// Code-point lengths of all distinct tokens, and one more than the largest id.
    pub(super) lengths: Vec<u32>,
    pub(super) id_bound: u32,
}

impl Plan {
    pub(super) fn new(spec: &Spec<'_>) -> Result<Self, NotCovered> {
        let normalizer = match leaves(Kind::Normalizer, spec.normalizer)?.as_slice() {
            [] => Normalizer::default(),
            [Leaf { json, .. }, ..] => Normalizer::plan(json)?,
        };
        let (WordPiece { pieces, unk_id }, facts) = WordPiece::read(spec)?;
        let Some(unk_id) = unk_id else {
            return not_covered("unk_token that is not in the vocabulary");
        };
        let Facts { mut lengths, mut id_bound, .. } = facts;

        let mut run = Run::default();
        let added = added_tokens(
            spec,
            lengths.len(),
            |token| pieces.id(token),
            |text, out| {
                normalizer.normalize(text, &mut run, out);
                true
            },
        )?;
        lengths.extend(&added.new_lengths);
        id_bound = id_bound.max(added.id_bound);
        let AddedTokens { raw, normalized, .. } = added;
        if id_bound > ID_BOUND {
            return not_covered("ids of half a billion and more");
        }
        let strips_matter = raw.iter().chain(&normalized).any(|token| {
            token.pattern.starts_with(is_whitespace) || token.pattern.ends_with(is_whitespace)
        });
        Ok(Self {
            normalizer,
            pieces,
            unk_id,
            raw: Matcher::new(raw),
            normalized: Matcher::new(normalized),
            strips_matter,
            lengths,
            id_bound,
        })
    }
}
