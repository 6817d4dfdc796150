//! The fast path over one segment of text: units from the first look, ids from the caches.

use super::cache::Value;
use super::chunks::Store;
use super::known;
use super::parts::{LARGE, Walk};
use crate::tokenize::output::Output;
use crate::tokenize::scan::{Rewrite, Rewritten};
use crate::tokenize::text::added::stands_alone;

/// Texts are classified in windows of about this many bytes, so that a long text of which only the
/// first ids are wanted is not read to its end, and the buffers stay in the nearest cache.
const WINDOW: usize = 4096;

/// Working memory of the fast path.
#[derive(Debug)]
pub(super) struct Memory {
    rewritten: Rewritten,
    store: Store,
}

impl Memory {
    pub(super) fn new(entries: usize) -> Self {
        Self { rewritten: Rewritten::default(), store: Store::new(entries) }
    }

    /// Gives back what one text of uncommon size took.
    fn trim(&mut self) {
        if self.rewritten.buffer.len() > LARGE {
            self.rewritten = Rewritten::default();
        }
        self.store.trim();
    }
}

impl Walk<'_> {
    /// Ids of a segment. Returns false when the limit is reached.
    pub(super) fn segment(&self, text: &str, memory: &mut Memory, out: &mut Output<'_>) -> bool {
        let Memory { rewritten, store } = memory;
        let go = match self.added {
            Some(_) => self.normalized_segment(text, rewritten, store, out),
            None => self.windows(text, rewritten, store, out),
        };
        memory.trim();
        go
    }

    fn windows(
        &self,
        text: &str,
        rewritten: &mut Rewritten,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let mut rest = text;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(window(rest.as_bytes()));
            rewritten.set(self.backend, self.cutting, now.as_bytes(), self.rewrite);
            if !self.units(now, rewritten, store, out) {
                return false;
            }
            rest = later;
        }
        true
    }

    /// With added tokens, which may span white space, the segment is one window; and they are looked
    /// for in the normalized text, so anything that the first look cannot normalize is first.
    fn normalized_segment(
        &self,
        text: &str,
        rewritten: &mut Rewritten,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        rewritten.set(self.backend, self.cutting, text.as_bytes(), self.rewrite);
        if !rewritten.any_odd {
            return self.units_and_added(text, rewritten, store, out);
        }
        let mut normalized = std::mem::take(&mut store.normalized);
        normalized.clear();
        self.before.normalize(text, &mut store.run, &mut normalized);
        rewritten.set(self.backend, self.cutting, normalized.as_bytes(), Rewrite::default());
        let go = self.units_and_added(&normalized, rewritten, store, out);
        store.normalized = normalized;
        go
    }

    fn units(
        &self,
        text: &str,
        rewritten: &Rewritten,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let (starts, ends) = (rewritten.units.starts(), rewritten.units.ends());
        let mut at = 0;
        while at < starts.len() {
            let (known_starts, known_ends) = (&starts[at..], &ends[at..]);
            at += known::append(
                &rewritten.buffer,
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
            if !self.chunk(text, rewritten, start as usize..end as usize, store, out) {
                return false;
            }
        }
        true
    }

    /// As `units`, with added tokens cut out: leftmost first, then longest, as the reference does.
    fn units_and_added(
        &self,
        text: &str,
        rewritten: &Rewritten,
        store: &mut Store,
        out: &mut Output<'_>,
    ) -> bool {
        let Some((matcher, follow)) = self.added else {
            return true;
        };
        let begins_none = |value: &Value, end| {
            !follow.may_begin(value.follow(), matcher.trie(), &rewritten.buffer, end, text.len())
        };
        let (starts, ends) = (rewritten.units.starts(), rewritten.units.ends());
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
                at +=
                    known::append(&rewritten.buffer, starts, ends, &store.short, begins_none, out);
            }
            let (Some(&start), Some(&end)) = (starts.get(at), ends.get(at)) else {
                break;
            };
            at += 1;
            let (mut start, end) = (begin.max(start as usize), end as usize);
            while let Some((found, token)) =
                matcher.find(&rewritten.buffer[..text.len()], search.max(start), end)
            {
                search = found.end;
                if token.single_word && !stands_alone(text, found.start, found.end) {
                    continue;
                }
                if !self.chunk(text, rewritten, start..found.start, store, out)
                    || !out.push(token.id)
                {
                    return false;
                }
                begin = found.end;
                start = begin.min(end);
            }
            if !self.chunk(text, rewritten, start..end, store, out) {
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
