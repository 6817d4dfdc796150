//! The road.

pub(in crate::tokenize) mod cache;
pub(in crate::tokenize) mod segments;
pub(in crate::tokenize) mod units;
