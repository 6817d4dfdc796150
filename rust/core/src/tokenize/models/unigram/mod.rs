//! Unigram: the best path through the pieces of a word.

mod build;
pub(in crate::tokenize) mod chars;
pub(in crate::tokenize) mod lattice;
mod model;
mod read;
pub(in crate::tokenize) mod stored;
pub(in crate::tokenize) mod trie;

pub(in crate::tokenize) use model::{MARK, Unigram};
#[cfg(feature = "fallback")]
pub(in crate::tokenize) use read::check_pieces;
