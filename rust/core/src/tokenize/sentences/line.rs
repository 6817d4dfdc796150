//! The text that the model sees: normalized, spaces and the replacement character as one mark.

use memchr::memmem;

use super::cache::SHORT;
use crate::tokenize::models::unigram::MARK;

const WINDOW: usize = SHORT + 1;

/// The character that the file has spaces replaced by, and a way to find it.
#[derive(Debug)]
pub(in crate::tokenize) struct Replacement {
    mark: char,
    finder: memmem::Finder<'static>,
}

impl Replacement {
    pub(in crate::tokenize) fn new(mark: char) -> Self {
        let finder = memmem::Finder::new(mark.encode_utf8(&mut [0; 4]).as_bytes()).into_owned();
        Self { mark, finder }
    }
}

/// A piece of text in a buffer of its own, with a mark before it and padding behind it, so that a
/// window of `SHORT + 1` bytes can be read from anywhere in it.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Line {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Line {
    /// Takes in a text; `prefix` adds a mark unless there is one already.
    pub(in crate::tokenize) fn set(&mut self, text: &str, replacement: &Replacement, prefix: bool) {
        self.bytes.clear();
        self.bytes.push(MARK);
        self.push(text, replacement);
        self.finish(prefix);
    }

    /// Takes in a text with a mark before it, whatever it begins with.
    pub(super) fn set_behind_space(&mut self, text: &str, replacement: &Replacement) {
        self.set(text, replacement, false);
        self.start = 0;
    }

    fn push(&mut self, text: &str, replacement: &Replacement) {
        let mut from = 0;
        if replacement.mark != char::from(MARK) {
            for at in replacement.finder.find_iter(text.as_bytes()) {
                self.bytes.extend_from_slice(&text.as_bytes()[from..at]);
                self.bytes.push(MARK);
                from = at + replacement.mark.len_utf8();
            }
        }
        self.bytes.extend_from_slice(&text.as_bytes()[from..]);
    }

    fn finish(&mut self, prefix: bool) {
        self.end = self.bytes.len();
        let needs = prefix && self.end > 1 && self.bytes[1] != MARK;
        self.start = usize::from(!needs);
        self.bytes.extend_from_slice(&[0; WINDOW]);
    }

    /// Where the text begins and ends in the buffer.
    pub(in crate::tokenize) fn start(&self) -> usize {
        self.start
    }

    pub(in crate::tokenize) fn end(&self) -> usize {
        self.end
    }

    /// The end of the word that starts at `start`: before the next mark.
    #[inline]
    pub(in crate::tokenize) fn word_end(&self, start: usize) -> usize {
        let mut at = start + 1;
        while at < self.end {
            let Some(chunk) = self.bytes[at..].first_chunk::<8>() else { break };
            // The lowest zero byte of this is the first mark; higher ones may be wrong.
            let marks = u64::from_le_bytes(*chunk) ^ u64::from_le_bytes([MARK; 8]);
            let zeros = marks.wrapping_sub(0x0101_0101_0101_0101) & !marks & 0x8080_8080_8080_8080;
            if zeros != 0 {
                return (at + zeros.trailing_zeros() as usize / 8).min(self.end);
            }
            at += 8;
        }
        self.end
    }

    /// The bytes from a place in the text on, with those behind it.
    #[inline]
    pub(in crate::tokenize) fn window(&self, start: usize) -> &[u8; WINDOW] {
        match self.bytes.get(start..).and_then(|rest| rest.first_chunk()) {
            Some(window) => window,
            None => &[0; WINDOW],
        }
    }

    /// Text between two character boundaries.
    #[inline]
    pub(in crate::tokenize) fn text(&self, start: usize, end: usize) -> &str {
        debug_assert!(std::str::from_utf8(&self.bytes[start..end]).is_ok());
        // SAFETY: the buffer is UTF-8 throughout: only this file writes to it, and only whole
        // strings, parts of them between the characters that a search found, marks, which are
        // single bytes, and zeros. Checking again took 4 % of the time of Chinese texts.
        let all = unsafe { std::str::from_utf8_unchecked(&self.bytes) };
        // That both places are boundaries is checked: callers have them from elsewhere.
        &all[start..end]
    }

    #[inline]
    pub(in crate::tokenize) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &Line) -> Vec<String> {
        let mut words = Vec::new();
        let mut start = line.start();
        while start < line.end() {
            let end = line.word_end(start);
            words.push(line.text(start, end).to_owned());
            start = end;
        }
        words
    }

    #[test]
    fn marks_cut() {
        let mut line = Line::default();
        let mut set = |text: &str, prefix| {
            line.set(text, &Replacement::new('▁'), prefix);
            words(&line)
        };
        assert_eq!(set("a  b", true), [" a", " ", " b"]);
        assert_eq!(set("a▁b ", false), ["a", " b", " "]);
        assert_eq!(set("▁b", true), [" b"]);
        assert_eq!(set("", true), [""; 0]);
        assert_eq!(set(" ", true), [" "]);
        let long = "x!".repeat(40);
        assert_eq!(set(&format!("{long} é"), false), [long.as_str(), " é"]);
        line.set_behind_space("▁b", &Replacement::new('▁'));
        assert_eq!(words(&line), [" ", " b"]);
    }
}
