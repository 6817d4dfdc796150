//! Whether a tokenizer.json is one that this engine covers, and its parts if so.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::NotCovered;
use super::super::added::{AddedToken, Matcher, is_whitespace};
use super::super::spec::{Spec, Vocab};
use super::super::trie::Trie;
use super::normalizer::{Normalizer, Run};
use super::pieces::Pieces;

/// Ids share a word of 32 bits with a tag of three.
pub(super) const ID_BOUND: u32 = (1 << 29) - 1;

/// Everything the engine needs from the file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) normalizer: Normalizer,
    pub(super) pieces: Pieces,
    pub(super) unk_id: u32,
    pub(super) raw: Option<Matcher>,
    pub(super) normalized: Option<Matcher>,
    /// Whether `lstrip` and `rstrip` can matter: they swallow white space, which yields no ids, so
    /// only a pattern that begins or ends with white space can tell the difference.
    pub(super) strips_matter: bool,
    /// Code-point lengths of all distinct tokens, and one more than the largest id.
    pub(super) lengths: Vec<u32>,
    pub(super) id_bound: u32,
}

pub(in super::super) fn not_covered<T>(reason: impl Into<String>) -> Result<T, NotCovered> {
    Err(NotCovered(reason.into()))
}

impl Plan {
    pub(super) fn new(spec: &Spec<'_>) -> Result<Self, NotCovered> {
        let model = &spec.model;
        match model.kind.as_deref() {
            Some("WordPiece") => {}
            Some(other) => return not_covered(format!("model of type {other}")),
            None => return not_covered("model without a type"),
        }
        if spec.version.as_deref().is_some_and(|version| version != "1.0") {
            return not_covered("tokenizer.json of another version than 1.0");
        }
        let normalizer = normalizer(spec.normalizer)?;
        pre_tokenizer(spec.pre_tokenizer)?;
        post_processor(spec.post_processor)?;
        let (Some(unk_token), Some(prefix), Some(max_chars), Vocab::Ids(vocab)) = (
            model.unk_token.as_deref(),
            model.continuing_subword_prefix.as_deref(),
            model.max_input_chars_per_word,
            &model.vocab,
        ) else {
            return not_covered("WordPiece model with a setting missing");
        };

        let mut keys: Vec<(&str, u32)> =
            vocab.iter().map(|(token, id)| (token.as_ref(), *id)).collect();
        if !keys.is_sorted_by(|a, b| a.0 < b.0) {
            // Stable, so that of a repeated key the last stays last; it is the one that counts.
            keys.sort_by(|a, b| a.0.cmp(b.0));
            keys.reverse();
            keys.dedup_by(|a, b| a.0 == b.0);
            keys.reverse();
        }
        let mut lengths: Vec<u32> =
            keys.iter().map(|(token, _)| token.chars().count() as u32).collect();
        let mut id_bound = keys.iter().map(|&(_, id)| id.saturating_add(1)).max().unwrap_or(0);
        let pieces = Pieces::new(Trie::new(&keys), prefix, max_chars);
        let Some(unk_id) = pieces.id(unk_token) else {
            return not_covered("unk_token that is not in the vocabulary");
        };

        let mut raw = Vec::new();
        let mut normalized = Vec::new();
        for (token, id) in spec.added_tokens(keys.len(), |token| pieces.id(token)) {
            if pieces.id(&token.content).is_none() {
                lengths.push(token.content.chars().count() as u32);
            }
            id_bound = id_bound.max(id.saturating_add(1));
            let mut pattern = String::new();
            if token.normalized {
                normalizer.normalize(&token.content, &mut Run::default(), &mut pattern);
            } else {
                pattern.push_str(&token.content);
            }
            if pattern.is_empty() {
                return not_covered("added token that normalizes to nothing");
            }
            let (single_word, lstrip, rstrip) = (token.single_word, token.lstrip, token.rstrip);
            let list = if token.normalized { &mut normalized } else { &mut raw };
            list.push(AddedToken { pattern, id, single_word, lstrip, rstrip });
        }
        check_added(&raw, &normalized)?;
        if id_bound > ID_BOUND {
            return not_covered("ids of half a billion and more");
        }
        let strips_matter = raw.iter().chain(&normalized).any(|token| {
            token.pattern.starts_with(is_whitespace) || token.pattern.ends_with(is_whitespace)
        });
        Ok(Self {
            normalizer,
            pieces,
            unk_id,
            raw: Matcher::new(raw),
            normalized: Matcher::new(normalized),
            strips_matter,
            lengths,
            id_bound,
        })
    }
}

