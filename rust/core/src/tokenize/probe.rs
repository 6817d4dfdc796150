//! A way in for tests and benchmarks of the tokenizer: every variant can be asked for by name. Not
//! part of the crate's interface.

use std::path::Path;

use super::{IndexOptions, Tokenizer, Unknown, Worker};
use crate::backend::{Backend, Runnable};
use crate::error::Result;
use crate::tokenize::text::pretokenizers::regex::Regex;

/// An expression of a pre-tokenizer, compiled.
#[derive(Debug)]
pub struct Expression(Regex);

impl Expression {
    /// Compiles it.
    ///
    /// # Errors
    /// If a part of it is not taken: which.
    pub fn new(pattern: &str) -> std::result::Result<Self, String> {
        Regex::new(pattern).map(Self)
    }

    /// Start and end of each match.
    pub fn matches(&self, text: &str) -> impl Iterator<Item = (usize, usize)> {
        self.0.matches(text.as_bytes())
    }

    /// Whether the matches of every text cover it without gaps.
    #[must_use]
    pub fn covers(&self) -> bool {
        self.0.covers()
    }
}

/// A tokenizer with a worker of its own.
#[derive(Debug)]
pub struct Probe {
    tokenizer: Tokenizer,
    backend: Runnable,
    worker: Worker,
    name: String,
}

impl Probe {
    /// Whether this build has the fallback.
    pub const HAS_FALLBACK: bool = cfg!(feature = "fallback");

    /// Loads the bytes of a tokenizer.json.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn new(json: &[u8]) -> Result<Self> {
        Self::with(json, Backend::detect(), None)
    }

    /// As `new`, with compiled indexes.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn with_index(json: &[u8], options: &IndexOptions) -> Result<Self> {
        let tokenizer = Tokenizer::with_index(json, Path::new("tokenizer.json"), options)?;
        let worker = tokenizer.worker();
        Ok(Self { tokenizer, backend: Runnable::default(), worker, name: "default".to_owned() })
    }

    /// The same with so many entries in the engine's own cache, as long as it was not used yet.
    #[must_use]
    pub fn with_cache(mut self, entries: usize) -> Self {
        self.worker = self.tokenizer.worker_with(Some(entries));
        self
    }

    /// As `new`, with the kernels of a backend and the number of entries of the cache.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn with(json: &[u8], backend: Backend, entries: Option<usize>) -> Result<Self> {
        let tokenizer = Tokenizer::from_json(json, Path::new("tokenizer.json"))?;
        let worker = tokenizer.worker_with(entries);
        Ok(Self {
            tokenizer,
            backend: Runnable::new(backend),
            worker,
            name: format!("backend {backend}, cache {entries:?}"),
        })
    }

    /// The tokenizer in every variant that this processor can run.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn variants(json: &[u8]) -> Result<Vec<Self>> {
        let mut variants = Vec::new();
        for backend in Backend::available() {
            variants.push(Self::with(json, backend, None)?);
        }
        for entries in [0, 1, 64] {
            variants.push(Self::with(json, Backend::detect(), Some(entries))?);
        }
        Ok(variants)
    }

    /// Which variant this is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
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
        self.ids_of(text, limit, Unknown::Drop, ids)
    }

    /// As `ids_into`, with or without the unknown id.
    ///
    /// # Errors
    /// If the tokenizer fails on the text.
    pub fn ids_of(
        &mut self,
        text: &str,
        limit: Option<usize>,
        unknown: Unknown,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        let Self { tokenizer, backend, worker, .. } = self;
        tokenizer.ids_into(text, limit, unknown, *backend, worker, ids).map(|_| ())
    }
}
