//! Every Unicode scalar value, in several contexts.

use serde_json::Value;

use crate::models;
use crate::oracle::Oracle;

/// The `_` stands for the scalar.
#[rustfmt::skip]
const CONTEXTS: &[&str] = &[
    "_", "a_b", " _", "_ ", "  _  ", "'_", "'_e", "'l_", "_'s", "._", "_.", " ._", "1_2", "12_", "\n_", "_\n", " \n _ x",
    "__", "_ _", "\t_a", "_\u{301}", "é_", "中_中", " _a", "a _1",
];

/// One oracle for each way of cutting, with a model that shows where the cuts are.
fn oracles(scalars: &[char]) -> Vec<Oracle> {
    // Merges of everything with what follows it would hide no cut; a few are enough to see them.
    let model = models::bytes_and(&[
        " a", "ab", "'s", " '", "..", "12", "123", "\n\n", "  ", " .", ".\n", ".a", "(a", "'a",
    ]);
    let mut oracles: Vec<Oracle> = [
        models::byte_level(false, true),
        models::sequence(&[models::split(models::GPT4, "Isolated", false), models::byte_level(false, false)]),
        models::sequence(&[models::split(models::QWEN2, "Isolated", false), models::byte_level(true, false)]),
        models::sequence(&[models::split(models::GPT4_POSSESSIVE, "Isolated", false), models::byte_level(false, false)]),
    ]
    .iter()
    .map(|pre| Oracle::new(&models::file(&Value::Null, pre, &[], &model)).unwrap())
    .collect();
    // Words: each scalar alone is a word, so that a cut before or after it is seen.
    let mut words = vec![("[UNK]".to_owned(), 0)];
    for text in ["a", "b", "ab", "1", "2", ".", "'", "s", "'s", "l", "e"] {
        words.push((text.to_owned(), words.len() as u32));
    }
    for c in scalars {
        words.push((c.to_string(), words.len() as u32));
    }
    let model = format!(r#"{{"type":"WordLevel","unk_token":"[UNK]","vocab":{}}}"#, models::vocab(&words));
    for pre in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer"].map(models::plain).iter().chain([
        &models::digits(true),
        &models::punctuation("Isolated"),
    ]) {
        oracles.push(Oracle::new(&models::file(&Value::Null, pre, &[], &model)).unwrap());
    }
    oracles
}

/// A model of bytes shows most cuts through merges only, so the pieces are also compared as such:
/// a model without merges of any piece cannot. Here every text is made of few characters, and a
/// cut within or beside the scalar changes the merges of its neighbours.
fn sweep(scalars: &[char]) {
    for mut oracle in oracles(scalars) {
        for batch in scalars.chunks(16) {
            for context in CONTEXTS {
                let parts: Vec<String> =
                    batch.iter().map(|c| context.replace('_', c.encode_utf8(&mut [0; 4]))).collect();
                let text = parts.join(" ab ");
                let all = oracle.all_ids(&text);
                if let Err(difference) = oracle.agrees(&text, &all, None) {
                    for part in &parts {
                        oracle.check(part, None);
                    }
                    panic!("{difference}");
                }
            }
        }
    }
}

#[test]
fn some_scalars() {
    let mut scalars: Vec<char> = (0..0x800).filter_map(char::from_u32).collect();
    scalars.extend((0x2000..0x2070).chain(0x2fe0..0x3010).filter_map(char::from_u32));
    scalars.extend((0x800..0x11_0000).step_by(997).filter_map(char::from_u32));
    scalars.extend(['\u{1e030}', '\u{fe0f}', '\u{feff}', '\u{212a}', '\u{fb06}', '\u{1680}']);
    sweep(&scalars);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn all_scalars() {
    let scalars: Vec<char> = ('\0'..=char::MAX).collect();
    assert_eq!(scalars.len(), 1_112_064);
    sweep(&scalars);
}
