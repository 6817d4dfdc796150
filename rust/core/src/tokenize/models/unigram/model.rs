//! A Unigram vocabulary, ready to be searched.

use super::chars::Codes;
use super::trie::Trie;

/// What stands for a space inside the engine, whatever the file's replacement character is.
pub(in crate::tokenize) const MARK: u8 = b' ';

/// Pieces, scores and settings.
#[derive(Debug)]
pub(in crate::tokenize) struct Model {
    pub(in crate::tokenize) codes: Codes,
    pub(in crate::tokenize) trie: Trie,
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
    /// The replacement character of the file, which the mark stands for.
    pub(in crate::tokenize) replacement: char,
    /// Ids of the tokens `<0x00>` to `<0xFF>`, if an unknown text is to become such.
    pub(in crate::tokenize) bytes: Option<Box<[Option<u32>; 256]>>,
    /// Whether several unknown characters in a row could together be a piece.
    pub(in crate::tokenize) runs_are_pieces: bool,
}

impl Model {
    /// Whether a run of unknown characters is always one unknown id.
    pub(in crate::tokenize) fn unknowns_are_simple(&self) -> bool {
        self.bytes.is_none() && !self.runs_are_pieces
    }

    /// Calls `id` with the ids of a run of unknown characters, `text`, of `nodes` path nodes;
    /// returns false as soon as it does.
    pub(in crate::tokenize) fn unknown_run(
        &self,
        text: &str,
        nodes: usize,
        mut id: impl FnMut(u32) -> bool,
    ) -> bool {
        // A single node is either a character that is no piece, or the unknown piece itself.
        if nodes > 1 || self.bytes.is_some() {
            let mut codes = Vec::new();
            self.codes.extend(text, &mut codes);
            if let Some(slot) = self.trie.get(&codes) {
                return id(self.trie.id(slot));
            }
        }
        let Some(table) = &self.bytes else { return id(self.unk_id) };
        let text = text.replace(char::from(MARK), self.replacement.encode_utf8(&mut [0; 4]));
        let all: Option<Vec<u32>> = text.bytes().map(|byte| table[usize::from(byte)]).collect();
        match all {
            Some(ids) => ids.into_iter().all(id),
            None => id(self.unk_id),
        }
    }
}
