//! Model2Vec static embeddings: text comes in at one end, a vector leaves at the other.

pub mod error;
pub mod tokenize;

pub use error::{Error, Result};
