//! Whole words that are tokens, for `ignore_merges`.

use crate::tokenize::hash::{self, Index};
use crate::tokenize::index::arrays::{ArraysIn, ArraysOut};
use crate::tokenize::index::store::Plain;

/// From the bytes of a word to the id of a token.
#[derive(Debug)]
pub(super) struct WholeWords {
    index: Index,
    tokens: Vec<Token>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Token {
    /// Where its bytes end; they begin where those of the one before end.
    end: u32,
    id: u32,
}

// SAFETY: two numbers of four bytes without a gap.
unsafe impl Plain for Token {}

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
            all.tokens.push(Token { end: all.bytes.len() as u32, id });
        }
        all
    }

    pub(super) fn get(&self, word: &[u8]) -> Option<u32> {
        let entry = self.index.get(hash::bytes(word), |entry| {
            let entry = entry as usize;
            let start = entry.checked_sub(1).map_or(0, |before| self.tokens[before].end);
            &self.bytes[start as usize..self.tokens[entry].end as usize] == word
        })?;
        Some(self.tokens[entry as usize].id)
    }

    pub(super) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) {
        arrays.put(self.index.slots());
        arrays.put(&self.tokens);
        arrays.put(&self.bytes);
    }

    /// The words of an index, with ids below `id_bound`; `None` if they cannot be such.
    pub(super) fn load(id_bound: u32, arrays: &mut ArraysIn<'_>) -> Option<Self> {
        let slots = arrays.owned()?;
        let (tokens, bytes): (Vec<Token>, Vec<u8>) = (arrays.owned()?, arrays.owned()?);
        let index = Index::from_slots(slots, tokens.len())?;
        let whole = tokens.is_sorted_by_key(|token| token.end)
            && tokens.last().is_none_or(|last| last.end as usize <= bytes.len())
            && tokens.iter().all(|token| token.id < id_bound);
        whole.then_some(Self { index, tokens, bytes })
    }
}
