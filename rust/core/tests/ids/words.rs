//! Small models of words, token by token.

use serde_json::json;

use crate::table::models::vocab_of;
use crate::table::vocabulary::{byte_char, byte_chars};

/// Tokens numbered in this order.
pub(crate) fn numbered<S: AsRef<str>>(tokens: impl IntoIterator<Item = S>) -> Vec<(String, u32)> {
    tokens.into_iter().map(|token| token.as_ref().to_owned()).zip(0..).collect()
}

/// A WordPiece model, beside its vocabulary.
#[derive(Debug, Clone)]
pub(crate) struct WordPiece {
    pub(crate) prefix: String,
    pub(crate) unk_token: String,
    pub(crate) max_chars: usize,
    pub(crate) vocab: Vec<(String, u32)>,
}

impl WordPiece {
    /// `[UNK]` and these tokens.
    pub(crate) fn new<S: AsRef<str>>(tokens: impl IntoIterator<Item = S>) -> Self {
        let tokens = tokens.into_iter().map(|token| token.as_ref().to_owned());
        Self {
            prefix: "##".to_owned(),
            unk_token: "[UNK]".to_owned(),
            max_chars: 100,
            vocab: numbered(std::iter::once("[UNK]".to_owned()).chain(tokens)),
        }
    }

    pub(crate) fn json(&self) -> String {
        format!(
            r#"{{"type":"WordPiece","unk_token":{},"continuing_subword_prefix":{},
            "max_input_chars_per_word":{},"vocab":{}}}"#,
            json!(self.unk_token),
            json!(self.prefix),
            self.max_chars,
            vocab_of(&self.vocab)
        )
    }
}

/// A WordLevel model.
pub(crate) fn word_level(unk_token: &str, vocab: &[(String, u32)]) -> String {
    let vocab = vocab_of(vocab);
    format!(r#"{{"type":"WordLevel","unk_token":{},"vocab":{vocab}}}"#, json!(unk_token))
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
    let vocab = vocab_of(&numbered(tokens));
    format!(r#"{{"type":"BPE","vocab":{vocab},"merges":{}}}"#, json!(merges))
}
