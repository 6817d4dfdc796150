//! A real model on real paragraphs, where the folder named by `M2V_FAST_TEST_DATA` has them.

use std::io::Read;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::models;
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
        let value: Value = serde_json::from_str(line).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    lines.lines().map(text).collect()
}

fn same_ids(change: impl Fn(&mut Value), every: usize) {
    let Some(folder) = folder() else { return };
    let path = folder.join("models/gpt2-bpe/tokenizer.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut file);
    let mut oracle = Oracle::new(&file.to_string()).expect("covered");
    for language in ["en", "de", "fr", "es", "ja", "zh"] {
        let paragraphs = paragraphs(language);
        for text in paragraphs.iter().step_by(every) {
            let all = oracle.all_ids(text);
            oracle.agrees(text, &all, None).unwrap();
            oracle.agrees(text, &all, Some(20)).unwrap();
        }
        // As one text.
        oracle.check(&paragraphs[..200].join(" "), None);
        oracle.check(&paragraphs[..200].concat(), None);
    }
}

fn with_pattern(regex: &str) -> impl Fn(&mut Value) {
    let parts = [models::split(regex, "Isolated", false), models::byte_level(false, false)];
    let pre_tokenizer = models::sequence(&parts);
    move |file| file["pre_tokenizer"] = pre_tokenizer.clone()
}

/// A WordLevel model of all words of every fourth paragraph.
fn words(file: &mut Value, pre_tokenizer: &str) {
    let mut vocab = serde_json::Map::new();
    vocab.insert("[UNK]".to_owned(), json!(0));
    for language in ["en", "de", "ja"] {
        for text in paragraphs(language).iter().step_by(4) {
            for word in text.split(|c: char| !c.is_alphanumeric()).chain(text.split_whitespace()) {
                let id = vocab.len();
                vocab.entry(word).or_insert(json!(id));
            }
        }
    }
    file["model"] = json!({"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab});
    file["pre_tokenizer"] = models::plain(pre_tokenizer);
}

#[test]
fn gpt2() {
    same_ids(|_| (), 7);
}

#[test]
fn gpt4_and_qwen2_patterns() {
    same_ids(with_pattern(models::GPT4), 11);
    same_ids(with_pattern(models::QWEN2), 11);
}

#[test]
fn other_settings() {
    same_ids(
        |file| {
            file["model"]["ignore_merges"] = json!(true);
            file["pre_tokenizer"]["add_prefix_space"] = json!(true);
        },
        23,
    );
    same_ids(|file| file["pre_tokenizer"]["use_regex"] = json!(false), 97);
}

#[test]
fn wordlevel() {
    for pre_tokenizer in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"] {
        same_ids(|file| words(file, pre_tokenizer), 19);
    }
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn every_paragraph() {
    same_ids(|_| (), 1);
    same_ids(with_pattern(models::GPT4), 1);
    same_ids(with_pattern(models::GPT4_POSSESSIVE), 1);
    same_ids(with_pattern(models::QWEN2), 1);
    same_ids(|file| file["model"]["ignore_merges"] = json!(true), 1);
    same_ids(|file| file["pre_tokenizer"]["use_regex"] = json!(false), 7);
    for pre_tokenizer in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"] {
        same_ids(|file| words(file, pre_tokenizer), 1);
    }
}
