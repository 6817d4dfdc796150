//! Ids of what the hot loop leaves: chunks that are long, that it does not know, whose ids are a
//! list, or that are cut further.

use std::ops::Range;

use super::cache::{Cache, Key, Value};
use super::charmap::Fate;
use super::exact;
use super::parts::{LARGE, Walk};
use crate::tokenize::models::wordpiece::Outcome;
use crate::tokenize::output::Output;
use crate::tokenize::scan::Rewritten;
use crate::tokenize::text::normalizers::bert::Run;
use crate::tokenize::text::unicode::hangul_jamo;

/// The caches, and what it takes to fill them.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) short: Cache<1>,
    long: Cache<3>,
    chunk: String,
    list: Vec<u32>,
    pub(super) normalized: String,
    pub(super) run: Run,
}

impl Store {
    pub(super) fn new(entries: usize) -> Self {
        Self {
            short: Cache::new(entries),
            // Chunks of more than sixteen bytes are rare in Latin scripts, where sixteen bytes are as
            // many letters.
            long: Cache::new(entries / 8),
            chunk: String::new(),
            list: Vec::new(),
            normalized: String::new(),
            run: Run::default(),
        }
    }

    /// Gives back what one text of uncommon size took.
    pub(super) fn trim(&mut self) {
        for buffer in [&mut self.chunk, &mut self.normalized] {
            if buffer.capacity() > LARGE {
                *buffer = String::new();
            }
        }
        if self.list.capacity() > LARGE / 4 {
            self.list = Vec::new();
        }
    }
}

impl Walk<'_> {
    /// Ids of a unit, or of a part of one. Returns false when the limit is reached.
    #[inline(never)]
    pub(super) fn chunk(
        &self,
        text: &str,
        rewritten: &Rewritten,
        range: Range<usize>,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        if range.is_empty() {
            return true;
        }
        let cut = range.len() > Key::<1>::BYTES || rewritten.buffer[range.start] >= 0xE3;
        // Kana and ideographs come in chunks without end, not worth an entry each.
        if cut && rewritten.is_odd(range.start, range.end) {
            self.characters(text, rewritten, range, store, out)
        } else {
            self.cached(text, rewritten, range, store, out)
        }
    }

    /// Ids of a chunk that is cut further: at white space beyond ASCII and at every character that
    /// stands alone.
    fn characters(
        &self,
        text: &str,
        rewritten: &Rewritten,
        range: Range<usize>,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let mut start = range.start;
        let mut at = range.start;
        for c in text[range].chars() {
            let next = at + c.len_utf8();
            let alone = match self.map.fate(c) {
                Fate::Alone(id) => Some(id),
                Fate::Space => None,
                _ => {
                    at = next;
                    continue;
                }
            };
            if start < at && !self.cached(text, rewritten, start..at, store, out) {
                return false;
            }
            if let Some(id) = alone
                && !out.push(id.unwrap_or(self.unk_id))
            {
                return false;
            }
            (start, at) = (next, next);
        }
        start == at || self.cached(text, rewritten, start..at, store, out)
    }

    /// Ids of a chunk, through the caches.
    fn cached(
        &self,
        text: &str,
        rewritten: &Rewritten,
        range: Range<usize>,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let Range { start, end } = range;
        if let Some(key) = Key::<1>::read(&rewritten.buffer, start, end) {
            if let Some(value) = store.short.get(&key) {
                return self.value(value, &store.short, out);
            }
            self.compute(text, rewritten, range, store);
            let follow = self.follow(&rewritten.buffer[start..end]);
            store.short.put(&key, &store.list, self.unk_id, follow);
        } else if let Some(key) = Key::<3>::read(&rewritten.buffer, start, end) {
            if let Some(value) = store.long.get(&key) {
                return self.value(value, &store.long, out);
            }
            self.compute(text, rewritten, range, store);
            store.long.put(&key, &store.list, self.unk_id, 0);
        } else {
            self.compute(text, rewritten, range, store);
        }
        out.extend(&store.list)
    }

    #[inline]
    fn value<const N: usize>(&self, value: &Value, cache: &Cache<N>, out: &mut Output<'_>) -> bool {
        if value.is_listed() {
            out.extend(cache.list(value))
        } else if value.counted() > value.kept() {
            out.push_unknown()
        } else {
            out.extend_few(&value.slots(), value.kept())
        }
    }

    fn follow(&self, chunk: &[u8]) -> u16 {
        self.added.map_or(0, |(matcher, follow)| follow.of(chunk, matcher.trie()))
    }

    /// Makes the list the ids of a chunk, the unknown one included.
    fn compute(&self, text: &str, rewritten: &Rewritten, range: Range<usize>, store: &mut Store) {
        let Store { chunk, list, run, .. } = store;
        list.clear();
        if !rewritten.is_odd(range.start, range.end) {
            self.word(&rewritten.buffer[range], list);
            return;
        }
        let text = &text[range];
        chunk.clear();
        for c in text.chars() {
            match self.map.fate(c) {
                Fate::Same => chunk.push(c),
                Fate::Other(other) => chunk.push(other),
                Fate::Several(place) => chunk.push_str(self.map.several(place)),
                Fate::Jamo => chunk.extend(hangul_jamo(u32::from(c))),
                Fate::Nothing => {}
                Fate::Space => {
                    self.word(chunk.as_bytes(), list);
                    chunk.clear();
                }
                Fate::Alone(id) => {
                    self.word(chunk.as_bytes(), list);
                    chunk.clear();
                    list.push(id.unwrap_or(self.unk_id));
                }
                Fate::Special => {
                    // The whole chunk once more, step by step. What bounds a chunk bounds a run
                    // of marks too, so it can be normalized without its neighbours.
                    list.clear();
                    chunk.clear();
                    self.normalizer.normalize(text, run, chunk);
                    exact::pre_tokens(chunk, |word| {
                        self.word(word.as_bytes(), list);
                        true
                    });
                    return;
                }
            }
        }
        self.word(chunk.as_bytes(), list);
    }

    fn word(&self, word: &[u8], list: &mut Vec<u32>) {
        if !word.is_empty() && self.pieces.tokenize(word, list) == Outcome::Unknown {
            list.push(self.unk_id);
        }
    }
}
