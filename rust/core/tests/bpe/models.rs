//! Small tokenizer.json files.

use serde_json::{Value, json};

pub(crate) const GPT2: &str =
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
pub(crate) const GPT4: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
pub(crate) const GPT4_POSSESSIVE: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
pub(crate) const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

pub(crate) fn byte_level(add_prefix_space: bool, use_regex: bool) -> Value {
    json!({"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true,
        "use_regex": use_regex})
}

pub(crate) fn split(regex: &str, behavior: &str, invert: bool) -> Value {
    json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert})
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

pub(crate) fn plain(kind: &str) -> Value {
    json!({ "type": kind })
}

/// Pre-tokenizers that end in ByteLevel.
pub(crate) fn of_bytes() -> Vec<Value> {
    let mut all =
        vec![json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true})];
    for prefix in [false, true] {
        all.push(byte_level(prefix, true));
        all.push(byte_level(prefix, false));
        for regex in [GPT2, GPT4, GPT4_POSSESSIVE, QWEN2] {
            all.push(sequence(&[split(regex, "Isolated", false), byte_level(prefix, false)]));
        }
        all.push(sequence(&[split(QWEN2, "Isolated", false), byte_level(prefix, true)]));
        all.push(sequence(&[split(GPT4, "Removed", true), byte_level(prefix, false)]));
        all.push(sequence(&[digits(true), byte_level(prefix, true)]));
        all.push(sequence(&[
            plain("WhitespaceSplit"),
            sequence(&[punctuation("Isolated"), digits(false)]),
            byte_level(prefix, true),
        ]));
    }
    for behavior in ["Isolated", "MergedWithPrevious", "MergedWithNext"] {
        for invert in [false, true] {
            all.push(sequence(&[split(GPT4, behavior, invert), byte_level(false, false)]));
        }
    }
    all
}

/// Pre-tokenizers that leave characters as they are.
pub(crate) fn of_chars() -> Vec<Value> {
    vec![
        Value::Null,
        plain("Whitespace"),
        plain("WhitespaceSplit"),
        plain("BertPreTokenizer"),
        digits(true),
        digits(false),
        punctuation("Contiguous"),
        sequence(&[]),
        sequence(&[plain("Whitespace"), digits(true), punctuation("Isolated")]),
        split(GPT2, "Isolated", false),
        split(QWEN2, "Removed", true),
    ]
}

/// What stands for a byte in a byte-level vocabulary.
pub(crate) fn byte_char(byte: u8) -> char {
    let visible = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    if visible(&byte) {
        return char::from(byte);
    }
    char::from_u32(0x100 + (0..byte).filter(|other| !visible(other)).count() as u32).unwrap()
}

pub(crate) fn byte_chars(text: &str) -> String {
    text.bytes().map(byte_char).collect()
}

/// An added token; of the flags `w`, `l`, `r` and `n` those that are named are on.
pub(crate) fn added(content: &str, flags: &str) -> Value {
    json!({
        "id": 7_000_000,
        "content": content,
        "single_word": flags.contains('w'),
        "lstrip": flags.contains('l'),
        "rstrip": flags.contains('r'),
        "normalized": flags.contains('n'),
        "special": flags.contains('s'),
    })
}

/// A file around a model. Truncation and padding are there to be ignored.
pub(crate) fn file(
    normalizer: &Value,
    pre_tokenizer: &Value,
    added: &[Value],
    model: &str,
) -> String {
    let added = json!(added);
    format!(
        r#"{{"version":"1.0","truncation":{{"direction":"Left","max_length":2,
        "strategy":"LongestFirst","stride":0}},"padding":null,"added_tokens":{added},
        "normalizer":{normalizer},"pre_tokenizer":{pre_tokenizer},"post_processor":
        {{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}},
        "decoder":null,"model":{model}}}"#
    )
}

/// An object of tokens in this order, repeated ones included.
pub(crate) fn vocab(tokens: &[(String, u32)]) -> String {
    let entries: Vec<String> =
        tokens.iter().map(|(token, id)| format!("{}:{id}", json!(token))).collect();
    format!("{{{}}}", entries.join(","))
}

/// A BPE model that knows every byte and merges these words letter by letter.
pub(crate) fn bytes_and(words: &[&str]) -> String {
    let mut tokens: Vec<String> = (0..=255).map(|byte| byte_char(byte).to_string()).collect();
    let mut merges = Vec::new();
    for word in words {
        let chars: Vec<char> = byte_chars(word).chars().collect();
        for end in 1..chars.len() {
            let left: String = chars[..end].iter().collect();
            let whole = format!("{left}{}", chars[end]);
            if !tokens.contains(&whole) {
                merges.push(json!([left, chars[end]]));
                tokens.push(whole);
            }
        }
    }
    let tokens: Vec<(String, u32)> = tokens.into_iter().zip(0..).collect();
    format!(r#"{{"type":"BPE","vocab":{},"merges":{}}}"#, vocab(&tokens), json!(merges))
}
