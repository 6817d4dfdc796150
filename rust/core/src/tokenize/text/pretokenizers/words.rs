//! The pre-tokenizers that cut a text into words and drop the white space between them.

use super::classes::{Class, Classes, PUNCTUATION, SPACE, WORD};

/// Which characters end a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// White space only.
    WhitespaceSplit,
    /// `\w+|[^\w\s]+`: also a change between word characters and others.
    Whitespace,
    /// White space, and every punctuation character is a word of its own.
    Bert,
}

impl Words {
    /// Whether a byte of ASCII is told apart from letters, by itself or with others of its kind.
    pub(crate) fn is_apart(self, byte: u8) -> bool {
        self.tells_apart(Classes::get().at(&[byte], 0).0)
    }

    /// The same of the first character of a text; `None` if that is white space.
    pub(crate) fn begins_apart(self, text: &str) -> Option<bool> {
        if text.is_empty() {
            return Some(false);
        }
        let (class, _) = Classes::get().at(text.as_bytes(), 0);
        (class & SPACE == 0).then(|| self.tells_apart(class))
    }

    fn tells_apart(self, class: Class) -> bool {
        match self {
            Self::WhitespaceSplit => false,
            Self::Whitespace => class & (SPACE | WORD) == 0,
            Self::Bert => class & PUNCTUATION != 0,
        }
    }

    /// Calls `word` with start and end of every word until it returns false, and says so.
    #[inline]
    pub(crate) fn split(
        self,
        classes: &Classes,
        text: &[u8],
        mut word: impl FnMut(usize, usize) -> bool,
    ) -> bool {
        let mask: Class = match self {
            Self::WhitespaceSplit => SPACE,
            Self::Whitespace => SPACE | WORD,
            Self::Bert => SPACE | PUNCTUATION,
        };
        let mut at = 0;
        while at < text.len() {
            let (class, len) = classes.at(text, at);
            let start = at;
            at += len;
            if class & SPACE != 0 {
                continue;
            }
            if self != Self::Bert || class & PUNCTUATION == 0 {
                at = classes.run(text, at, mask, class & mask);
            }
            if !word(start, at) {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let text = " a_b,, \u{3000}é-\u{301}x\u{200d}!";
        let words = |words: Words| {
            let mut list = Vec::new();
            words.split(Classes::get(), text.as_bytes(), |start, end| {
                list.push(&text[start..end]);
                true
            });
            list
        };
        assert_eq!(words(Words::WhitespaceSplit), ["a_b,,", "é-\u{301}x\u{200d}!"]);
        assert_eq!(words(Words::Whitespace), ["a_b", ",,", "é", "-", "\u{301}x\u{200d}", "!"]);
        assert_eq!(
            words(Words::Bert),
            ["a", "_", "b", ",", ",", "é", "-", "\u{301}x\u{200d}", "!"]
        );
    }
}
