//! The Unigram engine against the reference: the same ids for every text, whatever the variant of
//! the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/charsmap.rs"]
mod charsmap;
mod corpora;
#[path = "../support/fragments.rs"]
mod fragments;
mod index;
mod models;
mod normalizers;
#[path = "../support/oracle.rs"]
mod oracle;
mod random;
mod scores;
#[path = "../wordpiece/texts.rs"]
#[allow(dead_code, reason = "shared with the tests of another engine")]
mod texts;
mod ties;
mod truncation;
mod units;

/// The engines that these tests are about: a file that goes to another one is not compared.
const ENGINES: &[&str] = &["unigram"];
