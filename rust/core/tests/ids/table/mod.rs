//! Everything that a tokenizer.json can say, part by part.

pub(crate) mod added;
pub(crate) mod bpe;
pub(crate) mod models;
pub(crate) mod normalizers;
pub(crate) mod pretokenizers;
pub(crate) mod vocabulary;

use serde_json::{Value, json};

/// A part of a tokenizer.json, by a name of its own.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) json: Value,
}

impl Part {
    fn new(name: impl Into<String>, json: Value) -> Self {
        Self { name: name.into(), json }
    }
}

/// A part without settings.
pub(crate) fn plain(kind: &str) -> Value {
    json!({ "type": kind })
}

/// A file around a model, which is JSON. Truncation and padding are there to be ignored, and so is
/// what comes after the model.
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
