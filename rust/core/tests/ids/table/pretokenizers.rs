//! Every pre-tokenizer of the reference, with each of its settings, the regular expressions of
//! families of models, and the lists that real files have.

use serde_json::{Value, json};

use super::{Part, plain};

pub(crate) const GPT2: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
pub(crate) const GPT4: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub(crate) const GPT4_POSSESSIVE: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
pub(crate) const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Expressions by the first model that is known for each.
pub(crate) const REGEXES: &[(&str, &str)] = &[
    ("GPT-2", GPT2),
    ("GPT-4", GPT4),
    ("GPT-4 possessive", GPT4_POSSESSIVE),
    ("Qwen 2", QWEN2),
    (
        "Qwen 3.5",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        "digits by two",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        "o200k",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        "tekken",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
    (
        "CLIP",
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    ),
    ("BLOOM", r" ?[^(\s|[.,!?…。，、।۔،])]+"),
    ("DeepSeek 1", r"\p{N}{1,3}"),
    ("DeepSeek 2", r"[一-龥぀-ゟ゠-ヿ]+"),
    (
        "DeepSeek 3",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    ),
    ("Falcon", "[0-9][0-9][0-9]"),
    ("blanks", r"\s+"),
    ("digit", r"\d"),
    ("word or sign", r"\w+|[^\w\s]+"),
];

pub(crate) const BEHAVIORS: [&str; 5] =
    ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

pub(crate) fn byte_level(add_prefix_space: bool, use_regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true,
        "use_regex": use_regex})
}

pub(crate) fn split(regex: &str, behavior: &str, invert: bool) -> Value {
    json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert})
}

pub(crate) fn split_at(string: &str, behavior: &str, invert: bool) -> Value {
    json!({"type": "Split", "pattern": {"String": string}, "behavior": behavior, "invert": invert})
}

pub(crate) fn sequence(parts: &[Value]) -> Value {
    json!({"type": "Sequence", "pretokenizers": parts})
}

pub(crate) fn digits(individual_digits: bool) -> Value {
    json!({"type": "Digits", "individual_digits": individual_digits})
}

pub(crate) fn punctuation(behavior: &str) -> Value {
    json!({"type": "Punctuation", "behavior": behavior})
}

pub(crate) fn metaspace(scheme: &str, split: bool) -> Value {
    json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split})
}

pub(crate) fn fixed_length(length: usize) -> Value {
    json!({"type": "FixedLength", "length": length})
}

fn delimiter(delimiter: char) -> Value {
    json!({"type": "CharDelimiterSplit", "delimiter": delimiter})
}

fn sequences() -> Vec<(&'static str, Vec<Value>)> {
    let regex = |name: &str| {
        let found = REGEXES.iter().find(|(known, _)| *known == name);
        split(found.expect("one of the table").1, "Isolated", false)
    };
    let spaced = || plain("WhitespaceSplit");
    let bare = || byte_level(false, false);
    vec![
        ("nothing", vec![]),
        ("Bert", vec![plain("BertPreTokenizer")]),
        ("T5", vec![spaced(), metaspace("always", true)]),
        ("T5, first", vec![spaced(), metaspace("first", false)]),
        ("Metaspace", vec![metaspace("always", true)]),
        ("Metaspace, Punctuation", vec![metaspace("always", true), punctuation("Isolated")]),
        ("Metaspace, Digits", vec![metaspace("first", false), digits(true)]),
        ("Punctuation, Metaspace", vec![punctuation("Isolated"), metaspace("first", true)]),
        ("Digits, Metaspace", vec![digits(false), metaspace("never", false)]),
        ("Metaspace twice", vec![metaspace("always", false), metaspace("always", true)]),
        ("scripts, Metaspace", vec![plain("UnicodeScripts"), metaspace("always", true)]),
        ("spaces, digits", vec![spaced(), digits(true)]),
        ("spaces, punctuation", vec![spaced(), punctuation("Isolated")]),
        ("words, punctuation", vec![plain("Whitespace"), punctuation("Isolated")]),
        ("words, digits", vec![plain("Whitespace"), digits(true), punctuation("Contiguous")]),
        ("digits, Bert", vec![digits(true), plain("BertPreTokenizer")]),
        (
            "digits, Bert, digits, words",
            vec![digits(false), plain("BertPreTokenizer"), digits(false), plain("Whitespace")],
        ),
        ("scripts, words", vec![plain("UnicodeScripts"), plain("Whitespace")]),
        ("lengths, words", vec![fixed_length(3), plain("Whitespace")]),
        (
            "space, punctuation",
            vec![split_at(" ", "MergedWithNext", false), punctuation("Isolated")],
        ),
        ("Gemma", vec![split_at(" ", "MergedWithPrevious", false)]),
        ("digits, bytes", vec![digits(true), byte_level(true, true)]),
        ("StarCoder", vec![digits(true), byte_level(false, true)]),
        (
            "spaces, signs and digits, bytes",
            vec![
                spaced(),
                sequence(&[punctuation("Isolated"), digits(false)]),
                byte_level(true, true),
            ],
        ),
        (
            "Falcon",
            vec![
                punctuation("Contiguous"),
                byte_level(false, true),
                digits(false),
                regex("Falcon"),
            ],
        ),
        ("DeepSeek", vec![regex("DeepSeek 1"), regex("DeepSeek 2"), regex("DeepSeek 3"), bare()]),
        ("bytes, words", vec![byte_level(false, true), plain("Whitespace")]),
        ("bytes, spaces", vec![byte_level(true, false), spaced()]),
        ("bytes, signs", vec![bare(), punctuation("Isolated")]),
        ("bytes, lengths", vec![byte_level(false, true), fixed_length(2)]),
        ("bytes twice", vec![bare(), byte_level(false, true)]),
        ("bytes, Metaspace", vec![byte_level(true, true), metaspace("always", true)]),
        ("Metaspace, bytes", vec![metaspace("always", true), bare()]),
        ("scripts, bytes", vec![plain("UnicodeScripts"), bare()]),
        ("lengths, bytes", vec![fixed_length(4), byte_level(true, false)]),
        ("Qwen 2, prefix", vec![regex("Qwen 2"), byte_level(true, false)]),
    ]
}

