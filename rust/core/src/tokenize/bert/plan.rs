//! Whether a tokenizer.json is one that this engine covers, and its parts if so.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::tokenize::NotCovered;
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::file::parts::{
    AddedTokens, added_tokens, check_lengths, check_post_processor, check_version, not_covered,
    parse,
};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::models::wordpiece::Pieces;
use crate::tokenize::text::added::{Matcher, is_whitespace};
use crate::tokenize::text::normalizers::bert::{Normalizer, Run};
use crate::tokenize::trie::Trie;

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
        let model = &spec.model;
        match model.kind.as_deref() {
            Some("WordPiece") => {}
            Some(other) => return not_covered(format!("model of type {other}")),
            None => return not_covered("model without a type"),
        }
        check_version(spec)?;
        let normalizer = normalizer(spec.normalizer)?;
        pre_tokenizer(spec.pre_tokenizer)?;
        check_post_processor(spec.post_processor)?;
        let Vocabulary { pieces, unk_id, mut lengths, mut id_bound } = Vocabulary::read(spec)?;

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

/// What a WordPiece model is, whatever comes before it.
pub(in crate::tokenize) struct Vocabulary {
    pub(in crate::tokenize) pieces: Pieces,
    pub(in crate::tokenize) unk_id: u32,
    /// Code-point lengths of all distinct tokens.
    pub(in crate::tokenize) lengths: Vec<u32>,
    /// One more than the largest id.
    pub(in crate::tokenize) id_bound: u32,
}

impl Vocabulary {
    pub(in crate::tokenize) fn read(spec: &Spec<'_>) -> Result<Self, NotCovered> {
        let model = &spec.model;
        let (Some(unk_token), Some(prefix), Some(max_chars), Vocab::Ids(vocab)) = (
            model.unk_token.as_deref(),
            model.continuing_subword_prefix.as_deref(),
            model.max_input_chars_per_word,
            &model.vocab,
        ) else {
            return not_covered("WordPiece model with a setting missing");
        };

        let mut keys: Vec<(&str, u32)> =
            vocab.iter().map(|(token, id)| (token.as_ref(), *id)).collect();
        if !keys.is_sorted_by(|a, b| a.0 < b.0) {
            // Stable, so that of a repeated key the last stays last; it is the one that counts.
            keys.sort_by(|a, b| a.0.cmp(b.0));
            keys.reverse();
            keys.dedup_by(|a, b| a.0 == b.0);
            keys.reverse();
        }
        let lengths: Vec<u32> =
            keys.iter().map(|(token, _)| token.chars().count() as u32).collect();
        check_lengths(lengths.iter().copied())?;
        let id_bound = keys.iter().map(|&(_, id)| id.saturating_add(1)).max().unwrap_or(0);
        let pieces = Pieces::new(Trie::new(&keys), prefix, max_chars);
        let Some(unk_id) = pieces.id(unk_token) else {
            return not_covered("unk_token that is not in the vocabulary");
        };
        Ok(Self { pieces, unk_id, lengths, id_bound })
    }
}

/// The normalizer: none, or a BertNormalizer.
fn normalizer(json: Option<&RawValue>) -> Result<Normalizer, NotCovered> {
    match leaves(Kind::Normalizer, json)?.as_slice() {
        [] => Ok(Normalizer::default()),
        [Leaf { kind: "BertNormalizer", json }] => bert(json),
        [Leaf { kind, .. }, ..] => not_covered(format!("normalizer of type {kind}")),
    }
}

/// Reads a BertNormalizer.
pub(in crate::tokenize) fn bert(json: &RawValue) -> Result<Normalizer, NotCovered> {
    #[derive(Deserialize)]
    struct Flags {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: Option<bool>,
        lowercase: bool,
    }
    let flags: Flags = parse("normalizer", json)?;
    Ok(Normalizer {
        clean_text: flags.clean_text,
        handle_chinese_chars: flags.handle_chinese_chars,
        strip_accents: flags.strip_accents.unwrap_or(flags.lowercase),
        lowercase: flags.lowercase,
    })
}

fn pre_tokenizer(json: Option<&RawValue>) -> Result<(), NotCovered> {
    match leaves(Kind::PreTokenizer, json)?.as_slice() {
        [Leaf { kind: "BertPreTokenizer", .. }] => Ok(()),
        [] => not_covered("no pre_tokenizer"),
        [Leaf { kind, .. }, ..] => not_covered(format!("pre_tokenizer of type {kind}")),
    }
}
