//! Whole sentences.

pub(in crate::tokenize) mod cache;
pub(in crate::tokenize) mod line;
pub(in crate::tokenize) mod sentence;
pub(in crate::tokenize) mod units;
