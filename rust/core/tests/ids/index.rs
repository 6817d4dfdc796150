//! Compiled indexes: the same ids as without, whatever happens to the file.

use std::path::Path;

use m2v_fast::probe::Probe;
use m2v_fast::{
    DType, IndexOptions, LoadOptions, Model as Whole, NewTensor, Tokenizer, write_tensors,
};

use crate::corpora::{paragraphs, real_model, tokenizers};
use crate::table::normalizers::spaced_punctuation;
use crate::table::pretokenizers::metaspace;
use crate::texts::{self, Random};
use crate::unigram::Model;

fn ids(probe: &mut Probe, text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    probe.ids_into(text, None, &mut ids).unwrap();
    ids
}

fn file(path: &Path) -> IndexOptions {
    IndexOptions::default().file(path)
}

fn folder(path: &Path) -> IndexOptions {
    IndexOptions::default().folder(path)
}

fn small(split: bool) -> Model {
    Model {
        normalizer: spaced_punctuation(),
        pre_tokenizer: metaspace("always", split),
        byte_fallback: true,
        ..Model::default()
    }
    .with_pieces(
        ["▁", "a", "b", "▁the", "ab", "中", "か", "ж", "<0xC3>", "<0xA9>", "e▁x"]
            .map(|p| (p, -2.3)),
    )
    .with_pieces(('a'..='z').map(|c| (c.to_string(), -3.7)))
    .with_added("[M]", "l")
    .with_added("new york", "n")
}

/// So many pieces that an index is worth while.
fn big() -> Model {
    let pieces = (0..61_000).map(|n| (format!("▁w{n}"), -f64::from(n) / 7e3));
    Model::default().with_pieces(pieces)
}

fn some_texts() -> Vec<String> {
    let mut random = Random::new(3);
    (0..200).map(|_| texts::text(&mut random, 40, &["[M]", "new york", "the x", "w123"])).collect()
}

#[test]
fn the_same_with_and_without() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("some.m2vindex");
    for split in [true, false] {
        let json = small(split).json();
        assert!(Tokenizer::compile(json.as_bytes(), Path::new("x"), &path).unwrap());
        let mut plain = Probe::new(json.as_bytes()).unwrap();
        let mut indexed = Probe::with_index(json.as_bytes(), &file(&path)).unwrap();
        assert!(indexed.tokenizer().is_indexed() && !plain.tokenizer().is_indexed());
        assert_eq!(indexed.tokenizer().vocabulary(), plain.tokenizer().vocabulary());
        for text in some_texts() {
            assert_eq!(ids(&mut indexed, &text), ids(&mut plain, &text), "{text:?}");
        }
        // Of another file, if only by a space, there is no index.
        let other = Probe::with_index(format!("{json} ").as_bytes(), &file(&path)).unwrap();
        assert!(!other.tokenizer().is_indexed());
    }
}

#[test]
fn what_no_engine_takes_has_none() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("none");
    let json = r###"{"version":"1.0","added_tokens":[],"normalizer":null,"post_processor":null,
        "pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"type":"BPE","dropout":0.5,
        "vocab":{"a":0},"merges":[]}}"###;
    if cfg!(feature = "fallback") {
        assert!(!Tokenizer::compile(json.as_bytes(), Path::new("x"), &path).unwrap());
    } else {
        assert!(Tokenizer::compile(json.as_bytes(), Path::new("x"), &path).is_err());
    }
    assert!(!path.exists());
    let missing = place.path().join("no/such/folder/index");
    assert!(Tokenizer::compile(small(true).json().as_bytes(), Path::new("x"), &missing).is_err());
}

/// Two of the largest id that there could be looked like a free place in the table of merges.
#[test]
fn ids_have_room_in_the_table_of_merges() {
    let file = |id: u32| {
        format!(
            r#"{{"version":"1.0","added_tokens":[],"normalizer":null,"post_processor":null,
            "pre_tokenizer":null,"model":{{"type":"BPE","vocab":{{"a":{id}}},"merges":[]}}}}"#
        )
    };
    let largest = (1 << 21) - 2;
    let mut probe = Probe::new(file(largest).as_bytes()).unwrap();
    assert_eq!(probe.tokenizer().fallback_reason(), None);
    assert_eq!(ids(&mut probe, "aa"), [largest; 2]);
    let beyond = Probe::new(file(largest + 1).as_bytes());
    assert!(beyond.is_err() || beyond.unwrap().tokenizer().fallback_reason().is_some());
}

#[test]
fn damaged_files_are_passed_over() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("some.m2vindex");
    let json = small(false).json();
    Tokenizer::compile(json.as_bytes(), Path::new("x"), &path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let expected = ids(&mut Probe::new(json.as_bytes()).unwrap(), "the ab é x e x");
    let damaged = place.path().join("damaged");
    let check = |bytes: &[u8]| {
        std::fs::write(&damaged, bytes).unwrap();
        let mut probe = Probe::with_index(json.as_bytes(), &file(&damaged)).unwrap();
        assert!(!probe.tokenizer().is_indexed());
        assert_eq!(ids(&mut probe, "the ab é x e x"), expected);
    };
    for at in (0..400).chain((400..whole.len()).step_by(37)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        check(&bytes);
    }
    for len in (0..400).chain((400..whole.len()).step_by(97)).chain([whole.len() - 1]) {
        check(&whole[..len]);
    }
    check(&[&whole[..], b"x"].concat());
}

