//! Where ids go: counted against the limit first, freed of the unknown id second.

/// What becomes of the unknown id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unknown {
    /// It counts against the limit and is left out, as in model2vec.
    #[default]
    Drop,
    /// It is kept like any other id, as in `StaticEmbedding` of sentence-transformers.
    Keep,
}

/// Stands for "there is no unknown id": ids are below it.
pub(super) const NO_ID: u32 = u32::MAX;

/// The ids of one text.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) ids: &'a mut Vec<u32>,
    /// How many more ids count, unknown ones included.
    pub(super) remaining: usize,
    /// The unknown id.
    unk_id: u32,
    /// The id that counts but is not kept: the unknown one or none.
    dropped: u32,
}

impl<'a> Output<'a> {
    pub(super) fn new(
        ids: &'a mut Vec<u32>,
        limit: Option<usize>,
        unk_id: u32,
        unknown: Unknown,
    ) -> Self {
        let dropped = match unknown {
            Unknown::Drop => unk_id,
            Unknown::Keep => NO_ID,
        };
        Self { ids, remaining: limit.unwrap_or(usize::MAX), unk_id, dropped }
    }

    /// What is there by now, to come back to.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.ids.len(), self.remaining)
    }

    /// Takes back what came after a mark.
    pub(super) fn rewind(&mut self, (len, remaining): (usize, usize)) {
        self.ids.truncate(len);
        self.remaining = remaining;
    }

    /// Counts no more for a while; returns what was left, for [`Self::give_room`].
    pub(super) fn take_room(&mut self) -> (usize, usize) {
        (self.ids.len(), std::mem::replace(&mut self.remaining, usize::MAX))
    }

    /// Counts what came since the room was taken, and lets go what is too much. There must be no
    /// unknown id.
    pub(super) fn give_room(&mut self, (start, room): (usize, usize)) {
        let counted = (self.ids.len() - start).min(room);
        self.ids.truncate(start + counted);
        self.remaining = room - counted;
    }

    /// Whether the unknown id is kept, or there is none.
    pub(super) fn keeps_unknown(&self) -> bool {
        self.dropped == NO_ID
    }

    /// Adds one id. Returns false when the limit is reached.
    #[inline]
    pub(super) fn push(&mut self, id: u32) -> bool {
        if self.remaining == 0 {
            return false;
        }
        self.remaining -= 1;
        if id != self.dropped {
            self.ids.push(id);
        }
        self.remaining != 0
    }

    /// Adds the unknown id. Returns false when the limit is reached.
    pub(super) fn push_unknown(&mut self) -> bool {
        self.push(self.unk_id)
    }

    /// Adds several ids. Returns false when the limit is reached.
    pub(super) fn extend(&mut self, ids: &[u32]) -> bool {
        ids.iter().all(|&id| self.push(id))
    }

    /// Adds ids of which none is the unknown one. Returns false when the limit is reached.
    #[inline]
    pub(super) fn extend_known(&mut self, ids: &[u32]) -> bool {
        let counted = ids.len().min(self.remaining);
        self.ids.extend_from_slice(&ids[..counted]);
        self.remaining -= counted;
        self.remaining != 0
    }

    /// As `extend_known`, of the first `count` of some ids: without a loop of unknown length.
    #[inline]
    pub(super) fn extend_few<const N: usize>(&mut self, ids: &[u32; N], count: usize) -> bool {
        let count = count.min(N);
        if count >= self.remaining {
            return self.extend_known(&ids[..count]);
        }
        self.ids.extend_from_slice(ids);
        self.ids.truncate(self.ids.len() - (N - count));
        self.remaining -= count;
        true
    }
}

/// Takes ids as they are found: the output of a text, or a list of them all.
pub(super) trait Sink {
    /// Takes an id, which may be the unknown one. Returns false when no more are wanted.
    fn one(&mut self, id: u32) -> bool;

    /// Takes the first `count` of some ids, of which none is the unknown one. Returns false when no
    /// more are wanted.
    fn few<const N: usize>(&mut self, ids: &[u32; N], count: usize) -> bool;

    /// Takes ids, of which one is the unknown one if so said. Returns false when no more are wanted.
    fn many(&mut self, ids: &[u32], has_unknown: bool) -> bool;
}

impl Sink for Output<'_> {
    #[inline]
    fn one(&mut self, id: u32) -> bool {
        self.push(id)
    }

    #[inline]
    fn few<const N: usize>(&mut self, ids: &[u32; N], count: usize) -> bool {
        self.extend_few(ids, count)
    }

    #[inline]
    fn many(&mut self, ids: &[u32], has_unknown: bool) -> bool {
        if has_unknown { self.extend(ids) } else { self.extend_known(ids) }
    }
}

impl Sink for Vec<u32> {
    #[inline]
    fn one(&mut self, id: u32) -> bool {
        self.push(id);
        true
    }

    #[inline]
    fn few<const N: usize>(&mut self, ids: &[u32; N], count: usize) -> bool {
        self.extend_from_slice(&ids[..count.min(N)]);
        true
    }

    #[inline]
    fn many(&mut self, ids: &[u32], _has_unknown: bool) -> bool {
        self.extend_from_slice(ids);
        true
    }
}
