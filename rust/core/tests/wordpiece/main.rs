//! The WordPiece engine against the reference: the same ids for every text, whatever the
//! variant of the engine.
#![cfg(feature = "fallback")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpora;
mod models;
mod oracle;
mod random;
mod scalars;
mod texts;
mod truncation;
