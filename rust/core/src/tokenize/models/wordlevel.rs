//! Models that look at one word at a time, behind any normalizer and pre-tokenizer: WordLevel, for
//! which a word is a token or unknown, and WordPiece, but for the combination that BERT has, which
//! has an engine of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::Runnable;
use crate::tokenize::bert::plan::Vocabulary as Pieced;
use crate::tokenize::file::parts::{
    added_tokens, check_post_processor, check_version, not_covered,
};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::hash::{self, Index, Key};
use crate::tokenize::models::wordpiece::{Pieces, Word};
use crate::tokenize::output::{NO_ID, Output};
use crate::tokenize::road::cache::Cache;
use crate::tokenize::road::segments::{self, Segments};
use crate::tokenize::road::units::{self as apart, Apart, Stop};
use crate::tokenize::text::normalizers::{self, Normalizer};
use crate::tokenize::text::pretokenizers::{Buffer, PreTokenizer};
use crate::tokenize::{NotCovered, Vocabulary};

/// An immutable WordLevel tokenizer.
#[derive(Debug)]
pub(crate) struct WordLevel {
    segments: Segments,
    pre_tokenizer: PreTokenizer,
    model: Model,
    /// The unknown token's id for the vocabulary; words that are not in it become this one.
    unk_id: u32,
    /// How raw texts are cut into units, if they can be.
    apart: Option<Apart>,
    cache_lines: usize,
    /// Tells the tokenizers of a process apart, since a cache holds the ids of one only.
    serial: u64,
}

/// Lines of a cache by default: two megabytes, and one for what is long.
const CACHE: usize = 1 << 15;

/// From a word to ids.
#[derive(Debug)]
enum Model {
    Words(Words),
    Pieces(Pieces),
}

impl Model {
    /// Appends the ids of the word `text[start..end]`.
    #[inline]
    fn word(&self, text: &[u8], start: usize, end: usize, unk_id: u32, ids: &mut Vec<u32>) {
        match self {
            Self::Words(words) => ids.push(words.get(text, start, end).unwrap_or(unk_id)),
            Self::Pieces(pieces) => {
                if pieces.tokenize(&text[start..end], ids) == Word::Unknown {
                    ids.push(unk_id);
                }
            }
        }
    }
}

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    segments: segments::Buffers,
    buffer: Buffer,
    memory: apart::Memory,
    ids: Vec<u32>,
    /// The tokenizer that the cache belongs to.
    serial: u64,
}

impl Scratch {
    /// Whether a text became too long since the last time that this was asked.
    #[inline]
    pub(crate) fn take_overflow(&mut self) -> bool {
        self.segments.take_overflow()
    }
}

impl WordLevel {
    /// The engine for a tokenizer.json, if it is one of its family.
    pub(crate) fn plan(spec: &Spec<'_>) -> Result<(Self, Vocabulary), NotCovered> {
        check_version(spec)?;
        check_post_processor(spec.post_processor)?;
        let normalizer = Normalizer::plan(spec.normalizer)?;
        let mut buffers = normalizers::Buffers::default();
        let pre_tokenizer = PreTokenizer::plan(spec.pre_tokenizer)?;
        if pre_tokenizer.is_byte_level() {
            return not_covered("model of words with ByteLevel");
        }
        let (model, unk_id, mut lengths, id_bound) = match spec.model.kind.as_deref() {
            Some("WordLevel") => words(spec)?,
            Some("WordPiece") => {
                let Pieced { pieces, unk_id, lengths, id_bound } = Pieced::read(spec)?;
                (Model::Pieces(pieces), unk_id, lengths, id_bound)
            }
            Some(other) => return not_covered(format!("model of type {other}")),
            None => return not_covered("model without a type"),
        };
        let id = |token: &str| match &model {
            Model::Words(words) => words.get(token.as_bytes(), 0, token.len()),
            Model::Pieces(pieces) => pieces.id(token),
        };
        let added = added_tokens(spec, lengths.len(), id, |text, out| {
            normalizer.append(text, &mut buffers, out)
        })?;
        lengths.extend(&added.new_lengths);
        let id_bound = added.id_bound.max(id_bound);
        if id_bound == NO_ID {
            return not_covered("the largest id that there is");
        }
        let vocabulary = Vocabulary::new(lengths, id_bound, Some(unk_id));
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let apart = pre_tokenizer
            .words()
            .filter(|_| added.normalized.is_empty())
            .and_then(|words| Apart::spaced(&normalizer, words));
        let segments = Segments::new(normalizer, added);
        let cache_lines = CACHE;
        let engine = Self { segments, pre_tokenizer, model, unk_id, apart, cache_lines, serial };
        Ok((engine, vocabulary))
    }

