//! How long a normalizer may make a text: what a step would make of it is known before the step
//! is taken.

use memchr::memmem;
use serde::Deserialize;
use tokenizers::normalizers::NormalizerWrapper;

use super::backtracking::{Budget, Regex};
use crate::tokenize::text::normalizers::{Pattern, Replace, longest_replacement};

/// What a step may add.
pub(super) enum Growth {
    /// At most this many bytes for one.
    Times(usize),
    /// So many bytes at the start.
    Once(usize),
    /// For every occurrence of the first the second; of nothing, around each character.
    String(String, String),
    Regex(Regex, String),
}

impl Growth {
    /// What a normalizer may add; none if it does nothing.
    pub(super) fn of(normalizer: &NormalizerWrapper) -> Option<Self> {
        Some(match normalizer {
            NormalizerWrapper::Replace(replace) => {
                // Its fields are its own, but it writes them.
                let json = serde_json::to_string(replace).ok()?;
                match serde_json::from_str::<Replace>(&json).ok()? {
                    Replace { pattern: Pattern::String(pattern), content } => {
                        Self::String(pattern, content)
                    }
                    Replace { pattern: Pattern::Regex(regex), content } => {
                        Self::Regex(Regex::new(&regex)?, content)
                    }
                }
            }
            NormalizerWrapper::Prepend(step) => Self::Once(step.prepend.len()),
            NormalizerWrapper::Precompiled(map) => {
                #[derive(Deserialize)]
                struct Map {
                    precompiled_charsmap: String,
                }
                let json = serde_json::to_string(map).ok()?;
                let map: Map = serde_json::from_str(&json).ok()?;
                Self::Times(longest_replacement(&map.precompiled_charsmap).ok()??)
            }
            NormalizerWrapper::ByteLevel(_) => Self::Times(2),
            NormalizerWrapper::BertNormalizer(_) | NormalizerWrapper::Lowercase(_) => {
                Self::Times(3)
            }
            NormalizerWrapper::NFC(_)
            | NormalizerWrapper::NFD(_)
            | NormalizerWrapper::NFKC(_)
            | NormalizerWrapper::NFKD(_) => Self::Times(12),
            _ => Self::Times(1),
        })
    }

    /// How many times as long any text may become.
    pub(super) fn most(&self) -> usize {
        match self {
            Self::Times(times) => (*times).max(1),
            Self::Once(_) => 1,
            Self::String(pattern, content) if !pattern.is_empty() => {
                (content.len().div_ceil(pattern.len())).max(1)
            }
            Self::String(_, content) | Self::Regex(_, content) => content.len() + 1,
        }
    }

    /// Bytes that it adds whatever the text.
    pub(super) fn once(&self) -> usize {
        if let Self::Once(bytes) = self { *bytes } else { 0 }
    }

    /// How long this text becomes at the most; none if to find that out takes too many steps.
    pub(super) fn in_text(&self, text: &str, budget: &mut Budget) -> Option<usize> {
        let added = match self {
            Self::Times(times) => return Some(text.len().saturating_mul(*times)),
            Self::Once(bytes) => *bytes,
            Self::String(pattern, content) if pattern.is_empty() => {
                (text.chars().count() + 1).saturating_mul(content.len())
            }
            Self::String(pattern, content) => {
                memmem::find_iter(text.as_bytes(), pattern).count().saturating_mul(content.len())
            }
            Self::Regex(regex, content) => regex.count(text, budget)?.saturating_mul(content.len()),
        };
        Some(text.len().saturating_add(added))
    }
}
