//! The ids of pieces seen before.
//!
//! A table of two entries a cache line and a ring of words. Pieces of up to sixteen bytes that
//! became up to three ids, which is most of them, lie in the table alone; of the others the table
//! knows where in the ring their bytes and ids are. The older of the two entries of a line makes
//! room for a new one and moves to the line beside, and the ring writes over its oldest part, so
//! memory is bounded and nothing is ever cleaned up.

use std::hint::select_unpredictable;

use crate::prefetch::prefetch;
use crate::tokenize::hash::{self, Key};
use crate::tokenize::output::Sink;

/// What a piece became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) struct Known<'a> {
    pub(in crate::tokenize) ids: Ids<'a>,
    /// Whether one of them is the unknown id.
    pub(in crate::tokenize) has_unknown: bool,
}

impl Known<'_> {
    /// Puts the ids out. Returns false when no more are wanted.
    pub(in crate::tokenize) fn put_out(self, out: &mut impl Sink) -> bool {
        match self {
            Self { ids: Ids::Few(ids, count), has_unknown: false } => out.few(ids, count),
            Self { ids, has_unknown } => out.many(ids.all(), has_unknown),
        }
    }
}

/// Ids as they are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Ids<'a> {
    /// The first so many of these.
    Few(&'a [u32; INLINE], usize),
    Many(&'a [u32]),
}

impl<'a> Ids<'a> {
    pub(in crate::tokenize) fn all(self) -> &'a [u32] {
        match self {
            Self::Few(ids, count) => &ids[..count.min(INLINE)],
            Self::Many(ids) => ids,
        }
    }
}

/// A piece as the table looks for it.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Query<'a> {
    pub(in crate::tokenize) bytes: &'a [u8],
    key: Key,
    /// The low bits of an entry's `meta`.
    tag: u32,
    line: usize,
}

/// What bytes are looked up as: the same bytes may become other ids as another kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Kind {
    /// A unit of raw text behind white space; without units, a word.
    Whole,
    /// A part of a word.
    Part,
    /// A word, where there are units.
    Word,
}

/// The newer entry first.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Line([Entry; 2]);

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// The bytes of a short piece; two hashes of a long one.
    key: Key,
    /// The ids, or in the first two where they are in the ring.
    ids: [u32; INLINE],
    /// Bits 0-7 the length in bytes, `LONG` for long pieces; 8-9 flags of the query; 10 whether an
    /// id is the unknown one; 11 whether the ring has it; 16-31 the number of ids. A length of 0
    /// marks a free entry.
    meta: u32,
}

impl Entry {
    #[inline(always)]
    fn is(&self, query: &Query<'_>) -> bool {
        let key = self.key.low ^ query.key.low | self.key.high ^ query.key.high;
        key | u64::from((self.meta ^ query.tag) & TAG) == 0
    }
}

const INLINE: usize = 3;
const LONG: u32 = 0xff;
const TAG: u32 = 0x3ff;
const HAS_UNKNOWN: u32 = 1 << 10;
const IN_RING: u32 = 1 << 11;
/// Longer pieces, or pieces of more ids, are not kept.
const LONGEST: usize = 512;

/// A bounded map from pieces to ids.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Cache {
    lines: Vec<Line>,
    ring: Vec<u32>,
    /// How many words were ever written to the ring.
    written: u64,
}

impl Cache {
    /// A cache of this many lines, a power of two or zero for none at all.
    pub(in crate::tokenize) fn with_lines(lines: usize) -> Self {
        debug_assert!(lines == 0 || lines.is_power_of_two());
        let ring = if lines == 0 { 0 } else { (8 * lines).max(2 * LONGEST) };
        Self { lines: vec![Line::default(); lines], ring: vec![0; ring], written: 0 }
    }

