//! A Unigram model in an index, and back, with all else that its tokenizer.json says.

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::super::Known;
use super::chars::Codes;
use super::model::Unigram;
use super::trie::Trie;
use crate::tokenize::file::spec::Spec;
use crate::tokenize::index::store::bytes_of;
use crate::tokenize::index::{Parts, Sections};
use crate::tokenize::output::NO_ID;
use crate::tokenize::vocabulary::Vocabulary;

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
    byte_level: bool,
    bytes: Option<Vec<Option<u32>>>,
    runs_are_pieces: bool,
}

/// Calls `keep` with the sections of an index; `None` if it cannot be stored.
pub(in crate::tokenize) fn store<T>(
    spec: &Spec<'_>,
    known: &Known,
    model: &Unigram,
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
            "byte_fallback": spec.model.byte_fallback.flatten()}});
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
        byte_level: model.byte_level,
        bytes: model.bytes.as_ref().map(|bytes| bytes.to_vec()),
        runs_are_pieces: model.runs_are_pieces,
    };
    let facts = serde_json::to_vec(&facts).ok()?;
    Some(keep(&[&facts, bytes_of(slots), bytes_of(ids), bytes_of(index), bytes_of(codes)]))
}

/// What an index holds.
#[derive(Debug)]
pub(in crate::tokenize) struct Stored {
    /// The tokenizer.json without its pieces.
    pub(in crate::tokenize) file: Box<RawValue>,
    pub(in crate::tokenize) known: Known,
    pub(in crate::tokenize) model: Unigram,
    pub(in crate::tokenize) vocabulary: Vocabulary,
}

/// The model of an index; `None` if anything about it is odd.
pub(in crate::tokenize) fn load(parts: &Parts) -> Option<Stored> {
    // A copy: strings are checked once and then trusted, and the file may be written to meanwhile.
    let facts = parts.section::<u8>(0)?.to_vec();
    let facts: Facts = serde_json::from_slice(&facts).ok()?;
    let model = Unigram {
        codes: Codes::from_parts(parts.section(3)?, parts.section(4)?)?,
        trie: Trie::from_parts(parts.section(1)?, parts.section(2)?, facts.last_id)?,
        unk_id: facts.unk_id,
        unk_score: f64::from_bits(facts.unk_score),
        largest_score: f64::from_bits(facts.largest_score),
        longest: facts.longest,
        inner_marks: facts.inner_marks,
        mark_code: facts.mark_code,
        replacement: facts.replacement,
        byte_level: facts.byte_level,
        bytes: match facts.bytes {
            Some(bytes) => Some(bytes.try_into().ok()?),
            None => None,
        },
        runs_are_pieces: facts.runs_are_pieces,
    };
    let bytes = model.bytes.iter().flat_map(|bytes| bytes.iter().flatten());
    let beyond = |id: u32| id >= facts.id_bound;
    if beyond(facts.last_id)
        || bytes.max().is_some_and(|&id| beyond(id))
        || (facts.unk_id != NO_ID && beyond(facts.unk_id))
    {
        return None;
    }
    let vocabulary = Vocabulary {
        tokens: facts.tokens,
        id_bound: facts.id_bound,
        unk_id: Some(facts.unk_id).filter(|&id| id != NO_ID),
        median_token_length: facts.median_token_length,
    };
    Some(Stored { file: facts.file, known: facts.known, model, vocabulary })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::backend::Runnable;
    use crate::tokenize::index::{Key, write};
    use crate::tokenize::{IndexOptions, Tokenizer, Unknown, plan};

    const SMALL: &str = r#"{"version":"1.0","added_tokens":[{"content":"[M]","single_word":false,
        "lstrip":false,"rstrip":false,"normalized":false}],"normalizer":{"type":"NFKC"},
        "pre_tokenizer":CUT,"post_processor":null,"model":{"type":"Unigram","unk_id":UNK,
        "byte_fallback":BYTES,"vocab":[["<unk>",0.0],["▁",-2.0],["a",-1.0],["b",-1.5],["ab",-2.5],
        ["▁ab",-2.0],["▁a▁b",-3.0],["é",-2.0],["中",-2.0],["中中",-3.0],["<0xC3>",-3.0]]}}"#;

    const CUTS: [&str; 3] = [
        r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#,
        r#"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}"#,
        r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#,
    ];

    fn sections(json: &str) -> Vec<Vec<u8>> {
        let spec = Spec::from_json(json.as_bytes()).unwrap();
        let mut kept = Vec::new();
        plan::plan(&spec, 0, |sections| {
            kept = sections.iter().map(|section| section.to_vec()).collect();
        })
        .unwrap();
        kept
    }

    fn open(sections: &[Vec<u8>], file: PathBuf) -> Option<Tokenizer> {
        let key = Key::new(b"any");
        let parts: Vec<&[u8]> = sections.iter().map(Vec::as_slice).collect();
        write(&file, key, parts.as_slice().try_into().unwrap()).unwrap();
        let options = IndexOptions { file: Some(file), ..IndexOptions::default() };
        let (engine, vocabulary) = options.find(key, |parts| plan::from_index(&parts))?;
        Some(Tokenizer::indexed(engine, vocabulary))
    }

    /// A wrong index with a right checksum: it may do what it likes, but neither panic nor make an
    /// id that is out of bounds.
    #[test]
    fn forged_indexes_are_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = 1_u64;
        let mut random = move |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        let mut opened = 0;
        for round in 0..600 {
            let json = SMALL
                .replace("CUT", CUTS[round % 3])
                .replace("UNK", ["0", "0", "null"][round / 6 % 3])
                .replace("BYTES", ["true", "false"][round / 3 % 2]);
            let mut sections = sections(&json);
            assert_eq!(sections.len(), 5);
            for _ in 0..1 + random(20) {
                // Rarely where nearly every change is noticed.
                let section = [1, 2, 4, 1, 2, 4, [0, 3][random(2)]][random(7)];
                let section = &mut sections[section];
                let at = random(section.len());
                section[at] ^= 1 << random(8);
                if random(50) == 0 {
                    section.truncate(random(section.len() + 1));
                }
                if section.is_empty() {
                    section.push(0);
                }
            }
            let Some(tokenizer) = open(&sections, folder.path().join("forged")) else { continue };
            opened += 1;
            let mut worker = tokenizer.worker();
            let bound = tokenizer.vocabulary().id_bound;
            for text in ["", "ab a b [M] ab", "aaaa bbbbb 中中中é x", "zz é a b a b a b\u{301}"]
            {
                for (limit, unknown) in [(None, Unknown::Drop), (Some(3), Unknown::Keep)] {
                    let mut ids = Vec::new();
                    let backend = Runnable::default();
                    // An error where there is no unknown token.
                    drop(tokenizer.ids_into(text, limit, unknown, backend, &mut worker, &mut ids));
                    assert!(ids.iter().all(|&id| id < bound), "{json} {ids:?}");
                }
            }
        }
        assert!(opened > 50, "{opened}");
    }
}
