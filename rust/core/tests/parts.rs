//! Models of words behind every normalizer and pre-tokenizer that is covered, on texts made to be
//! hostile, against the reference.
//!
//! `M2V_PARTS_TEXTS` is the number of texts for each model and normalizer, over all pre-tokenizers
//! together (400 if it is not set, 30 for each pair; 26000 are 2,000 for each). The table has parts
//! that are covered: it says nothing of how much of the reference that is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/fragments.rs"]
mod fragments;

use m2v_core::probe::Probe;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

/// Marks, joiners, prepended marks, jamo, conjuncts, what grows, every kind of white space.
const HOSTILE: &[&str] = &[
    "क्षत्रिय",
    "हिन्दी",
    "क्",
    "ि",
    "\u{94d}",
    "ภาษาไทย",
    "ไทย ",
    "เก้าอี้",
    "தமிழ்",
    "বাংলা",
    "কো",
    "ক\u{200d}ষ",
    "العَرَبِيَّة",
    "\u{600}1",
    "\u{6dd}",
    "\u{64b}",
    "עִבְרִית",
    "ạ̈",
    "o\u{308}\u{304}",
    "q\u{307}\u{323}",
    "\u{323}\u{307}",
    "👩\u{200d}👩\u{200d}👧",
    "👩",
    "\u{200d}👩",
    "❤\u{fe0f}",
    "☺\u{fe0e}",
    "1\u{fe0f}\u{20e3}",
    "🇩",
    "\u{1100}",
    "\u{1161}",
    "\u{11a8}",
    "가\u{11a8}",
    "\u{fdfa}",
    "ﬃ",
    "ĳ",
    "½",
    "㍿",
    "Å",
    "\u{212b}",
    "Σ",
    "ΑΣ",
    "ǅ",
    "\u{85}",
    "\u{b}",
    "\u{1680}",
    "\u{2003}",
    "\u{2028}",
    "\u{202f}",
    "\u{2060}",
    "\u{180e}",
    "中",
    "文",
    "𠀀",
    "😀",
    "!",
    "?",
    "¿",
    "。",
    "(",
    ")",
    "\"",
    "$",
    "+",
    "=",
    "“",
    "”",
    "—",
    "don't",
    "the",
    "The",
    "##s",
    "a.b",
    "2024",
    "٣",
    "x²",
    "日本語",
    "ヴ",
    "ｱﾞ",
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(12) {
            let list = if self.below(2) == 0 { HOSTILE } else { fragments::FRAGMENTS };
            text.push_str(list[self.below(list.len())]);
            if self.below(3) == 0 {
                text.push(' ');
            }
        }
        text
    }
}

fn kind(kind: &str) -> Value {
    json!({"type": kind})
}

fn normalizers() -> Vec<Value> {
    let bert = |clean: bool, accents: Value, lower: bool| {
        json!({"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": clean,
            "strip_accents": accents, "lowercase": lower})
    };
    let strip = json!({"type": "Strip", "strip_left": true, "strip_right": true});
    let replace = |key: &str, pattern: &str, content: &str| json!({"type": "Replace", "pattern": {key: pattern}, "content": content});
    let seq = |parts: &[&Value]| json!({"type": "Sequence", "normalizers": parts});
    vec![
        Value::Null,
        bert(true, Value::Null, true),
        bert(true, json!(false), true),
        bert(false, json!(true), false),
        seq(&[&bert(true, Value::Null, true)]),
        kind("NFC"),
        kind("NFD"),
        kind("NFKC"),
        kind("NFKD"),
        kind("Lowercase"),
        kind("StripAccents"),
        kind("Nmt"),
        strip.clone(),
        json!({"type": "Prepend", "prepend": "a"}),
        replace("String", "a", " b "),
        replace("Regex", r"\s+", " "),
        replace("Regex", " {2,}", " "),
        seq(&[&kind("NFD"), &kind("Lowercase"), &kind("StripAccents")]),
        seq(&[&kind("NFKC"), &kind("Lowercase"), &strip]),
        seq(&[&kind("NFC"), &replace("Regex", r"\s+", " "), &strip, &kind("Lowercase")]),
        seq(&[
            &bert(true, Value::Null, true),
            &replace("String", ",", " , "),
            &replace("String", ".", " . "),
            &replace("Regex", r"\s+", " "),
            &strip,
        ]),
    ]
}

