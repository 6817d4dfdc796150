//! The fast path over one piece of text: units from the classifier, ids from the caches.

use std::ops::Range;

use super::super::unicode::hangul_jamo;
use super::added::{Matcher, stands_alone};
use super::cache::{Cache, Key, Value};
use super::charmap::{CharMap, Fate};
use super::classify::{self, Rewrite, Units};
use super::exact;
use super::follow::{self, Follow};
use super::known;
use super::normalizer::{Normalizer, Run};
use super::output::Output;
use super::pieces::{Pieces, Word};
use crate::backend::Runnable;

/// Texts are classified in windows of about this many bytes, so that a long text of which only the
/// first ids are wanted is not read to its end, and the buffers stay in the nearest cache.
const WINDOW: usize = 4096;

/// Buffers of more bytes than this are not kept from text to text.
const LARGE: usize = 1 << 18;

/// What the fast path needs of a model.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) pieces: &'a Pieces,
    pub(super) map: &'a CharMap,
    /// What the map stands for: the model's normalizer, or none where the text is normalized first.
    pub(super) normalizer: Normalizer,
    /// The normalizer of a text in which added tokens are to be found.
    pub(super) before: Normalizer,
    pub(super) unk_id: u32,
    pub(super) backend: Runnable,
    pub(super) rewrite: Rewrite,
    /// Added tokens to be found in the rewritten text.
    pub(super) added: Option<(&'a Matcher, &'a Follow)>,
}

/// Working memory of the fast path.
#[derive(Debug)]
pub(super) struct Memory {
    units: Units,
    store: Store,
}

/// The caches, and what it takes to fill them.
#[derive(Debug)]
struct Store {
    short: Cache<1>,
    long: Cache<3>,
    chunk: String,
    list: Vec<u32>,
    normalized: String,
    run: Run,
}

impl Memory {
    pub(super) fn new(entries: usize) -> Self {
        Self {
            units: Units::default(),
            store: Store {
                short: Cache::new(entries),
                // Chunks of more than sixteen bytes are one in twenty in German, fewer elsewhere.
                long: Cache::new(entries / 8),
                chunk: String::new(),
                list: Vec::new(),
                normalized: String::new(),
                run: Run::default(),
            },
        }
    }
}

impl Memory {
    /// Gives back what one text of uncommon size took.
    fn trim(&mut self) {
        if self.units.buffer.len() > LARGE {
            self.units = Units::default();
        }
        let store = &mut self.store;
        for buffer in [&mut store.chunk, &mut store.normalized] {
            if buffer.capacity() > LARGE {
                *buffer = String::new();
            }
        }
        if store.list.capacity() > LARGE / 4 {
            store.list = Vec::new();
        }
    }
}

