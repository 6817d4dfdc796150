//! Megabytes per second of tokenization, first pass and steady state.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
use m2v_core::tokenize::probe::Probe;
use std::io::Read;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let json = std::fs::read(&args[1]).unwrap();
    let mut best = f64::MAX;
    for _ in 0..7 {
        let start = Instant::now();
        let p = Probe::new(&json).unwrap();
        best = best.min(start.elapsed().as_secs_f64());
        drop(p);
    }
    println!("load {:.1} ms", best * 1e3);
    let anon = || {
        let s = std::fs::read_to_string("/proc/self/status").unwrap();
        s.lines().find(|l| l.starts_with("RssAnon")).unwrap().to_owned()
    };
    let before = anon();
    let mut probe = Probe::new(&json).unwrap();
    println!("{} {:?}; {before} -> {}", probe.tokenizer().engine(), probe.tokenizer().fallback_reason(), anon());
    for lang in &args[3..] {
        let mut lines = String::new();
        let file = std::fs::File::open(format!("{}/{lang}.jsonl.gz", args[2])).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut lines).unwrap();
        let texts: Vec<String> = lines.lines().map(|l| {
            let v: serde_json::Value = serde_json::from_str(l).unwrap();
            v["text"].as_str().unwrap().to_owned()
        }).take(5000).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        let mut ids = Vec::new();
        let mut times = Vec::new();
        let mut count = 0;
        let rounds = if probe.tokenizer().engine() == "fallback" { 2 } else { std::env::var("ROUNDS").map_or(30, |r| r.parse().unwrap()) };
        for _ in 0..rounds {
            let start = Instant::now();
            count = 0;
            for t in &texts {
                ids.clear();
                probe.ids_into(t, None, &mut ids).unwrap();
                count += ids.len();
            }
            times.push(start.elapsed().as_secs_f64());
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!("{lang}: {bytes} bytes {count} ids; first {:.0} MB/s, best {:.0}, median {:.0}; {}", bytes as f64 / first / 1e6, bytes as f64 / times[0] / 1e6, bytes as f64 / times[times.len() / 2] / 1e6, anon());
    }
}
