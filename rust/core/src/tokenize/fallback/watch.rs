//! Whether a text may be handed to the `tokenizers` crate: its normalizers make any text as long
//! as a file asks for, and ask for the memory first; its expressions search for as long as they
//! take, and so do some models.
//!
//! Few files can do either. Of these each text is normalized once before, one step after the other,
//! and what a step would make of it is known before the step is taken: nothing here grows beyond a
//! small multiple of [`limit`]. Then it is cut up to the last expression that cuts, or into words
//! where those are watched.

use serde::Deserialize;
use serde_json::value::RawValue;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

use super::super::nested::{Kind, Leaf, leaves};
use super::super::normalizers::{Pattern, limit};
use super::backtracking::{Budget, Regex};
use super::growth::Growth;
use super::model::Model;

/// Chains that make no text longer than this many times need not be watched.
const HARMLESS: usize = 256;

/// Why a text is not handed on.
pub(super) enum Refusal {
    /// Its normalized form would be too long.
    Longer,
    /// An expression or the model would take too many steps.
    Slower,
}

struct Step {
    growth: Growth,
    normalizer: NormalizerWrapper,
}

/// A pre-tokenizer, and the expression that it searches for, if it does.
struct Cut {
    regex: Option<Regex>,
    pre_tokenizer: PreTokenizerWrapper,
}

/// The normalizers of a file, its pre-tokenizers up to the last with an expression, and its model.
/// With a model, all of its pre-tokenizers.
pub(super) struct Watch {
    normalizers: Vec<Step>,
    pre_tokenizers: Vec<Cut>,
    model: Option<Model>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow, default)]
    normalizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pre_tokenizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
    normalized: bool,
}

impl Watch {
    /// Checks a whole file before the crate reads it: its tables, and what its normalizers make of
    /// its added tokens. Gives what has to be watched, if anything.
    pub(super) fn check(json: &[u8]) -> Result<Option<Self>, String> {
        // What cannot be read the crate refuses itself.
        let Ok(file) = serde_json::from_slice::<File<'_>>(json) else { return Ok(None) };
        let Ok(leaves) = leaves(Kind::Normalizer, file.normalizer) else { return Ok(None) };
        let mut normalizers = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let Some(growth) = Growth::read(&leaf)? else { continue };
            let Ok(normalizer) = serde_json::from_str(leaf.json.get()) else { return Ok(None) };
            normalizers.push(Step { growth, normalizer });
        }
        let model = Model::read(file.model)?;
        let Some(pre_tokenizers) = cuts(file.pre_tokenizer, model.is_some()) else {
            return Ok(None);
        };
        let watch = Self { normalizers, pre_tokenizers, model };
        if watch.is_harmless() {
            return Ok(None);
        }
        let mut left = limit(file.added_tokens.iter().map(|token| token.content.len()).sum());
        for token in file.added_tokens.iter().filter(|token| token.normalized) {
            let normalized =
                watch.normalized(&token.content, left, &mut Budget::of(&token.content));
            left = match normalized {
                Ok(text) => left.saturating_sub(text.get().len()),
                Err(_) => {
                    return Err(format!(
                        "its normalizer makes the added token {:.40?} too long",
                        token.content
                    ));
                }
            };
        }
        Ok(Some(watch))
    }

    fn is_harmless(&self) -> bool {
        let growths = || self.normalizers.iter().map(|step| &step.growth);
        let most = growths().fold(1_usize, |most, growth| most.saturating_mul(growth.most()));
        let once: usize = growths().map(Growth::once).sum();
        most.saturating_mul(once.max(1)) <= HARMLESS
            && self.pre_tokenizers.is_empty()
            && self.model.is_none()
            && !growths().any(|growth| matches!(growth, Growth::Regex(..)))
    }

    /// Whether a text may be encoded.
    pub(super) fn allows(&self, text: &str) -> Result<(), Refusal> {
        let mut budget = Budget::of(text);
        let normalized = self.normalized(text, limit(text.len()), &mut budget)?;
        let mut pieces = PreTokenizedString::from(normalized);
        let last = self.pre_tokenizers.len().saturating_sub(usize::from(self.model.is_none()));
        for (number, Cut { regex, pre_tokenizer }) in self.pre_tokenizers.iter().enumerate() {
            if let Some(regex) = regex {
                for piece in words(&pieces) {
                    regex.count(piece, &mut budget).ok_or(Refusal::Slower)?;
                }
            }
            // A failing one fails in the crate. What the last one makes only the model asks for.
            if number < last && pre_tokenizer.pre_tokenize(&mut pieces).is_err() {
                return Ok(());
            }
        }
        if let Some(model) = &self.model {
            for word in words(&pieces) {
                model.spend(word, &mut budget).ok_or(Refusal::Slower)?;
            }
        }
        Ok(())
    }

    /// A text after all normalizers, which is no longer than this.
    fn normalized(
        &self,
        text: &str,
        room: usize,
        budget: &mut Budget,
    ) -> Result<NormalizedString, Refusal> {
        let mut normalized = NormalizedString::from(text);
        for Step { growth, normalizer } in &self.normalizers {
            let grown = growth.of(normalized.get(), budget).ok_or(Refusal::Slower)?;
            // Three more times, since what one step adds the next may take away.
            if grown > room.saturating_mul(4) {
                return Err(Refusal::Longer);
            }
            // A failing normalizer leaves the text as it is, in the crate as well.
            let _ = normalizer.normalize(&mut normalized);
        }
        if normalized.get().len() > room { Err(Refusal::Longer) } else { Ok(normalized) }
    }
}

