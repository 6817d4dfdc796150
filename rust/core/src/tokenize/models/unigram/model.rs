//! A Unigram vocabulary, ready to be searched.

use super::super::{Word, Work};
use super::chars::Codes;
use super::lattice::{Lattice, UNKNOWN};
use super::trie::{Trie, step};
use crate::tokenize::output::NO_ID;
use crate::tokenize::text::stand_ins;

/// What stands for the replacement character of a Metaspace that is the last thing before the
/// model: a word then begins with a single byte.
pub(in crate::tokenize) const MARK: u8 = b' ';

/// Pieces, scores and settings.
#[derive(Debug)]
pub(in crate::tokenize) struct Unigram {
    pub(in crate::tokenize) codes: Codes,
    pub(in crate::tokenize) trie: Trie,
    /// `NO_ID` if there is none: then every character of a word must be a piece.
    pub(in crate::tokenize) unk_id: u32,
    pub(in crate::tokenize) unk_score: f64,
    /// The largest score by magnitude, that of an unknown character included.
    pub(in crate::tokenize) largest_score: f64,
    /// Length of the longest piece in characters.
    pub(in crate::tokenize) longest: usize,
    /// Whether some piece holds the mark anywhere but at its start.
    pub(in crate::tokenize) inner_marks: bool,
    /// Code of the mark; `NO_CODE` if no piece holds it.
    pub(in crate::tokenize) mark_code: u16,
    /// The replacement character that the mark stands for; the mark itself if it stands for none.
    pub(in crate::tokenize) replacement: char,
    /// Ids of the tokens `<0x00>` to `<0xFF>`, if an unknown text is to become such.
    pub(in crate::tokenize) bytes: Option<Box<[Option<u32>; 256]>>,
    /// Whether its words are the stand-ins of bytes.
    pub(in crate::tokenize) byte_level: bool,
    /// Whether several unknown characters in a row could together be a piece.
    pub(in crate::tokenize) runs_are_pieces: bool,
}

impl Unigram {
    /// Whether a run of unknown characters is always one unknown id.
    pub(in crate::tokenize) fn unknowns_are_simple(&self) -> bool {
        self.bytes.is_none() && !self.runs_are_pieces
    }

    /// Calls `id` with the ids of a run of unknown characters, `text`, of `nodes` path nodes;
    /// returns false as soon as it does.
    pub(in crate::tokenize) fn unknown_run(
        &self,
        run: &[u8],
        nodes: usize,
        mut id: impl FnMut(u32) -> bool,
    ) -> bool {
        // A single node is either a character that is no piece, or the unknown piece itself.
        if nodes > 1 || self.bytes.is_some() {
            let mut codes = Vec::new();
            self.codes.extend(run, &mut codes);
            if let Some(slot) = self.trie.get(&codes) {
                return id(self.trie.id(slot));
            }
        }
        let Some(table) = &self.bytes else { return id(self.unk_id) };
        let mut buffer = [0; 4];
        let replacement = self.replacement.encode_utf8(&mut buffer).as_bytes();
        let written = run.iter().flat_map(|byte| match *byte {
            MARK => replacement,
            _ => std::slice::from_ref(byte),
        });
        let all: Option<Vec<u32>> = written.map(|&byte| table[usize::from(byte)]).collect();
        match all {
            Some(ids) => ids.into_iter().all(id),
            None => id(self.unk_id),
        }
    }

    /// Whether some text can need an unknown piece that does not exist.
    pub(in crate::tokenize) fn may_fail(&self) -> bool {
        // Of byte-level texts every character is one of these.
        let all = (0..=255).all(|byte| self.knows(u32::from(stand_ins::char_of(byte))));
        self.unk_id == NO_ID && !(all && self.byte_level)
    }

    /// Whether a character is a piece.
    fn knows(&self, c: u32) -> bool {
        let slots = self.trie.slots();
        let slot = step(slots, &slots[0], self.codes.get(c));
        slot.is_some_and(|slot| !slots[slot as usize].score.is_nan())
    }

    /// Appends the ids of the path that was found through a word.
    fn path(&self, word: &[u8], lattice: &Lattice, ids: &mut Vec<u32>) {
        let simple = self.unknowns_are_simple();
        // From positions in characters, which only ever grow, to places: once through the word.
        let begins = |&(_, byte): &(usize, &u8)| byte & 0xc0 != 0x80;
        let mut begins = word.iter().enumerate().filter(begins).map(|(at, _)| at).skip(1);
        let (mut position, mut offset) = (0, 0);
        let mut place = |at: u32| {
            while position < at {
                offset = begins.next().unwrap_or(word.len());
                position += 1;
            }
            offset
        };
        // The run of unknown characters that is open: where it starts, and its number of nodes.
        let mut run: Option<(usize, usize)> = None;
        let mut end = 0;
        for node in &lattice.path {
            let id = if node.slot == UNKNOWN { self.unk_id } else { self.trie.id(node.slot) };
            end = node.end;
            if id == self.unk_id {
                let (_, nodes) =
                    run.get_or_insert_with(|| (if simple { 0 } else { place(node.start) }, 0));
                *nodes += 1;
                continue;
            }
            if let Some((start, nodes)) = run.take() {
                let stop = if simple { 0 } else { place(node.start) };
                self.close(&word[start..stop], nodes, ids);
            }
            ids.push(id);
        }
        if let Some((start, nodes)) = run {
            let stop = if simple { 0 } else { place(end) };
            self.close(&word[start..stop], nodes, ids);
        }
    }

    /// Appends the ids of a run of unknown characters; its text only matters if they are not simple.
    fn close(&self, run: &[u8], nodes: usize, ids: &mut Vec<u32>) {
        if self.unknowns_are_simple() {
            ids.push(self.unk_id);
            return;
        }
        self.unknown_run(run, nodes, |id| {
            ids.push(id);
            true
        });
    }
}

impl Word for Unigram {
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        let Work { lattice, failed, .. } = work;
        lattice.codes.clear();
        self.codes.extend(word, &mut lattice.codes);
        lattice.best::<false>(&self.trie, self.unk_score, 0.0);
        // The reference fails where an unknown character is the best way to a place, whether the best
        // path leads there or not.
        if self.unk_id == NO_ID && lattice.meets_unknown() {
            *failed = true;
            return;
        }
        self.path(word, lattice, ids);
    }
}
