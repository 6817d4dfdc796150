//! From a word to ids: the four kinds of models, and nothing of where a word comes from.

pub(in crate::tokenize) mod bpe;
pub(in crate::tokenize) mod unigram;
pub(in crate::tokenize) mod wordlevel;
pub(in crate::tokenize) mod wordpiece;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::file::spec::Spec;
use super::refusals::{NotCovered, not_covered};
use super::text::pretokenizers::PreTokenizer;
pub(in crate::tokenize) use bpe::Bpe;
use unigram::Unigram;
use wordlevel::WordLevel;
use wordpiece::WordPiece;

/// A thing that turns a word into ids.
pub(in crate::tokenize) trait Word {
    /// Appends the ids of a word in UTF-8, the unknown one included. What needs an unknown token
    /// that does not exist is told by [`Work::failed`].
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>);
}

/// Working memory, of which each kind of model uses its own part.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Work {
    bpe: bpe::Work,
    pub(in crate::tokenize) lattice: unigram::lattice::Lattice,
    /// A word in the characters that stand for its bytes.
    stand_ins: Vec<u8>,
    /// Whether some word needed an unknown token that does not exist.
    pub(in crate::tokenize) failed: bool,
}

impl Work {
    /// The buffer for stand-ins, to be given back.
    pub(in crate::tokenize) fn stand_ins(&mut self) -> &mut Vec<u8> {
        &mut self.stand_ins
    }
}

/// A model of which the words can be cut into parts, each of which has ids of its own.
pub(in crate::tokenize) trait Parted {
    /// Whether words may be taken whole, so that a word is not what a part of the same bytes is.
    fn takes_whole(&self) -> bool;
    /// The id of a word that is a token, where those are not to be taken apart.
    fn whole(&self, word: &[u8]) -> Option<u32>;
    /// The end of the part of a word that starts here.
    fn part_end(&self, word: &[u8], start: usize) -> usize;
    /// The ids of parts of one byte, if these are known.
    fn bytes(&self) -> Option<&[u32; 256]>;
    /// Appends the ids of a part.
    fn part(&self, part: &[u8], work: &mut Work, ids: &mut Vec<u32>);
}

/// The model of a tokenizer.json.
#[derive(Debug)]
pub(in crate::tokenize) enum Model {
    WordLevel(WordLevel),
    WordPiece(WordPiece),
    Bpe(Bpe),
    Unigram(Unigram),
}

/// What a model is read together with.
#[derive(Debug)]
pub(in crate::tokenize) struct Facts {
    pub(in crate::tokenize) known: Known,
    /// The unknown token's id in the vocabulary.
    pub(in crate::tokenize) unk_id: Option<u32>,
    /// Code-point lengths of all distinct tokens.
    pub(in crate::tokenize) lengths: Vec<u32>,
    /// One more than the largest id.
    pub(in crate::tokenize) id_bound: u32,
}

/// What added tokens need to know of the vocabulary.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::tokenize) struct Known {
    /// The number of its entries.
    pub(in crate::tokenize) len: usize,
    /// The ids of those added tokens that are in it.
    pub(in crate::tokenize) ids: BTreeMap<String, u32>,
}

impl Known {
    /// Looks up every added token of a file.
    fn of(spec: &Spec<'_>, len: usize, id: impl Fn(&str) -> Option<u32>) -> Self {
        let contents = spec.added_tokens.iter().map(|token| token.content.as_ref());
        let ids = contents.filter_map(|content| Some((content.to_owned(), id(content)?))).collect();
        Self { len, ids }
    }
}

impl Model {
    /// Reads the model of a file. The pre-tokenizer may be told what is best for it.
    pub(in crate::tokenize) fn read(
        spec: &Spec<'_>,
        pre_tokenizer: &mut PreTokenizer,
    ) -> Result<(Self, Facts), NotCovered> {
        Ok(match spec.model.kind.as_deref() {
            Some("WordLevel") => {
                let (model, facts) = WordLevel::read(spec)?;
                (Self::WordLevel(model), facts)
            }
            Some("WordPiece") => {
                let (model, facts) = WordPiece::read(spec)?;
                (Self::WordPiece(model), facts)
            }
            Some("BPE") => {
                let (model, facts) = Bpe::read(spec, pre_tokenizer.is_byte_level())?;
                (Self::Bpe(model), facts)
            }
            Some("Unigram") => {
                let (model, facts) = Unigram::read(spec, pre_tokenizer)?;
                (Self::Unigram(model), facts)
            }
            Some(other) => return not_covered(format!("model of type {other}")),
            None => return not_covered("model without a type"),
        })
    }

    /// Its type, in small letters.
    pub(in crate::tokenize) fn kind(&self) -> &'static str {
        match self {
            Self::WordLevel(_) => "wordlevel",
            Self::WordPiece(_) => "wordpiece",
            Self::Bpe(_) => "bpe",
            Self::Unigram(_) => "unigram",
        }
    }

    /// Whether some text can need an unknown token that does not exist.
    pub(in crate::tokenize) fn may_fail(&self) -> bool {
        match self {
            Self::WordLevel(model) => model.may_fail(),
            Self::WordPiece(model) => model.may_fail(),
            Self::Bpe(model) => model.may_fail(),
            Self::Unigram(model) => model.may_fail(),
        }
    }

    /// Itself, if long words can be cut into parts.
    #[inline]
    pub(in crate::tokenize) fn parted(&self) -> Option<&impl Parted> {
        match self {
            Self::Bpe(model) if model.has_parts() => Some(model),
            _ => None,
        }
    }

    /// Whether it finds a word as fast as a cache would.
    #[inline]
    pub(in crate::tokenize) fn is_a_look_up(&self) -> bool {
        matches!(self, Self::WordLevel(_))
    }

    /// Whether a word costs as much as some twenty look-ups beyond the second-level cache.
    pub(in crate::tokenize) fn is_costly(&self) -> bool {
        matches!(self, Self::Unigram(_))
    }

    /// Whether it sees bytes where a pre-tokenizer is byte-level; the others see characters.
    pub(in crate::tokenize) fn takes_bytes(&self) -> bool {
        matches!(self, Self::Bpe(_))
    }
}

impl Word for Model {
    #[inline]
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        match self {
            Self::WordLevel(model) => model.word(word, work, ids),
            Self::WordPiece(model) => model.word(word, work, ids),
            Self::Bpe(model) => model.word(word, work, ids),
            Self::Unigram(model) => model.word(word, work, ids),
        }
    }
}
