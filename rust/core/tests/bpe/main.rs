//! The BPE and WordLevel engines and their pre-tokenizers against the reference: the same ids for
//! every text, whatever the size of the cache.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpora;
#[path = "../support/fragments.rs"]
mod fragments;
mod models;
#[path = "../support/oracle.rs"]
mod oracle;
mod pieces;
mod random;
mod refusals;
mod scalars;
mod texts;
mod truncation;
mod units;

/// The engines that these tests are about: a file that goes to another one is not compared.
const ENGINES: &[&str] = &["bpe", "wordlevel"];
