//! From a tokenizer.json to a BPE engine, if it is one of those covered.

use super::alphabet::{Alphabet, Unk, Unknown, char_byte};
use super::cuts::Cuts;
use super::merges::{BOUND, Merges};
use super::whole::WholePieces;
use super::{Bpe, Model};
use crate::tokenize::file::parts::{
    added_tokens, check_post_processor, check_version, not_covered,
};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::hash::{self, Index};
use crate::tokenize::output::NO_ID;
use crate::tokenize::road::segments::Segments;
use crate::tokenize::text::normalizers::{self, Normalizer};
use crate::tokenize::text::pretokenizers::PreTokenizer;
use crate::tokenize::{NotCovered, Vocabulary};

impl Bpe {
    /// The engine for a tokenizer.json, if it is one of its family.
    pub(crate) fn plan(spec: &Spec<'_>) -> Result<(Self, Vocabulary), NotCovered> {
        match spec.model.kind.as_deref() {
            Some("BPE") => {}
            Some(other) => return not_covered(format!("model of type {other}")),
            None => return not_covered("model without a type"),
        }
        check_version(spec)?;
        check_post_processor(spec.post_processor)?;
        let normalizer = Normalizer::plan(spec.normalizer)?;
        let mut buffers = normalizers::Buffers::default();
        let pre_tokenizer = PreTokenizer::plan(spec.pre_tokenizer)?;
        let strings = Strings::new(&spec.model.vocab)?;
        let model = model(spec, &strings, pre_tokenizer.is_byte_level())?;

        let added = added_tokens(
            spec,
            strings.distinct(),
            |token| strings.id(token.as_bytes()),
            |text, out| normalizer.append(text, &mut buffers, out),
        )?;
        let unk_token = spec.model.unk_token.as_deref();
        let added_id = |token: &str| added.ids.iter().find(|(t, _)| t == token).map(|&(_, id)| id);
        let unk_id = unk_token.and_then(|unk| strings.id(unk.as_bytes()).or_else(|| added_id(unk)));
        let mut lengths: Vec<u32> =
            strings.tokens().map(|(token, _)| token.chars().count() as u32).collect();
        lengths.extend(&added.new_lengths);
        let id_bound = added.id_bound.max(strings.id_bound);
        if id_bound == NO_ID {
            return not_covered("the largest id that there is");
        }
        let vocabulary = Vocabulary::new(lengths, id_bound, unk_id);
        let unk_id = unk_id.unwrap_or(NO_ID);
        let segments = Segments::new(normalizer, added);
        Ok((Self::new(segments, pre_tokenizer, model, unk_id), vocabulary))
    }
}

fn model(spec: &Spec<'_>, strings: &Strings<'_>, byte_level: bool) -> Result<Model, NotCovered> {
    let model = &spec.model;
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return not_covered("BPE model with dropout");
    }
    let is_set = |text: &Option<std::borrow::Cow<'_, str>>| {
        text.as_deref().is_some_and(|text| !text.is_empty())
    };
    if is_set(&model.continuing_subword_prefix) || is_set(&model.end_of_word_suffix) {
        return not_covered("BPE model with a prefix or suffix within words");
    }
    if strings.id_bound > BOUND {
        return not_covered("BPE model with ids of two million and more");
    }
    let unk = match model.unk_token.as_deref() {
        None => Unk::Unset,
        Some(unk) => strings.id(unk.as_bytes()).map_or(Unk::Missing, Unk::Known),
    };
    let unknown = Unknown {
        byte_fallback: model.byte_fallback.flatten().unwrap_or(false),
        unk,
        fuse_unk: model.fuse_unk.unwrap_or(false),
    };
    let id = |token: &str| strings.id(token.as_bytes());
    let Some(alphabet) = Alphabet::new(byte_level, unknown, id, strings.tokens()) else {
        return not_covered("unk_token that is not in the vocabulary");
    };
    let merges = merges(spec, strings)?;
    let whole = model.ignore_merges.unwrap_or(false).then(|| {
        let reachable: Vec<_> = strings
            .tokens()
            .filter_map(|(token, id)| Some((piece_of(token, byte_level)?, id)))
            .collect();
        WholePieces::new(reachable.into_iter())
    });
    // Without a symbol for each byte the neighbours of a symbol are not those of its bytes.
    let cuts = alphabet.all_bytes().is_some().then(|| {
        let list = spec.model.merges.iter().flat_map(|merges| &merges.0);
        // Parts with other characters cannot be made of bytes.
        Cuts::new(list.filter_map(|(left, right)| {
            let (last, first) = (left.chars().next_back()?, right.chars().next()?);
            Some((char_byte(last)?, char_byte(first)?))
        }))
    });
    Ok(Model { alphabet, merges: Merges::new(&merges), whole, cuts })
}

