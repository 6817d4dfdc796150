//! An engine in an index, and back: what is derived from a vocabulary as arrays, all else that its
//! tokenizer.json says as it stands there.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Engine;
use super::bert;
use super::file::spec::{AddedTokenSpec, Spec};
use super::index::arrays::{ArraysIn, ArraysOut};
use super::index::{Parts, Sections};
use super::models::unigram::Unigram;
use super::models::wordlevel::WordLevel;
use super::models::wordpiece::{Pieces, Settings, WordPiece};
use super::models::{Bpe, Known, Model, bpe, unigram};
use super::output::NO_ID;
use super::vocabulary::Vocabulary;

/// Everything that is not an array.
#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    /// The tokenizer.json without its vocabulary and merges.
    file: Box<RawValue>,
    known: Known,
    tokens: usize,
    id_bound: u32,
    median_token_length: usize,
    unk_id: Option<u32>,
    made: Made,
}

/// What was made of a vocabulary. The id of an unknown token is one that the model has itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Made {
    Bert(bert::Stored),
    WordPiece { settings: Settings, unk_id: Option<u32> },
    WordLevel { unk_id: Option<u32> },
    Bpe(bpe::stored::Facts),
    Unigram(unigram::stored::Facts),
}

/// Calls `keep` with the sections of an index; `None` if it cannot be stored.
pub(super) fn store<T>(
    spec: &Spec<'_>,
    known: &Known,
    engine: &Engine,
    vocabulary: &Vocabulary,
    keep: impl FnOnce(&Sections<'_>) -> T,
) -> Option<T> {
    let mut arrays = ArraysOut::default();
    let made = match engine {
        Engine::Bert(bert) => Made::Bert(bert.store(&mut arrays)),
        Engine::Sentences(sentences) => Made::Unigram(sentences.model().store(&mut arrays)),
        Engine::Road(road) => match road.model() {
            Model::WordPiece(WordPiece { pieces, unk_id }) => {
                Made::WordPiece { settings: pieces.store(&mut arrays), unk_id: *unk_id }
            }
            Model::WordLevel(model) => {
                model.store(&mut arrays);
                Made::WordLevel { unk_id: model.unk_id() }
            }
            Model::Bpe(model) => Made::Bpe(model.store(&mut arrays)),
            Model::Unigram(model) => Made::Unigram(model.store(&mut arrays)),
        },
        #[cfg(feature = "fallback")]
        Engine::Fallback(_) => return None,
    };
    let facts = Facts {
        file: rest(spec)?,
        known: known.clone(),
        tokens: vocabulary.tokens,
        id_bound: vocabulary.id_bound,
        median_token_length: vocabulary.median_token_length,
        unk_id: vocabulary.unk_id,
        made,
    };
    let facts = serde_json::to_vec(&facts).ok()?;
    let mut sections = vec![facts.as_slice()];
    sections.append(&mut arrays.sections);
    Some(keep(&sections))
}

/// A tokenizer.json without its vocabulary and merges: what an engine is put together with. Its parts
/// are written as they stand there: numbers that no one reads may be beyond all limits.
fn rest(spec: &Spec<'_>) -> Option<Box<RawValue>> {
    #[derive(Serialize)]
    struct Rest<'a> {
        version: Option<&'a str>,
        added_tokens: &'a [AddedTokenSpec<'a>],
        normalizer: Option<&'a RawValue>,
        pre_tokenizer: Option<&'a RawValue>,
        post_processor: Option<&'a RawValue>,
        model: ModelType<'a>,
    }
    #[derive(Serialize)]
    struct ModelType<'a> {
        #[serde(rename = "type")]
        kind: Option<&'a str>,
    }
    let rest = Rest {
        version: spec.version.as_deref(),
        added_tokens: &spec.added_tokens,
        normalizer: spec.normalizer,
        pre_tokenizer: spec.pre_tokenizer,
        post_processor: spec.post_processor,
        model: ModelType { kind: spec.model.kind.as_deref() },
    };
    serde_json::value::to_raw_value(&rest).ok()
}

