//! Whether a text may be handed to the `tokenizers` crate: its normalizers make any text as long
//! as a file asks for, and ask for the memory first; its expressions search for as long as they
//! take, and so do some models.
//!
//! Few files can do either. Of these each text is normalized once before, one step after the other,
//! and what a step would make of it is known before the step is taken: nothing here grows beyond a
//! small multiple of [`limit`]. Then it is cut up to the last expression that cuts, or into words
//! where those are watched.

use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
};

use super::backtracking::{Budget, Regex};
use super::growth::Growth;
use super::model::Model;
use super::parts::{Added, Parts};
use crate::tokenize::text::normalizers::limit;

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

/// Refuses added tokens of which the normalizers leave nothing, if they are not alone. With an empty
/// pattern beside others the crate (daachorse 3.0.3) finds matches without end, and keeps them all,
/// in every text that ends with the beginning of one of the others.
fn check_vanishing(chain: &[NormalizerWrapper], added: &[Added]) -> Result<(), String> {
    let normalized = || added.iter().filter(|token| token.normalized && !token.content.is_empty());
    if normalized().count() < 2 {
        return Ok(());
    }
    for token in normalized() {
        let mut text = NormalizedString::from(token.content.as_str());
        // What fails here fails in the crate, which says so.
        let done = chain.iter().all(|normalizer| normalizer.normalize(&mut text).is_ok());
        if done && text.get().is_empty() {
            return Err(format!(
                "its normalizer leaves nothing of the added token {:.40?}, which cannot be looked for \
                 beside others",
                token.content
            ));
        }
    }
    Ok(())
}

/// The normalizers of a file, its pre-tokenizers up to the last with an expression, and its model.
/// With a model, all of its pre-tokenizers.
pub(super) struct Watch {
    normalizers: Vec<Step>,
    pre_tokenizers: Vec<Cut>,
    model: Option<Model>,
}

impl Watch {
    /// Checks a whole file before the crate reads it: its tables, and what its normalizers make of
    /// its added tokens. Gives what has to be watched, if anything.
    pub(super) fn check(parts: &Parts<'_>) -> Result<Option<Self>, String> {
        // What cannot be read the crate refuses itself.
        parts.check_tables()?;
        let (Some(normalizers), Some(pre_tokenizers), Some(added)) =
            (parts.normalizers(), parts.pre_tokenizers(), parts.added_tokens())
        else {
            return Ok(None);
        };
        let chain = normalizers.clone();
        let step = |normalizer| {
            let growth = Growth::of(&normalizer)?;
            Some(Step { growth, normalizer })
        };
        let normalizers = normalizers.into_iter().filter_map(step).collect();
        let model = Model::read(parts)?;
        let pre_tokenizers = cuts(pre_tokenizers, model.is_some());
        let watch = Self { normalizers, pre_tokenizers, model };
        if watch.is_harmless() {
            return check_vanishing(&chain, &added).map(|()| None);
        }
        let mut left = limit(added.iter().map(|token| token.content.len()).sum());
        for token in added.iter().filter(|token| token.normalized) {
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
        check_vanishing(&chain, &added)?;
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
            let grown = growth.in_text(normalized.get(), budget).ok_or(Refusal::Slower)?;
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

/// All pre-tokenizers, or those up to the last with an expression.
fn cuts(pre_tokenizers: Vec<PreTokenizerWrapper>, all: bool) -> Vec<Cut> {
    let cut = |pre_tokenizer| Cut { regex: expression(&pre_tokenizer), pre_tokenizer };
    let mut cuts: Vec<Cut> = pre_tokenizers.into_iter().map(cut).collect();
    if !all {
        let watched = cuts.iter().rposition(|cut| cut.regex.is_some()).map_or(0, |last| last + 1);
        cuts.truncate(watched);
    }
    cuts
}

/// What a `Split` searches for. The expression of ByteLevel is the crate's own, and takes a step
/// back or two.
fn expression(pre_tokenizer: &PreTokenizerWrapper) -> Option<Regex> {
    match pre_tokenizer {
        PreTokenizerWrapper::Split(Split { pattern: SplitPattern::Regex(pattern), .. }) => {
            Regex::new(pattern)
        }
        _ => None,
    }
}
