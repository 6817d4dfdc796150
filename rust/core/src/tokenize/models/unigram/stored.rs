//! A Unigram model in an index, and back.

use serde::{Deserialize, Serialize};

use super::chars::Codes;
use super::model::Unigram;
use super::trie::Trie;
use crate::tokenize::index::arrays::{ArraysIn, ArraysOut};
use crate::tokenize::output::NO_ID;

/// Everything that is not an array.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::tokenize) struct Facts {
    unk_id: u32,
    // As bits: what JSON makes of a float is not always the float.
    unk_score: u64,
    largest_score: u64,
    last_id: u32,
    longest: usize,
    inner_marks: bool,
    mark_code: u16,
    replacement: char,
    byte_level: bool,
    bytes: Option<Vec<Option<u32>>>,
    runs_are_pieces: bool,
}

impl Unigram {
    pub(in crate::tokenize) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) -> Facts {
        let (slots, ids, last_id) = self.trie.parts();
        let (index, codes) = self.codes.parts();
        arrays.put(slots);
        arrays.put(ids);
        arrays.put(index);
        arrays.put(codes);
        Facts {
            unk_id: self.unk_id,
            unk_score: self.unk_score.to_bits(),
            largest_score: self.largest_score.to_bits(),
            last_id,
            longest: self.longest,
            inner_marks: self.inner_marks,
            mark_code: self.mark_code,
            replacement: self.replacement,
            byte_level: self.byte_level,
            bytes: self.bytes.as_ref().map(|bytes| bytes.to_vec()),
            runs_are_pieces: self.runs_are_pieces,
        }
    }

    /// The model of an index, with ids below `id_bound`; `None` if it cannot be one. Its arrays
    /// stay in the file, if that is mapped.
    pub(in crate::tokenize) fn load(
        facts: Facts,
        id_bound: u32,
        arrays: &mut ArraysIn<'_>,
    ) -> Option<Self> {
        let trie = Trie::from_parts(arrays.mapped()?, arrays.mapped()?, facts.last_id)?;
        let model = Self {
            codes: Codes::from_parts(arrays.mapped()?, arrays.mapped()?)?,
            trie,
            unk_id: facts.unk_id,
            unk_score: f64::from_bits(facts.unk_score),
            largest_score: f64::from_bits(facts.largest_score),
            longest: facts.longest,
            inner_marks: facts.inner_marks,
            mark_code: facts.mark_code,
            replacement: facts.replacement,
            byte_level: facts.byte_level,
            bytes: match facts.bytes {
                Some(bytes) => Some(bytes.try_into().ok()?),
                None => None,
            },
            runs_are_pieces: facts.runs_are_pieces,
        };
        let bytes = model.bytes.iter().flat_map(|bytes| bytes.iter().flatten());
        let beyond = |id: u32| id >= id_bound;
        let fits = !beyond(facts.last_id)
            && !bytes.max().is_some_and(|&id| beyond(id))
            && (facts.unk_id == NO_ID || !beyond(facts.unk_id));
        fits.then_some(model)
    }
}
