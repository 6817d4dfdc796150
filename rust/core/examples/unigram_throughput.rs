//! Load time, throughput and memory of a tokenizer on paragraphs.
//!
//!     cargo run --release --example unigram_throughput -- tokenizer.json en.jsonl.gz de.jsonl.gz ...
//!
//! With `M2V_FAST_INDEX_FOLDER`, compiled indexes are kept there and used.
//!
//! "first" is a scratch that has seen nothing, "unseen" goes on with
//! paragraphs that it has not seen, "steady" comes back to the former.
#![allow(clippy::expect_used)]

use std::io::Read;
use std::time::Instant;

use m2v_core::{IndexOptions, probe::Probe};

const PASSES: u32 = 12;

fn paragraphs(path: &str) -> Vec<String> {
    let file = std::fs::File::open(path).expect("a corpus");
    let mut lines = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut lines).expect("text");
    lines
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("json");
            value["text"].as_str().expect("text").to_owned()
        })
        .collect()
}

/// Anonymous memory in MB, where the system tells.
fn anonymous() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

/// Time that this thread was running, in seconds: others on the machine do not count.
fn running() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

fn pass(probe: &mut Probe, texts: &[String], ids: &mut Vec<u32>) -> (f64, usize) {
    let begun = running();
    let mut count = 0;
    for text in texts {
        ids.clear();
        probe.ids_into(text, Some(512), ids).expect("ids");
        count += ids.len();
    }
    (running() - begun, count)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (json, corpora) = arguments.split_first().expect("tokenizer.json and corpora");
    let before = anonymous();
    let begun = Instant::now();
    let bytes = std::fs::read(json).expect("a tokenizer.json");
    let folder = std::env::var_os("M2V_FAST_INDEX_FOLDER").map(Into::into);
    let options = IndexOptions { folder, ..IndexOptions::default() };
    let mut probe = Probe::with_index(&bytes, &options).expect("a tokenizer");
    let loaded = begun.elapsed().as_secs_f64() * 1e3;
    drop(bytes);
    println!(
        "{}{} loaded in {loaded:.1} ms, {:.1} MB anonymous",
        probe.tokenizer().engine(),
        if probe.tokenizer().is_indexed() { " from its index" } else { "" },
        anonymous() - before
    );
    let mut ids = Vec::new();
    let mut grown = 0.0;
    for corpus in corpora {
        let texts = paragraphs(corpus);
        let (seen, unseen) = texts.split_at(texts.len() / 2);
        let before = anonymous();
        let bytes = |texts: &[String]| texts.iter().map(String::len).sum::<usize>() as f64 / 1e6;
        let (mut first, mut fresh, mut steady, mut count) = (0.0, 0.0, 0.0, 0);
        // The clock may tick as rarely as every four milliseconds, so that many passes are added.
        for _ in 0..PASSES {
            probe.forget();
            first += pass(&mut probe, seen, &mut ids).0;
            fresh += pass(&mut probe, unseen, &mut ids).0;
            pass(&mut probe, seen, &mut ids);
            let (seconds, ids) = pass(&mut probe, seen, &mut ids);
            steady += seconds;
            count = ids;
        }
        let passes = f64::from(PASSES);
        let first = passes * bytes(seen) / first;
        let fresh = passes * bytes(unseen) / fresh;
        let steady = passes * bytes(seen) / steady;
        grown += anonymous() - before;
        let name = corpus.rsplit('/').next().unwrap_or(corpus);
        println!(
            "{name:14} first {first:6.1}  unseen {fresh:6.1}  steady {steady:6.1} MB/s  {count} ids"
        );
    }
    println!("{grown:.1} MB anonymous added by encoding");
}