/// What an index holds.
#[derive(Debug)]
pub(super) struct Stored<'p> {
    /// The tokenizer.json without its vocabulary and merges.
    pub(super) file: Box<RawValue>,
    pub(super) known: Known,
    pub(super) vocabulary: Vocabulary,
    pub(super) made: Made,
    pub(super) arrays: ArraysIn<'p>,
}

/// What an index holds beside its arrays; `None` if anything about it is odd.
pub(super) fn read(parts: &Parts) -> Option<Stored<'_>> {
    // A copy: strings are checked once and then trusted, and the file may be written to meanwhile.
    let facts = parts.section::<u8>(0)?.to_vec();
    let facts: Facts = serde_json::from_slice(&facts).ok()?;
    let Facts { file, known, tokens, id_bound, median_token_length, unk_id, made } = facts;
    let vocabulary = Vocabulary { tokens, id_bound, unk_id, median_token_length };
    // An added token's id saturates, so that no bound may be the largest number.
    let fits = id_bound != NO_ID && known.ids.values().chain(&unk_id).all(|&id| id < id_bound);
    let arrays = ArraysIn::behind(parts, 1);
    fits.then_some(Stored { file, known, vocabulary, made, arrays })
}

impl Model {
    /// The model of an index, with ids below `id_bound`; `None` if it cannot be one, or is a whole
    /// engine.
    pub(super) fn load(made: Made, id_bound: u32, arrays: &mut ArraysIn<'_>) -> Option<Self> {
        let fits = |unk_id: &Option<u32>| unk_id.is_none_or(|id| id < id_bound);
        match made {
            Made::Bert(_) => None,
            Made::WordPiece { settings, unk_id } => {
                let pieces = Pieces::load(settings, id_bound, arrays)?;
                fits(&unk_id).then_some(Self::WordPiece(WordPiece { pieces, unk_id }))
            }
            Made::WordLevel { unk_id } => {
                let model = WordLevel::load(unk_id, id_bound, arrays)?;
                fits(&unk_id).then_some(Self::WordLevel(model))
            }
            Made::Bpe(facts) => Some(Self::Bpe(Bpe::load(facts, id_bound, arrays)?)),
            Made::Unigram(facts) => Some(Self::Unigram(Unigram::load(facts, id_bound, arrays)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::*;
    use crate::backend::Runnable;
    use crate::tokenize::index::{FORMAT, Key, write};
    use crate::tokenize::text::stand_ins;
    use crate::tokenize::{IndexOptions, Tokenizer, Unknown, plan};

    fn file(normalizer: &Value, pre_tokenizer: &Value, model: &Value, normalized: bool) -> String {
        let added = |content: &str, normalized: bool| {
            json!({"content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": normalized})
        };
        json!({"version": "1.0", "added_tokens": [added("[M]", false), added("b c", normalized)],
            "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null,
            "model": model})
        .to_string()
    }

    fn ids<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Value {
        tokens
            .into_iter()
            .map(str::to_owned)
            .zip(0..)
            .map(|(token, id)| (token, json!(id)))
            .collect()
    }

    fn bpe(tokens: &[&str], merges: &[&str], more: &Value) -> Value {
        let mut model = json!({"type": "BPE", "vocab": ids(tokens.iter().copied()),
            "merges": merges});
        let more = more.as_object().unwrap().clone();
        model.as_object_mut().unwrap().extend(more);
        model
    }

    /// A file for every way in which a model is stored.
    fn files() -> Vec<String> {
        let bert = json!({"type": "BertNormalizer", "clean_text": true, "strip_accents": null,
            "handle_chinese_chars": true, "lowercase": true});
        let nfc = json!({"type": "NFC"});
        let words = json!({"type": "BertPreTokenizer"});
        let whitespace = json!({"type": "Whitespace"});
        let metaspace = |split: bool| {
            json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                "split": split})
        };
        let byte_level = json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                "use_regex": true});
        let few = ["<unk>", "a", "##a", "b", "ab", "##b", "é", "中", "##中", "x"];
        let wordpiece = json!({"type": "WordPiece", "unk_token": "<unk>", "vocab": ids(few),
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 9});
        let long = "a word that is longer than a key";
        let wordlevel = json!({"type": "WordLevel", "unk_token": "<unk>",
            "vocab": ids(few.into_iter().chain([long, "aaaabbbbccccddddeeee"]))});
        let bytes: Vec<String> = (0..=255).map(|byte| stand_ins::char_of(byte).into()).collect();
        let bytes: Vec<&str> = bytes.iter().map(String::as_str).chain(["ab", "Ġab"]).collect();
        let merges = ["a b", "Ġ ab"];
        let chars = ["<unk>", "▁", "a", "b", "ab", "▁ab", "é", "中", "<0xC3>", "中中"];
        let joined = ["a b", "▁ ab", "中 中"];
        let known = json!({"unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true});
        let affixed = ["<unk>", "a", "b</w>", "##b", "##a", "ab</w>", "a</w>", "##b</w>"];
        let affixes = json!({"unk_token": "<unk>", "continuing_subword_prefix": "##",
            "end_of_word_suffix": "</w>"});
        let unigram = |unk_id: Value, byte_fallback: bool| {
            json!({"type": "Unigram", "unk_id": unk_id, "byte_fallback": byte_fallback,
                "vocab": [["<unk>", 0.0], ["▁", -2.0], ["a", -1.0], ["b", -1.5], ["ab", -2.5],
                ["▁ab", -2.0], ["▁a▁b", -3.0], ["é", -2.0], ["中", -2.0], ["中中", -3.0],
                ["<0xC3>", -3.0]]})
        };
        let mut files = vec![
            file(&bert, &words, &wordpiece, false),
            file(&bert, &words, &wordpiece, true),
            file(&nfc, &whitespace, &wordpiece, false),
            file(&nfc, &whitespace, &wordlevel, true),
            file(&Value::Null, &byte_level, &bpe(&bytes, &merges, &json!({})), true),
            file(&nfc, &byte_level, &bpe(&bytes, &merges, &json!({"ignore_merges": true})), false),
            file(
                &nfc,
                &byte_level,
                &bpe(&bytes[40..], &["a b"], &json!({"unk_token": "a"})),
                false,
            ),
            file(&nfc, &metaspace(false), &bpe(&chars, &joined, &known), false),
            file(&nfc, &metaspace(true), &bpe(&chars, &joined, &json!({})), true),
            file(&nfc, &whitespace, &bpe(&affixed, &["a ##b</w>"], &affixes), false),
        ];
        for pre_tokenizer in [metaspace(true), metaspace(false), byte_level] {
            for (unk_id, byte_fallback) in
                [(json!(0), true), (json!(0), false), (json!(null), true)]
            {
                files.push(file(&nfc, &pre_tokenizer, &unigram(unk_id, byte_fallback), false));
            }
        }
        files
    }

    fn sections(json: &str) -> Vec<Vec<u8>> {
        let spec = Spec::from_json(json.as_bytes()).unwrap();
        let mut kept = Vec::new();
        let planned = plan::plan(&spec, 0, |sections| {
            kept = sections.iter().map(|section| section.to_vec()).collect();
        });
        assert!(planned.is_ok() && kept.len() > 1, "{json}");
        kept
    }

    fn open(sections: &[Vec<u8>], file: PathBuf) -> Option<Tokenizer> {
        let key = Key::new(b"any");
        let parts: Vec<&[u8]> = sections.iter().map(Vec::as_slice).collect();
        write(&file, key, &parts).unwrap();
        let options = IndexOptions { file: Some(file), ..IndexOptions::default() };
        let (engine, vocabulary) = options.find(key, |parts| plan::from_index(&parts))?;
        Some(Tokenizer::indexed(engine, vocabulary))
    }

    const TEXTS: [&str; 6] = [
        "",
        "ab a b [M] ab b c",
        "aaaa bbbbb 中中中é x Ab",
        "zz é a b a b a b\u{301} \u{e000}",
        "aaaabbbbccccddddeeee abababababababababab",
        "ababababababababababababababababababababababababababababababababababababab\n\u{1}",
    ];

    fn some_ids(
        tokenizer: &Tokenizer,
        text: &str,
        limit: Option<usize>,
        unknown: Unknown,
    ) -> Vec<u32> {
        let (mut ids, mut worker) = (Vec::new(), tokenizer.worker());
        let backend = Runnable::default();
        // An error where there is no unknown token.
        drop(tokenizer.ids_into(text, limit, unknown, backend, &mut worker, &mut ids));
        ids
    }

    #[test]
    fn every_kind_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for json in files() {
            let plain = Tokenizer::from_json(json.as_bytes(), "x".as_ref()).unwrap();
            let stored = open(&sections(&json), folder.path().join("whole")).expect(&json);
            assert_eq!(stored.engine(), plain.engine());
            assert_eq!(stored.vocabulary(), plain.vocabulary(), "{json}");
            for text in TEXTS {
                let ids = |tokenizer| some_ids(tokenizer, text, None, Unknown::Keep);
                assert_eq!(ids(&stored), ids(&plain), "{text:?} {json}");
            }
        }
    }

    #[test]
    fn parts_that_no_one_reads_may_hold_anything() {
        let folder = tempfile::tempdir().unwrap();
        let file = r#"{"version":"1.0","added_tokens":[],"normalizer":{"type":"NFC","x":"\ud800"},
            "pre_tokenizer":{"type":"WhitespaceSplit","x":[1e999,-1e-999]},"post_processor":
            {"type":"BertProcessing","sep":["a",1e999],"cls":["a",0]},"model":{"type":"WordLevel",
            "unk_token":"a","vocab":{"a":0,"b":1}}}"#;
        let tokenizer = open(&sections(file), folder.path().join("odd")).unwrap();
        assert_eq!(some_ids(&tokenizer, "b a c", None, Unknown::Keep), [1, 0, 0]);
    }

