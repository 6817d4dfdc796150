//! The target over its seeds and a fixed set of inputs made from them: the same in every run. What
//! libFuzzer finds in minutes is looked for by `make fuzz-server`.

use std::fs;
use std::path::Path;

use m2v_server_fuzz::mutate::{self, Random};

#[test]
fn request() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> =
        fs::read_dir(root.join("seeds")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(seeds.len() > 10);
    let words = mutate::dictionary(&fs::read_to_string(root.join("words.dict")).unwrap());
    assert!(!words.is_empty());
    // For more than a smoke run, without libFuzzer.
    let times = std::env::var("M2V_FUZZ_TIMES").map_or(1, |times| times.parse().unwrap());
    let mut random = Random::new(times as u64);
    let made = (0..50_000 * times).map(|_| mutate::input(&mut random, &seeds, &words, 300));
    for data in seeds.iter().cloned().chain(made) {
        if std::panic::catch_unwind(|| m2v_server_fuzz::request(&data)).is_err() {
            // What `cargo fuzz run request FILE` takes.
            let path = root.join("artifacts").join("smoke-request");
            fs::create_dir_all(root.join("artifacts")).unwrap();
            fs::write(&path, &data).unwrap();
            panic!("failed on {}: {}", path.display(), data.escape_ascii());
        }
    }
}
