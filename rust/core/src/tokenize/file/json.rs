//! Reading the small parts of a tokenizer.json.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::tokenize::refusals::{NotCovered, not_covered};

/// The `type` of a part.
#[derive(Deserialize)]
pub(in crate::tokenize) struct Tagged<'a> {
    #[serde(rename = "type")]
    pub(in crate::tokenize) kind: &'a str,
}

/// Reads a part of the file into the shape that its type must have.
pub(in crate::tokenize) fn parse<'a, T: Deserialize<'a>>(
    part: &str,
    json: &'a RawValue,
) -> Result<T, NotCovered> {
    serde_json::from_str(json.get()).or_else(|_| not_covered(format!("{part} of unknown shape")))
}
