//! Real models on real paragraphs, where the folder named by `M2V_FAST_TEST_DATA` has them.

use std::io::Read;
use std::path::PathBuf;

use crate::oracle::Oracle;

fn folder() -> Option<PathBuf> {
    std::env::var_os("M2V_FAST_TEST_DATA").map(PathBuf::from)
}

fn paragraphs(language: &str) -> Vec<String> {
    let path = folder().unwrap().join(format!("corpora/{language}.jsonl.gz"));
    let mut lines = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut lines).unwrap();
    let text = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    lines.lines().map(text).collect()
}

fn same_ids(model: &str, every: usize) {
    let Some(folder) = folder() else { return };
    let path = folder.join(format!("models/{model}/tokenizer.json"));
    let json = std::fs::read_to_string(path).unwrap();
    let mut oracle = Oracle::new(&json).expect("covered");
    for language in ["en", "de", "fr", "es", "ja", "zh"] {
        let paragraphs = paragraphs(language);
        for text in paragraphs.iter().step_by(every) {
            oracle.check(text, None);
            oracle.check(text, Some(20));
        }
        // As one text without end, which crosses every window.
        let all = paragraphs[..200].join(" ");
        oracle.check(&all, None);
    }
}

#[test]
fn potion() {
    same_ids("potion-wordpiece", 5);
}

#[test]
fn minilm() {
    same_ids("minilm-m2v-256", 5);
}

#[test]
fn minilm_with_added_tokens() {
    same_ids("minilm-m2v-vocab-128", 5);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn every_paragraph() {
    for model in ["potion-wordpiece", "minilm-m2v-256", "minilm-m2v-vocab-128"] {
        same_ids(model, 1);
    }
}
