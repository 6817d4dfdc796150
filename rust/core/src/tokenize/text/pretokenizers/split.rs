//! Cuts at matches: what is done with a match and with what lies between two.

use memchr::memmem;
use serde::Deserialize;

use super::Classes;
use super::classes::Class;
use super::patterns::Pattern;
use super::regex::Regex;

/// What becomes of a match: `SplitDelimiterBehavior` of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Behavior {
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// What a match is.
#[derive(Debug)]
pub(super) enum Finder {
    /// A string that is not empty.
    Literal(Box<memmem::Finder<'static>>),
    /// One character with one of these bits.
    Class(Class),
    /// An expression whose matches leave no gaps.
    Pattern(Pattern),
    /// Any other.
    Regex(Box<Regex>),
}

/// A cut at matches.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) finder: Finder,
    pub(super) behavior: Behavior,
    /// Whether matches and what lies between them change their roles.
    pub(super) invert: bool,
}

/// A part of a text that is not empty: start, end, and whether it is a match.
type Run = (usize, usize, bool);

impl Finder {
    /// Calls `run` for every match and everything between two, in order, until it returns false,
    /// and says so.
    fn runs(&self, classes: &Classes, text: &[u8], mut run: impl FnMut(Run) -> bool) -> bool {
        match self {
            Self::Literal(finder) => {
                let len = finder.needle().len();
                let found = finder.find_iter(text).map(|start| (start, start + len));
                with_gaps(text.len(), found, run)
            }
            Self::Class(class) => {
                let mut at = 0;
                while at < text.len() {
                    let (found, len) = classes.at(text, at);
                    let is_match = found & class != 0;
                    let end = if is_match { at + len } else { classes.run(text, at, *class, 0) };
                    if !run((at, end, is_match)) {
                        return false;
                    }
                    at = end;
                }
                true
            }
            Self::Regex(regex) => with_gaps(text.len(), regex.matches(text), run),
            Self::Pattern(pattern) => {
                pattern.split(classes, text, |start, end| run((start, end, true)))
            }
        }
    }
}

/// Matches in order, and what lies between them.
fn with_gaps(
    len: usize,
    matches: impl Iterator<Item = (usize, usize)>,
    mut run: impl FnMut(Run) -> bool,
) -> bool {
    let mut done = 0;
    for (start, end) in matches {
        if (done < start && !run((done, start, false))) || !run((start, end, true)) {
            return false;
        }
        done = end;
    }
    done == len || run((done, len, false))
}

impl Split {
    /// Calls `word` with start and end of every word until it returns false, and says so.
    pub(super) fn split(
        &self,
        classes: &Classes,
        text: &[u8],
        word: &mut dyn FnMut(usize, usize) -> bool,
    ) -> bool {
        // What the next run may still be put together with, and whether its last part is a match.
        let mut open: Option<Run> = None;
        let goes_on = self.finder.runs(classes, text, |(start, end, found)| {
            let is_match = found != self.invert;
            let joins = |before: bool| match self.behavior {
                Behavior::Isolated | Behavior::Removed => false,
                Behavior::Contiguous => before == is_match,
                Behavior::MergedWithPrevious => is_match && !before,
                Behavior::MergedWithNext => before && !is_match,
            };
            match &mut open {
                Some((_, last, before)) if joins(*before) => {
                    (*last, *before) = (end, is_match);
                    true
                }
                _ if self.behavior == Behavior::Removed => is_match || word(start, end),
                _ => {
                    let done = open.replace((start, end, is_match));
                    done.is_none_or(|(start, end, _)| word(start, end))
                }
            }
        });
        goes_on && open.is_none_or(|(start, end, _)| word(start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::super::classes::PUNCTUATION;
    use super::*;

    #[test]
    fn behaviors() {
        let words = |finder: Finder, behavior, invert, text: &str| {
            let mut words = Vec::new();
            let split = Split { finder, behavior, invert };
            split.split(Classes::get(), text.as_bytes(), &mut |start, end| {
                words.push(text[start..end].to_owned());
                true
            });
            words.join("|")
        };
        let dash = || Finder::Literal(Box::new(memmem::Finder::new("-").into_owned()));
        let text = "the-final--countdown-";
        let at_dash = |behavior| words(dash(), behavior, false, text);
        assert_eq!(at_dash(Behavior::Removed), "the|final|countdown");
        assert_eq!(at_dash(Behavior::Isolated), "the|-|final|-|-|countdown|-");
        assert_eq!(at_dash(Behavior::MergedWithPrevious), "the-|final-|-|countdown-");
        assert_eq!(at_dash(Behavior::MergedWithNext), "the|-final|-|-countdown|-");
        assert_eq!(at_dash(Behavior::Contiguous), "the|-|final|--|countdown|-");
        assert_eq!(words(dash(), Behavior::Removed, true, text), "-|-|-|-");
        let class = Finder::Class(PUNCTUATION);
        assert_eq!(words(class, Behavior::MergedWithNext, false, "a.b?!c"), "a|.b|?|!c");
    }
}
