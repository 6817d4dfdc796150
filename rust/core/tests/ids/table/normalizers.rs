//! Every normalizer of the reference, with each of its settings, and the lists of them that real
//! files have.

use serde_json::{Value, json};

use super::{Part, plain};
use crate::charsmap::small_charsmap;

pub(crate) fn bert(clean: bool, chinese: bool, accents: Option<bool>, lower: bool) -> Value {
    json!({"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese,
        "strip_accents": accents, "lowercase": lower})
}

pub(crate) fn strip(left: bool, right: bool) -> Value {
    json!({"type": "Strip", "strip_left": left, "strip_right": right})
}

pub(crate) fn replace(kind: &str, pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {kind: pattern}, "content": content})
}

pub(crate) fn prepend(prepend: &str) -> Value {
    json!({"type": "Prepend", "prepend": prepend})
}

pub(crate) fn sequence(parts: &[Value]) -> Value {
    json!({"type": "Sequence", "normalizers": parts})
}

/// The usual settings.
fn usual_bert() -> Value {
    bert(true, true, None, true)
}

/// The normalizer that Model2Vec put around that of a BERT tokenizer.
pub(crate) fn spaced_punctuation() -> Value {
    let mut parts = vec![usual_bert()];
    for byte in (33_u8..127).filter(u8::is_ascii_punctuation) {
        let c = char::from(byte).to_string();
        parts.push(replace("String", &c, &format!(" {c} ")));
    }
    parts.push(replace("Regex", r"\s+", " "));
    parts.push(strip(true, true));
    sequence(&parts)
}

/// All settings of BertNormalizer.
pub(crate) fn berts() -> Vec<Value> {
    let mut all = Vec::new();
    for accents in [None, Some(true), Some(false)] {
        for bits in 0..8 {
            let [clean, chinese, lower] = [0, 1, 2].map(|bit| bits >> bit & 1 == 0);
            all.push(bert(clean, chinese, accents, lower));
        }
    }
    all
}

fn replaces() -> Vec<Value> {
    let mut all: Vec<Value> = [
        (" ", "▁"),
        (" ", "a"),
        ("a", " b "),
        ("a", " "),
        ("a", "▁"),
        ("ab", "b"),
        (".", " . "),
        (".", ""),
        ("-", "b-"),
        ("e\u{301}", "e"),
        ("\u{301}", ""),
        ("’", "'"),
        ("``", "\""),
        ("!", "! "),
        ("\n", "\u{600}"),
    ]
    .map(|(from, to)| replace("String", from, to))
    .into();
    all.extend(
        [
            (r"\s+", " "),
            (r"\s+", ""),
            (r"\s", "▁"),
            (" {2,}", " "),
            (" {2,}", "▁"),
            (" +", "x"),
            (r"\n", " "),
            (r"[0-9]", "0"),
            (r"\p{Mn}+", ""),
            (r"(\p{P})", "-"),
            (r"[‘’]", "'"),
        ]
        .map(|(from, to)| replace("Regex", from, to)),
    );
    all
}

