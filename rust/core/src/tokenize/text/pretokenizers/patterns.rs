//! Regular expressions that match every text without gaps, so that a match's end is the start of the
//! next: those of most byte-level tokenizers, each as a function that finds the end of the match at
//! a position, and any other that can be compiled.

use super::classes::{Class, Classes, KIND, LETTER, NEWLINE, NUMBER, SPACE};
use super::regex::Regex;

/// An expression.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// GPT-2's, which is also ByteLevel's own.
    Gpt2,
    /// GPT-4's and its kin: digits in groups of up to this many.
    Gpt4 { digits: usize },
    /// Some other, whose matches leave no gaps.
    Compiled(Box<Regex>),
}

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// As `tokenizers` files of GPT-4 and Llama 3 spell it.
const GPT4: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// The same matches, spelled with possessive quantifiers.
const GPT4_POSSESSIVE: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+";
/// Qwen 2, 2.5 and 3: every digit alone.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

impl Pattern {
    /// The pattern of exactly this text.
    pub(super) fn known(regex: &str) -> Option<Self> {
        match regex {
            GPT2 => Some(Self::Gpt2),
            GPT4 | GPT4_POSSESSIVE => Some(Self::Gpt4 { digits: 3 }),
            QWEN2 => Some(Self::Gpt4 { digits: 1 }),
            _ => None,
        }
    }

    /// Calls `word` with start and end of every match until it returns false, and says so.
    #[inline]
    pub(crate) fn split(
        &self,
        classes: &Classes,
        text: &[u8],
        mut word: impl FnMut(usize, usize) -> bool,
    ) -> bool {
        let mut start = 0;
        while start < text.len() {
            let end = self.end(classes, text, start);
            if !word(start, end) {
                return false;
            }
            start = end;
        }
        true
    }

    /// End of the match that starts here, which must be before the end of the text.
    #[inline]
    pub(crate) fn end(&self, classes: &Classes, text: &[u8], start: usize) -> usize {
        match self {
            Self::Gpt2 => gpt2(classes, text, start),
            &Self::Gpt4 { digits } => gpt4(classes, text, start, digits),
            Self::Compiled(regex) => regex.match_at(text, start).unwrap_or(text.len()),
        }
    }
}

#[inline]
fn gpt2(classes: &Classes, text: &[u8], start: usize) -> usize {
    // Most words of most texts: a space and letters.
    if text[start] == b' ' && text.get(start + 1).is_some_and(u8::is_ascii_alphabetic) {
        return classes.letters(text, start + 2);
    }
    if text[start] == b'\''
        && let Some(len) = contraction(text, start)
    {
        return start + len;
    }
    let (mut class, len) = classes.at(text, start);
    let mut at = start + len;
    if text[start] == b' ' && at < text.len() {
        let (next, len) = classes.at(text, at);
        if next & SPACE == 0 {
            class = next;
            at += len;
        }
    }
    if class & LETTER != 0 {
        return classes.letters(text, at);
    }
    if class & SPACE == 0 {
        return classes.run(text, at, KIND, class & KIND);
    }
    blanks(classes, text, start).end()
}

/// `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d` at an apostrophe, in small letters: its length.
fn contraction(text: &[u8], at: usize) -> Option<usize> {
    match text[at + 1..] {
        [b's' | b't' | b'm' | b'd', ..] => Some(2),
        [b'r' | b'v', b'e', ..] | [b'l', b'l', ..] => Some(3),
        _ => None,
    }
}

/// The same in letters of any case, of which the long s is one.
fn contraction_any_case(text: &[u8], at: usize) -> Option<usize> {
    match text[at + 1..] {
        [b's' | b't' | b'm' | b'd' | b'S' | b'T' | b'M' | b'D', ..] => Some(2),
        [b'r' | b'v' | b'R' | b'V', b'e' | b'E', ..] | [b'l' | b'L', b'l' | b'L', ..] => Some(3),
        [0xc5, 0xbf, ..] => Some(3),
        _ => None,
    }
}

