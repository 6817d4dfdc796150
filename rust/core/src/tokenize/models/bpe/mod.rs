//! Byte pair encoding, byte-level or by characters, ids only.

mod alphabet;
mod cuts;
mod merges;
mod plan;
mod whole;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::tokenize::hash::Key;
use crate::tokenize::output::{NO_ID, Output};
use crate::tokenize::road::cache::{Cache, Query};
use crate::tokenize::road::segments::{self, Segments};
use crate::tokenize::text::pretokenizers::{Buffer, Classes, Pattern, PreTokenizer};
use alphabet::Alphabet;
use cuts::Cuts;
use merges::{Merges, Work};
use whole::WholePieces;

/// An immutable BPE tokenizer.
#[derive(Debug)]
pub(crate) struct Bpe {
    segments: Segments,
    pre_tokenizer: PreTokenizer,
    model: Model,
    unk_id: u32,
    cache_lines: usize,
    /// Tells the tokenizers of a process apart, since a cache holds the ids of one only.
    serial: u64,
}

/// Lines of a cache by default: two megabytes, and one for long pieces.
const CACHE: usize = 1 << 15;

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    segments: segments::Buffers,
    buffer: Buffer,
    work: Work,
    cache: Cache,
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

impl Bpe {
    fn new(segments: Segments, pre_tokenizer: PreTokenizer, model: Model, unk_id: u32) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        Self { segments, pre_tokenizer, model, unk_id, cache_lines: CACHE, serial }
    }

    /// Sets the size of the caches made from now on: a power of two, or zero for none.
    pub(crate) fn set_cache(&mut self, lines: usize) {
        self.cache_lines = lines;
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(&self, text: &str, scratch: &mut Scratch, out: &mut Output<'_>) {
        if scratch.serial != self.serial {
            scratch.cache = Cache::with_lines(self.cache_lines);
            scratch.serial = self.serial;
        }
        let Scratch { segments, buffer, work, cache, .. } = scratch;
        self.segments.each(text, segments, out, |text, out| {
            let text = text.as_bytes();
            // One loop for each pattern, so that it is compiled for it.
            match self.pre_tokenizer.pattern() {
                Some(Pattern::Gpt2) => {
                    let text = self.pre_tokenizer.prefixed(text, buffer);
                    self.matches(Pattern::Gpt2, text, cache, work, out)
                }
                Some(pattern) => {
                    let text = self.pre_tokenizer.prefixed(text, buffer);
                    self.matches(pattern, text, cache, work, out)
                }
                None => self.pre_tokenizer.split(text, buffer, |text, start, end| {
                    let query = cache.query(text, start, end, false);
                    self.piece(&query, cache, work, out)
                }),
            }
        });
    }

    /// Ids of all matches of a pattern. Returns false when the limit is reached.
    #[inline]
    fn matches(
        &self,
        pattern: Pattern,
        text: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        out: &mut Output<'_>,
    ) -> bool {
        let classes = Classes::get();
        let mut start = 0;
        while start < text.len() {
            let end = pattern.end(classes, text, start);
            let query = cache.query(text, start, end, false);
            if !self.piece(&query, cache, work, out) {
                return false;
            }
            start = end;
        }
        true
    }

    /// Ids of one piece. Returns false when the limit is reached.
    #[inline(always)]
    fn piece(
        &self,
        query: &Query<'_>,
        cache: &mut Cache,
        work: &mut Work,
        out: &mut Output<'_>,
    ) -> bool {
        if query.bytes.len() > Key::LONGEST {
            return self.long(query.bytes, cache, work, out);
        }
        match cache.few(query) {
            Some((ids, count)) => out.extend_few(ids, count),
            None => self.rare(query, cache, work, out),
        }
    }

    /// A short piece of many ids, or one that the cache does not know.
    #[cold]
    fn rare(
        &self,
        query: &Query<'_>,
        cache: &mut Cache,
        work: &mut Work,
        out: &mut Output<'_>,
    ) -> bool {
        if let Some(known) = cache.get(query) {
            return known.put_out(out);
        }
        self.model.tokenize(query.bytes, work);
        cache.put(query, &work.symbols, self.has_unknown(&work.symbols));
        out.extend(&work.symbols)
    }

    /// A long piece, which is seldom seen again: what it is made of is.
    fn long(&self, piece: &[u8], cache: &mut Cache, work: &mut Work, out: &mut Output<'_>) -> bool {
        let model = &self.model;
        if let Some(whole) = &model.whole
            && let Some(id) = whole.get(piece)
        {
            return out.push(id);
        }
        let part = model.whole.is_some();
        let mut start = 0;
        while start < piece.len() {
            let end = model.part_end(piece, start);
            let goes_on = if end == start + 1
                && let Some(ids) = model.alphabet.all_bytes()
            {
                out.push(ids[usize::from(piece[start])])
            } else {
                let query = cache.query(piece, start, end, part);
                if let Some((ids, count)) = cache.few(&query) {
                    out.extend_few(ids, count)
                } else if let Some(known) = cache.get(&query) {
                    known.put_out(out)
                } else {
                    model.merge(query.bytes, work);
                    cache.put(&query, &work.symbols, self.has_unknown(&work.symbols));
                    out.extend(&work.symbols)
                }
            };
            if !goes_on {
                return false;
            }
            start = end;
        }
        true
    }

    fn has_unknown(&self, ids: &[u32]) -> bool {
        self.unk_id != NO_ID && ids.contains(&self.unk_id)
    }
}

/// Vocabulary and merges.
#[derive(Debug)]
struct Model {
    alphabet: Alphabet,
    merges: Merges,
    /// What `ignore_merges` looks up first.
    whole: Option<WholePieces>,
    cuts: Option<Cuts>,
}

impl Model {
    /// Leaves the ids of a piece in `work.symbols`.
    fn tokenize(&self, piece: &[u8], work: &mut Work) {
        match self.whole.as_ref().and_then(|whole| whole.get(piece)) {
            Some(id) => {
                work.symbols.clear();
                work.symbols.push(id);
            }
            None => self.merge(piece, work),
        }
    }

    /// Leaves the ids of a piece, or of a part of one between cuts, in `work.symbols`.
    fn merge(&self, piece: &[u8], work: &mut Work) {
        self.alphabet.symbols(piece, &mut work.symbols);
        self.merges.apply(work);
    }

    #[inline]
    fn part_end(&self, piece: &[u8], start: usize) -> usize {
        self.cuts.as_ref().map_or(piece.len(), |cuts| cuts.next(piece, start))
    }
}
