//! How long a normalizer may make a text: what a step would make of it is known before the step
//! is taken.

use memchr::memmem;
use serde::Deserialize;

use super::super::nested::Leaf;
use super::super::normalizers::{Pattern, Replace, longest_replacement};
use super::backtracking::{Budget, Regex};

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
    /// What a normalizer may add; none if the crate cannot read it.
    pub(super) fn read(leaf: &Leaf<'_>) -> Result<Option<Self>, String> {
        #[derive(Deserialize)]
        struct Prepend {
            prepend: String,
        }
        #[derive(Deserialize)]
        struct Map {
            precompiled_charsmap: String,
        }
        let json = leaf.json.get();
        Ok(match leaf.kind {
            "Replace" => match serde_json::from_str::<Replace>(json) {
                Ok(Replace { pattern: Pattern::String(pattern), content }) => {
                    Some(Self::String(pattern, content))
                }
                Ok(Replace { pattern: Pattern::Regex(regex), content }) => {
                    Regex::new(&regex).map(|regex| Self::Regex(regex, content))
                }
                Err(_) => None,
            },
            "Prepend" => serde_json::from_str::<Prepend>(json)
                .ok()
                .map(|step| Self::Once(step.prepend.len())),
            "Precompiled" => match serde_json::from_str::<Map>(json) {
                Ok(map) => longest_replacement(&map.precompiled_charsmap)?.map(Self::Times),
                Err(_) => None,
            },
            "ByteLevel" => Some(Self::Times(2)),
            "BertNormalizer" | "Bert" | "Lowercase" => Some(Self::Times(3)),
            "NFC" | "NFD" | "NFKC" | "NFKD" => Some(Self::Times(12)),
            _ => Some(Self::Times(1)),
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
    pub(super) fn of(&self, text: &str, budget: &mut Budget) -> Option<usize> {
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
