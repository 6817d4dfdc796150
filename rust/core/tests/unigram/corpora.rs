//! Real models on real paragraphs, where the folder named by `M2V_FAST_TEST_DATA` has them. Models
//! that `scripts/make_test_tokenizers.py` makes are looked for in `M2V_FAST_MADE_DATA`.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::oracle::Oracle;

const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "ja", "zh"];

fn folder(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

pub(crate) fn paragraphs(language: &str) -> Option<Vec<String>> {
    let path = folder("M2V_FAST_TEST_DATA")?.join(format!("corpora/{language}.jsonl.gz"));
    let mut lines = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut lines).unwrap();
    let text = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    Some(lines.lines().map(text).collect())
}

pub(crate) fn real_model() -> Option<String> {
    let path = folder("M2V_FAST_TEST_DATA")?.join("models/xlmr-like/tokenizer.json");
    std::fs::read_to_string(path).ok()
}

fn same_ids(path: &Path, every: usize) {
    let Ok(json) = std::fs::read_to_string(path) else { return };
    let mut oracle = Oracle::new(&json).expect("covered");
    for language in LANGUAGES {
        let Some(paragraphs) = paragraphs(language) else { return };
        for text in paragraphs.iter().step_by(every) {
            let all = oracle.all_ids(text);
            for limit in [None, Some(20)] {
                oracle.agrees(text, &all, limit).unwrap_or_else(|why| panic!("{path:?}: {why}"));
            }
        }
        // As one text without end.
        oracle.check(&paragraphs[..200].join(" "), None);
    }
}

fn real(every: usize) {
    let Some(folder) = folder("M2V_FAST_TEST_DATA") else { return };
    same_ids(&folder.join("models/xlmr-like/tokenizer.json"), every);
}

fn made(every: usize) {
    let Some(folder) = folder("M2V_FAST_MADE_DATA") else { return };
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("unigram") {
            same_ids(&path.join("tokenizer.json"), every);
        }
    }
}

#[test]
fn real_models() {
    real(10);
}

#[test]
fn made_models() {
    made(20);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn every_paragraph_of_real_models() {
    real(1);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn every_paragraph_of_made_models() {
    made(1);
}
