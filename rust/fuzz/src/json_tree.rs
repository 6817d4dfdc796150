//! Mutation of JSON as a tree: what comes out always parses, and often still means something.

use serde_json::{Map, Value, json};

use crate::input::{Input, text};

/// Strings that mean something somewhere in a tokenizer.json.
#[rustfmt::skip]
const STRINGS: &[&str] = &[
    "", " ", "  ", "a", "ab", "é", "e\u{301}", "中国", "▁", "▁a", "##", "##a", "[UNK]", "<unk>", "\0", "\n", "İ", "ß",
    "Ġ", "<0x41>", "<0xC3>", "new york", "\u{301}", "😀", "#version: 0.2", "a b", "a  b",
    "WordPiece", "Unigram", "BPE", "WordLevel", "Sequence", "BertNormalizer", "BertPreTokenizer", "Metaspace",
    "ByteLevel", "Whitespace", "WhitespaceSplit", "Digits", "Punctuation", "Split", "Replace", "Strip", "Prepend",
    "Precompiled", "Lowercase", "StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "CharDelimiterSplit", "Fuse",
    "FixedLength", "UnicodeScripts", "RobertaProcessing", "BertProcessing", "TemplateProcessing", "ByteFallback",
    "always", "first", "never", "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous",
    "Left", "Right", "LongestFirst", "OnlyFirst", "OnlySecond", "BatchLongest", "1.0", "2.0", "AAAA", "AA==",
    r"\s+", " {2,}", r"\p{L}+", "[", "a*", "^", "(?i:a)", "a|b", ".", "A", "B", "type", "id",
];

const KEYS: &[&str] = &[
    "type",
    "version",
    "truncation",
    "padding",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "decoder",
    "model",
    "vocab",
    "merges",
    "unk_token",
    "unk_id",
    "content",
    "a",
    "byte_fallback",
    "fuse_unk",
    "ignore_merges",
    "dropout",
    "continuing_subword_prefix",
    "",
    "end_of_word_suffix",
    "max_input_chars_per_word",
    "add_prefix_space",
    "prepend_scheme",
    "split",
    "replacement",
    "use_regex",
    "str_rep",
    "pattern",
    "behavior",
    "invert",
    "Regex",
    "String",
    "individual_digits",
    "normalizers",
    "pretokenizers",
    "precompiled_charsmap",
    "lowercase",
];

fn number(input: &mut Input<'_>) -> Value {
    match input.byte() % 16 {
        0 => json!(0),
        1 => json!(1),
        2 => json!(-1),
        3 => json!(u32::MAX),
        4 => json!(u64::from(u32::MAX) + 1),
        5 => json!(i64::MIN),
        6 => json!(u64::MAX),
        7 => json!(0.5),
        8 => json!(-0.0),
        9 => json!(1e308),
        10 => json!(-1e300),
        11 => json!(1e-320),
        12 => json!(f64::from(input.number() as i32) / 1000.0),
        13 => json!(input.number()),
        _ => json!(input.byte()),
    }
}

/// A part that could stand somewhere.
fn part(input: &mut Input<'_>) -> Value {
    let mut string = || input.pick(STRINGS);
    let (one, two) = (string(), string());
    match input.byte() % 20 {
        0 => Value::Null,
        1 => json!(input.flag()),
        2 | 3 => number(input),
        4 | 5 => json!(one),
        6 => json!([]),
        7 => json!({}),
        8 => json!({ "type": one }),
        9 => json!({"type": "Replace", "pattern": {"String": one}, "content": two}),
        10 => json!({"type": "Replace", "pattern": {"Regex": one}, "content": two}),
        11 => json!({"type": "Strip", "strip_left": input.flag(), "strip_right": input.flag()}),
        12 => json!({"type": "Prepend", "prepend": one}),
        13 => json!({"type": "Metaspace", "replacement": input.pick(&["▁", "_", " ", one]),
            "prepend_scheme": input.pick(&["always", "first", "never"]), "split": input.flag()}),
        14 => json!({"type": "Split", "pattern": {input.pick(&["Regex", "String"]): one},
            "behavior": input.pick(&["Isolated", "Removed", "MergedWithNext"]), "invert": input.flag()}),
        15 => json!({"id": input.byte(), "content": one, "single_word": input.flag(),
            "lstrip": input.flag(), "rstrip": input.flag(), "normalized": input.flag(),
            "special": input.flag()}),
        16 => json!({"type": "ByteLevel", "add_prefix_space": input.flag(), "trim_offsets": true,
            "use_regex": input.flag()}),
        17 => json!({"type": "BertNormalizer", "clean_text": input.flag(), "strip_accents": null,
            "handle_chinese_chars": input.flag(), "lowercase": input.flag()}),
        18 => json!([one, two]),
        _ => json!([one, number(input)]),
    }
}

/// Goes down to some place in the tree and changes it there. `other` is a tree to take from.
pub(crate) fn mutate(value: &mut Value, other: &Value, input: &mut Input<'_>) {
    let mut here = value;
    let mut there = Some(other);
    // Half of the time one level further, if there is one.
    for depth in 0.. {
        let children = match here {
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        };
        if children == 0 || (depth > 0 && input.byte().is_multiple_of(4)) {
            break;
        }
        let child = input.below(children);
        match here {
            Value::Array(items) => {
                there = there.and_then(|there| there.get(child));
                here = &mut items[child];
            }
            Value::Object(map) => {
                let key = map.keys().nth(child).unwrap().clone();
                there = there.and_then(|there| there.get(&key));
                here = map.get_mut(&key).unwrap();
            }
            _ => unreachable!("only containers have children"),
        }
    }
    change(here, there, input);
}

fn change(here: &mut Value, there: Option<&Value>, input: &mut Input<'_>) {
    match (input.byte() % 8, here) {
        (0, here) => *here = there.cloned().unwrap_or(Value::Null),
        (1, here) => {
            let kind = input.pick(&["normalizers", "pretokenizers", "processors"]);
            let mut parts = vec![here.take(), part(input)];
            if input.flag() {
                parts.reverse();
            }
            *here = json!({"type": "Sequence", kind: parts});
        }
        (2.., Value::Array(items)) if !items.is_empty() => {
            let at = input.below(items.len());
            match input.byte() % 4 {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[at].clone()),
                2 => items.insert(at, part(input)),
                _ => {
                    let last = items.len() - 1;
                    items.swap(at, last);
                }
            }
        }
        (2.., Value::Object(map)) if !map.is_empty() => object(map, input),
        (2..6, Value::String(string)) => {
            let extra = text(input.short());
            let end = input.below(string.chars().count() + 1);
            let mut kept: String = string.chars().take(end).collect();
            kept.push_str(&extra);
            *string = if input.flag() { kept } else { input.pick(STRINGS).to_owned() };
        }
        (2..6, Value::Bool(flag)) => *flag = !*flag,
        (2..6, here @ Value::Number(_)) => *here = number(input),
        (_, here) => *here = part(input),
    }
}

fn object(map: &mut Map<String, Value>, input: &mut Input<'_>) {
    let at = input.below(map.len());
    let key = map.keys().nth(at).unwrap().clone();
    match input.byte() % 4 {
        0 => drop(map.remove(&key)),
        1 => {
            // Under another name.
            let value = map.remove(&key).unwrap();
            let name = if input.flag() { input.pick(KEYS) } else { input.pick(STRINGS) };
            map.insert(name.to_owned(), value);
        }
        2 => drop(map.insert(input.pick(KEYS).to_owned(), part(input))),
        _ => {
            let value = map[&key].clone();
            map.insert(input.pick(STRINGS).to_owned(), value);
        }
    }
}
