//! The fast path over one piece of text: units from the classifier, ids from the caches.

use super::cache::Value;
use super::chunks::Store;
use super::known;
use super::parts::{LARGE, Walk};
use crate::tokenize::output::Output;
use crate::tokenize::scan::classify::{self, Rewrite, Units};
use crate::tokenize::text::added::stands_alone;

/// Texts are classified in windows of about this many bytes, so that a long text of which only the
/// first ids are wanted is not read to its end, and the buffers stay in the nearest cache.
const WINDOW: usize = 4096;

/// Working memory of the fast path.
#[derive(Debug)]
pub(super) struct Memory {
    units: Units,
    store: Store,
}

impl Memory {
    pub(super) fn new(entries: usize) -> Self {
        Self { units: Units::default(), store: Store::new(entries) }
    }

    /// Gives back what one text of uncommon size took.
    fn trim(&mut self) {
        if self.units.buffer.len() > LARGE {
            self.units = Units::default();
        }
        self.store.trim();
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
        let Some((matcher, follow)) = self.added else {
            return true;
        };
        let begins_none = |value: &Value, end| {
            !follow.may_begin(value.follow(), matcher.trie(), &units.buffer, end, text.len())
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
