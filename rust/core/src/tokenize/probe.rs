//! A way in for tests and benchmarks of the tokenizer: every variant can be asked for by name. Not
//! part of the crate's interface.

use std::path::Path;

use super::{IndexOptions, TokenizeScratch, Tokenizer};
use crate::error::Result;

/// A tokenizer with a scratch of its own.
#[derive(Debug)]
pub struct Probe {
    tokenizer: Tokenizer,
    scratch: TokenizeScratch,
    name: String,
}

impl Probe {
    /// Loads the bytes of a tokenizer.json.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn new(json: &[u8]) -> Result<Self> {
        Self::with_index(json, &IndexOptions::default())
    }

    /// As `new`, with compiled indexes.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn with_index(json: &[u8], options: &IndexOptions) -> Result<Self> {
        let tokenizer = Tokenizer::with_index(json, Path::new("tokenizer.json"), options)?;
        let scratch = TokenizeScratch::default();
        Ok(Self { tokenizer, scratch, name: "default".to_owned() })
    }

    /// The tokenizer in every variant that this processor can run.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn variants(json: &[u8]) -> Result<Vec<Self>> {
        let mut variants = vec![Self::new(json)?];
        if variants[0].tokenizer.engine() == "unigram" {
            for words in [0, 1, 64] {
                let mut probe = Self::new(json)?;
                probe.tokenizer.set_cached_words(words);
                probe.name = format!("{words} cached words");
                variants.push(probe);
            }
        }
        Ok(variants)
    }

    /// Which variant this is.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// The tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Forgets what the scratch has learnt.
    pub fn forget(&mut self) {
        self.scratch = TokenizeScratch::default();
    }

    /// Appends the ids of a text.
    ///
    /// # Errors
    /// If the tokenizer fails on the text.
    pub fn ids_into(&mut self, text: &str, limit: Option<usize>, ids: &mut Vec<u32>) -> Result<()> {
        self.tokenizer.ids_into(text, limit, &mut self.scratch, ids)
    }
}
