//! The first look at the bytes of a raw text, 64 at a time: all instructions of the tokenizer that
//! are of one processor are here.
//!
//! There are two looks. [`units`] cuts at bytes that the road names, and leaves the text as it is;
//! [`classify`] knows BERT's classes and lower-cases on the way, so that a chunk is looked up by what
//! it becomes.

pub(in crate::tokenize) mod classify;
pub(in crate::tokenize) mod positions;
pub(in crate::tokenize) mod units;
