//! Whether a tokenizer.json is one that this engine covers, and its parts if so.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::build;
use super::model::Model;
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::file::parts::{
    LONGEST_TOKEN, check_added, check_growth, check_lengths, check_post_processor, not_covered,
    parse,
};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::sentences::line::Replacement;
use crate::tokenize::text::added::{AddedToken, Matcher};
use crate::tokenize::text::normalizers::{Buffers, Normalizer};
use crate::tokenize::{NotCovered, Vocabulary};

/// When Metaspace puts its mark before a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub(super) enum Prepend {
    #[default]
    Always,
    First,
    Never,
}

/// The pre-tokenizer: Metaspace, alone or after WhitespaceSplit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cutting {
    pub(super) whitespace: bool,
    pub(super) replacement: char,
    pub(super) prepend: Prepend,
    pub(super) split: bool,
}

/// Everything the engine needs from the file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) normalizer: Normalizer,
    pub(super) cutting: Cutting,
    pub(super) replacement: Replacement,
    pub(super) model: Model,
    pub(super) raw: Option<Matcher>,
    pub(super) normalized: Option<Matcher>,
}

/// What added tokens need to know of the vocabulary: the number of its entries, and the ids of
/// those of them that are in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Known {
    len: usize,
    ids: BTreeMap<String, u32>,
}

/// Characters of the longest piece that the reference can give back on any thread.
const LONGEST_PIECE: usize = 4096;

/// Refuses pieces that the reference does not survive either: its trie calls itself for each
/// character of a piece when it is given back, and ends the process at two million of them.
pub(in crate::tokenize) fn check_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a str>,
) -> Result<(), String> {
    let long = pieces.into_iter().filter(|piece| piece.len() > LONGEST_PIECE);
    match long.map(|piece| piece.chars().count()).max() {
        Some(length) if length > LONGEST_PIECE => {
            Err(format!("a piece of {length} characters: none may be longer than {LONGEST_PIECE}"))
        }
        _ => Ok(()),
    }
}

impl Plan {
    /// Reads a whole file.
    pub(super) fn new(spec: &Spec<'_>) -> Result<(Self, Vocabulary, Known), NotCovered> {
        let kind = spec.model.kind.as_deref();
        if kind != Some("Unigram") {
            return not_covered(format!("model of type {}", kind.unwrap_or("unknown")));
        }
        let Vocab::Scores(vocab) = &spec.model.vocab else {
            return not_covered("Unigram model without a list of pieces");
        };
        let unk_id = match spec.model.unk_id {
            Some(id) if id < vocab.len() => id,
            // The reference fails, but only on texts that need one.
            _ => return not_covered("Unigram model without an unknown piece"),
        };
        let byte_fallback = match spec.model.byte_fallback {
            None => false,
            Some(Some(byte_fallback)) => byte_fallback,
            Some(None) => return not_covered("Unigram model whose byte_fallback is null"),
        };
        let known = known(spec, vocab);
        let mut lengths = Vec::new();
        let (plan, new) = Self::assemble(spec, &known, |cutting| {
            let pieces = || vocab.iter().map(|(piece, _)| piece.as_ref());
            check_pieces(pieces()).map_err(NotCovered::Anywhere)?;
            let long = pieces().filter(|piece| piece.len() > LONGEST_TOKEN);
            check_lengths(long.map(|piece| piece.chars().count() as u32))?;
            let (model, all) = build::model(vocab, unk_id, byte_fallback, cutting.replacement)?;
            lengths = all;
            Ok(model)
        })?;
        let mut id_bound = vocab.len() as u32;
        for (id, length) in new {
            id_bound = id_bound.max(id.saturating_add(1));
            lengths.push(length);
        }
        let vocabulary = Vocabulary::new(lengths, id_bound, Some(plan.model.unk_id));
        Ok((plan, vocabulary, known))
    }

    /// Puts together all but the model, and then `model`. Also returns the ids and lengths of
    /// tokens that are not in the vocabulary.
    pub(super) fn assemble(
        spec: &Spec<'_>,
        known: &Known,
        model: impl FnOnce(Cutting) -> Result<Model, NotCovered>,
    ) -> Result<(Self, Vec<(u32, u32)>), NotCovered> {
        if spec.version.as_deref().is_some_and(|version| version != "1.0") {
            return not_covered("tokenizer.json of another version than 1.0");
        }
        check_post_processor(spec.post_processor)?;
        let normalizer = Normalizer::plan(spec.normalizer)?;
        let cutting = cutting(spec.pre_tokenizer)?;
        let (raw, normalized, new) = added(spec, known, &normalizer)?;
        if cutting.prepend == Prepend::First
            && (normalizer.trims()
                || (!normalizer.is_identity() && (!normalized.is_empty() || cutting.whitespace)))
        {
            // Whether a piece counts as first depends on where its first character came from: the
            // acute accent becomes a space and a mark, of which the mark is first as well.
            return not_covered("prepend_scheme first after a normalizer that moves the start");
        }
        let plan = Self {
            normalizer,
            cutting,
            replacement: Replacement::new(cutting.replacement),
            model: model(cutting)?,
            raw: Matcher::new(raw),
            normalized: Matcher::new(normalized),
        };
        Ok((plan, new))
    }
}

