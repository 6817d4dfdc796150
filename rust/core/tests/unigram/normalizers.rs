//! Each normalizer, on every scalar alone and in context.

use serde_json::{Value, json};

use crate::charsmap::small_charsmap;
use crate::corpora::real_model;
use crate::models::{Model, bert, metaspace, replace, sequence, spaced_punctuation, strip};
use crate::oracle::Oracle;
use crate::texts::{self, Random};

/// A real charsmap: from the file in the data folder, or a small one made here.
fn charsmap() -> Value {
    let real = real_model().map(|json| {
        let value: Value = serde_json::from_str(&json).unwrap();
        value["normalizer"]["normalizers"][0].clone()
    });
    real.unwrap_or_else(small_charsmap)
}

fn normalizers() -> Vec<Value> {
    let kind = |kind: &str| json!({"type": kind});
    let seq = |parts: &[Value]| sequence("normalizers", parts);
    vec![
        Value::Null,
        charsmap(),
        small_charsmap(),
        kind("NFC"),
        kind("NFD"),
        kind("NFKC"),
        kind("NFKD"),
        kind("Nmt"),
        kind("Lowercase"),
        kind("StripAccents"),
        strip(true, true),
        strip(true, false),
        strip(false, true),
        json!({"type": "Prepend", "prepend": "▁"}),
        replace("String", "a", " é"),
        replace("String", "ab", "b"),
        replace("String", " ", "▁"),
        replace("Regex", " {2,}", "▁"),
        replace("Regex", " {2,}", " "),
        replace("Regex", r"\s+", " "),
        replace("Regex", r"\s+", ""),
        bert(true, true, None, true),
        bert(true, true, None, false),
        bert(false, true, Some(true), false),
        bert(true, false, Some(false), true),
        spaced_punctuation(),
        seq(&[charsmap(), replace("Regex", " {2,}", " ")]),
        seq(&[charsmap(), strip(false, true), replace("Regex", " {2,}", "▁")]),
        seq(&[kind("Nmt"), kind("NFKC"), replace("Regex", r"\s+", " ")]),
        seq(&[kind("NFD"), kind("Lowercase"), kind("StripAccents")]),
        seq(&[seq(&[kind("NFKD")]), seq(&[kind("StripAccents"), kind("NFC")])]),
        seq(&[charsmap(), bert(true, true, Some(true), true), kind("NFC")]),
        seq(&[kind("StripAccents"), charsmap()]),
        seq(&[bert(true, false, Some(true), false), charsmap(), replace("Regex", r"\s+", " ")]),
        seq(&[json!({"type": "Prepend", "prepend": "▁"}), replace("String", " ", "▁")]),
        seq(&[
            replace("String", "``", "\""),
            kind("NFKD"),
            kind("StripAccents"),
            kind("Lowercase"),
        ]),
        seq(&[]),
    ]
}

/// A model of these scalars, and of what the reference's forms make of them, each a piece.
fn model(scalars: &[char], normalizer: &Value) -> Model {
    let mut pieces: Vec<char> = scalars.to_vec();
    pieces.push('▁');
    pieces.extend(' '..='~');
    // Marks, jamo and other parts of characters.
    let parts = [
        0x300..=0x36f,
        0x591..=0x5c7,
        0x64b..=0x65f,
        0x900..=0xfff,
        0x1100..=0x11ff,
        0x1ab0..=0x1aff,
        0x302a..=0x302f,
        0x3041..=0x30ff,
        0x1d165..=0x1d172,
    ];
    pieces.extend(parts.into_iter().flatten().filter_map(char::from_u32));
    pieces.sort_unstable();
    pieces.dedup();
    Model {
        normalizer: normalizer.clone(),
        // All in one, so that what is dropped or added shows.
        pre_tokenizer: metaspace("always", false),
        ..Model::default()
    }
    .with_pieces(pieces.into_iter().map(|c| (c.to_string(), -1.0)))
}

const CONTEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("ab", "cd"),
    ("e", ""),
    ("", "\u{301}"),
    ("e\u{302}", "\u{301}"),
    ("\u{1d16d}", "\u{1d165}"),
    ("中", "か"),
    ("か", "\u{3099}"),
    ("\u{1100}", "\u{1161}"),
    ("\u{ac00}", "\u{11a8}"),
    ("\r", "\n"),
    (" ", "\u{300}"),
    ("\u{600}", "x"),
    ("x\u{200d}", "\u{302}y"),
];

fn sweep(normalizers: &[Value], scalars: &[char]) {
    for normalizer in normalizers {
        let model = model(scalars, normalizer);
        let mut oracle = Oracle::new(&model.json()).unwrap_or_else(|| panic!("{normalizer}"));
        for scalar in scalars {
            oracle.check(scalar.encode_utf8(&mut [0; 4]), None);
        }
        for batch in scalars.chunks(64) {
            for (before, after) in CONTEXTS {
                for joint in [" ", "-", ""] {
                    let parts: Vec<String> =
                        batch.iter().map(|c| format!("{before}{c}{after}")).collect();
                    let text = parts.join(joint);
                    let all = oracle.all_ids(&text);
                    if let Err(difference) = oracle.agrees(&text, &all, None) {
                        for part in &parts {
                            oracle.check(part, None);
                        }
                        panic!("{normalizer} {difference}");
                    }
                }
            }
        }
    }
}

#[test]
fn some_scalars() {
    let mut scalars: Vec<char> = (0..0x3500).step_by(3).filter_map(char::from_u32).collect();
    scalars.extend((0..0x180).chain(0x2000..0x2070).filter_map(char::from_u32));
    scalars.extend((0x3500..0x11_0000).step_by(911).filter_map(char::from_u32));
    scalars.extend((0xF900..0xFB50).step_by(7).filter_map(char::from_u32));
    sweep(&normalizers(), &scalars);
}

#[test]
#[ignore = "hours: part of the exhaustive run"]
fn all_scalars() {
    let scalars: Vec<char> = ('\0'..=char::MAX).collect();
    assert_eq!(scalars.len(), 1_112_064);
    for scalars in scalars.chunks(20_000) {
        sweep(&normalizers(), scalars);
    }
}

fn random_texts(seeds: std::ops::Range<u64>, texts_each: usize) {
    let normalizers = normalizers();
    let mut scalars: Vec<char> = Vec::new();
    for pool in [
        texts::PLAIN,
        texts::SPACES,
        texts::PUNCTUATION,
        texts::MARKS,
        texts::ODD,
        texts::LETTERS,
        texts::IDEOGRAPHS,
        texts::EMOJI,
    ] {
        scalars.extend(pool.iter().flat_map(|part| part.chars()));
    }
    for seed in seeds {
        let mut random = Random::new(seed);
        let normalizer = &normalizers[seed as usize % normalizers.len()];
        let mut oracle = Oracle::new(&model(&scalars, normalizer).json()).unwrap();
        for _ in 0..texts_each {
            let parts = [4, 12, 12, 40, 200][random.below(5)];
            let text = texts::text(
                &mut random,
                parts,
                &["e\u{302}\u{301}", "``", " \u{341}\u{327}", "\r\n", "ｶﾞ"],
            );
            let all = oracle.all_ids(&text);
            if let Err(difference) = oracle.agrees(&text, &all, None) {
                panic!("seed {seed}: {normalizer} {difference}");
            }
        }
    }
}

#[test]
fn texts_of_all_kinds() {
    random_texts(0..74, 150);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn many_texts_of_all_kinds() {
    random_texts(1000..3000, 1000);
}
