//! From a tokenizer.json to a BPE model, if it is one of those covered.

use std::borrow::Cow;

use super::super::{Facts, Known};
use super::Bpe;
use super::alphabet::{Affixes, Alphabet, Unk, Unknown};
use super::cuts::Cuts;
use super::merges::{BOUND, Merges};
use super::whole::WholeWords;
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::hash::{self, Index};
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::not_covered;
use crate::tokenize::text::stand_ins;

impl Bpe {
    pub(in crate::tokenize::models) fn read(
        spec: &Spec<'_>,
        byte_level: bool,
    ) -> Result<(Self, Facts), NotCovered> {
        let strings = Strings::new(&spec.model.vocab)?;
        let model = model(spec, &strings, byte_level)?;
        let unk_token = spec.model.unk_token.as_deref();
        let facts = Facts {
            known: Known::of(spec, strings.distinct(), |token| strings.id(token.as_bytes())),
            unk_id: unk_token.and_then(|unk| strings.id(unk.as_bytes())),
            lengths: strings.tokens().map(|(token, _)| token.chars().count() as u32).collect(),
            id_bound: strings.id_bound,
        };
        Ok((model, facts))
    }
}

fn model(spec: &Spec<'_>, strings: &Strings<'_>, byte_level: bool) -> Result<Bpe, NotCovered> {
    let model = &spec.model;
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return not_covered("BPE model with dropout");
    }
    if strings.id_bound > BOUND {
        return not_covered("BPE model with ids of two million and more");
    }
    let unknown = Unknown {
        byte_fallback: model.byte_fallback.flatten().unwrap_or(false),
        unk: match model.unk_token.as_deref() {
            None => Unk::Unset,
            Some(unk) => strings.id(unk.as_bytes()).map_or(Unk::Missing, Unk::Known),
        },
        fuse_unk: model.fuse_unk.unwrap_or(false),
    };
    let affix = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
    let affixes = Affixes {
        prefix: affix(&model.continuing_subword_prefix),
        suffix: affix(&model.end_of_word_suffix),
    };
    if affixes.is_long() {
        return not_covered("BPE model with a prefix or suffix longer than any token");
    }
    let id = |token: &str| strings.id(token.as_bytes());
    let merges = merges(spec, strings, affixes.prefix.len())?;
    let plain = affixes.is_none();
    let alphabet = Alphabet::new(byte_level, unknown, affixes, id, strings.tokens());
    let whole = model.ignore_merges.unwrap_or(false).then(|| {
        let reachable: Vec<_> = strings
            .tokens()
            .filter_map(|(token, id)| Some((word_of(token, byte_level)?, id)))
            .collect();
        WholeWords::new(reachable.into_iter())
    });
    let cuts = if plain { cuts(spec, &alphabet, byte_level) } else { None };
    Ok(Bpe { alphabet, merges: Merges::new(&merges), whole, cuts })
}

/// Where no merge can happen, if that can be told.
fn cuts(spec: &Spec<'_>, alphabet: &Alphabet, byte_level: bool) -> Option<Cuts> {
    let list = || spec.model.merges.iter().flat_map(|merges| &merges.0);
    let seams = || {
        list().filter_map(|(left, right)| Some((left.chars().next_back()?, right.chars().next()?)))
    };
    if alphabet.all_bytes().is_some() {
        // Parts with other characters cannot be made of bytes.
        let bytes = seams().filter_map(|(last, first)| {
            Some((stand_ins::byte_of(last)?, stand_ins::byte_of(first)?))
        });
        return Some(Cuts::bytes(bytes));
    }
    if byte_level {
        return None;
    }
    // The symbol of an unknown character has another text than that character, so that seams would
    // not be where they seem to be.
    let unk = spec.model.unk_token.as_deref();
    let stands_in = |token: &str| Some(token) == unk || token.starts_with("<0x");
    if list().any(|(left, right)| stands_in(left) || stands_in(right)) {
        return None;
    }
    // What is nothing leaves its neighbours side by side.
    if alphabet.may_leave_out() {
        return None;
    }
    // Known, so that nothing unknown reaches over it.
    let sign = ['\u{2581}', '\u{120}', ' '].into_iter().find(|&c| alphabet.get(c).is_some())?;
    Some(Cuts::before(sign, seams()))
}

/// The ids of every merge: left, right and made. The right part loses so many bytes when it is put
/// behind the left.
fn merges(
    spec: &Spec<'_>,
    strings: &Strings<'_>,
    prefix: usize,
) -> Result<Vec<(u32, u32, u32)>, NotCovered> {
    let Some(list) = &spec.model.merges else {
        return not_covered("BPE model without merges");
    };
    if list.0.len() >= BOUND as usize {
        return not_covered("BPE model with two million merges and more");
    }
    let mut merges = Vec::with_capacity(list.0.len());
    let mut whole = Vec::new();
    for (left, right) in &list.0 {
        let Some(rest) = right.as_bytes().get(prefix..) else {
            return not_covered("BPE model with a merge shorter than its prefix");
        };
        if left.is_empty() || right.is_empty() {
            return not_covered("BPE model with a merge of nothing");
        }
        whole.clear();
        whole.extend_from_slice(left.as_bytes());
        whole.extend_from_slice(rest);
        let ids = (strings.id(left.as_bytes()), strings.id(right.as_bytes()), strings.id(&whole));
        let (Some(left), Some(right), Some(made)) = ids else {
            return not_covered("BPE model with a merge of unknown tokens");
        };
        merges.push((left, right, made));
    }
    Ok(merges)
}

/// The bytes of the word that a token stands for; none if no word does.
fn word_of(token: &str, byte_level: bool) -> Option<Vec<u8>> {
    if !byte_level {
        return Some(token.as_bytes().to_vec());
    }
    token.chars().map(stand_ins::byte_of).collect()
}

/// The vocabulary while it is being read: strings of the file, found by a hash.
struct Strings<'a> {
    tokens: &'a [(Cow<'a, str>, u32)],
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
    fn tokens(&self) -> impl Iterator<Item = (&'a str, u32)> + Clone {
        let counted = self.tokens.iter().zip(&self.counts).filter(|&(_, &counts)| counts);
        counted.map(|((token, id), _)| (token.as_ref(), *id))
    }

    fn distinct(&self) -> usize {
        self.counts.iter().filter(|&&counts| counts).count()
    }
}
