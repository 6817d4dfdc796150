#![doc = include_str!("../README.md")]

mod backend;
mod batch;
mod config;
mod data;
mod dtype;
mod error;
#[cfg(feature = "hub")]
mod hub;
mod large_pages;
mod layout;
mod matrix;
mod model;
mod open;
mod platform;
mod pool;
mod prefetch;
mod replace;
mod scratch;
mod text;
mod tokenize;

pub use backend::Backend;
pub use batch::{BatchOptions, CountSlot, available_threads};
pub use config::{Config, DEFAULT_MAX_LENGTH};
pub use dtype::DType;
pub use error::{Error, HubProblem, Result};
#[cfg(feature = "hub")]
pub use hub::HubOptions;
pub use layout::{Layout, ModelFiles};
pub use matrix::{Matrix, NewTensor, StoredTensor, Weighting, write_tensors};
pub use model::{Counts, EncodeOptions, Model};
pub use open::LoadOptions;
#[doc(hidden)]
pub use replace::NewFile;
pub use text::Text;
#[doc(hidden)]
pub use tokenize::probe;
pub use tokenize::{IndexOptions, Tokenizer, Unknown, Vocabulary, prepare_forks};