fn sequences() -> Vec<(&'static str, Vec<Value>)> {
    let spaces = || replace("Regex", r"\s+", " ");
    let blanks = |to: &str| replace("Regex", " {2,}", to);
    let map = small_charsmap;
    vec![
        ("nothing", vec![]),
        ("Bert", vec![usual_bert()]),
        ("nested", vec![sequence(&[sequence(&[plain("NFKC")])]), sequence(&[])]),
        ("tokenizers' recipe", vec![plain("NFD"), plain("Lowercase"), plain("StripAccents")]),
        ("model2vec 0.1", vec![plain("NFKC"), plain("Lowercase")]),
        ("stripped", vec![plain("NFKC"), strip(true, true)]),
        ("stripped left", vec![plain("NFKC"), strip(true, false)]),
        ("blanks", vec![plain("NFKC"), blanks(" ")]),
        ("blanks, stripped right", vec![plain("NFKC"), blanks(" "), strip(false, true)]),
        ("Bert, stripped", vec![usual_bert(), strip(true, true)]),
        ("lower, stripped", vec![plain("NFKC"), plain("Lowercase"), strip(true, true)]),
        ("CLIP", vec![plain("NFC"), spaces(), plain("Lowercase")]),
        ("NFC ... lower", vec![plain("NFC"), spaces(), strip(true, true), plain("Lowercase")]),
        ("Llama", vec![prepend("▁"), replace("String", " ", "▁")]),
        ("XLM-R", vec![map(), blanks(" ")]),
        ("newer XLM-R", vec![map(), strip(false, true), blanks("▁")]),
        ("nested DeBERTa", vec![strip(true, true), sequence(&[map(), blanks(" ")])]),
        ("Nmt, NFKC", vec![plain("Nmt"), plain("NFKC"), spaces()]),
        ("Nmt, stripped", vec![plain("Nmt"), plain("NFKC"), blanks(" "), strip(true, true)]),
        ("map of accents", vec![plain("StripAccents"), map()]),
        ("map, Bert", vec![map(), bert(true, true, Some(true), true), plain("NFC")]),
        ("Bert, map", vec![bert(true, false, Some(true), false), map(), spaces()]),
        ("NFKC, Bert", vec![plain("NFKC"), usual_bert()]),
        ("quote, Bert", vec![replace("String", "’", "'"), usual_bert()]),
        ("no accents", vec![plain("NFKD"), plain("StripAccents"), plain("NFC")]),
        (
            "twice",
            vec![sequence(&[plain("NFKD")]), sequence(&[plain("StripAccents"), plain("NFC")])],
        ),
        (
            "XLNet",
            vec![
                replace("String", "``", "\""),
                replace("String", "''", "\""),
                plain("NFKD"),
                plain("StripAccents"),
                plain("Lowercase"),
                map(),
                blanks(" "),
            ],
        ),
        (
            "spaced marks",
            vec![
                usual_bert(),
                replace("String", ",", " , "),
                replace("String", ".", " . "),
                spaces(),
                strip(true, true),
            ],
        ),
        ("signs", vec![replace("String", "a", "▁"), replace("String", ",", " ▁ "), blanks(" ")]),
        (
            "model2vec 0.7",
            vec![
                plain("NFC"),
                replace("String", "!", "! "),
                replace("String", ".", ". "),
                replace("Regex", r"\s+", " "),
                strip(true, true),
            ],
        ),
        ("bytes", vec![plain("NFC"), plain("ByteLevel")]),
        ("bytes of a prefix", vec![prepend(" "), plain("ByteLevel")]),
        ("lower, bytes", vec![plain("Lowercase"), replace("String", " ", "_"), plain("ByteLevel")]),
        ("stripped, prefix", vec![strip(true, true), prepend("▁")]),
        ("prefix, NFC", vec![prepend("\u{301}"), plain("NFC")]),
    ]
}

/// All of them.
pub(crate) fn normalizers() -> Vec<Part> {
    let mut all = vec![Part::new("none", Value::Null)];
    for json in berts() {
        let flags = ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"]
            .map(|flag| format!("{}", json[flag]).chars().next().unwrap_or_default());
        all.push(Part::new(format!("BertNormalizer {}", String::from_iter(flags)), json));
    }
    for kind in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"] {
        all.push(Part::new(kind, plain(kind)));
    }
    for (left, right) in [(true, false), (false, true), (true, true), (false, false)] {
        all.push(Part::new(format!("Strip {left} {right}"), strip(left, right)));
    }
    all.push(Part::new("Precompiled", small_charsmap()));
    for json in replaces() {
        let name = format!("Replace {} by {}", json["pattern"], json["content"]);
        all.push(Part::new(name, json));
    }
    for content in ["▁", "a", " ", "\u{301}"] {
        all.push(Part::new(format!("Prepend {content:?}"), prepend(content)));
    }
    for (name, parts) in sequences() {
        all.push(Part::new(format!("Sequence: {name}"), sequence(&parts)));
    }
    all.push(Part::new("Sequence: punctuation spaced by model2vec", spaced_punctuation()));
    all
}

/// What no engine of ours takes: expressions of more than one look ahead, and nothing, which the
/// reference finds everywhere or panics on.
pub(crate) fn others() -> Vec<Value> {
    vec![
        replace("Regex", "^", "x"),
        replace("Regex", r"(.)\1", "x"),
        replace("Regex", "(?<=a)b", "x"),
        replace("String", "", "x"),
        prepend(""),
    ]
}