fn pre_tokenizers() -> Vec<Value> {
    let digits = |alone: bool| json!({"type": "Digits", "individual_digits": alone});
    let punctuation = |behavior: &str| json!({"type": "Punctuation", "behavior": behavior});
    let seq = |parts: &[&Value]| json!({"type": "Sequence", "pretokenizers": parts});
    let gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    vec![
        Value::Null,
        kind("BertPreTokenizer"),
        kind("Whitespace"),
        kind("WhitespaceSplit"),
        digits(true),
        digits(false),
        punctuation("Isolated"),
        punctuation("Contiguous"),
        json!({"type": "Split", "pattern": {"Regex": gpt2}, "behavior": "Isolated", "invert": false}),
        seq(&[&kind("BertPreTokenizer")]),
        seq(&[&kind("WhitespaceSplit"), &punctuation("Isolated")]),
        seq(&[&kind("Whitespace"), &digits(true)]),
        seq(&[&digits(false), &kind("BertPreTokenizer"), &digits(false), &kind("Whitespace")]),
    ]
}

/// Tokens of both kinds: words, pieces and their continuations, in normalized and raw forms.
fn vocabulary() -> Value {
    let mut tokens: Vec<String> = vec!["[UNK]".to_owned()];
    for text in HOSTILE.iter().chain(fragments::FRAGMENTS) {
        let text = text.trim();
        tokens.push(text.to_owned());
        tokens.push(text.to_lowercase());
        for c in text.to_lowercase().chars().chain(text.chars()) {
            tokens.extend([c.to_string(), format!("##{c}")]);
        }
        let tail: String = text.chars().skip(1).collect();
        tokens.push(format!("##{tail}"));
    }
    // The last letter is known nowhere, so that words become unknown.
    tokens.retain(|token| !token.is_empty() && token != "##" && !token.contains('q'));
    let mut vocabulary = serde_json::Map::new();
    for token in tokens {
        let next = vocabulary.len();
        vocabulary.entry(token).or_insert(next.into());
    }
    Value::Object(vocabulary)
}

fn added(content: &str, flags: &str) -> Value {
    json!({"id": 0, "content": content, "single_word": flags.contains('w'),
        "lstrip": flags.contains('l'), "rstrip": flags.contains('r'),
        "normalized": flags.contains('n'), "special": false})
}

fn models() -> Vec<Value> {
    let vocab = vocabulary();
    let piece = |max: usize| {
        json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": max, "vocab": vocab})
    };
    let mut untyped = piece(100);
    untyped.as_object_mut().unwrap().remove("type");
    vec![piece(7), untyped, json!({"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab})]
}

#[test]
fn every_pair_makes_the_ids_of_the_reference() {
    let count = std::env::var("M2V_PARTS_TEXTS").map_or(400, |count| count.parse().unwrap());
    let tokens = [
        vec![],
        vec![added("the", "n"), added("中文", ""), added("<x>", "lr"), added("don't", "nw")],
    ];
    let (mut fast, mut pairs) = (0, 0);
    let mut random = Random(1);
    for model in models() {
        for normalizer in normalizers() {
            for pre_tokenizer in pre_tokenizers() {
                let tokens = &tokens[usize::from(random.below(3) == 0)];
                let file = json!({"version": "1.0", "truncation": null, "padding": null,
                    "added_tokens": tokens, "normalizer": normalizer, "decoder": null,
                    "pre_tokenizer": pre_tokenizer, "post_processor": null, "model": model})
                .to_string();
                pairs += 1;
                let engine = |probe: &Probe| probe.tokenizer().engine();
                let mut probes = match Probe::variants(file.as_bytes()) {
                    Ok(probes) if engine(&probes[0]) != "fallback" => probes,
                    _ => continue,
                };
                fast += 1;
                let reference = Tokenizer::from_bytes(&file).unwrap();
                let unk_id = probes[0].tokenizer().vocabulary().unk_id;
                // Instruction sets take turns: what differs between them has tests of its own.
                let variants = probes.len();
                for number in 0..count / pre_tokenizers().len() {
                    let text = random.text();
                    let encoding = reference.encode_fast(text.as_str(), false).unwrap();
                    let ids = encoding.get_ids();
                    let limit = [None, Some(3), Some(ids.len().max(1))][number % 3];
                    let kept = &ids[..limit.unwrap_or(ids.len()).min(ids.len())];
                    let expected: Vec<u32> =
                        kept.iter().copied().filter(|&id| Some(id) != unk_id).collect();
                    let probe = &mut probes[number % variants];
                    let mut found = Vec::new();
                    probe.ids_into(&text, limit, &mut found).unwrap();
                    assert_eq!(
                        found,
                        expected,
                        "{} {text:?} {}, limit {limit:?}, {normalizer} {pre_tokenizer} {tokens:?}",
                        probe.name(),
                        text.escape_unicode(),
                    );
                }
            }
        }
    }
    println!("{fast} of {pairs} pairs on an engine of ours");
    assert!(fast * 100 >= pairs * 95, "{fast} of {pairs}");
}
