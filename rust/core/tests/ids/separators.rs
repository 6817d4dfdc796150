//! What separates by itself, and no more once a mark stands behind it: every short text of a few such
//! characters.

use serde_json::Value;

use crate::charsmap::charsmap;
use crate::oracle::Oracle;
use crate::table::normalizers::{bert, replace, sequence};
use crate::table::pretokenizers::metaspace;
use crate::table::{file, plain};
use crate::unigram::Model;
use crate::words::{WordPiece, numbered, word_level};

/// With U+0338 the three signs become `≯`, `≠` and `≮`, which are no punctuation of ASCII, and with
/// U+0301 the first letter becomes another.
const CHARACTERS: [char; 8] = ['a', 's', '>', '=', '!', '\u{338}', '\u{301}', ' '];
const LONGEST: u32 = 4;

/// Every text of these characters, up to the longest.
fn texts() -> impl Iterator<Item = String> {
    (0..=LONGEST).flat_map(|length| {
        (0..CHARACTERS.len().pow(length)).map(move |number| {
            let digit = |place| number / CHARACTERS.len().pow(place) % CHARACTERS.len();
            (0..length).map(|place| CHARACTERS[digit(place)]).collect()
        })
    })
}

fn normalizers() -> Vec<Value> {
    let string = |pattern: &str, content: &str| replace("String", pattern, content);
    let spaced = string("=", " = ");
    let collapsed = replace("Regex", r"\s+", " ");
    vec![
        plain("NFC"),
        plain("NFKC"),
        sequence(&[bert(true, true, Some(false), true), plain("NFC")]),
        sequence(&[plain("NFC"), spaced.clone(), collapsed.clone()]),
        sequence(&[spaced, collapsed, plain("NFC")]),
        sequence(&[plain("NFC"), string("≠", "x")]),
        sequence(&[plain("NFC"), string("≯", "> ")]),
        sequence(&[plain("NFC"), string("a", " ")]),
        sequence(&[plain("NFC"), string("á", " ")]),
        sequence(&[plain("NFC"), string("á", "▁")]),
        sequence(&[plain("NFC"), string("á", "=")]),
        sequence(&[plain("NFC"), string("≠", "")]),
        sequence(&[plain("NFC"), string("a", "▁"), string("á", "s")]),
        charsmap(&[(">\u{338}", "≯"), ("a\u{301}", "á"), ("=\u{338}", "x"), ("!", " ! ")]),
    ]
}

/// Models whose ids tell where words begin and end.
fn models() -> Vec<String> {
    let characters: Vec<char> = CHARACTERS.into_iter().chain("≯≠áx▁".chars()).collect();
    let pieces = characters.iter().flat_map(|c| [c.to_string(), format!("##{c}")]);
    let pairs =
        || characters.iter().flat_map(|a| characters.iter().map(move |b| format!("{a}{b}")));
    let singles = || characters.iter().map(char::to_string);
    let words = ["[UNK]".to_owned()].into_iter().chain(singles()).chain(pairs());
    let scored = singles().map(|piece| (piece, -2.0)).chain(pairs().map(|piece| (piece, -3.0)));
    vec![
        WordPiece::new(pieces).json(),
        word_level("[UNK]", &numbered(words)),
        Model::default().with_pieces(scored).model(),
    ]
}

#[test]
fn what_composes_separates_no_more() {
    let pre_tokenizers = [
        plain("BertPreTokenizer"),
        plain("Whitespace"),
        plain("WhitespaceSplit"),
        metaspace("always", true),
        metaspace("always", false),
        metaspace("first", true),
    ];
    let (mut tried, mut covered) = (0, 0);
    for normalizer in normalizers() {
        for pre_tokenizer in &pre_tokenizers {
            for model in models() {
                let json = file(&normalizer, pre_tokenizer, &[], &model);
                tried += 1;
                let Some(mut oracle) = Oracle::few(&json) else { continue };
                covered += 1;
                for text in texts() {
                    if let Err(difference) = oracle.compare(&text, None) {
                        panic!("{difference}\n{normalizer} {pre_tokenizer}\n{model}");
                    }
                }
            }
        }
    }
    assert_eq!(covered, tried);
}
