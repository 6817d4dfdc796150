//! tokenizer.json as it is written.

pub(in crate::tokenize) mod json;
pub(in crate::tokenize) mod nested;
pub(in crate::tokenize) mod parts;
pub(in crate::tokenize) mod spec;
