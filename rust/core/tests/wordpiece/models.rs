//! Small tokenizer.json files.

use serde_json::{Value, json};

/// Settings of a WordPiece file.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// clean_text, handle_chinese_chars, strip_accents, lowercase; none for no normalizer.
    pub(crate) flags: Option<[Value; 4]>,
    pub(crate) prefix: String,
    pub(crate) unk_token: String,
    pub(crate) max_chars: usize,
    pub(crate) vocab: Vec<(String, u32)>,
    pub(crate) added: Vec<Value>,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            flags: Some([true.into(), true.into(), Value::Null, true.into()]),
            prefix: "##".to_owned(),
            unk_token: "[UNK]".to_owned(),
            max_chars: 100,
            vocab: vec![("[UNK]".to_owned(), 0)],
            added: Vec::new(),
        }
    }
}

impl Model {
    pub(crate) fn with_tokens<S: AsRef<str>>(
        mut self,
        tokens: impl IntoIterator<Item = S>,
    ) -> Self {
        for token in tokens {
            let id = self.vocab.len() as u32;
            self.vocab.push((token.as_ref().to_owned(), id));
        }
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
            self.vocab.iter().map(|(token, id)| format!("{}:{id}", json!(token))).collect();
        let normalizer = self.flags.as_ref().map(|[clean, chinese, accents, lower]| {
            json!({
                "type": "BertNormalizer",
                "clean_text": clean,
                "handle_chinese_chars": chinese,
                "strip_accents": accents,
                "lowercase": lower,
            })
        });
        let (normalizer, added) = (json!(normalizer), json!(self.added));
        let (unk, prefix, max_chars) = (json!(self.unk_token), json!(self.prefix), self.max_chars);
        format!(
            r#"{{"version":"1.0","truncation":{{"direction":"Left","max_length":2,
            "strategy":"LongestFirst","stride":0}},"padding":null,"added_tokens":{added},
            "normalizer":{normalizer},"pre_tokenizer":{{"type":"BertPreTokenizer"}},
            "post_processor":null,"decoder":null,"model":{{"type":"WordPiece","unk_token":{unk},
            "continuing_subword_prefix":{prefix},"max_input_chars_per_word":{max_chars},
            "vocab":{{{}}}}}}}"#,
            vocab.join(",")
        )
    }
}

/// All sixteen settings of the normalizer, and none.
pub(crate) fn all_flags() -> Vec<Option<[Value; 4]>> {
    let mut all = vec![None];
    for bits in 0..16 {
        all.push(Some([0, 1, 2, 3].map(|bit| Value::Bool(bits >> bit & 1 == 1))));
    }
    all
}
