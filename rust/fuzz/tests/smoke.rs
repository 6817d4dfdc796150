//! Every target over its seeds and over a fixed set of inputs made from them: the same in every
//! run, in some seconds each. What libFuzzer finds in minutes is looked for by `make fuzz`.

use std::fs;
use std::path::Path;

use m2v_fuzz::mutate::{self, Random};

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

fn run(name: &str, target: fn(&[u8]), rounds: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = files(&root.join("seeds").join(name));
    if name == "tokenizer_bytes" {
        seeds.extend(files(m2v_fuzz::models_folder()));
    }
    let words = mutate::dictionary(&fs::read_to_string(root.join("words.dict")).unwrap());
    assert!(!seeds.is_empty() && !words.is_empty());
    // For more than a smoke run, without libFuzzer.
    let times = std::env::var("M2V_FUZZ_TIMES").map_or(1, |times| times.parse().unwrap());
    let rounds = rounds * times;
    let mut random = Random::new(times as u64);
    let made = (0..rounds).map(|_| mutate::input(&mut random, &seeds, &words, 300));
    for data in seeds.iter().cloned().chain(made) {
        let result = std::panic::catch_unwind(|| target(&data));
        if result.is_err() {
            // What `cargo fuzz run TARGET FILE` takes.
            let path = root.join("artifacts").join(format!("smoke-{name}"));
            fs::create_dir_all(root.join("artifacts")).unwrap();
            fs::write(&path, &data).unwrap();
            panic!("{name} failed on {}: {}", path.display(), data.escape_ascii());
        }
    }
}

#[test]
fn text() {
    m2v_fuzz::load_models();
    run("text", |data| m2v_fuzz::run(m2v_fuzz::text, data), 20_000);
}

#[test]
fn tokenizer_bytes() {
    run("tokenizer_bytes", |data| m2v_fuzz::run(m2v_fuzz::tokenizer_bytes, data), 20_000);
}

#[test]
fn tokenizer_tree() {
    run("tokenizer_tree", |data| m2v_fuzz::run(m2v_fuzz::tokenizer_tree, data), 3_000);
}

#[test]
fn config() {
    run("config", |data| m2v_fuzz::run(m2v_fuzz::config, data), 50_000);
}

#[test]
fn tensors() {
    run("tensors", |data| m2v_fuzz::run(m2v_fuzz::tensors, data), 20_000);
}

#[test]
fn index() {
    run("index", |data| m2v_fuzz::run(m2v_fuzz::index, data), 5_000);
}

#[test]
fn vectors() {
    run("vectors", |data| m2v_fuzz::run(m2v_fuzz::vectors, data), 5_000);
}

#[test]
fn arrow() {
    run("arrow", |data| m2v_fuzz::run(m2v_fuzz::arrow, data), 50_000);
}

#[test]
fn long() {
    run("long", m2v_fuzz::long, 1_000);
}

#[test]
fn regex() {
    run("regex", |data| m2v_fuzz::run(m2v_fuzz::regex, data), 4_000);
}
