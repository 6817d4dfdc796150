//! A folder to the three files of a model, and what config.json says.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::data;
use crate::error::{Error, Result};

/// Which of the known folder layouts a model uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `config.json`, `model.safetensors` with the tensor `embeddings`, `tokenizer.json`.
    Model2Vec,
    /// `config_sentence_transformers.json` and the tensor `embedding.weight`.
    SentenceTransformers,
    /// The same with tensors and tokenizer in the folder `0_StaticEmbedding`.
    NestedSentenceTransformers,
}

impl Layout {
    /// In the order in which the reference tries them.
    const ALL: [Self; 3] =
        [Self::Model2Vec, Self::SentenceTransformers, Self::NestedSentenceTransformers];

    /// The tensor that holds the rows.
    #[must_use]
    pub fn embeddings_tensor(self) -> &'static str {
        match self {
            Self::Model2Vec => "embeddings",
            Self::SentenceTransformers | Self::NestedSentenceTransformers => "embedding.weight",
        }
    }

    /// A short name for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Model2Vec => "model2vec",
            Self::SentenceTransformers => "sentence-transformers",
            Self::NestedSentenceTransformers => "sentence-transformers, nested",
        }
    }

    fn files(self, folder: &Path) -> ModelFiles {
        let (config, inner) = match self {
            Self::Model2Vec => ("config.json", folder.to_owned()),
            Self::SentenceTransformers => ("config_sentence_transformers.json", folder.to_owned()),
            Self::NestedSentenceTransformers => {
                ("config_sentence_transformers.json", folder.join("0_StaticEmbedding"))
            }
        };
        ModelFiles {
            layout: self,
            config: folder.join(config),
            tensors: inner.join("model.safetensors"),
            tokenizer: inner.join("tokenizer.json"),
        }
    }
}

/// The three files that a model is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    /// The layout they were found in.
    pub layout: Layout,
    /// `normalize` and `max_length`, JSON.
    pub config: PathBuf,
    /// The matrix.
    pub tensors: PathBuf,
    /// The tokenizer, JSON.
    pub tokenizer: PathBuf,
}

impl ModelFiles {
    fn paths(&self) -> [&Path; 3] {
        [&self.config, &self.tensors, &self.tokenizer]
    }

    fn missing(&self) -> Vec<&Path> {
        // What is there but cannot be reached (a link to itself, a folder nobody may enter) is not
        // missing: opening it tells what is wrong.
        let gone = |path: &&Path| matches!(path.try_exists(), Ok(false));
        self.paths().into_iter().filter(gone).collect()
    }

    /// Finds the files of a model in a folder: the first layout whose three files are all there.
    pub fn find(folder: &Path) -> Result<Self> {
        let metadata = fs::metadata(folder).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                Error::Missing { path: folder.to_owned(), problem: "no such folder".to_owned() }
            }
            _ => Error::Io { path: folder.to_owned(), source },
        })?;
        if !metadata.is_dir() {
            return Err(Error::malformed(
                folder,
                "not a folder; a Model2Vec model is a folder with config.json, \
                 model.safetensors and tokenizer.json",
            ));
        }
        let mut candidates: Vec<Self> = Layout::ALL.map(|layout| layout.files(folder)).into();
        if let Some(found) = candidates.iter().position(|files| files.missing().is_empty()) {
            return Ok(candidates.swap_remove(found));
        }
        // Speak of the layout that is nearest to being complete.
        candidates.sort_by_key(|files| files.missing().len());
        let nearest = &candidates[0];
        let names = |paths: Vec<&Path>| {
            let relative =
                |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
            paths.into_iter().map(relative).collect::<Vec<_>>().join(", ")
        };
        let problem = if nearest.missing().len() == nearest.paths().len() {
            "no Model2Vec model: neither config.json, model.safetensors and tokenizer.json nor a \
             sentence-transformers static embedding is in this folder"
                .to_owned()
        } else {
            format!(
                "no complete Model2Vec model ({} layout): missing {}",
                nearest.layout.name(),
                names(nearest.missing())
            )
        };
        Err(Error::Missing { path: folder.to_owned(), problem })
    }
}

/// What config.json says about encoding; everything else in it does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Whether vectors are divided by their norm; false if the file does not say.
    pub normalize: bool,
    /// Most ids kept of a text; 512 if the file does not say, no limit if it says `null`.
    pub max_length: Option<usize>,
}

/// model2vec's `DEFAULT_MAX_LENGTH`.
pub const DEFAULT_MAX_LENGTH: usize = 512;

impl Default for Config {
    fn default() -> Self {
        Self { normalize: false, max_length: Some(DEFAULT_MAX_LENGTH) }
    }
}

impl Config {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_json(&data::read_json(path)?, path)
    }

    /// Reads the bytes of the file; `path` is only named in errors.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        let value: Value = serde_json::from_slice(json)
            .map_err(|error| Error::malformed(path, format!("not valid JSON: {error}")))?;
        let Value::Object(object) = value else {
            return Err(Error::malformed(path, "not a JSON object"));
        };
        let normalize = match object.get("normalize") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(normalize)) => *normalize,
            Some(other) => {
                let problem = format!("`normalize` is {other}; it must be true or false");
                return Err(Error::malformed(path, problem));
            }
        };
        let max_length = match object.get("max_length") {
            None => Some(DEFAULT_MAX_LENGTH),
            Some(Value::Null) => None,
            Some(value) => {
                let length = value.as_u64().and_then(|length| usize::try_from(length).ok());
                Some(length.ok_or_else(|| {
                    let problem = format!(
                        "`max_length` is {value}; it must be null or a whole number of tokens, 0 or more"
                    );
                    Error::malformed(path, problem)
                })?)
            }
        };
        Ok(Self { normalize, max_length })
    }
}
