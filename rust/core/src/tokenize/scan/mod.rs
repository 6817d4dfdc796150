//! The first look at the bytes.

pub(in crate::tokenize) mod classify;
pub(in crate::tokenize) mod positions;
pub(in crate::tokenize) mod units;
