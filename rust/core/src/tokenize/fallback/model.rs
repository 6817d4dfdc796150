//! How long the models of the `tokenizers` crate take for a word: some look for what a word begins
//! with in a time that grows by more than the word does.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::backtracking::Budget;
use super::parts::Parts;
use crate::tokenize::models::unigram::check_pieces;

/// Letters of a word that WordPiece may look through: it tries all ends for each begin.
const SHORT_WORD: usize = 200;
/// Bytes that a piece may be followed for from each place of a text on.
const SHORT_PIECE: usize = 1024;
/// Comparing bytes is so many times as fast as a step of an expression.
const BYTES_FOR_A_STEP: usize = 4096;

/// A model whose words are watched.
pub(super) enum Model {
    /// Takes the cube of a word's length, up to so many characters.
    WordPiece(usize),
    /// Follows a piece as long as a text does, from each place on: the beginnings of those that are
    /// very long, and the longest one's length.
    Unigram(AhoCorasick, usize),
}

impl Model {
    /// What is to be watched of a model, if anything.
    pub(super) fn read(parts: &Parts<'_>) -> Result<Option<Self>, String> {
        if let Some(most) = parts.model::<usize>("max_input_chars_per_word") {
            return Ok((most > SHORT_WORD).then_some(Self::WordPiece(most)));
        }
        let Some(vocab) = parts.model::<Vec<(Cow<'_, str>, f64)>>("vocab") else {
            return Ok(None);
        };
        let pieces = || vocab.iter().map(|(piece, _)| piece.as_ref());
        check_pieces(pieces())?;
        let mut begins: Vec<&[u8]> =
            pieces().filter_map(|piece| piece.as_bytes().get(..SHORT_PIECE)).collect();
        let Some(longest) = pieces().map(str::len).max().filter(|_| !begins.is_empty()) else {
            return Ok(None);
        };
        begins.sort_unstable();
        begins.dedup();
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let begins = AhoCorasick::builder().kind(kind).build(begins);
        Ok(begins.ok().map(|begins| Self::Unigram(begins, longest)))
    }

    /// Takes what a word costs from a budget; none if that is too much.
    pub(super) fn spend(&self, word: &str, budget: &mut Budget) -> Option<()> {
        match self {
            Self::WordPiece(most) => {
                let characters = word.chars().count();
                if (SHORT_WORD + 1..=*most).contains(&characters) {
                    budget.spend(characters.saturating_pow(3) / BYTES_FOR_A_STEP)?;
                }
            }
            Self::Unigram(begins, longest) => {
                for _ in begins.try_find_overlapping_iter(word).ok()? {
                    budget.spend(*longest)?;
                }
            }
        }
        Some(())
    }
}
