//! Where ids go: counted against the limit first, freed of the unknown id second.

use super::pieces::Word;

/// The ids of one text.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) ids: &'a mut Vec<u32>,
    /// How many more ids count, unknown ones included.
    pub(super) remaining: usize,
    /// The id that counts but is not kept.
    unk_id: u32,
}

impl<'a> Output<'a> {
    pub(super) fn new(ids: &'a mut Vec<u32>, limit: Option<usize>, unk_id: u32) -> Self {
        Self { ids, remaining: limit.unwrap_or(usize::MAX), unk_id }
    }

    /// Adds one id. Returns false when the limit is reached.
    #[inline]
    pub(super) fn push(&mut self, id: u32) -> bool {
        if self.remaining == 0 {
            return false;
        }
        self.remaining -= 1;
        if id != self.unk_id {
            self.ids.push(id);
        }
        self.remaining != 0
    }

    /// Adds what a word became. Returns false when the limit is reached.
    pub(super) fn word(&mut self, what: Word, ids: &[u32]) -> bool {
        match what {
            Word::Unknown => self.push(self.unk_id),
            Word::Pieces => ids.iter().all(|&id| self.push(id)),
        }
    }
}
