//! Throughput of text to ids, for each classifier: first pass over a corpus with cold caches, then
//! the steady state.
//!
//! ```text
//! cargo run --release --example ids_throughput -- TOKENIZER_JSON CORPUS [TEXTS [CACHE_ENTRIES]]
//! ```
//! The corpus is one text a line, or one JSON object with `text` a line; `.gz` is unpacked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Read;
use std::time::Instant;

use m2v_core::probe::Probe;

fn texts(path: &str, limit: usize) -> Vec<String> {
    let mut lines = String::new();
    let mut file = std::fs::File::open(path).expect("the corpus opens");
    if path.ends_with(".gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut lines).expect("it unpacks");
    } else {
        file.read_to_string(&mut lines).expect("it is UTF-8");
    }
    let text = |line: &str| match serde_json::from_str::<serde_json::Value>(line) {
        Ok(value) if value["text"].is_string() => value["text"].as_str().unwrap().to_owned(),
        _ => line.to_owned(),
    };
    lines.lines().map(text).take(limit).collect()
}

/// Anonymous memory of this process in MB, where the system tells.
fn anonymous() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

/// One pass: seconds, and how many ids there were.
fn pass(probe: &mut Probe, texts: &[String], ids: &mut Vec<u32>) -> (f64, usize) {
    let start = Instant::now();
    let mut count = 0;
    for text in texts {
        ids.clear();
        probe.ids_into(text, Some(512), ids).expect("ids");
        count += ids.len();
    }
    (start.elapsed().as_secs_f64(), count)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tokenizer, corpus, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: ids_throughput TOKENIZER_JSON CORPUS [TEXTS [CACHE_ENTRIES]]");
        std::process::exit(2);
    };
    let limit = rest.first().map_or(5000, |limit| limit.parse().expect("a number"));
    let entries = rest.get(1).map(|entries| entries.parse().expect("a number"));
    let json = std::fs::read(tokenizer).expect("the tokenizer.json opens");
    let texts = texts(corpus, limit);
    let bytes: usize = texts.iter().map(String::len).sum();
    let megabytes = bytes as f64 / 1e6;

    let before = anonymous();
    let mut one = Probe::new(&json).expect("the tokenizer.json loads");
    let loaded = anonymous();
    pass(&mut one, &texts, &mut Vec::new());
    println!("anonymous MB: load {:.1}, pass {:.1}", loaded - before, anonymous() - loaded);
    let load = (0..5)
        .map(|_| {
            let start = Instant::now();
            let probe = Probe::new(&json).expect("the tokenizer.json loads");
            (start.elapsed().as_secs_f64(), probe.tokenizer().engine())
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap();
    println!("{corpus}: {} texts, {megabytes:.2} MB", texts.len());
    println!("engine {}, load {:.2} ms", load.1, load.0 * 1e3);
    println!("classifier   first MB/s ns/token   steady MB/s ns/token   texts/s");
    let mut ids = Vec::new();
    for classifier in Probe::classifiers() {
        let mut probe = Probe::with(&json, Some(classifier), entries).expect("it loads");
        let mut first = f64::INFINITY;
        for _ in 0..5 {
            probe.forget();
            first = first.min(pass(&mut probe, &texts, &mut ids).0);
        }
        let mut steady = f64::INFINITY;
        let mut tokens = 0;
        for _ in 0..15 {
            let (seconds, count) = pass(&mut probe, &texts, &mut ids);
            steady = steady.min(seconds);
            tokens = count;
        }
        println!(
            "{classifier:<12} {:>10.0} {:>8.1} {:>13.0} {:>8.1} {:>9.0}",
            megabytes / first,
            first * 1e9 / tokens as f64,
            megabytes / steady,
            steady * 1e9 / tokens as f64,
            texts.len() as f64 / steady,
        );
    }
}
