//! Added tokens: leftmost-longest matches cut out of a text before the model sees it.

use std::ops::Range;

use super::unicode;
use crate::tokenize::trie::{Node, Trie};

/// One added token with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tokenize) struct AddedToken {
    /// What is looked for: the content, or its normalized form.
    pub(in crate::tokenize) pattern: String,
    pub(in crate::tokenize) id: u32,
    pub(in crate::tokenize) single_word: bool,
    pub(in crate::tokenize) lstrip: bool,
    pub(in crate::tokenize) rstrip: bool,
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tokenize) enum Part {
    /// Text between added tokens, never empty.
    Text(Range<usize>),
    /// The id of an added token.
    Token(u32),
}

/// Finds the added tokens of one pass.
#[derive(Debug)]
pub(in crate::tokenize) struct Matcher {
    trie: Trie,
    tokens: Vec<AddedToken>,
    /// The bytes that some pattern begins with, as a set and, if they are few, as a list.
    first: [bool; 256],
    needles: Vec<u8>,
}

impl Matcher {
    /// A matcher of patterns that are not empty and all different; none if there are none.
    pub(in crate::tokenize) fn new(tokens: Vec<AddedToken>) -> Option<Self> {
        if tokens.is_empty() {
            return None;
        }
        let mut keys: Vec<(&[u8], u32)> =
            tokens.iter().map(|token| token.pattern.as_bytes()).zip(0..).collect();
        keys.sort_unstable();
        let trie = Trie::new(&keys);
        let mut first = [false; 256];
        for token in &tokens {
            first[usize::from(token.pattern.as_bytes()[0])] = true;
        }
        let needles = (0..=255).filter(|&byte| first[usize::from(byte)]).collect();
        Some(Self { trie, tokens, first, needles })
    }

    pub(in crate::tokenize) fn trie(&self) -> &Trie {
        &self.trie
    }

    /// The first match that starts in `from .. until`, longest first: its range and token.
    pub(in crate::tokenize) fn find(
        &self,
        text: &[u8],
        from: usize,
        until: usize,
    ) -> Option<(Range<usize>, &AddedToken)> {
        let mut at = from;
        while at < until {
            at += self.candidate(&text[at..until])?;
            if let Some((len, token)) = self.trie.longest(Self::START, &text[at..]) {
                return Some((at..at + len, &self.tokens[token as usize]));
            }
            at += 1;
        }
        None
    }

    const START: Node = Trie::ROOT;

    /// Distance to the next byte that a pattern begins with.
    #[inline]
    fn candidate(&self, text: &[u8]) -> Option<usize> {
        match *self.needles.as_slice() {
            [a] => memchr::memchr(a, text),
            [a, b] => memchr::memchr2(a, b, text),
            [a, b, c] => memchr::memchr3(a, b, c, text),
            _ => text.iter().position(|&byte| self.first[usize::from(byte)]),
        }
    }

    /// Cuts a whole text, with every detail of the reference: a match that `single_word` rejects
    /// still uses up its text, and white space swallowed by `rstrip` can match once more.
    /// Ends early when `part` returns false, and says so.
    pub(in crate::tokenize) fn split(
        &self,
        text: &str,
        mut part: impl FnMut(Part) -> bool,
    ) -> bool {
        let mut search = 0;
        let mut cut = 0;
        while let Some((found, token)) = self.find(text.as_bytes(), search, text.len()) {
            let Range { mut start, end: mut stop } = found;
            search = stop;
            if token.single_word && !stands_alone(text, start, stop) {
                continue;
            }
            if token.lstrip {
                start = cut.max(text[..start].trim_end_matches(is_whitespace).len());
            }
            if token.rstrip {
                stop = text.len() - text[stop..].trim_start_matches(is_whitespace).len();
            }
            if cut < start && !part(Part::Text(cut..start)) {
                return false;
            }
            // A match within swallowed white space may have nothing left.
            if start < stop && !part(Part::Token(token.id)) {
                return false;
            }
            cut = stop;
        }
        cut == text.len() || part(Part::Text(cut..text.len()))
    }
}

/// Whether no word character touches `text[start..stop]`.
pub(in crate::tokenize) fn stands_alone(text: &str, start: usize, stop: usize) -> bool {
    let is_word = |c: char| unicode::properties(c).is_regex_word();
    !text[..start].chars().next_back().is_some_and(is_word)
        && !text[stop..].chars().next().is_some_and(is_word)
}

/// White space as `lstrip`, `rstrip` and the pre-tokenizer see it.
pub(in crate::tokenize) fn is_whitespace(c: char) -> bool {
    unicode::properties(c).is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(pattern: &str, id: u32, flags: &str) -> AddedToken {
        AddedToken {
            pattern: pattern.to_owned(),
            id,
            single_word: flags.contains('w'),
            lstrip: flags.contains('l'),
            rstrip: flags.contains('r'),
        }
    }

    fn split(tokens: Vec<AddedToken>, text: &str) -> Vec<String> {
        let mut parts = Vec::new();
        Matcher::new(tokens).unwrap().split(text, |part| {
            parts.push(match part {
                Part::Text(range) => text[range].to_owned(),
                Part::Token(id) => format!("<{id}>"),
            });
            true
        });
        parts
    }

    #[test]
    fn leftmost_then_longest() {
        let tokens = vec![token("ab", 1, ""), token("abcd", 2, ""), token("bcde", 3, "")];
        assert_eq!(split(tokens.clone(), "xabcdex"), ["x", "<2>", "ex"]);
        assert_eq!(split(tokens.clone(), "abcab"), ["<1>", "c", "<1>"]);
        assert_eq!(split(tokens, ""), [""; 0]);
    }

    #[test]
    fn a_rejected_match_hides_shorter_and_overlapping_ones() {
        let tokens = vec![token("ab", 1, ""), token("abc", 2, "w"), token("cd", 3, "")];
        assert_eq!(split(tokens.clone(), "abcd"), ["abcd"]);
        assert_eq!(split(tokens.clone(), "-abc-"), ["-", "<2>", "-"]);
        assert_eq!(split(tokens, "éabc"), ["éabc"]);
    }

    #[test]
    fn swallowed_white_space_can_match_again() {
        let tokens = vec![token("[M]", 1, "lr"), token("  ", 2, "")];
        assert_eq!(split(tokens, "foo   [M]    bar"), ["foo", "<2>", "<1>", "<2>", "<2>", "bar"]);
    }

    #[test]
    fn many_first_bytes() {
        let tokens = vec![
            token("a1", 1, ""),
            token("b2", 2, ""),
            token("c3", 3, ""),
            token("d4", 4, ""),
            token("é5", 5, ""),
        ];
        assert_eq!(split(tokens, "é5a2d4d"), ["<5>", "a2", "<4>", "d"]);
    }
}
