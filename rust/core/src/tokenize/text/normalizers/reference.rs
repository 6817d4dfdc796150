//! Every normalizer against the reference's own, without a model in between: all scalars alone and
//! among neighbours.

#![allow(clippy::unwrap_used)]

use serde_json::value::RawValue;
use tokenizers::{NormalizedString, Normalizer as _, NormalizerWrapper};

use super::{Buffers, Normalizer};

fn kind(kind: &str) -> String {
    format!(r#"{{"type":"{kind}"}}"#)
}

fn bert(flags: [&str; 4]) -> String {
    let [clean, chinese, accents, lower] = flags;
    format!(
        r#"{{"type":"BertNormalizer","clean_text":{clean},"handle_chinese_chars":{chinese},
        "strip_accents":{accents},"lowercase":{lower}}}"#
    )
}

fn replace(pattern: &str, content: &str) -> String {
    format!(r#"{{"type":"Replace","pattern":{pattern},"content":"{content}"}}"#)
}

fn sequence(parts: &[String]) -> String {
    format!(r#"{{"type":"Sequence","normalizers":[{}]}}"#, parts.join(","))
}

/// The charsmap of a real model, if there is one.
fn charsmap() -> Option<String> {
    let folder = std::env::var_os("M2V_FAST_TEST_DATA")?;
    let path = std::path::Path::new(&folder).join("models/xlmr-like/tokenizer.json");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    Some(json["normalizer"]["normalizers"][0].to_string())
}

fn normalizers() -> Vec<String> {
    let whitespace = replace(r#"{"Regex":"\\s+"}"#, " ");
    let blanks = replace(r#"{"Regex":" {2,}"}"#, "▁");
    let strip = r#"{"type":"Strip","strip_left":true,"strip_right":true}"#.to_owned();
    let bert_all = bert(["true", "true", "null", "true"]);
    let mut all: Vec<String> =
        ["NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents"].map(kind).into();
    all.extend([
        strip.clone(),
        whitespace.clone(),
        bert_all.clone(),
        bert(["true", "true", "null", "false"]),
        bert(["false", "false", "true", "false"]),
        bert(["false", "true", "false", "true"]),
        sequence(&[
            bert_all.clone(),
            replace(r#"{"String":"."}"#, " . "),
            whitespace.clone(),
            strip,
        ]),
        sequence(&[kind("Nmt"), kind("NFKC"), whitespace.clone()]),
        sequence(&[kind("NFD"), kind("Lowercase"), kind("StripAccents"), kind("NFC")]),
    ]);
    if let Some(map) = charsmap() {
        all.extend([
            map.clone(),
            sequence(&[map.clone(), blanks]),
            sequence(&[bert_all, map.clone(), kind("NFC"), whitespace]),
            sequence(&[kind("StripAccents"), map]),
        ]);
    }
    all
}

const CONTEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("ab", "cd"),
    ("e", "\u{301}"),
    ("e\u{302}", "\u{301}x"),
    ("\u{1d16d}", "\u{1d165}"),
    ("中", "か\u{3099}"),
    ("\u{1100}", "\u{1161}\u{11a8}"),
    ("x\r", "\n"),
    (" ", " \u{300}"),
    ("\u{600}", "\u{200d}y"),
    ("क", "\u{94d}क"),
    // Clusters of long characters, and of such as are not.
    ("ก", "ก"),
    ("ก", "\u{301}"),
    ("ก", "a"),
    ("ก", ""),
    ("", "ก"),
    ("©", "ก"),
    ("क\u{94d}", "©\u{301}"),
    ("👩\u{200d}", "©\u{301}"),
    ("\u{d4e}", "\u{e31}"),
    ("ก\u{e49}", "\u{e33} "),
];

fn check(scalars: impl Iterator<Item = char> + Clone) {
    for json in normalizers() {
        let reference: NormalizerWrapper = serde_json::from_str(&json).unwrap();
        let raw: &RawValue = serde_json::from_str(&json).unwrap();
        let ours = Normalizer::plan(Some(raw)).unwrap();
        let mut buffers = Buffers::default();
        let mut text = String::new();
        for c in scalars.clone() {
            for (before, after) in CONTEXTS {
                text.clear();
                text.push_str(before);
                text.push(c);
                text.push_str(after);
                let mut expected = NormalizedString::from(text.as_str());
                reference.normalize(&mut expected).unwrap();
                let normalized = ours.normalize(&text, &mut buffers);
                assert_eq!(normalized, expected.get(), "{json:.80} {}", text.escape_unicode());
            }
        }
    }
}

#[test]
fn some_scalars() {
    let low = (0..0x3500_u32).step_by(5);
    check(low.chain((0x3500..0x11_0000).step_by(401)).filter_map(char::from_u32));
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn all_scalars() {
    check('\0'..=char::MAX);
}
