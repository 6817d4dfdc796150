//! The added tokens of a file, ready to be matched.

use super::file::spec::Spec;
use super::refusals::{NotCovered, check_lengths, not_covered};
use super::text::added::{AddedToken, is_whitespace};
use super::text::normalizers;

/// The added tokens of a file, ready to be matched.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct AddedTokens {
    /// Those looked for in the text as it is.
    pub(in crate::tokenize) raw: Vec<AddedToken>,
    /// Those looked for in the normalized text.
    pub(in crate::tokenize) normalized: Vec<AddedToken>,
    /// Lengths in code points of those that the model's vocabulary does not have.
    pub(in crate::tokenize) new_lengths: Vec<u32>,
    /// One more than their largest id.
    pub(in crate::tokenize) id_bound: u32,
    /// Every content with its id.
    pub(in crate::tokenize) ids: Vec<(String, u32)>,
}

/// Gathers the added tokens of a file whose model has `vocab_len` distinct tokens. `normalize`
/// appends a normalized form, and says whether it is whole.
pub(in crate::tokenize) fn added_tokens(
    spec: &Spec<'_>,
    vocab_len: usize,
    vocab_id: impl Fn(&str) -> Option<u32>,
    mut normalize: impl FnMut(&str, &mut String) -> bool,
) -> Result<AddedTokens, NotCovered> {
    let mut all = AddedTokens::default();
    let (mut contents, mut patterns) = (0, 0);
    for (token, id) in spec.added_tokens(vocab_len, &vocab_id) {
        if vocab_id(&token.content).is_none() {
            all.new_lengths.push(token.content.chars().count() as u32);
        }
        all.id_bound = all.id_bound.max(id.saturating_add(1));
        all.ids.push((token.content.clone().into_owned(), id));
        let mut pattern = String::new();
        if token.normalized {
            let fits = normalize(&token.content, &mut pattern);
            contents += token.content.len();
            patterns += pattern.len();
            check_growth(contents, patterns, !fits)?;
        } else {
            pattern.push_str(&token.content);
        }
        if pattern.is_empty() {
            return not_covered("added token that normalizes to nothing");
        }
        let (single_word, lstrip, rstrip) = (token.single_word, token.lstrip, token.rstrip);
        let list = if token.normalized { &mut all.normalized } else { &mut all.raw };
        list.push(AddedToken { pattern, id, single_word, lstrip, rstrip });
    }
    check_added(&all.raw, &all.normalized)?;
    Ok(all)
}

/// Added tokens for which the reference decides at random, or not at all, and very long ones.
pub(in crate::tokenize) fn check_added(
    raw: &[AddedToken],
    normalized: &[AddedToken],
) -> Result<(), NotCovered> {
    let all = || raw.iter().chain(normalized);
    let mut ids: Vec<u32> = all().map(|token| token.id).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return not_covered("added tokens that share an id");
    }
    let mut patterns: Vec<&str> = normalized.iter().map(|token| token.pattern.as_str()).collect();
    patterns.sort_unstable();
    if patterns.windows(2).any(|pair| pair[0] == pair[1]) {
        return not_covered("added tokens with the same normalized form");
    }
    check_lengths(all().map(|token| u32::try_from(token.pattern.len()).unwrap_or(u32::MAX)))?;
    // Stripped white space that is itself a token: the reference can be made to panic.
    let blank = |token: &AddedToken| token.pattern.chars().all(is_whitespace);
    if all().any(|token| token.lstrip && blank(token)) && all().any(|token| token.rstrip) {
        return not_covered("added token of white space only that strips white space");
    }
    Ok(())
}

/// Checks the length of the normalized forms of the added tokens seen so far, in bytes, against
/// that of these tokens.
pub(in crate::tokenize) fn check_growth(
    contents: usize,
    patterns: usize,
    grew: bool,
) -> Result<(), NotCovered> {
    let limit = normalizers::limit(contents);
    if grew || patterns > limit {
        return Err(NotCovered::Anywhere(format!(
            "its normalizer makes {contents} bytes of added tokens longer than the {limit} that \
             they may become"
        )));
    }
    Ok(())
}
