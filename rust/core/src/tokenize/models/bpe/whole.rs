//! Whole words that are tokens, for `ignore_merges`.

use crate::tokenize::hash::{self, Index};

/// From the bytes of a word to the id of a token.
#[derive(Debug)]
pub(super) struct WholeWords {
    index: Index,
    /// End of each token's bytes, and its id.
    tokens: Vec<(u32, u32)>,
    bytes: Vec<u8>,
}

impl WholeWords {
    /// Tokens must all be different, and shorter than four gigabytes together.
    pub(super) fn new(tokens: impl ExactSizeIterator<Item = (Vec<u8>, u32)>) -> Self {
        let mut all = Self {
            index: Index::with_room(tokens.len()),
            tokens: Vec::with_capacity(tokens.len()),
            bytes: Vec::new(),
        };
        for (token, id) in tokens {
            let entry = all.tokens.len() as u32;
            all.index.insert(hash::bytes(&token), entry, |_| false);
            all.bytes.extend_from_slice(&token);
            all.tokens.push((all.bytes.len() as u32, id));
        }
        all
    }

    pub(super) fn get(&self, word: &[u8]) -> Option<u32> {
        let entry = self.index.get(hash::bytes(word), |entry| {
            let entry = entry as usize;
            let start = entry.checked_sub(1).map_or(0, |before| self.tokens[before].0);
            &self.bytes[start as usize..self.tokens[entry].0 as usize] == word
        })?;
        Some(self.tokens[entry as usize].1)
    }
}
