//! The WordPiece engine against the reference: the same ids for every text, whatever the
//! variant of the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpora;
mod models;
#[path = "../support/oracle.rs"]
mod oracle;
mod random;
mod scalars;
mod texts;
mod truncation;

/// The engines that these tests are about: a file that goes to another one is not compared.
const ENGINES: &[&str] = &["wordpiece"];
