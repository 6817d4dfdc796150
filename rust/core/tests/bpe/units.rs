//! Texts whose words are told from units of the raw text, and texts in which they cannot be.

use serde_json::{Value, json};

use crate::fragments::FRAGMENTS;
use crate::models;
use crate::oracle::Oracle;
use crate::texts::Random;

fn normalizers() -> Vec<Value> {
    let kind = |kind: &str| json!({ "type": kind });
    let sequence = |parts: &[Value]| json!({"type": "Sequence", "normalizers": parts});
    let bert = |clean: bool, chinese: bool| {
        json!({"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese,
            "strip_accents": null, "lowercase": true})
    };
    let replace = |from: &str, to: &str| json!({"type": "Replace", "pattern": {"String": from}, "content": to});
    vec![
        Value::Null,
        kind("Lowercase"),
        kind("NFKC"),
        kind("NFD"),
        sequence(&[kind("NFKD"), kind("StripAccents"), kind("NFC")]),
        kind("Nmt"),
        bert(true, true),
        bert(false, false),
        replace(".", " . "),
        replace(".", ""),
        replace(" ", "a"),
        replace("a", " "),
        replace("-", "b-"),
        sequence(&[
            kind("NFKC"),
            json!({"type": "Strip", "strip_left": true, "strip_right": true}),
        ]),
    ]
}

#[test]
fn words_of_units() {
    let mut words: Vec<String> = vec!["[UNK]".to_owned(), String::new()];
    for first in FRAGMENTS {
        words.push((*first).to_lowercase());
        words.push((*first).to_owned());
        for second in FRAGMENTS {
            words.push(format!("{first}{second}"));
        }
    }
    words.sort_unstable();
    words.dedup();
    let vocab: Vec<(String, u32)> = words.into_iter().zip(0..).collect();
    let model =
        format!(r#"{{"type":"WordLevel","unk_token":"[UNK]","vocab":{}}}"#, models::vocab(&vocab));
    for normalizer in normalizers() {
        for cut in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"] {
            for added in [&[][..], &[models::added("ab.", "w")]] {
                let file = models::file(&normalizer, &models::plain(cut), added, &model);
                let mut oracle = Oracle::new(&file).unwrap();
                let mut random = Random::new(11);
                for _ in 0..150 {
                    let parts = 1 + random.below(12);
                    let text: String = (0..parts).map(|_| random.pick(FRAGMENTS)).collect();
                    let all = oracle.all_ids(&text);
                    for limit in [None, Some(random.below(all.len() + 2))] {
                        if let Err(difference) = oracle.agrees(&text, &all, limit) {
                            panic!("{normalizer} {cut}: {difference}");
                        }
                    }
                }
            }
        }
    }
}
