//! Text to ids.
//!
//! A [`Tokenizer`] is made once from the bytes of tokenizer.json: [`plan`] decides which road every
//! text takes. A file that none is for goes to the Hugging Face `tokenizers` crate (cargo feature
//! `fallback`), and the reason is kept.
//!
//! | word | is | made by |
//! |:--|:--|:--|
//! | text | what a caller gave | |
//! | segment | what lies between two added tokens | [`text::added`], [`road::segments`] |
//! | unit | a run of a segment between white space, still raw | [`scan`] |
//! | word | what a pre-tokenizer leaves, normalized | [`text`] |
//! | token, id | an entry of the vocabulary, its number | [`models`] |
//!
//! All roads share one contract, [`Tokenizer::ids_into`]: ids without special tokens, cut on the
//! right to `limit` ids, and *then* freed of the unknown id, as model2vec 0.10.0 does it.

mod added_tokens;
mod bert;
#[cfg(feature = "fallback")]
mod fallback;
mod file;
mod hash;
mod index;
mod models;
mod output;
mod plan;
#[doc(hidden)]
pub mod probe;
mod refusals;
mod road;
mod scan;
mod sentences;
mod stored;
mod text;
mod trie;
mod vocabulary;

use std::fmt;
use std::path::Path;

use crate::backend::Runnable;
use crate::error::{Error, Result};
use bert::Bert;
use file::spec::{Spec, Unreadable, Vocab, reads_scores_as_the_reference};
pub use index::IndexOptions;
use index::Key;
use models::Model;
use output::Output;
pub use output::Unknown;
use refusals::{NotCovered, Problem};
use road::Road;
use sentences::Sentences;
pub use vocabulary::Vocabulary;

/// Buffers of one worker, reused from text to text so that the steady state allocates nothing:
/// those that [`Tokenizer::worker`] makes for one tokenizer.
#[derive(Debug)]
pub(crate) enum Worker {
    Bert(Box<bert::Worker>),
    Sentences(Box<sentences::Worker>),
    Road(Box<road::Worker>),
    /// The fallback keeps its own.
    #[cfg(feature = "fallback")]
    Fallback,
}

#[derive(Debug)]
enum Engine {
    Bert(Box<Bert>),
    Sentences(Box<Sentences>),
    Road(Box<Road>),
    #[cfg(feature = "fallback")]
    Fallback(Box<fallback::Fallback>),
}

/// Has forks wait until no other thread is inside of the `tokenizers` crate, which would be left half
/// made in the child. The first load that needs the crate does so by itself, but too late for a fork
/// that is under way at that moment: a program that forks beside its first load calls this earlier,
/// before it has a second thread. (The Python package does when it is imported.)
pub fn prepare_forks() {
    #[cfg(feature = "fallback")]
    fallback::fork::register();
}

/// Why a text of so many bytes has no ids, in words.
fn in_words(problem: Problem, bytes: usize) -> String {
    match problem {
        Problem::Grows => grows(bytes),
        Problem::NoUnknown => "the text has a character that is no token, and the vocabulary of \
            this tokenizer.json has no unknown token (unk_id, unk_token) to stand for it: leave the \
            character out, or add an unknown token to the model"
            .to_owned(),
    }
}

/// Indexes of smaller vocabularies are made only when they are asked for: they would save a load some
/// eight milliseconds, for a file in the user's cache each.
const LEAST_INDEXED: usize = 60_000;

const SCORES: &str = "its scores would be read as other numbers than the reference reads, and other \
    ids could come of them: this program was built with the feature float_roundtrip \
    of serde_json (`cargo tree -e features -i serde_json` says by whom); build it \
    without, or load the model in a process of its own";

/// An immutable tokenizer, shared by all threads.
pub struct Tokenizer {
    engine: Engine,
    vocabulary: Vocabulary,
    fallback_reason: Option<String>,
    indexed: bool,
    index_problem: Option<String>,
}

