//! Expressions of pre-tokenizers, compiled into a table that reads each character once.
//!
//! Taken are alternatives, groups, classes, quantifiers, and looks at the one character after a
//! match: what expressions in tokenizer.json files are made of. Of anything else [`Regex::new`]
//! says what it is. The matches are those of the reference's engine, which tries the alternatives
//! in turn, and they are all found in a time that grows with the text's length only.

mod automaton;
mod charset;
mod parse;
mod program;
mod properties;
#[cfg(all(test, feature = "fallback"))]
mod reference;
mod symbols;

use automaton::{Automaton, ENDS, LETTERS, ROW};
use program::Program;
use properties::Properties;
use symbols::Symbols;

/// A compiled expression.
#[derive(Debug)]
pub(in crate::tokenize) struct Regex {
    symbols: Symbols,
    automaton: Automaton,
    covers: bool,
}

impl Regex {
    /// Compiles an expression, or names the part of it that is not taken.
    pub(in crate::tokenize) fn new(pattern: &str) -> Result<Self, String> {
        let node = parse::parse(pattern, &Properties::read())?;
        let program = Program::of(&node)?;
        let (symbols, sets) = Symbols::of(&program.sets)?;
        let mut automaton = Automaton::of(&program, &sets, symbols.end)?;
        let letters = (b'a'..=b'z').chain(b'A'..=b'Z');
        let letters = letters.map(|byte| usize::from(symbols.ascii[usize::from(byte)]));
        automaton.mark_letters(&letters.collect::<Vec<_>>());
        let covers = automaton.covers();
        Ok(Self { symbols, automaton, covers })
    }

    /// Whether the matches of every text cover it without gaps.
    pub(in crate::tokenize) fn covers(&self) -> bool {
        self.covers
    }

    /// End of the match that starts at `at`: a boundary between characters of a text that is UTF-8,
    /// before its end.
    #[inline]
    pub(in crate::tokenize) fn match_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let end = self.end(text, at);
        (end != NONE).then_some(end)
    }

    /// Start and end of the first match at `at` or after it.
    #[inline]
    pub(in crate::tokenize) fn find(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        if at >= text.len() {
            return None;
        }
        match self.end(text, at) {
            NONE => self.find_after(text, at),
            end => Some((at, end)),
        }
    }

    /// Start and end of all matches, each from the end of the one before on.
    pub(in crate::tokenize) fn matches(&self, text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let found = self.find(text, at)?;
            at = found.1;
            Some(found)
        })
    }

    /// The first match after `at`, where none begins.
    fn find_after(&self, text: &[u8], mut at: usize) -> Option<(usize, usize)> {
        loop {
            let (symbol, len) = self.symbols.at(text, at);
            at += len;
            let (row, _) = self.automaton.next(self.automaton.start(), usize::from(symbol));
            // What would be read to the end once more for each character.
            while at < text.len() {
                let (symbol, len) = self.symbols.at(text, at);
                if !self.automaton.is_same_again(row, usize::from(symbol)) {
                    break;
                }
                at += len;
            }
            if at == text.len() {
                return None;
            }
            match self.end(text, at) {
                NONE => {}
                end => return Some((at, end)),
            }
        }
    }

    /// As [`Self::match_at`], with [`NONE`].
    #[inline(always)]
    fn end(&self, text: &[u8], mut at: usize) -> usize {
        let table = self.automaton.table.as_slice();
        let mut row = self.automaton.start();
        let mut end = NONE;
        while at < text.len() {
            let byte = text[at];
            let (symbol, len) = if byte < 0x80 {
                (self.symbols.ascii[usize::from(byte)], 1)
            } else {
                self.symbols.beyond_ascii(text, at)
            };
            let entry = table[row + usize::from(symbol)];
            if entry & ENDS != 0 {
                end = at;
            }
            row = (entry >> ROW) as usize;
            if row == 0 {
                return end;
            }
            at += len;
            if entry & LETTERS != 0 {
                let from = at;
                at = skip_letters(text, at);
                let entry = table[row + usize::from(self.symbols.ascii[usize::from(b'a')])];
                if at > from && entry & ENDS != 0 {
                    end = at - 1;
                }
            }
        }
        if table[row + self.symbols.end] & ENDS != 0 { text.len() } else { end }
    }
}

/// No match; nowhere ends one at the start of a text, since none is empty.
const NONE: usize = 0;

/// Past the letters of ASCII from `at` on, as far as there are eight bytes to look at.
#[inline(always)]
fn skip_letters(text: &[u8], mut at: usize) -> usize {
    while let Some(Ok(word)) = text.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let count = super::classes::leading_letters(u64::from_le_bytes(word));
        at += count;
        if count < 8 {
            break;
        }
    }
    at
}