/// Added tokens for which the reference decides at random, or not at all.
pub(in super::super) fn check_added(
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
    // Stripped white space that is itself a token: the reference can be made to panic.
    let blank = |token: &AddedToken| token.pattern.chars().all(is_whitespace);
    if all().any(|token| token.lstrip && blank(token)) && all().any(|token| token.rstrip) {
        return not_covered("added token of white space only that strips white space");
    }
    Ok(())
}

#[derive(Deserialize)]
pub(in super::super) struct Tagged<'a> {
    #[serde(rename = "type")]
    pub(in super::super) kind: &'a str,
}

pub(in super::super) fn parse<'a, T: Deserialize<'a>>(
    part: &str,
    json: &'a RawValue,
) -> Result<T, NotCovered> {
    serde_json::from_str(json.get()).or_else(|_| not_covered(format!("{part} of unknown shape")))
}

pub(in super::super) fn normalizer(json: Option<&RawValue>) -> Result<Normalizer, NotCovered> {
    #[derive(Deserialize)]
    struct Flags {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: Option<bool>,
        lowercase: bool,
    }
    let Some(json) = json.filter(|json| json.get() != "null") else {
        return Ok(Normalizer::default());
    };
    let kind = parse::<Tagged<'_>>("normalizer", json)?.kind;
    if kind != "BertNormalizer" {
        return not_covered(format!("normalizer of type {kind}"));
    }
    let flags: Flags = parse("normalizer", json)?;
    Ok(Normalizer {
        clean_text: flags.clean_text,
        handle_chinese_chars: flags.handle_chinese_chars,
        strip_accents: flags.strip_accents.unwrap_or(flags.lowercase),
        lowercase: flags.lowercase,
    })
}

fn pre_tokenizer(json: Option<&RawValue>) -> Result<(), NotCovered> {
    let Some(json) = json.filter(|json| json.get() != "null") else {
        return not_covered("no pre_tokenizer");
    };
    match parse::<Tagged<'_>>("pre_tokenizer", json)?.kind {
        "BertPreTokenizer" => Ok(()),
        kind => not_covered(format!("pre_tokenizer of type {kind}")),
    }
}

/// Without special tokens most post-processors change nothing.
pub(in super::super) fn post_processor(json: Option<&RawValue>) -> Result<(), NotCovered> {
    #[derive(Deserialize)]
    struct Template<'a> {
        #[serde(borrow)]
        single: Vec<Piece<'a>>,
    }
    #[derive(Deserialize)]
    struct Piece<'a> {
        #[serde(rename = "Sequence", borrow, default)]
        sequence: Option<Sequence<'a>>,
    }
    #[derive(Deserialize)]
    struct Sequence<'a> {
        id: &'a str,
    }
    let Some(json) = json.filter(|json| json.get() != "null") else {
        return Ok(());
    };
    match parse::<Tagged<'_>>("post_processor", json)?.kind {
        "BertProcessing" | "RobertaProcessing" | "ByteLevel" => Ok(()),
        "TemplateProcessing" => {
            let template: Template<'_> = parse("post_processor", json)?;
            let mut sequences = template.single.iter().filter_map(|piece| piece.sequence.as_ref());
            match (sequences.next(), sequences.next()) {
                (Some(Sequence { id: "A" }), None) => Ok(()),
                _ => not_covered("post_processor that drops or repeats the text"),
            }
        }
        kind => not_covered(format!("post_processor of type {kind}")),
    }
}
