//! The one error type of the crate. Every variant names the file or the item and says what is wrong
//! with it, so that a caller can show it as it is.

use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong between a folder and a vector.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that a model needs is not there.
    #[error("{}: {problem}", path.display())]
    #[non_exhaustive]
    Missing {
        /// The file or folder that was looked for.
        path: PathBuf,
        /// What is missing and what would be expected there.
        problem: String,
    },

    /// The operating system refused to read a file.
    #[error("{}: cannot be read: {source}", path.display())]
    #[non_exhaustive]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's own error.
        source: io::Error,
    },

    /// The operating system refused to write a file.
    #[error("{}: cannot be written: {source}", path.display())]
    #[non_exhaustive]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's own error.
        source: io::Error,
    },

    /// A file is there and readable, but it is not what a Model2Vec model holds.
    #[error("{}: {problem}", path.display())]
    #[non_exhaustive]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },

    /// A text cannot be written as UTF-8 because it holds half of a surrogate pair.
    #[error(
        "text {index} holds the lone surrogate U+{surrogate:04X} at character {position}; \
         remove or replace it before encoding"
    )]
    #[non_exhaustive]
    Surrogate {
        /// Position of the text in the batch, from 0.
        index: usize,
        /// Position of the surrogate in the text, in code points from 0.
        position: usize,
        /// The surrogate itself, U+D800 to U+DFFF.
        surrogate: u32,
    },

    /// The tokenizer itself failed on a text, as the reference would have.
    #[error("text {index} cannot be tokenized: {problem}")]
    #[non_exhaustive]
    Tokenize {
        /// Position of the text in the batch, from 0.
        index: usize,
        /// The tokenizer's own words.
        problem: String,
    },

    /// A text is none: its bytes are not what its owner says.
    #[error("text {index}: {problem}")]
    #[non_exhaustive]
    Text {
        /// Position of the text in the batch, from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },

    /// The system has no memory for what is to be returned.
    #[error("there is no memory for {what} ({bytes} bytes)")]
    #[non_exhaustive]
    Memory {
        /// What was to be in it.
        what: String,
        /// How much.
        bytes: usize,
    },

    /// A model could not be had from the hub, nor from what is kept of it (feature `hub`).
    #[error("{model}: {problem}")]
    #[non_exhaustive]
    Hub {
        /// The model's name there.
        model: String,
        /// Of which kind that is, for a program to decide by.
        kind: HubProblem,
        /// Why not, and what would help.
        problem: String,
    },

    /// The caller asked for a kernel that this processor does not have.
    #[error("no kernel named {name:?} runs on this processor; available: {available}")]
    #[non_exhaustive]
    Backend {
        /// The name asked for.
        name: String,
        /// The names that would have worked.
        available: String,
    },

    /// A request that makes no sense, whatever the model.
    #[error("{0}")]
    Argument(String),

    /// The caller's own check asked to stop in the middle of a batch.
    #[error("interrupted")]
    Interrupted,
}

/// Why a model could not be had by its name ([`Error::Hub`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HubProblem {
    /// The name, the revision, the folder in the repository, the token or the hub's address is none.
    Malformed,
    /// The hub has no such model or revision, or does not show it with this token (it does not say
    /// which), or the repository holds no Model2Vec model.
    NotFound,
    /// The model is there, and not for the bearer of this token: its terms may have to be accepted.
    NoAccess,
    /// The hub could not be reached, broke off, or cannot answer at the moment: worth another try.
    Unreachable,
    /// The network is not to be used, and the model is not whole in the cache.
    NotCached,
    /// Anything else: what answers does not do so as the hub does, or there is no folder for the cache.
    Other,
}

/// What a [`Text`](crate::Text) of the caller's own may fail with. Which text of a batch it is, is put
/// in by whoever knows.
impl Error {
    /// A text that is none: its bytes are not what its owner says.
    #[must_use]
    pub fn text(problem: impl Into<String>) -> Self {
        Self::Text { index: 0, problem: problem.into() }
    }

    /// A text that holds half of a surrogate pair at that code point.
    #[must_use]
    pub fn surrogate(position: usize, surrogate: u32) -> Self {
        Self::Surrogate { index: 0, position, surrogate }
    }

    /// There is no memory for something.
    #[must_use]
    pub fn memory(what: impl Into<String>, bytes: usize) -> Self {
        Self::Memory { what: what.into(), bytes }
    }
}

impl Error {
    pub(crate) fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), problem: problem.into() }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }

    /// An I/O error of a named file that is read: one that is missing is told apart from one that is unreadable.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound {
            Self::Missing { path: path.to_owned(), problem: "no such file".to_owned() }
        } else {
            Self::Io { path: path.to_owned(), source }
        }
    }

    /// The same error, naming the text's place in its batch.
    #[must_use]
    pub(crate) fn at(self, place: usize) -> Self {
        match self {
            Self::Surrogate { position, surrogate, .. } => {
                Self::Surrogate { index: place, position, surrogate }
            }
            Self::Tokenize { problem, .. } => Self::Tokenize { index: place, problem },
            Self::Text { problem, .. } => Self::Text { index: place, problem },
            other => other,
        }
    }
}

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;