/// Looks up the added tokens.
fn known(spec: &Spec<'_>, vocab: &[(Cow<'_, str>, f64)]) -> Known {
    let wanted: HashSet<&str> =
        spec.added_tokens.iter().map(|token| token.content.as_ref()).collect();
    // Nearly all pieces are told by their first byte and length not to be wanted.
    let mut shapes = [0_u64; 256];
    let shape = |text: &str| (text.bytes().next().map(usize::from), 1_u64 << (text.len() % 64));
    for text in &wanted {
        if let (Some(first), length) = shape(text) {
            shapes[first] |= length;
        }
    }
    let mut known = Known { len: vocab.len(), ..Known::default() };
    for (id, (piece, _)) in (0..).zip(vocab) {
        if let (Some(first), length) = shape(piece)
            && shapes[first] & length != 0
            && wanted.contains(piece.as_ref())
        {
            // Of a piece that occurs twice the last one counts.
            known.ids.insert(piece.clone().into_owned(), id);
        }
    }
    known
}

/// Tokens to be found in the raw text, and in the normalized; ids and lengths of those that are
/// not in the vocabulary.
type Added = (Vec<AddedToken>, Vec<AddedToken>, Vec<(u32, u32)>);

fn added(spec: &Spec<'_>, known: &Known, normalizer: &Normalizer) -> Result<Added, NotCovered> {
    let (mut raw, mut normalized, mut new) = (Vec::new(), Vec::new(), Vec::new());
    let mut buffers = Buffers::default();
    let (mut contents, mut patterns) = (0, 0);
    for (token, id) in spec.added_tokens(known.len, |content| known.ids.get(content).copied()) {
        if !known.ids.contains_key(token.content.as_ref()) {
            new.push((id, token.content.chars().count() as u32));
        }
        let pattern = if token.normalized {
            let pattern = normalizer.normalize(&token.content, &mut buffers).to_owned();
            contents += token.content.len();
            patterns += pattern.len();
            check_growth(contents, patterns, buffers.take_overflow())?;
            pattern
        } else {
            token.content.clone().into_owned()
        };
        if pattern.is_empty() {
            return not_covered("added token that normalizes to nothing");
        }
        let (single_word, lstrip, rstrip) = (token.single_word, token.lstrip, token.rstrip);
        let list = if token.normalized { &mut normalized } else { &mut raw };
        list.push(AddedToken { pattern, id, single_word, lstrip, rstrip });
    }
    check_added(&raw, &normalized)?;
    Ok((raw, normalized, new))
}

/// Reads a pre-tokenizer: Metaspace, or WhitespaceSplit and then Metaspace.
fn cutting(json: Option<&RawValue>) -> Result<Cutting, NotCovered> {
    let parts = leaves(Kind::PreTokenizer, json)?;
    let (whitespace, last) = match parts.as_slice() {
        [last] => (false, last),
        [Leaf { kind: "WhitespaceSplit", .. }, last] => (true, last),
        [first, ..] => return not_covered(format!("pre_tokenizer of type {}", first.kind)),
        [] => return not_covered("no pre_tokenizer"),
    };
    match last.kind {
        "Metaspace" => metaspace(last.json, whitespace),
        other => not_covered(format!("pre_tokenizer of type {other}")),
    }
}

fn metaspace(json: &RawValue, whitespace: bool) -> Result<Cutting, NotCovered> {
    #[derive(Deserialize)]
    struct Metaspace {
        replacement: char,
        add_prefix_space: Option<bool>,
        #[serde(default)]
        prepend_scheme: Prepend,
        split: Option<bool>,
        /// Of old files. It is of no use, but the reference wants it to be a string.
        #[serde(rename = "str_rep")]
        _str_rep: Option<String>,
    }
    let json: Metaspace = parse("pre_tokenizer", json)?;
    if json.add_prefix_space == Some(false) && json.prepend_scheme != Prepend::Never {
        return not_covered("pre_tokenizer that contradicts itself");
    }
    Ok(Cutting {
        whitespace,
        replacement: json.replacement,
        prepend: json.prepend_scheme,
        split: json.split.unwrap_or(true),
    })
}