#[test]
fn a_folder_fills_itself() {
    let place = tempfile::tempdir().unwrap();
    let inner = place.path().join("made/when/needed");
    let json = big().json();
    let first = Probe::with_index(json.as_bytes(), &folder(&inner)).unwrap();
    assert!(!first.tokenizer().is_indexed());
    let mut second = Probe::with_index(json.as_bytes(), &folder(&inner)).unwrap();
    assert!(second.tokenizer().is_indexed());
    assert_eq!(ids(&mut second, "w7 w60999 zz").len(), 2);
    // Small ones are not worth a file.
    Probe::with_index(small(true).json().as_bytes(), &folder(&inner)).unwrap();
    let files: Vec<_> = std::fs::read_dir(&inner).unwrap().collect();
    assert_eq!(files.len(), 1);
    // A damaged one is replaced.
    let path = files[0].as_ref().unwrap().path();
    std::fs::write(&path, b"nonsense").unwrap();
    assert!(!Probe::with_index(json.as_bytes(), &folder(&inner)).unwrap().tokenizer().is_indexed());
    assert!(Probe::with_index(json.as_bytes(), &folder(&inner)).unwrap().tokenizer().is_indexed());
}

#[test]
fn a_folder_that_cannot_be_written_is_no_error() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a file");
    std::fs::write(&file, b"").unwrap();
    let json = big().json();
    for _ in 0..2 {
        let mut probe = Probe::with_index(json.as_bytes(), &folder(&file.join("below"))).unwrap();
        assert!(!probe.tokenizer().is_indexed());
        assert_eq!(ids(&mut probe, "w7").len(), 1);
    }
}

#[test]
fn several_writers_at_once() {
    let place = tempfile::tempdir().unwrap();
    let json = big().json();
    let load = || Probe::with_index(json.as_bytes(), &folder(place.path())).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..5 {
                    let text = format!("w{n} w1000");
                    assert_eq!(ids(&mut load(), &text).len(), 2);
                }
            });
        }
    });
    assert!(load().tokenizer().is_indexed());
    // No temporary files are left behind.
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn a_real_model() {
    let (Some(json), Some(paragraphs)) = (real_model(), paragraphs("ja")) else { return };
    let place = tempfile::tempdir().unwrap();
    let mut plain = Probe::with_index(json.as_bytes(), &folder(place.path())).unwrap();
    let mut indexed = Probe::with_index(json.as_bytes(), &folder(place.path())).unwrap();
    assert!(indexed.tokenizer().is_indexed());
    assert_eq!(indexed.tokenizer().vocabulary(), plain.tokenizer().vocabulary());
    for text in paragraphs {
        assert_eq!(ids(&mut indexed, text), ids(&mut plain, text));
    }
}

/// Of every kind, and whatever else real files say.
#[test]
fn real_files_come_back_as_they_were() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("some.m2vindex");
    for (name, json) in tokenizers() {
        assert!(Tokenizer::compile(json.as_bytes(), Path::new(&name), &path).unwrap(), "{name}");
        let mut plain = Probe::new(json.as_bytes()).unwrap();
        let mut indexed = Probe::with_index(json.as_bytes(), &file(&path)).unwrap();
        assert!(indexed.tokenizer().is_indexed(), "{name}");
        assert_eq!(indexed.tokenizer().engine(), plain.tokenizer().engine(), "{name}");
        assert_eq!(indexed.tokenizer().vocabulary(), plain.tokenizer().vocabulary(), "{name}");
        for language in ["en", "de", "zh", "hi", "emoji"] {
            for text in paragraphs(language).unwrap().iter().step_by(50) {
                assert_eq!(ids(&mut indexed, text), ids(&mut plain, text), "{name}: {text:?}");
            }
        }
    }
}

/// A mapped file that becomes shorter ends the process: who asks for files to be read into memory
/// does so because that happens to theirs.
#[test]
fn an_index_read_into_memory_may_be_cut_short() {
    let place = tempfile::tempdir().unwrap();
    // Without a mapping there must be as many rows as ids, so no piece may be there twice.
    let pieces = ["▁", "t", "h", "e", "▁the", "a", "b", "ab"].map(|piece| (piece, -2.3));
    let json = Model::default().with_pieces(pieces).json();
    std::fs::write(place.path().join("tokenizer.json"), &json).unwrap();
    std::fs::write(place.path().join("config.json"), "{}").unwrap();
    let tokens = Probe::new(json.as_bytes()).unwrap().tokenizer().vocabulary().tokens;
    let bytes: Vec<u8> = (0..tokens).flat_map(|id| (id as f32).to_le_bytes()).collect();
    let rows = NewTensor::new("embeddings", DType::Float32, [tokens, 1], &bytes);
    write_tensors(place.path().join("model.safetensors"), &[rows]).unwrap();
    let index = Whole::compile(place.path(), None).unwrap().unwrap();
    let options = LoadOptions::new().memory_map(false);
    let model = Whole::load(place.path(), options).unwrap();
    assert!(model.tokenizer().is_indexed());
    let expected = ids(&mut Probe::new(json.as_bytes()).unwrap(), "the ab é h");
    std::fs::File::create(index).unwrap();
    assert_eq!(model.ids("the ab é h", None).unwrap(), expected);
}