    /// The same that random bits hardly meet.
    #[test]
    fn forged_facts_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let [bert, .., affixed] = &files()[..10] else { panic!("ten") };
        let bpe = &files()[4];
        let all = u64::from(u32::MAX);
        let cases: [(&str, &str, Value); 6] = [
            (bert, "/id_bound", json!(all)),
            (bert, "/unk_id", json!(null)),
            (bert, "/unk_id", json!(99)),
            (bert, "/made/Bert/several", json!(["a".repeat(1000)])),
            (affixed, "/made/Bpe/alphabet/Affixed/affixes/prefix", json!("a".repeat(2000))),
            (bpe, "/made/Bpe/unk", json!({"Known": 1_000_000})),
        ];
        for (json, place, value) in cases {
            let mut sections = sections(json);
            let mut facts: Value = serde_json::from_slice(&sections[0]).unwrap();
            *facts.pointer_mut(place).expect(place) = value;
            sections[0] = serde_json::to_vec(&facts).unwrap();
            assert!(open(&sections, folder.path().join("forged")).is_none(), "{place}");
        }
    }

    /// An index of a format is always the same: what is derived from a tokenizer.json, tables of
    /// characters among it, does not change without another [`FORMAT`].
    #[test]
    fn what_is_stored_is_pinned_to_the_format() {
        let mut all = Vec::new();
        for json in files() {
            for section in sections(&json) {
                all.extend((section.len() as u64).to_le_bytes());
                all.extend(section);
            }
        }
        assert_eq!((FORMAT, xxhash_rust::xxh3::xxh3_64(&all)), (3, 0x56a1_17b5_ba8e_fc2a));
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
        for json in files() {
            let whole = sections(&json);
            let mut opened = 0;
            for _ in 0..400 {
                let mut sections = whole.clone();
                for _ in 0..1 + random(6) {
                    let place = random(sections.len());
                    // Rarely where nearly every change is noticed.
                    let place = if place == 0 && random(4) > 0 { 1 } else { place };
                    let section = &mut sections[place];
                    if section.is_empty() {
                        continue;
                    }
                    let at = random(section.len());
                    section[at] ^= 1 << random(8);
                    if random(80) == 0 {
                        section.truncate(random(section.len() + 1));
                    }
                }
                let Some(tokenizer) = open(&sections, folder.path().join("forged")) else {
                    continue;
                };
                opened += 1;
                let bound = tokenizer.vocabulary().id_bound;
                for text in TEXTS {
                    for (limit, unknown) in [(None, Unknown::Drop), (Some(3), Unknown::Keep)] {
                        let ids = some_ids(&tokenizer, text, limit, unknown);
                        assert!(ids.iter().all(|&id| id < bound), "{json} {ids:?}");
                    }
                }
            }
            assert!(opened > 10, "{opened} {json}");
        }
    }
}
