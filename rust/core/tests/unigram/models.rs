//! Small tokenizer.json files.

use serde_json::{Value, json};

/// A Unigram file.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) normalizer: Value,
    pub(crate) pre_tokenizer: Value,
    pub(crate) unk_id: usize,
    pub(crate) byte_fallback: bool,
    /// Pieces, with their scores as they are spelled.
    pub(crate) vocab: Vec<(String, String)>,
    pub(crate) added: Vec<Value>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            normalizer: Value::Null,
            pre_tokenizer: metaspace("always", true),
            unk_id: 0,
            byte_fallback: false,
            vocab: vec![("<unk>".to_owned(), "0.0".to_owned())],
            added: Vec::new(),
        }
    }
}

pub(crate) fn metaspace(scheme: &str, split: bool) -> Value {
    json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split})
}

pub(crate) fn sequence(of: &str, parts: &[Value]) -> Value {
    json!({"type": "Sequence", of: parts})
}

pub(crate) fn replace(kind: &str, pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {kind: pattern}, "content": content})
}

pub(crate) fn bert(clean: bool, chinese: bool, accents: Option<bool>, lower: bool) -> Value {
    json!({"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese,
        "strip_accents": accents, "lowercase": lower})
}

pub(crate) fn strip(left: bool, right: bool) -> Value {
    json!({"type": "Strip", "strip_left": left, "strip_right": right})
}

/// The normalizer that Model2Vec put around that of a BERT tokenizer.
pub(crate) fn spaced_punctuation() -> Value {
    let mut parts = vec![bert(true, true, None, true)];
    for byte in 33_u8..127 {
        if byte.is_ascii_punctuation() {
            let c = char::from(byte).to_string();
            parts.push(replace("String", &c, &format!(" {c} ")));
        }
    }
    parts.push(replace("Regex", r"\s+", " "));
    parts.push(strip(true, true));
    sequence("normalizers", &parts)
}

impl Model {
    pub(crate) fn with_pieces<S: AsRef<str>>(
        mut self,
        pieces: impl IntoIterator<Item = (S, f64)>,
    ) -> Self {
        let spelled = |(piece, score): (S, f64)| (piece.as_ref().to_owned(), format!("{score:?}"));
        self.vocab.extend(pieces.into_iter().map(spelled));
        self
    }

    /// Adds a token; of the flags `w`, `l`, `r` and `n` those that are named are on.
    pub(crate) fn with_added(mut self, content: &str, flags: &str) -> Self {
        self.added.push(json!({
            "id": 7_000_000 + self.added.len(),
            "content": content,
            "single_word": flags.contains('w'),
            "lstrip": flags.contains('l'),
            "rstrip": flags.contains('r'),
            "normalized": flags.contains('n'),
            "special": flags.contains('s'),
        }));
        self
    }

    pub(crate) fn json(&self) -> String {
        let vocab: Vec<String> =
            self.vocab.iter().map(|(piece, score)| format!("[{},{score}]", json!(piece))).collect();
        let Self { normalizer, pre_tokenizer, unk_id, byte_fallback, .. } = self;
        let added = json!(self.added);
        format!(
            r#"{{"version":"1.0","truncation":{{"direction":"Left","max_length":2,
            "strategy":"LongestFirst","stride":0}},"padding":null,"added_tokens":{added},
            "normalizer":{normalizer},"pre_tokenizer":{pre_tokenizer},
            "post_processor":null,"decoder":null,"model":{{"type":"Unigram","unk_id":{unk_id},
            "byte_fallback":{byte_fallback},"vocab":[{}]}}}}"#,
            vocab.join(",")
        )
    }
}
