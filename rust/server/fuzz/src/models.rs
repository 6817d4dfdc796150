//! Small models on the tokenizers of rust/fuzz, one of each engine.

use std::fs;
use std::path::Path;

use m2v_fast::{LoadOptions, Model};
use serde_json::{Value, json};
use tempfile::TempDir;

const DIM: usize = 6;
const NAMES: [&str; 4] = ["wordpiece-lower", "unigram-whole", "bpe-bytes", "fallback"];

/// The models that are served.
#[derive(Debug)]
pub struct Models {
    folder: TempDir,
    loaded: Vec<Model>,
}

impl Models {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loaded = NAMES.iter().map(|name| {
            let model = folder.path().join(name);
            make(name, &model);
            let model = Model::load(&model, LoadOptions::default()).unwrap();
            assert!(name.starts_with(model.tokenizer().engine()), "{name} runs on another engine");
            model
        });
        Self { loaded: loaded.collect(), folder }
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = String> {
        let path = |name| self.folder.path().join(name).display().to_string();
        NAMES.iter().map(move |name| format!("{name}={}", path(name)))
    }

    /// The model that answers a request of that name.
    pub(crate) fn find(&self, name: Option<&str>) -> Option<&Model> {
        let Some(name) = name else { return self.loaded.first() };
        let bare = name.strip_suffix(":latest").unwrap_or(name);
        NAMES.iter().position(|&known| known == bare).map(|place| &self.loaded[place])
    }
}

fn make(name: &str, folder: &Path) {
    let tokenizers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/models");
    let tokenizer = fs::read(tokenizers.join(format!("{name}.json"))).unwrap();
    let mut tokenizer: Value = serde_json::from_slice(&tokenizer).unwrap();
    if name == "fallback" {
        // What looks behind is for no engine of ours.
        tokenizer["pre_tokenizer"] = json!({
            "type": "Split", "pattern": {"Regex": "(?<=a)b| "}, "behavior": "Isolated",
            "invert": false,
        });
    }
    let rows = number(&mut tokenizer);
    // Some number in every place, none of them special.
    let values = (0..rows * DIM).flat_map(|place| {
        let value = (place as u32).wrapping_mul(2_654_435_761) as f32 / 4e9 - 0.5;
        value.to_le_bytes()
    });
    let header = json!({"embeddings": {
        "dtype": "F32", "shape": [rows, DIM], "data_offsets": [0, rows * DIM * 4],
    }})
    .to_string();
    let mut tensors = (header.len() as u64).to_le_bytes().to_vec();
    tensors.extend_from_slice(header.as_bytes());
    tensors.extend(values);
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(folder.join("model.safetensors"), tensors).unwrap();
    fs::write(folder.join("config.json"), r#"{"normalize": true, "max_length": 64}"#).unwrap();
}

/// Numbers the tokens without gaps, as models' are, and says how many there are.
fn number(tokenizer: &mut Value) -> usize {
    let mut known: Vec<String> = match &mut tokenizer["model"]["vocab"] {
        Value::Object(vocab) => {
            let mut tokens: Vec<_> = vocab.iter_mut().collect();
            tokens.sort_by_key(|(_, id)| id.as_u64());
            let numbered = tokens.into_iter().enumerate().map(|(place, (token, id))| {
                *id = json!(place);
                token.clone()
            });
            numbered.collect()
        }
        Value::Array(pieces) => {
            pieces.iter().map(|piece| piece[0].as_str().unwrap().to_owned()).collect()
        }
        other => panic!("a vocabulary is {other}"),
    };
    for token in tokenizer["added_tokens"].as_array_mut().into_iter().flatten() {
        let content = token["content"].as_str().unwrap().to_owned();
        let place = known.iter().position(|other| *other == content).unwrap_or_else(|| {
            known.push(content);
            known.len() - 1
        });
        token["id"] = json!(place);
    }
    known.len()
}
