//! WordLevel: a word is a token, or unknown.

use super::{Facts, Known, Word, Work};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::hash::{self, Index, Key};
use crate::tokenize::index::arrays::{ArraysIn, ArraysOut};
use crate::tokenize::index::store::Plain;
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::not_covered;

/// Vocabulary of a WordLevel model.
#[derive(Debug)]
pub(in crate::tokenize) struct WordLevel {
    words: Words,
    /// The unknown token's id; words that are not in the vocabulary become this one.
    unk_id: Option<u32>,
}

impl WordLevel {
    pub(super) fn read(spec: &Spec<'_>) -> Result<(Self, Facts), NotCovered> {
        let (Vocab::Ids(tokens), Some(unk_token)) =
            (&spec.model.vocab, spec.model.unk_token.as_deref())
        else {
            return not_covered("WordLevel model with a setting missing");
        };
        let words = Words::new(tokens.iter().map(|(token, id)| (token.as_bytes(), *id)));
        let unk_id = words.get(unk_token.as_bytes());
        let lengths = words.lengths(tokens.iter().map(|(token, _)| token.as_ref()));
        let id_bound = words.id_bound();
        let known = Known::of(spec, lengths.len(), |token| words.get(token.as_bytes()));
        Ok((Self { words, unk_id }, Facts { known, unk_id, lengths, id_bound }))
    }

    pub(super) fn may_fail(&self) -> bool {
        self.unk_id.is_none()
    }

    pub(in crate::tokenize) fn unk_id(&self) -> Option<u32> {
        self.unk_id
    }

    pub(in crate::tokenize) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) {
        let Words { short, long, words, bytes } = &self.words;
        arrays.put(short.slots());
        arrays.put(long.slots());
        arrays.put(words);
        arrays.put(bytes);
    }

    /// The model of an index, with ids below `id_bound`; `None` if it cannot be one.
    pub(in crate::tokenize) fn load(
        unk_id: Option<u32>,
        id_bound: u32,
        arrays: &mut ArraysIn<'_>,
    ) -> Option<Self> {
        let (short, long): (Vec<u64>, Vec<u64>) = (arrays.owned()?, arrays.owned()?);
        let (words, bytes): (Vec<Entry>, Vec<u8>) = (arrays.owned()?, arrays.owned()?);
        let short = Index::from_slots(short, words.len())?;
        let long = Index::from_slots(long, words.len())?;
        let is_there = |entry: u32| {
            let Key { low, high } = words[entry as usize].key;
            low <= high && high <= bytes.len() as u64
        };
        let fits = words.iter().all(|word| word.id < id_bound) && long.entries().all(is_there);
        fits.then_some(Self { words: Words { short, long, words, bytes }, unk_id })
    }
}

impl Word for WordLevel {
    #[inline]
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        match self.words.get(word).or(self.unk_id) {
            Some(id) => ids.push(id),
            None => work.failed = true,
        }
    }
}

/// From words to ids.
#[derive(Debug)]
struct Words {
    /// Of words that fit into a key.
    short: Index,
    /// Of the others.
    long: Index,
    words: Vec<Entry>,
    /// The bytes of long words.
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Entry {
    /// The bytes of a short word; where a long one's begin and end.
    key: Key,
    /// Length in bytes, `u32::MAX` for all long words.
    len: u32,
    id: u32,
}

// SAFETY: eight, eight, four and four bytes without a gap; any bits are numbers.
unsafe impl Plain for Entry {}

fn is_short(len: usize) -> bool {
    (1..=Key::LONGEST).contains(&len)
}

impl Words {
    /// The words of a vocabulary; of a repeated one the last counts.
    fn new<'a>(words: impl ExactSizeIterator<Item = (&'a [u8], u32)> + Clone) -> Self {
        let count = words.len();
        let mut all = Self {
            short: Index::with_room(count),
            // Few in every vocabulary.
            long: Index::with_room(words.clone().filter(|(text, _)| !is_short(text.len())).count()),
            words: Vec::with_capacity(count),
            bytes: Vec::new(),
        };
        for (text, id) in words {
            match all.entry(text) {
                Some(known) => all.words[known as usize].id = id,
                None => all.add(text, id),
            }
        }
        all
    }

    fn add(&mut self, text: &[u8], id: u32) {
        let entry = self.words.len() as u32;
        if is_short(text.len()) {
            let key = Key::load(text, 0, text.len());
            let len = text.len() as u32;
            self.short.insert(key.hash(u64::from(len)), entry, |_| false);
            self.words.push(Entry { key, len, id });
        } else {
            let start = self.bytes.len() as u64;
            self.bytes.extend_from_slice(text);
            let key = Key { low: start, high: self.bytes.len() as u64 };
            self.long.insert(hash::bytes(text), entry, |_| false);
            self.words.push(Entry { key, len: u32::MAX, id });
        }
    }

    #[inline]
    fn entry(&self, text: &[u8]) -> Option<u32> {
        let len = text.len();
        if is_short(len) {
            let key = Key::load(text, 0, len);
            let len = len as u32;
            self.short.get(key.hash(u64::from(len)), |entry| {
                let word = &self.words[entry as usize];
                word.key == key && word.len == len
            })
        } else {
            self.long.get(hash::bytes(text), |entry| {
                let Key { low, high } = self.words[entry as usize].key;
                &self.bytes[low as usize..high as usize] == text
            })
        }
    }

    /// The id of a word.
    #[inline]
    fn get(&self, text: &[u8]) -> Option<u32> {
        self.entry(text).map(|entry| self.words[entry as usize].id)
    }

    fn id_bound(&self) -> u32 {
        self.words.iter().map(|word| word.id.saturating_add(1)).max().unwrap_or(0)
    }

    /// Lengths in code points of the distinct ones of these tokens, which are those put in.
    fn lengths<'a>(&self, tokens: impl Iterator<Item = &'a str>) -> Vec<u32> {
        let mut lengths = vec![0; self.words.len()];
        for token in tokens {
            if let Some(entry) = self.entry(token.as_bytes()) {
                lengths[entry as usize] = token.chars().count() as u32;
            }
        }
        lengths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_of_any_length() {
        let tokens: Vec<String> =
            (0..3000).map(|n| n.to_string().repeat(n % 9)).chain(["x".into()]).collect();
        let entries: Vec<(&[u8], u32)> = tokens.iter().map(|t| t.as_bytes()).zip(0..).collect();
        let words = Words::new(entries.iter().copied());
        let last: std::collections::HashMap<&str, u32> =
            tokens.iter().map(String::as_str).zip(0..).collect();
        assert_eq!(words.words.len(), last.len());
        for (token, id) in &last {
            assert_eq!(words.get(token.as_bytes()), Some(*id));
            let within = format!("{token}tail that goes on");
            assert_eq!(words.get(&within.as_bytes()[..token.len()]), Some(*id));
        }
        assert_eq!(words.get(b"none"), None);
        assert_eq!(words.get(b"x\0"), None);
    }
}
