//! Any file as a compiled index: passed over, or harmless.

use std::fs;
use std::path::{Path, PathBuf};

use m2v_fast::probe::Probe;
use m2v_fast::{IndexOptions, Tokenizer};
use xxhash_rust::xxh3::xxh3_128;

use crate::input::{self, Input};
use crate::models::SMALL;
use crate::place;

/// Where in an index its own checksum is, and where what it is a checksum of begins.
const CHECKSUM: std::ops::Range<usize> = 48..64;

/// A tokenizer.json, its index, and the engine without one.
struct Case {
    json: &'static str,
    index: Vec<u8>,
    plain: Probe,
}

thread_local! {
    static CASES: std::cell::RefCell<Vec<Case>> = std::cell::RefCell::new(cases());
}

fn cases() -> Vec<Case> {
    let ours = SMALL.iter().filter(|(name, _)| name != "fallback");
    let case = |(_, json): &'static (String, String)| {
        let path = place::path("whole");
        assert!(Tokenizer::compile(json.as_bytes(), Path::new("x"), &path).unwrap());
        let plain = Probe::new(json.as_bytes()).unwrap();
        Case { json, index: fs::read(&path).unwrap(), plain }
    };
    ours.map(case).collect()
}

fn open(case: &Case, path: PathBuf) -> Probe {
    let options = IndexOptions::default().file(path);
    let probe = Probe::with_index(case.json.as_bytes(), &options);
    // The default cache takes far longer to make than an index to open.
    probe.expect("an index is never an error").with_cache(64)
}

const TEXTS: &[&str] = &[
    "",
    "the vector search ab aab aaaa bbbbb [M] new york x",
    "中 中中中é zz é a b a b a b\u{301} <unk>▁a ﬁ\u{1}\t  x12",
];

/// The first byte chooses the index and what is done with it; then come changes, then a text.
pub fn index(data: &[u8]) {
    let mut input = Input::new(data);
    let (choice, way) = (input.byte(), input.byte());
    CASES.with_borrow_mut(|cases| {
        let count = cases.len();
        let case = &mut cases[usize::from(choice) % count];
        let mut bytes = case.index.clone();
        for _ in 0..1 + input.byte() % 24 {
            change(&mut bytes, &mut input);
        }
        let own = input::text(input.rest());
        let texts: Vec<&str> = TEXTS.iter().copied().chain([own.as_str()]).collect();
        match way % 3 {
            0 => as_it_is(case, &bytes, &texts),
            1 => with_a_right_checksum(case, bytes, &texts),
            _ => while_in_use(case, bytes, &texts),
        }
    });
}

/// Bits, bytes, small numbers, or a stretch copied from elsewhere.
fn change(bytes: &mut Vec<u8>, input: &mut Input<'_>) {
    if bytes.is_empty() {
        return;
    }
    // The header and the beginning of it all more often than the long middle.
    let within = if input.flag() { bytes.len() } else { bytes.len().min(1024) };
    let at = input.below(within.max(300)) % bytes.len();
    match input.byte() % 8 {
        0..3 => bytes[at] ^= 1 << (input.byte() % 8),
        3 => bytes[at] = input.byte(),
        4 => {
            for (byte, new) in bytes[at..].iter_mut().zip(input.number().to_le_bytes()) {
                *byte = new;
            }
        }
        5 => {
            let special =
                input.pick(&[f64::NAN, f64::INFINITY, -0.0, 1e300, -1e300, f64::MIN_POSITIVE]);
            let at = at & !7;
            for (byte, new) in bytes[at..].iter_mut().zip(special.to_le_bytes()) {
                *byte = new;
            }
        }
        6 => {
            let from = input.below(bytes.len().max(300)) % bytes.len();
            let count = usize::from(input.byte()).min(bytes.len() - from.max(at));
            bytes.copy_within(from..from + count, at);
        }
        _ => {
            // Rarely, or nothing else would ever be read.
            if input.byte() < 8 {
                let len = input.below(bytes.len() + 64);
                bytes.resize(len, input.byte());
            }
        }
    }
}

/// Nothing where a model needs an unknown token that does not exist.
fn ids(probe: &mut Probe, text: &str, limit: Option<usize>) -> Option<Vec<u32>> {
    let mut ids = Vec::new();
    probe.ids_into(text, limit, &mut ids).ok().map(|()| ids)
}

/// The checksum notices: whatever was changed, ids are as they should be.
fn as_it_is(case: &mut Case, bytes: &[u8], texts: &[&str]) {
    let path = place::path("changed");
    place::write(&path, bytes);
    let mut probe = open(case, path);
    assert_eq!(probe.tokenizer().is_indexed(), bytes == case.index);
    for text in texts {
        assert_eq!(ids(&mut probe, text, None), ids(&mut case.plain, text, None), "{text:?}");
    }
}

/// A forgery: ids may be anything, as long as they have a place in the vocabulary.
fn with_a_right_checksum(case: &mut Case, mut bytes: Vec<u8>, texts: &[&str]) {
    if bytes.len() >= CHECKSUM.end {
        // What stands before the checksum is compared byte by byte.
        bytes[..CHECKSUM.start].copy_from_slice(&case.index[..CHECKSUM.start]);
        let sum = xxh3_128(&bytes[CHECKSUM.end..]).to_le_bytes();
        bytes[CHECKSUM].copy_from_slice(&sum);
    }
    let path = place::path("forged");
    place::write(&path, &bytes);
    let mut probe = open(case, path);
    bounded(&mut probe, texts);
}

/// The file is written to while it is mapped.
fn while_in_use(case: &mut Case, mut bytes: Vec<u8>, texts: &[&str]) {
    let path = place::path("in-use");
    place::write(&path, &case.index);
    let mut probe = open(case, path.clone());
    assert!(probe.tokenizer().is_indexed());
    ids(&mut probe, texts[1], None);
    // A mapped file that becomes shorter is the operating system's affair.
    bytes.resize(case.index.len(), 0);
    fs::write(&path, &bytes).unwrap();
    bounded(&mut probe, texts);
}

fn bounded(probe: &mut Probe, texts: &[&str]) {
    let bound = probe.tokenizer().vocabulary().id_bound;
    for text in texts {
        for limit in [None, Some(3), None] {
            let ids = ids(probe, text, limit);
            assert!(ids.iter().flatten().all(|&id| id < bound), "{ids:?}, bound {bound}, {text:?}");
        }
    }
}
