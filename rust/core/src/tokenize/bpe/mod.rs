//! Byte pair encoding, byte-level or by characters, ids only.

mod alphabet;
mod cache;
mod merges;
mod plan;
mod whole;

use std::sync::atomic::{AtomicU64, Ordering};

use super::output::{NO_ID, Output};
use super::pretokenizers::{Buffer, PreTokenizer};
use super::segments::{self, Segments};
use alphabet::Alphabet;
use cache::{Cache, Known};
use merges::{Merges, Work};
use whole::WholePieces;

/// An immutable BPE tokenizer.
#[derive(Debug)]
pub(crate) struct Bpe {
    segments: Segments,
    pre_tokenizer: PreTokenizer,
    model: Model,
    unk_id: u32,
    cache_capacity: usize,
    /// Tells the tokenizers of a process apart, since a cache holds the ids of one only.
    serial: u64,
}

/// Entries of a cache by default: half a megabyte, and as much again for long pieces.
const CACHE: usize = 1 << 14;

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

impl Bpe {
    fn new(segments: Segments, pre_tokenizer: PreTokenizer, model: Model, unk_id: u32) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        Self { segments, pre_tokenizer, model, unk_id, cache_capacity: CACHE, serial }
    }

    /// Sets the size of the caches made from now on: a power of two, or zero for none.
    pub(crate) fn set_cache(&mut self, entries: usize) {
        self.cache_capacity = entries;
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        limit: Option<usize>,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        let mut out = Output::new(ids, limit, self.unk_id);
        if out.remaining == 0 {
            return;
        }
        if scratch.serial != self.serial {
            scratch.cache = Cache::with_capacity(self.cache_capacity);
            scratch.serial = self.serial;
        }
        let Scratch { segments, buffer, work, cache, .. } = scratch;
        self.segments.each(text, segments, &mut out, |text, out| {
            self.pre_tokenizer.split(text.as_bytes(), buffer, |text, start, end| {
                self.piece(text, start, end, cache, work, out)
            })
        });
    }

    /// Ids of one piece. Returns false when the limit is reached.
    #[inline]
    fn piece(
        &self,
        text: &[u8],
        start: usize,
        end: usize,
        cache: &mut Cache,
        work: &mut Work,
        out: &mut Output<'_>,
    ) -> bool {
        let query = cache.query(text, start, end, false);
        if let Some(known) = cache.get(&query) {
            return put_out(known, out);
        }
        self.model.tokenize(&text[start..end], work);
        let has_unknown = self.unk_id != NO_ID && work.symbols.contains(&self.unk_id);
        let known = Known { ids: &work.symbols, has_unknown };
        cache.put(&query, known);
        put_out(known, out)
    }
}

#[inline]
fn put_out(known: Known<'_>, out: &mut Output<'_>) -> bool {
    if known.has_unknown { out.extend(known.ids) } else { out.extend_known(known.ids) }
}

/// Vocabulary and merges.
#[derive(Debug)]
struct Model {
    alphabet: Alphabet,
    merges: Merges,
    /// What `ignore_merges` looks up first.
    whole: Option<WholePieces>,
}

impl Model {
    /// Leaves the ids of a piece in `work.symbols`.
    fn tokenize(&self, piece: &[u8], work: &mut Work) {
        if let Some(id) = self.whole.as_ref().and_then(|whole| whole.get(piece)) {
            work.symbols.clear();
            work.symbols.push(id);
            return;
        }
        self.alphabet.symbols(piece, &mut work.symbols);
        self.merges.apply(work);
    }
}
