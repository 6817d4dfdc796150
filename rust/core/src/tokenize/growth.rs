//! Whether a text may be handed to the `tokenizers` crate: its normalizers make any text as long
//! as a file asks for, and ask for the memory first.
//!
//! Few chains can make a text longer than [`limit`] allows, whatever it says. Of these each text is
//! normalized once before, one step after the other, and what a step would make of it is known
//! before the step is taken: nothing here grows beyond a small multiple of the limit.

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::utils::SysRegex;
use tokenizers::{NormalizedString, Normalizer};

use super::nested::{Kind, Leaf, leaves};
use super::normalizers::{Pattern, Replace, limit, longest_replacement};

/// Chains that make no text longer than this many times need not be watched.
const HARMLESS: usize = 256;

/// What a step may add.
enum Growth {
    /// At most this many bytes for one.
    Times(usize),
    /// So many bytes at the start.
    Once(usize),
    /// For every occurrence of the first the second; of nothing, around each character.
    String(String, String),
    Regex(SysRegex, String),
}

impl Growth {
    /// How many times as long any text may become.
    fn most(&self) -> usize {
        match self {
            Self::Times(times) => (*times).max(1),
            Self::Once(_) => 1,
            Self::String(pattern, content) if !pattern.is_empty() => {
                (content.len().div_ceil(pattern.len())).max(1)
            }
            Self::String(_, content) | Self::Regex(_, content) => content.len() + 1,
        }
    }

    /// How long this text becomes at the most.
    fn of(&self, text: &str) -> usize {
        let added = match self {
            Self::Times(times) => return text.len().saturating_mul(*times),
            Self::Once(bytes) => *bytes,
            Self::String(pattern, content) if pattern.is_empty() => {
                (text.chars().count() + 1).saturating_mul(content.len())
            }
            Self::String(pattern, content) => {
                memmem::find_iter(text.as_bytes(), pattern).count().saturating_mul(content.len())
            }
            Self::Regex(regex, content) => {
                regex.find_iter(text).count().saturating_mul(content.len())
            }
        };
        text.len().saturating_add(added)
    }
}

struct Step {
    growth: Growth,
    normalizer: NormalizerWrapper,
}

/// The normalizers of a file, if they can make a text too long.
pub(super) struct Growing(Vec<Step>);

#[derive(Deserialize)]
struct Normalizing<'a> {
    #[serde(borrow, default)]
    normalizer: Option<&'a RawValue>,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
    normalized: bool,
}

impl Growing {
    /// Checks a whole file before the crate reads it: its tables, and what its normalizers make of
    /// its added tokens.
    pub(super) fn check(json: &[u8]) -> Result<Option<Self>, String> {
        // What cannot be read the crate refuses itself.
        let Ok(file) = serde_json::from_slice::<Normalizing<'_>>(json) else { return Ok(None) };
        let Ok(leaves) = leaves(Kind::Normalizer, file.normalizer) else { return Ok(None) };
        let mut steps = Vec::with_capacity(leaves.len());
        let mut most = 1_usize;
        for leaf in leaves {
            let Some(growth) = growth(&leaf)? else { continue };
            most = most.saturating_mul(growth.most());
            let Ok(normalizer) = serde_json::from_str(leaf.json.get()) else { return Ok(None) };
            steps.push(Step { growth, normalizer });
        }
        let added: usize = steps.iter().map(|step| step.growth.once()).sum();
        if most.saturating_mul(added.max(1)) <= HARMLESS {
            return Ok(None);
        }
        let growing = Self(steps);
        let mut left = limit(file.added_tokens.iter().map(|token| token.content.len()).sum());
        for token in file.added_tokens.iter().filter(|token| token.normalized) {
            left = growing.length(&token.content, left).ok_or_else(|| {
                format!("its normalizer makes the added token {:.40?} too long", token.content)
            })?;
        }
        Ok(Some(growing))
    }

    /// Whether a text may be normalized.
    pub(super) fn allows(&self, text: &str) -> bool {
        self.length(text, limit(text.len())).is_some()
    }

    /// What is left of this many bytes; none if the normalized text is longer.
    fn length(&self, text: &str, room: usize) -> Option<usize> {
        let mut normalized = NormalizedString::from(text);
        for Step { growth, normalizer } in &self.0 {
            // Three more times, since what one step adds the next may take away.
            if growth.of(normalized.get()) > room.saturating_mul(4) {
                return None;
            }
            // A failing normalizer leaves the text as it is, in the crate as well.
            let _ = normalizer.normalize(&mut normalized);
        }
        room.checked_sub(normalized.get().len())
    }
}

impl Growth {
    fn once(&self) -> usize {
        if let Self::Once(bytes) = self { *bytes } else { 0 }
    }
}

/// What a normalizer may add; none if it adds nothing.
fn growth(leaf: &Leaf<'_>) -> Result<Option<Growth>, String> {
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
                Some(Growth::String(pattern, content))
            }
            Ok(Replace { pattern: Pattern::Regex(regex), content }) => {
                SysRegex::new(&regex).ok().map(|regex| Growth::Regex(regex, content))
            }
            Err(_) => None,
        },
        "Prepend" => {
            serde_json::from_str::<Prepend>(json).ok().map(|step| Growth::Once(step.prepend.len()))
        }
        "Precompiled" => match serde_json::from_str::<Map>(json) {
            Ok(map) => longest_replacement(&map.precompiled_charsmap)?.map(Growth::Times),
            Err(_) => None,
        },
        "ByteLevel" => Some(Growth::Times(2)),
        "BertNormalizer" | "Bert" | "Lowercase" => Some(Growth::Times(3)),
        "NFC" | "NFD" | "NFKC" | "NFKD" => Some(Growth::Times(12)),
        _ => Some(Growth::Times(1)),
    })
}
