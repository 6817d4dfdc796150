//! Byte pair encoding, by bytes or by characters.

mod alphabet;
mod cuts;
mod merges;
mod read;
pub(in crate::tokenize) mod stored;
mod whole;

use super::{Parted, Word, Work as AllWork};
use alphabet::Alphabet;
use cuts::Cuts;
use merges::Merges;
pub(in crate::tokenize::models) use merges::Work;
use whole::WholeWords;

/// Vocabulary and merges.
#[derive(Debug)]
pub(in crate::tokenize) struct Bpe {
    alphabet: Alphabet,
    merges: Merges,
    /// What `ignore_merges` looks up first.
    whole: Option<WholeWords>,
    cuts: Option<Cuts>,
}

impl Word for Bpe {
    fn word(&self, word: &[u8], work: &mut AllWork, ids: &mut Vec<u32>) {
        match self.whole(word) {
            Some(id) => ids.push(id),
            None => self.part(word, work, ids),
        }
    }
}

impl Bpe {
    pub(super) fn may_fail(&self) -> bool {
        self.alphabet.may_fail()
    }

    /// Whether words can be cut into parts.
    pub(super) fn has_parts(&self) -> bool {
        self.cuts.is_some()
    }
}

impl Parted for Bpe {
    fn takes_whole(&self) -> bool {
        self.whole.is_some()
    }

    fn whole(&self, word: &[u8]) -> Option<u32> {
        self.whole.as_ref()?.get(word)
    }

    #[inline]
    fn part_end(&self, word: &[u8], start: usize) -> usize {
        self.cuts.as_ref().map_or(word.len(), |cuts| cuts.next(word, start))
    }

    fn bytes(&self) -> Option<&[u32; 256]> {
        self.alphabet.all_bytes()
    }

    fn part(&self, part: &[u8], work: &mut AllWork, ids: &mut Vec<u32>) {
        if self.alphabet.symbols(part, &mut work.bpe.symbols) {
            self.merges.apply(&mut work.bpe);
            ids.extend_from_slice(&work.bpe.symbols);
        } else {
            work.failed = true;
        }
    }
}