#[inline]
fn gpt4(classes: &Classes, text: &[u8], start: usize, digits: usize) -> usize {
    let first = text[start];
    // Most words of most texts: a space and letters.
    if first == b' ' && text.get(start + 1).is_some_and(u8::is_ascii_alphabetic) {
        return classes.letters(text, start + 2);
    }
    if first == b'\''
        && let Some(len) = contraction_any_case(text, start)
    {
        return start + len;
    }
    let (class, len) = classes.at(text, start);
    let mut at = start + len;
    if class & LETTER != 0 {
        return classes.letters(text, at);
    }
    if class & NUMBER != 0 {
        for _ in 1..digits {
            match classes.next(text, at) {
                (next, len) if next & NUMBER != 0 => at += len,
                _ => break,
            }
        }
        return at;
    }
    let (next, len) = classes.next(text, at);
    if class & NEWLINE == 0 && next & LETTER != 0 {
        return classes.letters(text, at + len);
    }
    if class & SPACE == 0 || first == b' ' && len != 0 && next & KIND == 0 {
        let end = classes.run(text, at, KIND, 0);
        return classes.run(text, end, NEWLINE, NEWLINE);
    }
    let blanks = blanks(classes, text, start);
    if blanks.newline != 0 { blanks.newline } else { blanks.end() }
}

/// A run of white space.
struct Blanks {
    start: usize,
    /// Start of its last character.
    last: usize,
    /// Past its last newline; 0 if it has none.
    newline: usize,
    stop: usize,
    at_text_end: bool,
}

#[inline(never)]
fn blanks(classes: &Classes, text: &[u8], start: usize) -> Blanks {
    let (mut last, mut newline, mut at) = (start, 0, start);
    while at < text.len() {
        let (class, len) = classes.at(text, at);
        if class & SPACE == 0 {
            break;
        }
        last = at;
        at += len;
        if class & NEWLINE != 0 {
            newline = at;
        }
    }
    Blanks { start, last, newline, stop: at, at_text_end: at == text.len() }
}

impl Blanks {
    /// `\s+(?!\S)|\s+`: what follows keeps the last character, unless it would be left with all.
    fn end(&self) -> usize {
        if self.at_text_end || self.last == self.start { self.stop } else { self.last }
    }
}

impl Classes {
    /// As [`Self::at`], with a class and length of 0 past the end.
    #[inline]
    fn next(&self, text: &[u8], at: usize) -> (Class, usize) {
        if at < text.len() { self.at(text, at) } else { (0, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'t>(pattern: &Pattern, text: &'t str) -> Vec<&'t str> {
        let mut words = Vec::new();
        pattern.split(Classes::get(), text.as_bytes(), |start, end| {
            words.push(&text[start..end]);
            true
        });
        words
    }

    #[test]
    fn gpt2() {
        let words = |text| words(&Pattern::Gpt2, text);
        assert_eq!(words("don't 's 'S''s"), ["don", "'t", " '", "s", " '", "S", "''", "s"]);
        assert_eq!(
            words("a  (x  \n\n  y 123 \t\u{a0}z "),
            ["a", " ", " (", "x", "  \n\n ", " y", " 123", " \t", "\u{a0}", "z", " "]
        );
        assert_eq!(words("\r\n \r\n  "), ["\r\n \r\n  "]);
        assert_eq!(words(""), [""; 0]);
    }

    #[test]
    fn gpt4() {
        let words = |text| words(&Pattern::Gpt4 { digits: 3 }, text);
        assert_eq!(words("'ſt 'LLab"), ["'ſ", "t", " '", "LLab"]);
        assert_eq!(
            words("ab  (x  \n\n  y 12345 \t\u{a0}z "),
            ["ab", " ", " (", "x", "  \n\n", " ", " y", " ", "123", "45", " \t", "\u{a0}z", " "]
        );
        assert_eq!(words("!!\n\n a"), ["!!\n\n", " a"]);
        assert_eq!(words("(a ((a\n(a"), ["(a", " ((", "a", "\n", "(a"]);
    }
}