/// What it is, without its tables: these have millions of numbers.
impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("engine", &self.engine())
            .field("vocabulary", &self.vocabulary)
            .field("fallback_reason", &self.fallback_reason)
            .field("indexed", &self.indexed)
            .finish_non_exhaustive()
    }
}

/// Engines count bytes in 32 bits, of texts that normalizers may have made up to twelve times as
/// long (U+FDFA under NFKC: three bytes become 33).
const LONGEST_TEXT: usize = u32::MAX as usize / 12;

fn too_long(bytes: usize) -> String {
    format!(
        "a text of {bytes} bytes is longer than the {LONGEST_TEXT} that one may have: split it, or \
         encode it with a max_length, which cuts it first"
    )
}

fn grows(bytes: usize) -> String {
    format!(
        "the normalizer of this tokenizer.json makes a text of {bytes} bytes longer than the {} \
         that it may become: shorten the text",
        text::normalizers::limit(bytes)
    )
}

impl Tokenizer {
    /// Plans the tokenization that the bytes of a tokenizer.json describe. `path` is only named in
    /// errors.
    pub(crate) fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        Self::with_index(json, path, &IndexOptions::default())
    }

    fn indexed(engine: Engine, vocabulary: Vocabulary) -> Self {
        Self { engine, vocabulary, fallback_reason: None, indexed: true, index_problem: None }
    }

    /// As `from_json`, but big vocabularies are taken from a compiled index if there is one, and
    /// one is kept if there is none yet.
    pub(crate) fn with_index(json: &[u8], path: &Path, options: &IndexOptions) -> Result<Self> {
        if options.is_off() {
            return Self::read(json, path, usize::MAX, |_| ());
        }
        let key = Key::new(json);
        if let Some((engine, vocabulary)) = options.find(key, |parts| plan::from_index(&parts)) {
            return Ok(Self::indexed(engine, vocabulary));
        }
        let mut index_problem = None;
        let read = Self::read(json, path, LEAST_INDEXED, |sections| {
            index_problem = options.keep(key, sections);
        })?;
        Ok(Self { index_problem, ..read })
    }

    /// Makes the index of a tokenizer.json of any size ahead of time. Returns whether there is
    /// one: what runs on the fallback has none.
    ///
    /// # Errors
    /// If the file is no tokenizer.json, or the index cannot be written.
    pub fn compile(json: &[u8], path: impl AsRef<Path>, index: impl AsRef<Path>) -> Result<bool> {
        let (path, index) = (path.as_ref(), index.as_ref());
        let mut written = None;
        Self::read(json, path, 0, |sections| {
            written = Some(index::write(index, Key::new(json), sections));
        })?;
        match written {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err(error)) => Err(error),
        }
    }

    /// Reads the file itself; `keep` is called with the index of a vocabulary of at least so many
    /// tokens, if there is one.
    fn read(
        json: &[u8],
        path: &Path,
        least: usize,
        keep: impl FnOnce(&index::Sections<'_>),
    ) -> Result<Self> {
        let planned = match Spec::from_json(json) {
            Ok(spec)
                if matches!(spec.model.vocab, Vocab::Scores(_))
                    && !reads_scores_as_the_reference() =>
            {
                return Err(Error::malformed(path, SCORES));
            }
            Ok(spec) => plan::plan(&spec, least, keep),
            Err(Unreadable::Syntax(problem)) => {
                return Err(Error::malformed(path, format!("not valid JSON: {problem}")));
            }
            Err(Unreadable::Shape(problem)) => Err(NotCovered::Here(problem)),
        };
        match planned {
            Ok((engine, vocabulary)) => Ok(Self {
                engine,
                vocabulary,
                fallback_reason: None,
                indexed: false,
                index_problem: None,
            }),
            Err(NotCovered::Here(reason)) => Self::fall_back(json, path, reason),
            Err(NotCovered::Anywhere(problem)) => Err(Error::malformed(path, problem)),
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
            indexed: false,
            index_problem: None,
        })
    }

    #[cfg(not(feature = "fallback"))]
    fn fall_back(_json: &[u8], path: &Path, reason: String) -> Result<Self> {
        Err(Error::malformed(
            path,
            format!("{reason}, and this build has no fallback (cargo feature `fallback`)"),
        ))
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
            Engine::Bert(_) => "wordpiece",
            Engine::Sentences(_) => "unigram",
            Engine::Road(ref road) => road.kind(),
            #[cfg(feature = "fallback")]
            Engine::Fallback(_) => "fallback",
        }
    }

    /// Why no fast engine is in use, if none is.
    #[must_use]
    pub fn fallback_reason(&self) -> Option<&str> {
        self.fallback_reason.as_deref()
    }

    /// Whether it came from a compiled index.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.indexed
    }

    /// Why no compiled index was kept, where one was to be: the next load is as slow as this one.
    #[must_use]
    pub fn index_problem(&self) -> Option<&str> {
        self.index_problem.as_deref()
    }

    /// The buffers of a worker.
    pub(crate) fn worker(&self) -> Worker {
        self.worker_with(None)
    }

    /// The same with a cache of so many entries, a power of two or zero, for tests: ids do not
    /// depend on it.
    pub(crate) fn worker_with(&self, entries: Option<usize>) -> Worker {
        match &self.engine {
            Engine::Bert(_) => Worker::Bert(Box::new(bert::Worker::new(entries))),
            Engine::Sentences(engine) => Worker::Sentences(Box::new(engine.worker(entries))),
            Engine::Road(engine) => Worker::Road(Box::new(engine.worker(entries))),
            #[cfg(feature = "fallback")]
            Engine::Fallback(_) => Worker::Fallback,
        }
    }

    /// Appends the ids of `text` to `ids`: the first `limit` ids of the text (all without a limit),
    /// less the unknown id unless that is kept. Returns how many there were before any went. The
    /// worker must be one that this tokenizer made.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        limit: Option<usize>,
        unknown: Unknown,
        backend: Runnable,
        worker: &mut Worker,
        ids: &mut Vec<u32>,
    ) -> Result<usize> {
        let room = limit.unwrap_or(usize::MAX);
        if room == 0 {
            return Ok(0);
        }
        if text.len() > LONGEST_TEXT {
            return Err(Error::Tokenize { index: 0, problem: too_long(text.len()) });
        }
        let unk_id = self.vocabulary.unk_id;
        let mut out = Output::new(ids, limit, unk_id.unwrap_or(output::NO_ID), unknown);
        let done = match (&self.engine, worker) {
            (Engine::Bert(engine), Worker::Bert(worker)) => {
                engine.ids_into(text, backend, worker, &mut out);
                Ok(())
            }
            (Engine::Sentences(engine), Worker::Sentences(worker)) => {
                engine.ids_into(text, backend, worker, &mut out)
            }
            (Engine::Road(engine), Worker::Road(worker)) => {
                engine.ids_into(text, backend, worker, &mut out)
            }
            #[cfg(feature = "fallback")]
            (Engine::Fallback(fallback), _) => {
                fallback
                    .ids_into(text, &mut out)
                    .map_err(|problem| Error::Tokenize { index: 0, problem })?;
                Ok(())
            }
            _ => {
                let problem = "a worker of another tokenizer".to_owned();
                return Err(Error::Tokenize { index: 0, problem });
            }
        };
        let counted = room - out.remaining;
        match done {
            Ok(()) => Ok(counted),
            Err(problem) => {
                Err(Error::Tokenize { index: 0, problem: in_words(problem, text.len()) })
            }
        }
    }

    /// Rough cost of a byte of text in nanoseconds, used only to decide whether a batch is worth a
    /// second thread or a release of the interpreter's lock. Measured with `benches/`.
    pub(crate) fn nanoseconds_per_byte(&self) -> f64 {
        match &self.engine {
            Engine::Bert(_) => 4.0,
            Engine::Sentences(_) => 8.0,
            Engine::Road(engine) => match engine.model() {
                Model::Unigram(_) => 8.0,
                _ => 6.0,
            },
            #[cfg(feature = "fallback")]
            Engine::Fallback(_) => 300.0,
        }
    }
}
