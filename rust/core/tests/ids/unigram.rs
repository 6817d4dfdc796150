//! Small Unigram files, piece by piece.

use serde_json::{Value, json};

use crate::table::added::added;
use crate::table::file;
use crate::table::pretokenizers::metaspace;

/// A Unigram file.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) normalizer: Value,
    pub(crate) pre_tokenizer: Value,
    pub(crate) unk_id: Option<usize>,
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
            unk_id: Some(0),
            byte_fallback: false,
            vocab: vec![("<unk>".to_owned(), "0.0".to_owned())],
            added: Vec::new(),
        }
    }
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

    /// Adds a token; of the flags `w`, `l`, `r`, `n` and `s` those that are named are on.
    pub(crate) fn with_added(mut self, content: &str, flags: &str) -> Self {
        self.added.push(added(content, flags));
        self
    }

    /// The model alone.
    pub(crate) fn model(&self) -> String {
        let vocab: Vec<String> =
            self.vocab.iter().map(|(piece, score)| format!("[{},{score}]", json!(piece))).collect();
        format!(
            r#"{{"type":"Unigram","unk_id":{},"byte_fallback":{},"vocab":[{}]}}"#,
            json!(self.unk_id),
            self.byte_fallback,
            vocab.join(",")
        )
    }

    pub(crate) fn json(&self) -> String {
        file(&self.normalizer, &self.pre_tokenizer, &self.added, &self.model())
    }
}
