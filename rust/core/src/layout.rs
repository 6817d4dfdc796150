//! A folder to the three files of a model.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Which of the known folder layouts a model uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
    pub(crate) const ALL: [Self; 3] =
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

    /// Where configuration, tensors and tokenizer are in the model's folder, with slashes.
    pub(crate) fn names(self) -> [&'static str; 3] {
        match self {
            Self::Model2Vec => ["config.json", "model.safetensors", "tokenizer.json"],
            Self::SentenceTransformers => {
                ["config_sentence_transformers.json", "model.safetensors", "tokenizer.json"]
            }
            Self::NestedSentenceTransformers => [
                "config_sentence_transformers.json",
                "0_StaticEmbedding/model.safetensors",
                "0_StaticEmbedding/tokenizer.json",
            ],
        }
    }

    fn files(self, folder: &Path) -> ModelFiles {
        let [config, tensors, tokenizer] = self.names().map(|name| folder.join(name));
        ModelFiles { layout: self, config, tensors, tokenizer }
    }
}

/// The three files that a model is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
    ///
    /// # Errors
    /// If the folder is none, or no layout is complete there: what is missing.
    pub fn find(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
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
