//! Small complete models, written to temporary folders.
#![allow(unreachable_pub, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use tempfile::TempDir;

/// Tokens of the model that [`folder`] writes: letters, some words and pieces of words.
pub fn tokens() -> Vec<String> {
    let words = ["[PAD]", "[UNK]", "vector", "seek", "em", "##bed", "##ding", "search", "the", "."];
    let letters = ('a'..='z').flat_map(|c| [c.to_string(), format!("##{c}")]);
    words.iter().map(|word| (*word).to_owned()).chain(letters).collect()
}

/// tokenizer.json of a lower-casing WordPiece model over [`tokens`].
pub fn tokenizer_json() -> String {
    let vocabulary: serde_json::Map<_, _> =
        tokens().into_iter().enumerate().map(|(id, token)| (token, id.into())).collect();
    serde_json::json!({
        "version": "1.0",
        "added_tokens": [
            {"id": 0, "content": "[PAD]", "special": true, "normalized": false,
             "single_word": false, "lstrip": false, "rstrip": false},
            {"id": 1, "content": "[UNK]", "special": true, "normalized": false,
             "single_word": false, "lstrip": false, "rstrip": false},
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": null,
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
    .to_string()
}

/// The number at `(row, column)` of the matrix that [`folder`] writes.
pub fn number(row: usize, column: usize) -> f32 {
    ((row * 31 + column * 7) % 101) as f32 / 50.0 - 1.0
}

/// A folder with a float32 model of `dim` columns.
pub fn folder(dim: usize) -> TempDir {
    let folder = TempDir::new().unwrap();
    let rows = tokens().len();
    let numbers: Vec<u8> =
        (0..rows * dim).flat_map(|i| number(i / dim, i % dim).to_le_bytes()).collect();
    write(folder.path(), &[("embeddings", Dtype::F32, &[rows, dim], &numbers)]);
    folder
}

/// A tensor to write: name, dtype, shape, bytes.
pub type Tensor<'a> = (&'a str, Dtype, &'a [usize], &'a [u8]);

/// Writes the three files of a model.
pub fn write(folder: &Path, tensors: &[Tensor<'_>]) {
    fs::write(folder.join("tokenizer.json"), tokenizer_json()).unwrap();
    fs::write(folder.join("config.json"), r#"{"normalize": true}"#).unwrap();
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap())
        })
        .collect::<Vec<_>>();
    serialize_to_file(views, None, &folder.join("model.safetensors")).unwrap();
}
