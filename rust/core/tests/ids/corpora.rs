//! Real tokenizer.json files on real paragraphs, where the folder named by `M2V_FAST_TEST_DATA` has
//! them. Files that `scripts/make_test_tokenizers.py` makes are looked for in `M2V_FAST_MADE_DATA`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use m2v_fast::probe::Probe;
use serde_json::{Value, json};

use crate::oracle::{Oracle, is_fast};
use crate::shards::is_mine;
use crate::table::plain;
use crate::table::pretokenizers::{GPT4, GPT4_POSSESSIVE, QWEN2, byte_level, sequence, split};

const LANGUAGES: [&str; 10] = ["en", "de", "fr", "es", "ja", "zh", "hi", "th", "bn", "emoji"];

fn folder(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

fn data() -> Option<PathBuf> {
    folder("M2V_FAST_TEST_DATA")
}

fn unzipped(path: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// Of each language, read once.
fn corpora() -> Option<&'static [Vec<String>; LANGUAGES.len()]> {
    static CORPORA: OnceLock<Option<[Vec<String>; LANGUAGES.len()]>> = OnceLock::new();
    let text = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        value["text"].as_str().unwrap().to_owned()
    };
    let read = |folder: &Path, language: &str| {
        unzipped(&folder.join(format!("{language}.jsonl.gz"))).lines().map(text).collect()
    };
    let read_all = || {
        let folder = data()?.join("corpora");
        Some(LANGUAGES.map(|language| read(&folder, language)))
    };
    CORPORA.get_or_init(read_all).as_ref()
}

pub(crate) fn paragraphs(language: &str) -> Option<&'static [String]> {
    let number = LANGUAGES.iter().position(|&known| known == language);
    Some(&corpora()?[number.expect("a language of the corpora")])
}

pub(crate) fn real_model() -> Option<String> {
    std::fs::read_to_string(data()?.join("models/xlmr-like/tokenizer.json")).ok()
}

/// The entries of a folder, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Of the folders of a folder, tokenizer.json with the folder's name.
fn models(folder: &Path) -> Vec<(String, String)> {
    let file = |path: PathBuf| {
        let json = std::fs::read_to_string(path.join("tokenizer.json")).ok()?;
        Some((path.file_name()?.to_string_lossy().into_owned(), json))
    };
    entries(folder).into_iter().filter_map(file).collect()
}

pub(crate) fn tokenizers() -> Vec<(String, String)> {
    let Some(data) = data() else { return Vec::new() };
    let zipped = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "gz");
    let file =
        |path: PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), unzipped(&path));
    entries(&data.join("tokenizers")).into_iter().filter(zipped).map(file).collect()
}

/// Every so many paragraphs of all languages, from the `first` on.
fn same_ids(name: &str, oracle: &mut Oracle, first: usize, every: usize) {
    for (number, paragraphs) in corpora().into_iter().flatten().enumerate() {
        if !is_mine(number) {
            continue;
        }
        for text in paragraphs.iter().skip(first % every).step_by(every) {
            if let Err(difference) = oracle.compare(text, Some(20)) {
                panic!("{name}: {difference}");
            }
        }
        // As one text without end, which crosses every window.
        for text in [paragraphs[..200].join(" "), paragraphs[..100].concat()] {
            if let Err(difference) = oracle.compare(&text, None) {
                panic!("{name}: {difference:.4000}");
            }
        }
    }
}

fn sweep(files: Vec<(String, String)>, every: usize) {
    for (number, (name, json)) in files.into_iter().enumerate() {
        let mut oracle = Oracle::new(&json).unwrap_or_else(|| panic!("{name} is covered"));
        same_ids(&name, &mut oracle, number, every);
    }
}