/// The ids of every merge: left, right and made.
fn merges(spec: &Spec<'_>, strings: &Strings<'_>) -> Result<Vec<(u32, u32, u32)>, NotCovered> {
    let Some(list) = &spec.model.merges else {
        return not_covered("BPE model without merges");
    };
    if list.0.len() >= BOUND as usize {
        return not_covered("BPE model with two million merges and more");
    }
    let mut merges = Vec::with_capacity(list.0.len());
    let mut whole = Vec::new();
    for (left, right) in &list.0 {
        if left.is_empty() || right.is_empty() {
            return not_covered("BPE model with a merge of nothing");
        }
        whole.clear();
        whole.extend_from_slice(left.as_bytes());
        whole.extend_from_slice(right.as_bytes());
        let ids = (strings.id(left.as_bytes()), strings.id(right.as_bytes()), strings.id(&whole));
        let (Some(left), Some(right), Some(made)) = ids else {
            return not_covered("BPE model with a merge of unknown tokens");
        };
        merges.push((left, right, made));
    }
    Ok(merges)
}

/// The bytes of the piece that a token stands for; none if no piece does.
fn piece_of(token: &str, byte_level: bool) -> Option<Vec<u8>> {
    if !byte_level {
        return Some(token.as_bytes().to_vec());
    }
    token.chars().map(char_byte).collect()
}

/// The vocabulary while it is being read: strings of the file, found by a hash.
struct Strings<'a> {
    tokens: &'a [(std::borrow::Cow<'a, str>, u32)],
    index: Index,
    /// For each token the entry that counts: of a repeated one only the last.
    counts: Vec<bool>,
    id_bound: u32,
}

impl<'a> Strings<'a> {
    fn new(vocab: &'a Vocab<'a>) -> Result<Self, NotCovered> {
        let Vocab::Ids(tokens) = vocab else {
            return not_covered("BPE model without a vocabulary");
        };
        let mut index = Index::with_room(tokens.len());
        let mut counts = vec![true; tokens.len()];
        // From the end, so that the first one found is the last one written.
        for (entry, (token, _)) in tokens.iter().enumerate().rev() {
            let same = |other: u32| tokens[other as usize].0 == *token;
            if index.insert(hash::bytes(token.as_bytes()), entry as u32, same).is_some() {
                counts[entry] = false;
            }
        }
        let strings = Self { tokens, index, counts, id_bound: 0 };
        let id_bound = strings.tokens().map(|(_, id)| id.saturating_add(1)).max().unwrap_or(0);
        let mut ids: Vec<u32> = strings.tokens().map(|(_, id)| id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return not_covered("tokens that share an id");
        }
        Ok(Self { id_bound, ..strings })
    }

    fn id(&self, token: &[u8]) -> Option<u32> {
        let same = |entry: u32| self.tokens[entry as usize].0.as_bytes() == token;
        let entry = self.index.get(hash::bytes(token), same)?;
        Some(self.tokens[entry as usize].1)
    }

    /// All distinct tokens with their ids.
    fn tokens(&self) -> impl Iterator<Item = (&'a str, u32)> {
        let counted = self.tokens.iter().zip(&self.counts).filter(|&(_, &counts)| counts);
        counted.map(|((token, id), _)| (token.as_ref(), *id))
    }

    fn distinct(&self) -> usize {
        self.counts.iter().filter(|&&counts| counts).count()
    }
}
