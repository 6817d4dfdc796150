//! What can be wrong with what a producer hands over.

/// Every message says what was found and, where a caller can do something about it, what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// It is not strings.
    Type(String),
    /// It contradicts itself or the interface, or a choice does not fit it.
    Value(String),
    /// There is no memory for it.
    Memory(String),
    /// The producer's stream gave up, with an errno of its own.
    Stream {
        /// The errno.
        code: i32,
        /// What the producer says.
        message: String,
    },
    /// The caller's check asked to stop.
    Interrupted,
}

impl Error {
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::Value(message.into())
    }

    /// A fault of one row, counted from the first of all chunks.
    pub(crate) fn row(row: usize, problem: impl std::fmt::Display) -> Self {
        Self::Value(format!("row {row}: {problem}"))
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Type(message) | Self::Value(message) | Self::Memory(message) => {
                formatter.write_str(message)
            }
            Self::Stream { code, message } => {
                write!(formatter, "the producer of the Arrow stream failed ({code}): {message}")
            }
            Self::Interrupted => formatter.write_str("interrupted"),
        }
    }
}

impl std::error::Error for Error {}

/// The crate's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;