    /// The type of its model.
    pub(crate) fn kind(&self) -> &'static str {
        match self.model {
            Model::Words(_) => "wordlevel",
            Model::Pieces(_) => "wordpiece",
        }
    }

    /// Sets the size of the caches made from now on: a power of two, or zero for none.
    pub(crate) fn set_cache(&mut self, lines: usize) {
        self.cache_lines = lines;
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        backend: Runnable,
        scratch: &mut Scratch,
        out: &mut Output<'_>,
    ) {
        let Some(apart) = &self.apart else {
            let Scratch { segments, buffer, ids, .. } = scratch;
            self.segments.each(text, segments, out, |text, out| self.all(text, buffer, ids, out));
            return;
        };
        if scratch.serial != self.serial {
            scratch.memory.cache = Cache::with_lines(self.cache_lines);
            scratch.serial = self.serial;
        }
        self.segments.raw(text, out, |text, normalizer, out| {
            let Scratch { segments, buffer, memory, ids: list, .. } = &mut *scratch;
            let stop = apart.ids(text, normalizer, backend, memory, out, |text, ids| {
                self.pre_tokenizer.split(text.as_bytes(), buffer, |text, start, end| {
                    self.model.word(text, start, end, self.unk_id, ids);
                    true
                });
            });
            match stop {
                None => true,
                Some(Stop::Limit) => false,
                Some(Stop::Whole) => {
                    let mut all =
                        |text: &str, out: &mut Output<'_>| self.all(text, buffer, list, out);
                    self.segments.normalized(text, segments, out, &mut all)
                }
            }
        });
    }

    /// Ids of a normalized text. Returns false when the limit is reached.
    fn all(
        &self,
        text: &str,
        buffer: &mut Buffer,
        ids: &mut Vec<u32>,
        out: &mut Output<'_>,
    ) -> bool {
        self.pre_tokenizer.split(text.as_bytes(), buffer, |text, start, end| match &self.model {
            Model::Words(words) => out.push(words.get(text, start, end).unwrap_or(self.unk_id)),
            model @ Model::Pieces(_) => {
                ids.clear();
                model.word(text, start, end, self.unk_id, ids);
                out.extend(ids)
            }
        })
    }
}

/// A WordLevel model, its unknown id, the lengths of its tokens in code points, and one more than
/// its largest id.
fn words(spec: &Spec<'_>) -> Result<(Model, u32, Vec<u32>, u32), NotCovered> {
    let (Vocab::Ids(tokens), Some(unk_token)) =
        (&spec.model.vocab, spec.model.unk_token.as_deref())
    else {
        return not_covered("WordLevel model with a setting missing");
    };
    let words = Words::new(tokens.iter().map(|(token, id)| (token.as_bytes(), *id)));
    let Some(unk_id) = words.get(unk_token.as_bytes(), 0, unk_token.len()) else {
        return not_covered("unk_token that is not in the vocabulary");
    };
    let lengths = words.lengths(tokens.iter().map(|(token, _)| token.as_ref()));
    let id_bound = words.id_bound();
    Ok((Model::Words(words), unk_id, lengths, id_bound))
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

#[derive(Debug)]
struct Entry {
    /// The bytes of a short word; where a long one's begin and end.
    key: Key,
    /// Length in bytes, `u32::MAX` for all long words.
    len: u32,
    id: u32,
}

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
            match all.entry(text, 0, text.len()) {
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
    fn entry(&self, text: &[u8], start: usize, end: usize) -> Option<u32> {
        let len = end - start;
        if is_short(len) {
            let key = Key::load(text, start, end);
            let len = len as u32;
            self.short.get(key.hash(u64::from(len)), |entry| {
                let word = &self.words[entry as usize];
                word.key == key && word.len == len
            })
        } else {
            let text = &text[start..end];
            self.long.get(hash::bytes(text), |entry| {
                let Key { low, high } = self.words[entry as usize].key;
                &self.bytes[low as usize..high as usize] == text
            })
        }
    }

    /// The id of the word `text[start..end]`.
    #[inline]
    fn get(&self, text: &[u8], start: usize, end: usize) -> Option<u32> {
        self.entry(text, start, end).map(|entry| self.words[entry as usize].id)
    }

    fn id_bound(&self) -> u32 {
        self.words.iter().map(|word| word.id.saturating_add(1)).max().unwrap_or(0)
    }

    /// Lengths in code points of the distinct ones of these tokens, which are those put in.
    fn lengths<'a>(&self, tokens: impl Iterator<Item = &'a str>) -> Vec<u32> {
        let mut lengths = vec![0; self.words.len()];
        for token in tokens {
            if let Some(entry) = self.entry(token.as_bytes(), 0, token.len()) {
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
            assert_eq!(words.get(token.as_bytes(), 0, token.len()), Some(*id));
            let within = format!("{token}tail that goes on");
            assert_eq!(words.get(within.as_bytes(), 0, token.len()), Some(*id));
        }
        assert_eq!(words.get(b"none", 0, 4), None);
        assert_eq!(words.get(b"x\0", 0, 2), None);
    }
}
