//! Text to ids.
//!
//! A [`Tokenizer`] is made once from the bytes of tokenizer.json. Loading asks each fast engine
//! whether it covers the file; the first that does is used for every text. A file that none covers
//! goes to the Hugging Face `tokenizers` crate (cargo feature `fallback`), and the reason is kept.
//!
//! All engines share one contract, [`Tokenizer::ids_into`]: ids without special tokens, cut on the
//! right to `limit` ids, and *then* freed of the unknown id, as model2vec 0.10.0 does it.

mod added;
mod bpe;
#[cfg(feature = "fallback")]
mod fallback;
mod hash;
mod output;
mod plan;
mod pretokenizers;
mod segments;
#[doc(hidden)]
pub mod probe;
mod spec;
mod trie;
mod unicode;
mod wordlevel;
mod wordpiece;

use std::path::Path;

use crate::error::{Error, Result};
use bpe::Bpe;
use spec::{Spec, Unreadable};
use wordlevel::WordLevel;
use wordpiece::WordPiece;

/// Why a fast engine does not take a tokenizer.json: a short phrase such as
/// `normalizer of type Nmt`. Not an error: the next engine is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCovered(pub(crate) String);

/// What the rest of the crate needs to know of a vocabulary, added tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Number of distinct tokens.
    pub tokens: usize,
    /// Every id that the tokenizer can produce is below this bound (largest id + 1).
    pub id_bound: u32,
    /// The id that is removed from every text: of `unk_token`, or a Unigram model's `unk_id`.
    pub unk_id: Option<u32>,
    /// `int(median(len(token)))` over all tokens, in code points; the middle two are averaged
    /// before truncation. model2vec cuts a text to `max_length` times this many code points.
    pub median_token_length: usize,
}

impl Vocabulary {
    /// Gathers the facts from the code-point lengths of all distinct tokens.
    pub(crate) fn new(mut lengths: Vec<u32>, id_bound: u32, unk_id: Option<u32>) -> Self {
        lengths.sort_unstable();
        let middle = lengths.len() / 2;
        let median_token_length = match lengths.len() {
            0 => 0,
            n if n % 2 == 1 => lengths[middle] as usize,
            _ => (lengths[middle - 1] as usize + lengths[middle] as usize) / 2,
        };
        Self {
            tokens: lengths.len(),
            id_bound,
            unk_id,
            median_token_length,
        }
    }
}

/// Buffers of one worker, reused from text to text so that the steady state allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct TokenizeScratch {
    wordpiece: wordpiece::Scratch,
    bpe: bpe::Scratch,
    wordlevel: wordlevel::Scratch,
}

#[derive(Debug)]
enum Engine {
    WordPiece(Box<WordPiece>),
    Bpe(Box<Bpe>),
    WordLevel(Box<WordLevel>),
    #[cfg(feature = "fallback")]
    Fallback(Box<fallback::Fallback>),
}

impl Engine {
    /// The fast engine for a tokenizer.json, if one covers it.
    fn plan(spec: &Spec<'_>) -> Result<(Self, Vocabulary), NotCovered> {
        match spec.model.kind.as_deref() {
            Some("BPE") => Bpe::plan(spec).map(|(e, v)| (Self::Bpe(Box::new(e)), v)),
            Some("WordLevel") => {
                WordLevel::plan(spec).map(|(e, v)| (Self::WordLevel(Box::new(e)), v))
            }
            _ => WordPiece::plan(spec).map(|(e, v)| (Self::WordPiece(Box::new(e)), v)),
        }
    }
}

/// An immutable tokenizer, shared by all threads.
#[derive(Debug)]
pub struct Tokenizer {
    engine: Engine,
    vocabulary: Vocabulary,
    fallback_reason: Option<String>,
}

impl Tokenizer {
    /// Plans the tokenization that the bytes of a tokenizer.json describe. `path` is only named in
    /// errors.
    pub(crate) fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        let planned = match Spec::from_json(json) {
            Ok(spec) => Engine::plan(&spec),
            Err(Unreadable::Syntax(problem)) => return Err(Error::malformed(path, problem)),
            Err(Unreadable::Shape(problem)) => Err(NotCovered(problem)),
        };
        match planned {
            Ok((engine, vocabulary)) => Ok(Self {
                engine,
                vocabulary,
                fallback_reason: None,
            }),
            Err(NotCovered(reason)) => Self::fall_back(json, path, reason),
        }
    }

    #[cfg(feature = "fallback")]
    fn fall_back(json: &[u8], path: &Path, reason: String) -> Result<Self> {
        let (fallback, vocabulary) = fallback::Fallback::from_json(json)
            .map_err(|problem| Error::malformed(path, problem))?;
        Ok(Self {
            engine: Engine::Fallback(Box::new(fallback)),
            vocabulary,
            fallback_reason: Some(reason),
        })
    }

    #[cfg(not(feature = "fallback"))]
    fn fall_back(_json: &[u8], path: &Path, reason: String) -> Result<Self> {
        Err(Error::malformed(
            path,
            format!("{reason}, and this build has no fallback (cargo feature `fallback`)"),
        ))
    }

    /// Sets how many pieces a scratch remembers, for tests: a power of two or zero. Returns whether
    /// the engine has such a cache.
    fn set_cache(&mut self, entries: usize) -> bool {
        match &mut self.engine {
            Engine::Bpe(engine) => engine.set_cache(entries),
            _ => return false,
        }
        true
    }

    /// Facts about the vocabulary.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Name of the engine in use: `fallback` or that of a fast one.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self.engine {
            Engine::WordPiece(_) => "wordpiece",
            Engine::Bpe(_) => "bpe",
            Engine::WordLevel(_) => "wordlevel",
            #[cfg(feature = "fallback")]
            Engine::Fallback(_) => "fallback",
        }
    }

    /// Why no fast engine is in use, if none is.
    #[must_use]
    pub fn fallback_reason(&self) -> Option<&str> {
        self.fallback_reason.as_deref()
    }

    /// Appends the ids of `text` to `ids`: the first `limit` ids of the text (all without a limit),
    /// less the unknown id.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        limit: Option<usize>,
        scratch: &mut TokenizeScratch,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        match &self.engine {
            Engine::WordPiece(engine) => {
                engine.ids_into(text, limit, &mut scratch.wordpiece, ids);
                Ok(())
            }
            Engine::Bpe(engine) => {
                engine.ids_into(text, limit, &mut scratch.bpe, ids);
                Ok(())
            }
            Engine::WordLevel(engine) => {
                engine.ids_into(text, limit, &mut scratch.wordlevel, ids);
                Ok(())
            }
            #[cfg(feature = "fallback")]
            Engine::Fallback(fallback) => fallback
                .ids_into(text, limit, self.vocabulary.unk_id, ids)
                .map_err(|problem| Error::Tokenize { index: 0, problem }),
        }
    }

    /// Rough cost of a byte of text in nanoseconds, used only to decide whether a batch is worth a
    /// second thread or a release of the interpreter's lock. Measured with `benches/`.
    pub(crate) fn nanoseconds_per_byte(&self) -> f64 {
        match self.engine {
            Engine::WordPiece(_) => 4.0,
            Engine::Bpe(_) | Engine::WordLevel(_) => 5.0,
            #[cfg(feature = "fallback")]
            Engine::Fallback(_) => 300.0,
        }
    }
}