impl Walk<'_> {
    /// Ids of a piece. Returns false when the limit is reached.
    pub(super) fn piece(&self, text: &str, memory: &mut Memory, out: &mut Output<'_>) -> bool {
        let Memory { units, store } = memory;
        let go = match self.added {
            Some(_) => self.normalized_piece(text, units, store, out),
            None => self.windows(text, units, store, out),
        };
        memory.trim();
        go
    }

    fn windows(
        &self,
        text: &str,
        units: &mut Units,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let mut rest = text;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(window(rest.as_bytes()));
            classify::units(self.backend, now.as_bytes(), self.rewrite, units);
            if !self.units(now, units, store, out) {
                return false;
            }
            rest = later;
        }
        true
    }

    /// With added tokens, which may span white space, the piece is one window; and they are looked
    /// for in the normalized text, so anything that the classifier cannot normalize is first.
    fn normalized_piece(
        &self,
        text: &str,
        units: &mut Units,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        classify::units(self.backend, text.as_bytes(), self.rewrite, units);
        if !units.any_odd {
            return self.units_and_added(text, units, store, out);
        }
        let mut normalized = std::mem::take(&mut store.normalized);
        normalized.clear();
        self.before.normalize(text, &mut store.run, &mut normalized);
        classify::units(self.backend, normalized.as_bytes(), Rewrite::default(), units);
        let go = self.units_and_added(&normalized, units, store, out);
        store.normalized = normalized;
        go
    }

    fn units(&self, text: &str, units: &Units, store: &mut Store, out: &mut Output<'_>) -> bool {
        let (starts, ends) = (units.starts(), units.ends());
        let mut at = 0;
        while at < starts.len() {
            let (known_starts, known_ends) = (&starts[at..], &ends[at..]);
            at += known::append(
                &units.buffer,
                known_starts,
                known_ends,
                &store.short,
                |_, _| true,
                out,
            );
            let (Some(&start), Some(&end)) = (starts.get(at), ends.get(at)) else {
                break;
            };
            at += 1;
            if !self.chunk(text, units, start as usize..end as usize, store, out) {
                return false;
            }
        }
        true
    }

    /// As `units`, with added tokens cut out: leftmost first, then longest, as the reference does.
    fn units_and_added(
        &self,
        text: &str,
        units: &Units,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let Some((matcher, _)) = self.added else {
            return true;
        };
        let begins_none = |value: &Value, end| {
            value.follow() & follow::class(units.buffer[end], units.buffer[end + 1]) == 0
        };
        let (starts, ends) = (units.starts(), units.ends());
        let mut begin = 0; // Text before was used up by added tokens,
        let mut search = 0; // by matches, those included that `single_word` rejected.
        let mut at = 0;
        while at < starts.len() {
            if ends[at] as usize <= begin {
                at += 1;
                continue;
            }
            if starts[at] as usize >= begin {
                let (starts, ends) = (&starts[at..], &ends[at..]);
                at += known::append(&units.buffer, starts, ends, &store.short, begins_none, out);
            }
            let (Some(&start), Some(&end)) = (starts.get(at), ends.get(at)) else {
                break;
            };
            at += 1;
            let (mut start, end) = (begin.max(start as usize), end as usize);
            while let Some((found, token)) =
                matcher.find(&units.buffer[..text.len()], search.max(start), end)
            {
                search = found.end;
                if token.single_word && !stands_alone(text, found.start, found.end) {
                    continue;
                }
                if !self.chunk(text, units, start..found.start, store, out) || !out.push(token.id) {
                    return false;
                }
                begin = found.end;
                start = begin.min(end);
            }
            if !self.chunk(text, units, start..end, store, out) {
                return false;
            }
        }
        true
    }

    /// Ids of a unit, or of a part of one, that the short way did not know.
    #[inline(never)]
    fn chunk(
        &self,
        text: &str,
        units: &Units,
        range: Range<usize>,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        if range.is_empty() {
            return true;
        }
        store.list.clear();
        let odd = units.is_odd(range.start, range.end);
        // Kana and ideographs come in chunks without end, not worth an entry each.
        if odd && (range.len() > Key::<1>::BYTES || units.buffer[range.start] >= 0xE3) {
            self.characters(text, units, range, out.remaining, store);
        } else {
            self.cached(text, units, range, odd, store);
        }
        out.extend(&store.list)
    }

    /// Appends to the list the ids of a chunk that is cut further: at white space beyond ASCII and
    /// at every character that stands alone. Stops when the list has `enough` ids.
    fn characters(
        &self,
        text: &str,
        units: &Units,
        range: Range<usize>,
        enough: usize,
        store: &mut Store,
    ) {
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
            if start < at {
                self.cached(text, units, start..at, units.is_odd(start, at), store);
            }
            if let Some(id) = alone {
                store.list.push(id.unwrap_or(self.unk_id));
            }
            (start, at) = (next, next);
            if store.list.len() >= enough {
                return;
            }
        }
        if start < at {
            self.cached(text, units, start..at, units.is_odd(start, at), store);
        }
    }

    /// Appends the ids of a chunk to the list, through the caches.
    fn cached(&self, text: &str, units: &Units, range: Range<usize>, odd: bool, store: &mut Store) {
        let Range { start, end } = range;
        if let Some(key) = Key::<1>::read(&units.buffer, start, end) {
            if store.short.append(&key, self.unk_id, &mut store.list) {
                return;
            }
            let before = store.list.len();
            self.compute(text, units, range, odd, store);
            let follow = self.follow(&units.buffer[start..end]);
            store.short.put(&key, &store.list[before..], self.unk_id, follow);
        } else if let Some(key) = Key::<3>::read(&units.buffer, start, end) {
            if store.long.append(&key, self.unk_id, &mut store.list) {
                return;
            }
            let before = store.list.len();
            self.compute(text, units, range, odd, store);
            store.long.put(&key, &store.list[before..], self.unk_id, 0);
        } else {
            self.compute(text, units, range, odd, store);
        }
    }

    fn follow(&self, chunk: &[u8]) -> u16 {
        self.added.map_or(0, |(matcher, follow)| follow.of(chunk, matcher.trie()))
    }

    /// Appends the ids of a chunk to the list, the unknown one included.
    fn compute(
        &self,
        text: &str,
        units: &Units,
        range: Range<usize>,
        odd: bool,
        store: &mut Store,
    ) {
        let Store { chunk, list, run, .. } = store;
        if !odd {
            self.word(&units.buffer[range], list);
            return;
        }
        let text = &text[range];
        let before = list.len();
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
                    list.truncate(before);
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
        if !word.is_empty() && self.pieces.tokenize(word, list) == Word::Unknown {
            list.push(self.unk_id);
        }
    }
}

/// Length of the next window: up to white space, where nothing is cut.
fn window(text: &[u8]) -> usize {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    if text.len() <= WINDOW + WINDOW / 4 {
        return text.len();
    }
    match text[..WINDOW].iter().rposition(is_space) {
        Some(at) => at + 1,
        // A run without white space is looked at once more, but only once.
        None => text[WINDOW..].iter().position(is_space).map_or(text.len(), |at| WINDOW + at + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_behind_white_space() {
        assert_eq!(window(b"short text"), 10);
        let long = "word ".repeat(3000);
        let end = window(long.as_bytes());
        assert!(end <= WINDOW && long[..end].ends_with(' '));
        let run = "x".repeat(3 * WINDOW);
        assert_eq!(window(run.as_bytes()), run.len());
        assert_eq!(window(format!("{run} y{run}").as_bytes()), run.len() + 1);
    }
}
