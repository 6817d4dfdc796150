//! Files and texts that are not taken, and why.

/// Why a fast engine does not take a tokenizer.json: a short phrase such as
/// `normalizer of type Nmt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotCovered {
    /// Not an error: the fallback is asked.
    Here(String),
    /// No file to be loaded: the reference would ask for memory without end, or not come back.
    Anywhere(String),
}

pub(in crate::tokenize) fn not_covered<T>(reason: impl Into<String>) -> Result<T, NotCovered> {
    Err(NotCovered::Here(reason.into()))
}

/// Characters that a token may have that is looked for from each place of a text on: a text that
/// begins as it does again and again, and goes on in another way, takes that many times as long.
/// Tokens of real files have some hundreds at the most.
pub(in crate::tokenize) const LONGEST_TOKEN: usize = 1024;

/// Refuses tokens that are too long to be looked for from each place of a text on.
pub(in crate::tokenize) fn check_lengths(
    lengths: impl IntoIterator<Item = u32>,
) -> Result<(), NotCovered> {
    match lengths.into_iter().max() {
        Some(length) if length as usize > LONGEST_TOKEN => {
            not_covered(format!("token of {length} characters"))
        }
        _ => Ok(()),
    }
}

/// Why there are no ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// The normalized text is too long.
    Grows,
    /// There is no unknown token where one is needed.
    NoUnknown,
}
