//! A way in for tests and benchmarks of the tokenizer: every variant can be asked for by name. Not
//! part of the crate's interface.

use std::path::Path;

use super::{Engine, TokenizeScratch, Tokenizer, wordpiece};
use crate::error::{Error, Result};

/// A tokenizer with a scratch of its own.
#[derive(Debug)]
pub struct Probe {
    tokenizer: Tokenizer,
    scratch: TokenizeScratch,
    entries: Option<usize>,
    name: String,
}

impl Probe {
    /// Loads the bytes of a tokenizer.json.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn new(json: &[u8]) -> Result<Self> {
        Self::with(json, None, None)
    }

    /// As `new`, with a classifier by name and the number of entries of the cache.
    ///
    /// # Errors
    /// As for any tokenizer, or if this processor cannot run that classifier.
    pub fn with(json: &[u8], classifier: Option<&str>, entries: Option<usize>) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_json(json, Path::new("tokenizer.json"))?;
        if let Some(name) = classifier
            && let Engine::WordPiece(engine) = tokenizer.engine
        {
            let engine = engine.with_classifier(name).ok_or_else(|| Error::Backend {
                name: name.to_owned(),
                available: Self::classifiers().join(", "),
            })?;
            tokenizer.engine = Engine::WordPiece(Box::new(engine));
        }
        let name = format!("classifier {classifier:?}, cache {entries:?}");
        Ok(Self { tokenizer, scratch: scratch(entries), entries, name })
    }

    /// The tokenizer in every variant that this processor can run.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn variants(json: &[u8]) -> Result<Vec<Self>> {
        let mut variants = Vec::new();
        for classifier in Self::classifiers() {
            variants.push(Self::with(json, Some(classifier), None)?);
        }
        for entries in [0, 1] {
            variants.push(Self::with(json, None, Some(entries))?);
        }
        Ok(variants)
    }

    /// Names of the classifiers that this processor can run.
    #[must_use]
    pub fn classifiers() -> Vec<&'static str> {
        wordpiece::WordPiece::classifiers()
    }

    /// Which variant this is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Forgets all that was cached.
    pub fn forget(&mut self) {
        self.scratch = scratch(self.entries);
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Appends the ids of a text.
    ///
    /// # Errors
    /// If the tokenizer fails on the text.
    pub fn ids_into(&mut self, text: &str, limit: Option<usize>, ids: &mut Vec<u32>) -> Result<()> {
        self.tokenizer.ids_into(text, limit, &mut self.scratch, ids)
    }
}

fn scratch(entries: Option<usize>) -> TokenizeScratch {
    let wordpiece = entries.map_or_else(Default::default, wordpiece::Scratch::with_cache);
    TokenizeScratch { wordpiece }
}
