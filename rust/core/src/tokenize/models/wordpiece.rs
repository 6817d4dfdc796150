//! WordPiece: greedy longest match of one word.

use serde::{Deserialize, Serialize};

use super::{Facts, Known, Word, Work};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::index::arrays::{ArraysIn, ArraysOut};
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::{check_lengths, not_covered};
use crate::tokenize::trie::{Node, Trie};

/// Vocabulary and settings of a WordPiece model, and what becomes of other words.
#[derive(Debug)]
pub(in crate::tokenize) struct WordPiece {
    pub(in crate::tokenize) pieces: Pieces,
    pub(in crate::tokenize) unk_id: Option<u32>,
}

impl WordPiece {
    pub(in crate::tokenize) fn read(spec: &Spec<'_>) -> Result<(Self, Facts), NotCovered> {
        let model = &spec.model;
        let (Some(unk_token), Some(prefix), Some(max_chars), Vocab::Ids(vocab)) = (
            model.unk_token.as_deref(),
            model.continuing_subword_prefix.as_deref(),
            model.max_input_chars_per_word,
            &model.vocab,
        ) else {
            return not_covered("WordPiece model with a setting missing");
        };

        let keys = sorted(vocab.iter().map(|(token, id)| (token.as_ref(), *id)));
        let lengths: Vec<u32> =
            keys.iter().map(|(token, _)| token.chars().count() as u32).collect();
        check_lengths(lengths.iter().copied())?;
        let id_bound = keys.iter().map(|&(_, id)| id.saturating_add(1)).max().unwrap_or(0);
        let pieces = Pieces::new(Trie::new(&keys), prefix, max_chars);
        let unk_id = pieces.id(unk_token);
        let known = Known::of(spec, lengths.len(), |token| pieces.id(token));
        Ok((Self { pieces, unk_id }, Facts { known, unk_id, lengths, id_bound }))
    }

    pub(super) fn may_fail(&self) -> bool {
        self.unk_id.is_none()
    }
}

impl Word for WordPiece {
    #[inline]
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        if self.pieces.tokenize(word, ids) == Outcome::Unknown {
            match self.unk_id {
                Some(id) => ids.push(id),
                None => work.failed = true,
            }
        }
    }
}

/// Tokens in order, each once: of a repeated one the last counts.
fn sorted<'a>(tokens: impl Iterator<Item = (&'a str, u32)>) -> Vec<(&'a str, u32)> {
    // Most are told apart by their first eight bytes, in one comparison of numbers. The order of
    // texts alone took 25 of the 83 million instructions of a load of 29,500 tokens; this takes 13.
    let mut tokens: Vec<(u64, &str, u32)> =
        tokens.map(|(token, id)| (beginning(token), token, id)).collect();
    if !tokens.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)) {
        // Stable, so that of a repeated one the last stays last.
        tokens.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        tokens.reverse();
        tokens.dedup_by(|a, b| a.1 == b.1);
        tokens.reverse();
    }
    tokens.into_iter().map(|(_, token, id)| (token, id)).collect()
}

/// A number that is in no other order than the tokens: equal ones may still differ.
fn beginning(token: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = token.len().min(8);
    bytes[..length].copy_from_slice(&token.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}

/// What a word becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Outcome {
    /// Its pieces were appended.
    Pieces,
    /// One unknown id; nothing was appended.
    Unknown,
}

/// Vocabulary and settings of a WordPiece model.
#[derive(Debug)]
pub(in crate::tokenize) struct Pieces {
    trie: Trie,
    settings: Settings,
    /// Where pieces within a word begin; none if no token has the prefix.
    continuation: Option<Node>,
}

/// What a model says beside its vocabulary.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::tokenize) struct Settings {
    continuing_prefix: String,
    max_chars: usize,
}

impl Pieces {
    pub(in crate::tokenize) fn new(trie: Trie, continuing_prefix: &str, max_chars: usize) -> Self {
        Self::of(trie, Settings { continuing_prefix: continuing_prefix.to_owned(), max_chars })
    }

    fn of(trie: Trie, settings: Settings) -> Self {
        let continuation = trie.descend(Trie::ROOT, settings.continuing_prefix.as_bytes());
        Self { trie, settings, continuation }
    }