fn words(pieces: &PreTokenizedString) -> impl Iterator<Item = &str> {
    let splits = pieces.get_splits(OffsetReferential::Normalized, OffsetType::None);
    splits.into_iter().map(|(word, _, _)| word)
}

/// All pre-tokenizers, or those up to the last with an expression; none if the crate cannot read
/// them.
fn cuts(json: Option<&RawValue>, all: bool) -> Option<Vec<Cut>> {
    let mut cuts = Vec::new();
    let mut watched = 0;
    for leaf in leaves(Kind::PreTokenizer, json).ok()? {
        let pre_tokenizer = serde_json::from_str(leaf.json.get()).ok()?;
        let regex = expression(&leaf);
        cuts.push(Cut { regex, pre_tokenizer });
        if all || cuts.last().is_some_and(|cut| cut.regex.is_some()) {
            watched = cuts.len();
        }
    }
    cuts.truncate(watched);
    Some(cuts)
}

/// Groups in a group, or repetitions of repetitions, that any thread has room for.
const DEEP: usize = 200;

/// Whether an expression of the file takes a deep stack to be read.
pub(super) fn nests_deeply(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Searching {
        pattern: Pattern,
    }
    let Ok(file) = serde_json::from_slice::<File<'_>>(json) else { return false };
    let parts = [(Kind::Normalizer, file.normalizer), (Kind::PreTokenizer, file.pre_tokenizer)];
    parts.into_iter().flat_map(|(kind, part)| leaves(kind, part).unwrap_or_default()).any(|leaf| {
        match serde_json::from_str::<Searching>(leaf.json.get()) {
            // Of those in classes, escaped or in a row there are hardly ever so many.
            Ok(Searching { pattern: Pattern::Regex(pattern) }) => {
                pattern.bytes().filter(|byte| b"([{*+?|".contains(byte)).count() > DEEP
            }
            _ => false,
        }
    })
}

/// What a `Split` searches for. The expression of ByteLevel is the crate's own, and takes a step
/// back or two.
fn expression(leaf: &Leaf<'_>) -> Option<Regex> {
    #[derive(Deserialize)]
    struct Split {
        pattern: Pattern,
    }
    if leaf.kind != "Split" {
        return None;
    }
    match serde_json::from_str::<Split>(leaf.json.get()).ok()?.pattern {
        Pattern::Regex(pattern) => Regex::new(&pattern),
        Pattern::String(_) => None,
    }
}
