//! Fuzz targets of m2v-fast.
//!
//! Each target is a function of some bytes that panics if something is wrong: a panic of the crate
//! itself, ids that are not the reference's, a vector that is not the naive twin's, an error
//! without a name; or an input that takes more memory or time than its size accounts for
//! ([`run`]). libFuzzer runs them (`make fuzz`), and so does a small mutator of our own with a
//! fixed seed (`make fuzz-smoke`).

#![deny(unsafe_code)]

mod arrow;
mod bounds;
mod config;
mod index;
mod input;
mod json_tree;
mod long;
mod models;
pub mod mutate;
mod naive;
mod place;
mod reference;
mod regex;
mod tensors;
mod text;
mod tokenizer;
mod vectors;

pub use arrow::arrow;
pub use bounds::run;
pub use config::config;
pub use index::index;
pub use long::long;
pub use models::folder as models_folder;
pub use regex::regex;
pub use tensors::tensors;
pub use text::{load_models, text};
pub use tokenizer::{tokenizer_bytes, tokenizer_tree};
pub use vectors::vectors;
