//! From a word to ids.

pub(in crate::tokenize) mod bpe;
pub(in crate::tokenize) mod unigram;
pub(in crate::tokenize) mod wordlevel;
pub(in crate::tokenize) mod wordpiece;
