//! Byte pair encoding, by bytes or by characters.

mod alphabet;
mod cuts;
mod merges;
mod read;
mod whole;

use super::{Word, Work as AllWork};
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

    /// Whether words may be taken whole, so that a word is not what a part of the same bytes is.
    pub(in crate::tokenize) fn takes_whole(&self) -> bool {
        self.whole.is_some()
    }

    /// The id of a word that is a token, where those are not to be merged.
    pub(in crate::tokenize) fn whole(&self, word: &[u8]) -> Option<u32> {
        self.whole.as_ref()?.get(word)
    }

    /// Whether words can be cut into parts.
    pub(in crate::tokenize) fn has_parts(&self) -> bool {
        self.cuts.is_some()
    }

    /// The end of the part of a word that starts here: parts are merged each by itself.
    #[inline]
    pub(in crate::tokenize) fn part_end(&self, word: &[u8], start: usize) -> usize {
        self.cuts.as_ref().map_or(word.len(), |cuts| cuts.next(word, start))
    }

    /// The ids of parts of one byte, if these need no merging.
    pub(in crate::tokenize) fn bytes(&self) -> Option<&[u32; 256]> {
        self.alphabet.all_bytes()
    }

    /// Appends the ids of a part.
    pub(in crate::tokenize) fn part(&self, part: &[u8], work: &mut AllWork, ids: &mut Vec<u32>) {
        if self.alphabet.symbols(part, &mut work.bpe.symbols) {
            self.merges.apply(&mut work.bpe);
            ids.extend_from_slice(&work.bpe.symbols);
        } else {
            work.failed = true;
        }
    }
}