/// The files from everywhere: all run on an engine of ours.
fn real_tokenizers_on(every: usize) {
    for (number, (name, json)) in tokenizers().into_iter().enumerate() {
        // One variant: they are big, and what differs between variants has its tests.
        let probe = Probe::new(json.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(probe.tokenizer().fallback_reason(), None, "{name}");
        let mut oracle = Oracle::of(&json, vec![probe]).unwrap();
        same_ids(&name, &mut oracle, number, every);
    }
}

/// A WordLevel model of all words of every fourth paragraph.
fn words(file: &mut Value, pre_tokenizer: &str) {
    let mut vocab = serde_json::Map::new();
    vocab.insert("[UNK]".to_owned(), json!(0));
    for language in ["en", "de", "ja", "hi"] {
        for text in paragraphs(language).unwrap().iter().step_by(4) {
            for word in text.split(|c: char| !c.is_alphanumeric()).chain(text.split_whitespace()) {
                let id = vocab.len();
                vocab.entry(word).or_insert(json!(id));
            }
        }
    }
    file["model"] = json!({"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab});
    file["pre_tokenizer"] = plain(pre_tokenizer);
}

/// GPT-2's file with other settings than it has.
fn changed() -> Vec<(String, String)> {
    let Some(data) = data() else { return Vec::new() };
    let json = std::fs::read(data.join("models/gpt2-bpe/tokenizer.json")).unwrap();
    let original: Value = serde_json::from_slice(&json).unwrap();
    let mut files = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut file = original.clone();
        change(&mut file);
        files.push((name.to_owned(), file.to_string()));
    };
    for (name, regex) in [("GPT-4", GPT4), ("possessive", GPT4_POSSESSIVE), ("Qwen 2", QWEN2)] {
        let parts = [split(regex, "Isolated", false), byte_level(false, false)];
        add(name, &|file| file["pre_tokenizer"] = sequence(&parts));
    }
    add("ignore_merges, prefix", &|file| {
        file["model"]["ignore_merges"] = json!(true);
        file["pre_tokenizer"]["add_prefix_space"] = json!(true);
    });
    add("no expression", &|file| file["pre_tokenizer"]["use_regex"] = json!(false));
    for pre_tokenizer in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"] {
        add(pre_tokenizer, &|file| words(file, pre_tokenizer));
    }
    files
}

fn real_models_of(folder: Option<PathBuf>) -> Vec<(String, String)> {
    folder.map_or_else(Vec::new, |folder| models(&folder))
}

#[test]
fn real_models() {
    sweep(real_models_of(data().map(|data| data.join("models"))), 50);
}

#[test]
fn real_tokenizers() {
    real_tokenizers_on(400);
}

/// No text: which files run on an engine of ours. `make coverage` prints it.
#[test]
#[ignore = "for its output"]
fn coverage_of_real_files() {
    let files = tokenizers();
    let mut fast = 0;
    println!("\n| file | engine | why not one of ours |\n|:--|:--|:--|");
    for (name, json) in &files {
        match Probe::new(json.as_bytes()) {
            Ok(probe) => {
                fast += usize::from(is_fast(&probe));
                let tokenizer = probe.tokenizer();
                let why = tokenizer.fallback_reason().unwrap_or_default();
                println!("| {name} | {} | {why} |", tokenizer.engine());
            }
            Err(error) => println!("| {name} | none | {error} |"),
        }
    }
    println!("\n{fast} of {} real files run on an engine of ours.", files.len());
}

#[test]
fn other_settings() {
    sweep(changed(), 150);
}

#[test]
fn made_models() {
    sweep(real_models_of(folder("M2V_FAST_MADE_DATA")), 60);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn every_paragraph_of_real_models() {
    sweep(real_models_of(data().map(|data| data.join("models"))), 1);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn every_paragraph_of_real_tokenizers() {
    real_tokenizers_on(1);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn every_paragraph_of_other_settings() {
    sweep(changed(), 1);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn every_paragraph_of_made_models() {
    sweep(real_models_of(folder("M2V_FAST_MADE_DATA")), 1);
}
