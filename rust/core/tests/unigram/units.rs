//! Texts whose words are told from units of the raw text, and texts in which they cannot be.

use serde_json::{Value, json};

use crate::fragments::FRAGMENTS;
use crate::models::{Model, bert, metaspace, replace, sequence, spaced_punctuation, strip};
use crate::oracle::Oracle;
use crate::texts::Random;

fn normalizers() -> Vec<Value> {
    let kind = |kind: &str| json!({ "type": kind });
    let joined = |parts: &[Value]| sequence("normalizers", parts);
    let blanks = || replace("Regex", " {2,}", " ");
    vec![
        Value::Null,
        blanks(),
        replace("Regex", r"\s+", " "),
        kind("NFKC"),
        joined(&[kind("NFKC"), blanks()]),
        joined(&[kind("Nmt"), kind("NFKC"), blanks(), strip(true, true)]),
        joined(&[kind("NFKC"), blanks(), strip(false, true)]),
        joined(&[kind("NFKC"), strip(true, false)]),
        joined(&[bert(true, true, None, true), strip(true, true)]),
        spaced_punctuation(),
        joined(&[replace("String", ".", " . "), blanks()]),
        joined(&[replace("String", ".", " "), replace("String", "-", ""), blanks()]),
        joined(&[replace("String", "a", "▁"), replace("String", ",", " ▁ "), blanks()]),
        joined(&[kind("NFD"), kind("StripAccents"), kind("NFC"), replace("Regex", r"\s+", " ")]),
    ]
}

#[test]
fn words_of_units() {
    let mut random = Random::new(3);
    let mut pieces: Vec<(String, f64)> = Vec::new();
    for fragment in FRAGMENTS {
        for c in fragment.chars().filter(|c| !"가①\u{7f}".contains(*c)) {
            pieces.push((c.to_string(), -3.0));
        }
        let second = random.pick(FRAGMENTS);
        let score = -1.0 - random.below(4) as f64 / 2.0;
        pieces.push((format!("{fragment}{second}").replace([' ', '▁'], ""), score - 2.0));
        pieces.push((format!("▁{fragment}").replace(' ', ""), score));
    }
    pieces.retain(|(piece, _)| !piece.chars().skip(1).any(|c| c == '▁') && !piece.is_empty());
    pieces.push(("▁".to_owned(), -2.0));
    let bytes = (0..=255).map(|byte| (format!("<0x{byte:02X}>"), -9.0));
    let mut covered = 0;
    for normalizer in normalizers() {
        for (scheme, split, whitespace, byte_fallback) in [
            ("always", true, false, false),
            ("always", true, false, true),
            ("always", false, false, false),
            ("always", false, false, true),
            ("never", true, false, false),
            ("never", false, false, false),
            ("first", true, false, false),
            ("always", true, true, false),
            ("first", true, true, false),
        ] {
            let mut pre_tokenizer = metaspace(scheme, split);
            if whitespace {
                let split = json!({"type": "WhitespaceSplit"});
                pre_tokenizer = sequence("pretokenizers", &[split, pre_tokenizer]);
            }
            for added in [false, true] {
                let mut model = Model {
                    normalizer: normalizer.clone(),
                    pre_tokenizer: pre_tokenizer.clone(),
                    byte_fallback,
                    ..Model::default()
                };
                model = model.with_pieces(pieces.clone()).with_pieces(bytes.clone());
                if added {
                    model = model.with_added("ab.", "w").with_added("(", "lr");
                }
                let Some(mut oracle) = Oracle::new(&model.json()) else { continue };
                covered += 1;
                for _ in 0..60 {
                    let parts = 1 + random.below(12);
                    let text: String = (0..parts).map(|_| random.pick(FRAGMENTS)).collect();
                    let all = oracle.all_ids(&text);
                    for limit in [None, Some(random.below(all.len() + 2))] {
                        if let Err(difference) = oracle.agrees(&text, &all, limit) {
                            panic!("{normalizer} {pre_tokenizer} {added}: {difference}");
                        }
                    }
                }
            }
        }
    }
    assert!(covered > 120, "{covered}");
}
