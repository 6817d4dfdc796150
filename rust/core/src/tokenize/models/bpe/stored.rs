//! A BPE model in an index, and back.

use serde::{Deserialize, Serialize};

use super::Bpe;
use super::alphabet::{Affixed, Affixes, Alphabet, Chars, Kind, Unk};
use super::cuts::Cuts;
use super::merges::{BOUND, Merges};
use super::whole::WholeWords;
use crate::tokenize::index::arrays::{ArraysIn, ArraysOut};
use crate::tokenize::output::NO_ID;

/// Everything that is not an array.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::tokenize) struct Facts {
    alphabet: AlphabetFacts,
    fallback: bool,
    unk: Unk,
    fuse_unk: bool,
    whole: bool,
    cuts: CutsFacts,
}

#[derive(Debug, Serialize, Deserialize)]
enum AlphabetFacts {
    AllBytes,
    Chars { byte_level: bool },
    Affixed { byte_level: bool, affixes: Affixes },
}

#[derive(Debug, Serialize, Deserialize)]
enum CutsFacts {
    None,
    Bytes,
    Before { sign: char, joined: Vec<char> },
}

impl Bpe {
    pub(in crate::tokenize) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) -> Facts {
        let Self { alphabet: Alphabet { kind, fallback, unk, fuse_unk }, merges, whole, cuts } =
            self;
        let alphabet = match kind {
            Kind::AllBytes(ids) => {
                arrays.put(ids.as_slice());
                AlphabetFacts::AllBytes
            }
            Kind::Chars { byte_level, chars } => {
                chars.store(arrays);
                AlphabetFacts::Chars { byte_level: *byte_level }
            }
            Kind::Affixed(affixed) => {
                let Affixed { byte_level, chars, affixes } = &**affixed;
                chars.iter().for_each(|chars| chars.store(arrays));
                AlphabetFacts::Affixed { byte_level: *byte_level, affixes: affixes.clone() }
            }
        };
        if let Some(ids) = fallback {
            arrays.put(ids.as_slice());
        }
        let (slots, made) = merges.parts();
        arrays.put(slots);
        arrays.put(made);
        if let Some(whole) = whole {
            whole.store(arrays);
        }
        let cuts = match cuts {
            None => CutsFacts::None,
            Some(Cuts::Bytes(joined)) => {
                arrays.put(joined.as_slice());
                CutsFacts::Bytes
            }
            Some(Cuts::Before { sign, joined, .. }) => {
                CutsFacts::Before { sign: *sign, joined: joined.clone() }
            }
        };
        let (fallback, whole) = (fallback.is_some(), whole.is_some());
        Facts { alphabet, fallback, unk: *unk, fuse_unk: *fuse_unk, whole, cuts }
    }

    /// The model of an index, with ids below `id_bound`; `None` if it cannot be one.
    pub(in crate::tokenize) fn load(
        facts: Facts,
        id_bound: u32,
        arrays: &mut ArraysIn<'_>,
    ) -> Option<Self> {
        // The bound is that of added tokens, too, which no merge is of.
        let id_bound = id_bound.min(BOUND);
        let kind = match facts.alphabet {
            AlphabetFacts::AllBytes => {
                let bytes = ids(arrays, id_bound)?;
                if bytes.contains(&NO_ID) {
                    return None;
                }
                Kind::AllBytes(bytes)
            }
            AlphabetFacts::Chars { byte_level } => {
                Kind::Chars { byte_level, chars: Chars::load(id_bound, arrays)? }
            }
            AlphabetFacts::Affixed { affixes, .. } if affixes.is_long() => return None,
            AlphabetFacts::Affixed { byte_level, affixes } => {
                let mut chars = || Chars::load(id_bound, arrays);
                let chars = [chars()?, chars()?, chars()?, chars()?];
                Kind::Affixed(Box::new(Affixed { byte_level, chars, affixes }))
            }
        };
        let fallback = match facts.fallback {
            true => Some(ids(arrays, id_bound)?),
            false => None,
        };
        let (slots, made): (Vec<u64>, Vec<u32>) = (arrays.owned()?, arrays.owned()?);
        if made.iter().any(|&id| id >= id_bound)
            || matches!(facts.unk, Unk::Known(id) if id >= id_bound)
        {
            return None;
        }
        let merges = Merges::from_parts(slots, made)?;
        let whole = match facts.whole {
            true => Some(WholeWords::load(id_bound, arrays)?),
            false => None,
        };
        let cuts = match facts.cuts {
            CutsFacts::None => None,
            CutsFacts::Bytes => Some(Cuts::Bytes(arrays.owned()?.try_into().ok()?)),
            CutsFacts::Before { sign, joined } => Some(Cuts::behind(sign, joined)),
        };
        let alphabet = Alphabet { kind, fallback, unk: facts.unk, fuse_unk: facts.fuse_unk };
        Some(Self { alphabet, merges, whole, cuts })
    }
}

impl Chars {
    fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) {
        arrays.put(self.ascii.as_slice());
        arrays.put(&self.others);
    }

    fn load(id_bound: u32, arrays: &mut ArraysIn<'_>) -> Option<Self> {
        let ascii = ids(arrays, id_bound)?;
        let others: Vec<[u32; 2]> = arrays.owned()?;
        others.iter().all(|&[_, id]| id < id_bound).then_some(Self { ascii, others })
    }
}

/// So many ids, any of which may be none.
fn ids<const N: usize>(arrays: &mut ArraysIn<'_>, id_bound: u32) -> Option<Box<[u32; N]>> {
    let ids: Box<[u32; N]> = arrays.owned()?.try_into().ok()?;
    ids.iter().all(|&id| id < id_bound || id == NO_ID).then_some(ids)
}