/// All of them.
pub(crate) fn pre_tokenizers() -> Vec<Part> {
    let mut all = vec![Part::new("none", Value::Null)];
    for kind in ["BertPreTokenizer", "Whitespace", "WhitespaceSplit", "UnicodeScripts"] {
        all.push(Part::new(kind, plain(kind)));
    }
    all.push(Part::new("Punctuation", plain("Punctuation")));
    for behavior in BEHAVIORS {
        all.push(Part::new(format!("Punctuation {behavior}"), punctuation(behavior)));
    }
    for each in [true, false] {
        all.push(Part::new(format!("Digits {each}"), digits(each)));
    }
    for c in ['-', ' ', '▁', '文'] {
        all.push(Part::new(format!("CharDelimiterSplit {c:?}"), delimiter(c)));
    }
    for length in [1, 2, 5] {
        all.push(Part::new(format!("FixedLength {length}"), fixed_length(length)));
    }
    for invert in [false, true] {
        for behavior in BEHAVIORS {
            for string in [" ", "ab"] {
                let name = format!("Split at {string:?} {behavior} {invert}");
                all.push(Part::new(name, split_at(string, behavior, invert)));
            }
            let name = format!("Split, GPT-2 {behavior} {invert}");
            all.push(Part::new(name, split(GPT2, behavior, invert)));
        }
    }
    for (name, regex) in REGEXES {
        let cut = |behavior, invert| split(regex, behavior, invert);
        let with_bytes = |cut| sequence(&[cut, byte_level(false, false)]);
        if *regex != GPT2 {
            all.push(Part::new(format!("Split, {name}"), cut("Isolated", false)));
            all.push(Part::new(format!("Split, {name} Removed"), cut("Removed", false)));
        }
        let name = format!("Split, {name}; ByteLevel");
        all.push(Part::new(name.clone(), with_bytes(cut("Isolated", false))));
        all.push(Part::new(format!("{name}, inverted"), with_bytes(cut("Removed", true))));
    }
    for behavior in ["MergedWithPrevious", "MergedWithNext"] {
        for invert in [false, true] {
            let bytes = sequence(&[split(GPT4, behavior, invert), byte_level(false, false)]);
            all.push(Part::new(format!("Split, GPT-4 {behavior} {invert}; ByteLevel"), bytes));
        }
    }
    for prefix in [false, true] {
        for regex in [false, true] {
            let name = format!("ByteLevel {prefix} {regex}");
            all.push(Part::new(name, byte_level(prefix, regex)));
        }
    }
    let short = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
    all.push(Part::new("ByteLevel false", short));
    for replacement in ["▁", "_"] {
        for scheme in ["always", "first", "never"] {
            for split in [true, false] {
                let mut json = metaspace(scheme, split);
                json["replacement"] = json!(replacement);
                let name = format!("Metaspace {replacement} {scheme} {split}");
                all.push(Part::new(name, json));
            }
        }
    }
    let old = json!({"type": "Metaspace", "replacement": "▁", "str_rep": "▁",
        "add_prefix_space": true});
    all.push(Part::new("Metaspace, old", old));
    for (name, parts) in sequences() {
        all.push(Part::new(format!("Sequence: {name}"), sequence(&parts)));
    }
    all
}