    pub(in crate::tokenize) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) -> Settings {
        self.trie.store(arrays);
        self.settings.clone()
    }

    /// The pieces of an index, with ids below `id_bound`; `None` if they cannot be such.
    pub(in crate::tokenize) fn load(
        settings: Settings,
        id_bound: u32,
        arrays: &mut ArraysIn<'_>,
    ) -> Option<Self> {
        Some(Self::of(Trie::load(arrays, id_bound)?, settings))
    }

    /// The id of a token of the model's vocabulary.
    pub(in crate::tokenize) fn id(&self, token: &str) -> Option<u32> {
        self.trie.get(token.as_bytes())
    }

    /// Appends the ids of one normalized pre-token, in UTF-8. Linear in its length times the longest token.
    pub(in crate::tokenize) fn tokenize(&self, word: &[u8], ids: &mut Vec<u32>) -> Outcome {
        let max_chars = self.settings.max_chars;
        if word.len() > max_chars && characters(word) > max_chars {
            return Outcome::Unknown;
        }
        let before = ids.len();
        let mut rest = word;
        let mut node = Some(Trie::ROOT);
        while !rest.is_empty() {
            // Tokens and words are both UTF-8, so a match cannot end within a character.
            let Some((len, id)) = node.and_then(|node| self.trie.longest(node, rest)) else {
                ids.truncate(before);
                return Outcome::Unknown;
            };
            ids.push(id);
            rest = &rest[len..];
            node = self.continuation;
        }
        Outcome::Pieces
    }
}

/// How many characters the UTF-8 has.
fn characters(utf8: &[u8]) -> usize {
    utf8.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(tokens: &[&str], prefix: &str, max_chars: usize) -> Pieces {
        let mut keys: Vec<_> = tokens.iter().copied().zip(0..).collect();
        keys.sort_unstable();
        Pieces::new(Trie::new(&keys), prefix, max_chars)
    }

    fn ids(pieces: &Pieces, word: &str) -> Option<Vec<u32>> {
        let mut ids = vec![99];
        match pieces.tokenize(word.as_bytes(), &mut ids) {
            Outcome::Pieces => Some(ids[1..].to_vec()),
            Outcome::Unknown => {
                assert_eq!(ids, [99]);
                None
            }
        }
    }

    #[test]
    fn tokens_are_sorted_as_texts_are() {
        let parts = ["", "\0", "a", "ab", "é", "abcdefg", "abcdefgh", "\u{10ffff}"];
        let mut tokens: Vec<String> = Vec::new();
        for first in parts {
            for second in parts {
                tokens.extend(parts.map(|third| format!("{first}{second}{third}")));
            }
        }
        let found = sorted(tokens.iter().map(String::as_str).zip(0..));
        // Of a repeated one the last.
        let expected: std::collections::BTreeMap<&str, u32> =
            tokens.iter().map(String::as_str).zip(0..).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        assert_eq!(sorted(found.iter().copied()), found, "in order already");
    }

    #[test]
    fn greedy_and_all_or_nothing() {
        let pieces = pieces(&["un", "##aff", "##able", "a", "##a", "unaf", "##", "é"], "##", 10);
        assert_eq!(ids(&pieces, "unaffable"), None, "unaf, then nothing: greed does not go back");
        assert_eq!(ids(&pieces, "unable"), Some(vec![0, 2]));
        assert_eq!(ids(&pieces, "aaa"), Some(vec![3, 4, 4]));
        assert_eq!(ids(&pieces, "ab"), None);
        assert_eq!(ids(&pieces, "éé"), None);
        assert_eq!(ids(&pieces, "aaaaaaaaaaa"), None, "eleven characters");
        assert_eq!(ids(&pieces, "##a"), Some(vec![4]));
    }

    #[test]
    fn no_prefix() {
        let pieces = pieces(&["a", "ab", "é"], "", 3);
        assert_eq!(ids(&pieces, "aba"), Some(vec![1, 0]));
        assert_eq!(ids(&pieces, "ééé"), Some(vec![2, 2, 2]));
    }

    #[test]
    fn prefix_that_no_token_has() {
        let pieces = pieces(&["a", "ab"], "@@", 3);
        assert_eq!(ids(&pieces, "ab"), Some(vec![1]));
        assert_eq!(ids(&pieces, "aa"), None);
    }
}
