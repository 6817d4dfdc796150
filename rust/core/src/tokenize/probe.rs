//! A way in for tests and benchmarks of the tokenizer: every variant can be asked for by name. Not
//! part of the crate's interface.

use std::path::Path;

use super::pretokenizers::{Buffer, PreTokenizer};
use super::{TokenizeScratch, Tokenizer};
use crate::error::Result;

/// The pieces that a `pre_tokenizer` (as JSON) cuts a text into, without what ByteLevel does to
/// their bytes; `None` if it is not covered.
#[must_use]
pub fn pieces(pre_tokenizer: &str, text: &str) -> Option<Vec<Vec<u8>>> {
    let json = serde_json::from_str(pre_tokenizer).ok()?;
    let pre_tokenizer = PreTokenizer::plan(Some(json)).ok()?;
    let mut pieces = Vec::new();
    pre_tokenizer.split(text.as_bytes(), &mut Buffer::default(), |text, start, end| {
        pieces.push(text[start..end].to_vec());
        true
    });
    Some(pieces)
}

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
        let tokenizer = Tokenizer::from_json(json, Path::new("tokenizer.json"))?;
        Ok(Self {
            tokenizer,
            scratch: TokenizeScratch::default(),
            name: "default".to_owned(),
        })
    }

    /// The tokenizer in every variant that this processor can run.
    ///
    /// # Errors
    /// As for any tokenizer.
    pub fn variants(json: &[u8]) -> Result<Vec<Self>> {
        let mut variants = vec![Self::new(json)?];
        for entries in [0, 1] {
            let mut probe = Self::new(json)?;
            if probe.tokenizer.set_cache(entries) {
                probe.name = format!("cache of {entries}");
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

    /// Appends the ids of a text.
    ///
    /// # Errors
    /// If the tokenizer fails on the text.
    pub fn ids_into(&mut self, text: &str, limit: Option<usize>, ids: &mut Vec<u32>) -> Result<()> {
        self.tokenizer.ids_into(text, limit, &mut self.scratch, ids)
    }
}