    /// Prepares a look-up of `text[start..end]`, which must not be empty, as this kind of thing.
    // Inlined by force, as `few` is: results handed over in memory stall the next load.
    #[inline(always)]
    pub(in crate::tokenize) fn query<'a>(
        &self,
        text: &'a [u8],
        start: usize,
        end: usize,
        kind: Kind,
    ) -> Query<'a> {
        let len = end - start;
        let flags = (kind as u32) << 8;
        let (key, tag, hash) = if len <= Key::LONGEST {
            let key = Key::load(text, start, end);
            let tag = len as u32 | flags;
            (key, tag, key.hash(u64::from(tag)))
        } else {
            let hash = hash::bytes(&text[start..end]);
            (Key { low: hash, high: len as u64 }, LONG | flags, hash)
        };
        let line = hash as usize & self.lines.len().wrapping_sub(1);
        Query { bytes: &text[start..end], key, tag, line }
    }

    /// Asks for the line of a piece.
    #[inline(always)]
    pub(in crate::tokenize) fn expect(&self, query: &Query<'_>) {
        prefetch(self.lines.as_ptr().wrapping_add(query.line).cast(), size_of::<Line>());
    }

    /// The entry of a piece in its own line.
    #[inline(always)]
    fn own(&self, query: &Query<'_>) -> Option<&Entry> {
        let Line([newer, older]) = self.lines.get(query.line)?;
        // Which of them it is no one can foretell, so that must not be a branch.
        let entry = select_unpredictable(older.is(query), older, newer);
        entry.is(query).then_some(entry)
    }

    /// The ids of a piece, if they are found at once and none of them is the unknown one: the
    /// first so many of these. For what is not found so, ask [`Self::get`].
    #[inline(always)]
    pub(in crate::tokenize) fn few(&self, query: &Query<'_>) -> Option<(&[u32; INLINE], usize)> {
        let entry = self.own(query)?;
        let simple = entry.meta & (HAS_UNKNOWN | IN_RING) == 0;
        simple.then_some((&entry.ids, (entry.meta >> 16) as usize))
    }

    /// What is known of a piece.
    pub(in crate::tokenize) fn get(&self, query: &Query<'_>) -> Option<Known<'_>> {
        let beside = || self.lines.get(query.line ^ 1)?.0.iter().find(|entry| entry.is(query));
        let entry = self.own(query).or_else(beside)?;
        let has_unknown = entry.meta & HAS_UNKNOWN != 0;
        let count = (entry.meta >> 16) as usize;
        if entry.meta & IN_RING == 0 {
            return Some(Known { ids: Ids::Few(&entry.ids, count), has_unknown });
        }
        Some(Known { ids: Ids::Many(self.in_ring(entry, count, query)?), has_unknown })
    }

    /// The ids of an entry, if the ring still has them.
    fn in_ring(&self, entry: &Entry, count: usize, query: &Query<'_>) -> Option<&[u32]> {
        let place = u64::from(entry.ids[0]) | u64::from(entry.ids[1]) << 32;
        let size = self.ring.len() as u64;
        if self.written > place + size {
            return None;
        }
        let at = (place % size) as usize;
        let mut ids = at;
        if query.tag & LONG == LONG {
            ids += query.bytes.len().div_ceil(4);
            let same = words(query.bytes).zip(&self.ring[at..]).all(|(a, &b)| a == b);
            if !same {
                return None;
            }
        }
        Some(&self.ring[ids..ids + count])
    }

    /// Keeps what a piece became.
    pub(in crate::tokenize) fn put(&mut self, query: &Query<'_>, new: &[u32], has_unknown: bool) {
        let Some(&Line([_, oldest])) = self.lines.get(query.line) else { return };
        let count = new.len();
        let mut meta = query.tag | (count as u32) << 16;
        if has_unknown {
            meta |= HAS_UNKNOWN;
        }
        let long = query.tag & LONG == LONG;
        if !long && count <= INLINE {
            let mut ids = [0; INLINE];
            ids[..count].copy_from_slice(new);
            self.replace(query.line, oldest, Entry { key: query.key, ids, meta });
            return;
        }
        let bytes = if long { query.bytes.len().div_ceil(4) } else { 0 };
        let size = self.ring.len();
        if bytes + count > LONGEST {
            return;
        }
        let mut at = (self.written % size as u64) as usize;
        if at + bytes + count > size {
            // It would not fit before the end.
            self.written += (size - at) as u64;
            at = 0;
        }
        if long {
            words(query.bytes).zip(&mut self.ring[at..]).for_each(|(word, slot)| *slot = word);
        }
        self.ring[at + bytes..at + bytes + count].copy_from_slice(new);
        let place = [self.written as u32, (self.written >> 32) as u32, 0];
        self.written += (bytes + count) as u64;
        let entry = Entry { key: query.key, ids: place, meta: meta | IN_RING };
        self.replace(query.line, oldest, entry);
    }

    /// Puts a new entry first in its line; the one that has to leave goes to the line beside it,
    /// where there may be room.
    fn replace(&mut self, line: usize, oldest: Entry, new: Entry) {
        if let Some(Line([newer, older])) = self.lines.get_mut(line) {
            *older = *newer;
            *newer = new;
        }
        if oldest.meta & 0xff != 0
            && let Some(Line([newer, older])) = self.lines.get_mut(line ^ 1)
        {
            *(if newer.meta & 0xff == 0 { newer } else { older }) = oldest;
        }
    }
}

/// Bytes in groups of four, the last filled up with zeros.
fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks(4).map(|chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_but_never_errs() {
        for lines in [0, 1, 2, 64, 4096] {
            let mut cache = Cache::with_lines(lines);
            let mut hits = 0;
            let mut state = 7_u64;
            for _ in 0..40_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let n = (state >> 33) as u32 % 700;
                // Pieces of 1 to 60 bytes with zeros at their ends, and 0 to 69 ids.
                let mut piece = n.to_string().into_bytes();
                piece.resize(1 + n as usize % 60, 0);
                piece.extend(n.to_le_bytes());
                let kinds = [Kind::Whole, Kind::Part, Kind::Word];
                let kind = kinds[n as usize % 3];
                let ids: Vec<u32> = (0..n % 70).map(|i| n + i).collect();
                let query = cache.query(&piece, 0, piece.len(), kind);
                match cache.get(&query) {
                    Some(found) => {
                        let found_ids = match found.ids {
                            Ids::Few(few, count) => &few[..count],
                            Ids::Many(many) => many,
                        };
                        assert_eq!((found_ids, found.has_unknown), (&ids[..], n.is_multiple_of(3)));
                        hits += 1;
                    }
                    None => cache.put(&query, &ids, n.is_multiple_of(3)),
                }
                let other = cache.query(&piece, 0, piece.len(), kinds[(n as usize + 1) % 3]);
                assert!(cache.get(&other).is_none());
            }
            assert_eq!(hits > 0, lines > 0, "{lines}");
        }
    }
}
