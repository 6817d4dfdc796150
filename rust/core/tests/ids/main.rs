//! The same ids as the reference, whatever a tokenizer.json says, whatever the text, and whatever
//! the variant of the engine: instruction sets, sizes of caches, limits.
//!
//! [`table`] has every part that a tokenizer.json may be made of; [`combinations`] tries them
//! together. `M2V_IDS_TEXTS` is the number of texts for each combination, `M2V_IDS_SHARD` (`2/5`)
//! takes a part of them, and of the other long work, so that several processes or machines can
//! share it, and `M2V_IDS_ONLY` (`NFKC, Bert`) those combinations that have this in their names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/charsmap.rs"]
mod charsmap;
mod combinations;
mod corpora;
mod index;
mod long_runs;
#[path = "../support/oracle.rs"]
mod oracle;
mod random;
mod refusals;
mod scalars;
mod scores;
mod separators;
mod shards;
mod table;
mod texts;
mod ties;
mod truncation;
mod unigram;
mod words;
