//! A compiler for the regular expressions of tokenizers: into a table of states, so that a text is
//! read once, from left to right, whatever the expression.
//!
//! What it takes is a family: alternatives, groups, bounded and unbounded repetition, classes of
//! characters, contractions without regard to case, and a look at the next character. A state is
//! the list of the places in the expression that a match could have come to, in the order in which
//! the reference's engine (Oniguruma, with its Ruby syntax) would try them; a place that could end
//! the match makes all later ones moot. So the first match in that order is found without ever going
//! back. Whatever is not of the family is refused, and said by name.

mod class;
mod parse;
mod program;
mod states;
mod symbols;
#[cfg(all(test, feature = "fallback"))]
mod tests;

use states::States;

/// An immutable expression.
#[derive(Debug)]
pub(in crate::tokenize) struct Regex {
    states: States,
}

impl Regex {
    /// Compiles an expression; the error names the part that is not taken.
    pub(in crate::tokenize) fn new(pattern: &str) -> Result<Self, String> {
        let parsed = parse::parse(pattern)?;
        let program = program::compile(&parsed)?;
        Ok(Self { states: States::new(&parsed.classes, &program)? })
    }

    /// End of the match that starts at `at`, if one does: a boundary of characters before the end.
    #[inline]
    pub(in crate::tokenize) fn match_at(&self, text: &[u8], at: usize) -> Option<usize> {
        self.states.match_at(text, at)
    }

    /// The first match from `at` on.
    #[inline]
    fn find(&self, text: &[u8], mut at: usize) -> Option<(usize, usize)> {
        while at < text.len() {
            if let Some(end) = self.match_at(text, at) {
                return Some((at, end));
            }
            at += self.states.len_at(text, at);
        }
        None
    }

    /// All matches, each from the end of the one before on.
    pub(in crate::tokenize) fn matches(&self, text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let found = self.find(text, at)?;
            at = found.1;
            Some(found)
        })
    }

    /// Whether the matches of every text leave no gaps.
    pub(in crate::tokenize) fn covers(&self) -> bool {
        self.states.covers()
    }
}
