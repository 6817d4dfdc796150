//! A planned engine in an index, and back.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::Vocabulary;
use super::super::index::{Parts, Sections};
use super::super::spec::Spec;
use super::super::store::bytes_of;
use super::chars::Codes;
use super::model::Model;
use super::plan::{Known, Plan};
use super::trie::Trie;

/// Everything that is not an array.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    /// The tokenizer.json without its pieces.
    file: Box<RawValue>,
    known: Known,
    tokens: usize,
    id_bound: u32,
    median_token_length: usize,
    unk_id: u32,
    // As bits: what JSON makes of a float is not always the float.
    unk_score: u64,
    largest_score: u64,
    last_id: u32,
    longest: usize,
    inner_marks: bool,
    mark_code: u16,
    replacement: char,
    bytes: Option<Vec<Option<u32>>>,
    runs_are_pieces: bool,
}

/// Calls `keep` with the sections of an engine's index; `None` if it cannot be stored.
pub(super) fn store<T>(
    spec: &Spec<'_>,
    known: &Known,
    plan: &Plan,
    vocabulary: &Vocabulary,
    keep: impl FnOnce(&Sections<'_>) -> T,
) -> Option<T> {
    let added: Vec<_> = spec
        .added_tokens
        .iter()
        .map(|token| {
            json!({"content": token.content, "single_word": token.single_word,
                "lstrip": token.lstrip, "rstrip": token.rstrip, "normalized": token.normalized})
        })
        .collect();
    let file = json!({"version": spec.version, "added_tokens": added,
        "normalizer": spec.normalizer, "pre_tokenizer": spec.pre_tokenizer,
        "post_processor": spec.post_processor,
        "model": {"type": spec.model.kind, "unk_id": spec.model.unk_id,
            "byte_fallback": spec.model.byte_fallback}});
    let model = &plan.model;
    let (slots, ids, last_id) = model.trie.parts();
    let (index, codes) = model.codes.parts();
    let facts = Facts {
        file: serde_json::value::to_raw_value(&file).ok()?,
        known: known.clone(),
        tokens: vocabulary.tokens,
        id_bound: vocabulary.id_bound,
        median_token_length: vocabulary.median_token_length,
        unk_id: model.unk_id,
        unk_score: model.unk_score.to_bits(),
        largest_score: model.largest_score.to_bits(),
        last_id,
        longest: model.longest,
        inner_marks: model.inner_marks,
        mark_code: model.mark_code,
        replacement: model.replacement,
        bytes: model.bytes.as_ref().map(|bytes| bytes.to_vec()),
        runs_are_pieces: model.runs_are_pieces,
    };
    let facts = serde_json::to_vec(&facts).ok()?;
    Some(keep(&[&facts, bytes_of(slots), bytes_of(ids), bytes_of(index), bytes_of(codes)]))
}

/// The engine of an index; `None` if anything about it is odd.
pub(super) fn load(parts: &Parts) -> Option<(Plan, Vocabulary)> {
    let facts = parts.section::<u8>(0)?;
    let facts: Facts = serde_json::from_slice(&facts).ok()?;
    let spec = Spec::from_json(facts.file.get().as_bytes()).ok()?;
    let model = Model {
        codes: Codes::from_parts(parts.section(3)?, parts.section(4)?)?,
        trie: Trie::from_parts(parts.section(1)?, parts.section(2)?, facts.last_id)?,
        unk_id: facts.unk_id,
        unk_score: f64::from_bits(facts.unk_score),
        largest_score: f64::from_bits(facts.largest_score),
        longest: facts.longest,
        inner_marks: facts.inner_marks,
        mark_code: facts.mark_code,
        replacement: facts.replacement,
        bytes: match facts.bytes {
            Some(bytes) => Some(bytes.try_into().ok()?),
            None => None,
        },
        runs_are_pieces: facts.runs_are_pieces,
    };
    let vocabulary = Vocabulary {
        tokens: facts.tokens,
        id_bound: facts.id_bound,
        unk_id: Some(facts.unk_id),
        median_token_length: facts.median_token_length,
    };
    let plan = Plan::assemble(&spec, &facts.known, |_| Ok(model)).ok()?;
    Some((plan.0, vocabulary))
}
