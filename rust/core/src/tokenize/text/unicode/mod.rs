//! What the reference thinks of every Unicode scalar, frozen.
//!
//! The reference mixes tables of Unicode 8 (categories), 9 (decompositions) and 17 (case, white
//! space), so neither std nor any one crate agrees with it, and a newer toolchain would change ids.
//! `scripts/make_char_tables.py` asks the reference itself and writes `tables.bin`.

mod forms;

pub(crate) use forms::{compatibility, compose, form_properties, is_whitespace};

/// The file: word counts of the seven sections, then the sections, all little-endian u32.
static BYTES: &[u8] = include_bytes!("tables.bin");

const fn word(at: usize) -> u32 {
    let byte = 4 * at;
    u32::from_le_bytes([BYTES[byte], BYTES[byte + 1], BYTES[byte + 2], BYTES[byte + 3]])
}

/// A section of the file, as the words `start .. start + len`.
#[derive(Clone, Copy)]
struct Section {
    start: usize,
    len: usize,
}

impl Section {
    const fn nth(n: usize) -> Self {
        let mut start = 7;
        let mut before = 0;
        while before < n {
            start += word(before) as usize;
            before += 1;
        }
        Self { start, len: word(n) as usize }
    }

    fn get(self, index: usize) -> u32 {
        word(self.start + index)
    }
}

/// A sorted list of scalars, each with the scalars it becomes.
struct Map {
    keys: Section,
    offsets: Section,
    pool: Section,
}

const RUNS: Section = Section::nth(0);
const DECOMPOSITIONS: Map = Map::at(1);
const LOWER: Map = Map::at(4);

impl Map {
    const fn at(first: usize) -> Self {
        Self {
            keys: Section::nth(first),
            offsets: Section::nth(first + 1),
            pool: Section::nth(first + 2),
        }
    }

    fn get(&self, c: char) -> impl Iterator<Item = char> {
        let key = u32::from(c);
        let at = partition_point(self.keys.len, |i| self.keys.get(i) < key);
        let (start, end) = if at < self.keys.len && self.keys.get(at) == key {
            (self.offsets.get(at) as usize, self.offsets.get(at + 1) as usize)
        } else {
            (0, 0)
        };
        let own = (start == end).then_some(c);
        (start..end).filter_map(|i| char::from_u32(self.pool.get(i))).chain(own)
    }
}

fn partition_point(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// What the reference does with one scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Properties(u32);

impl Properties {
    const CLEAN_REMOVED: u32 = 1 << 0;
    const CLEAN_SPACE: u32 = 1 << 1;
    const CHINESE: u32 = 1 << 2;
    const MARK: u32 = 1 << 3;
    const WHITESPACE: u32 = 1 << 4;
    const PUNCTUATION: u32 = 1 << 5;
    const REGEX_WORD: u32 = 1 << 6;
    const DECOMPOSES: u32 = 1 << 7;
    const LOWERS: u32 = 1 << 8;
    // Engines read these out of classes.bin, which a test holds against them.
    #[cfg(test)]
    const NUMERIC: u32 = 1 << 13;
    #[cfg(test)]
    const LETTER: u32 = 1 << 14;
    #[cfg(test)]
    const NUMBER: u32 = 1 << 15;

    /// Dropped by `clean_text`.
    pub(crate) fn is_clean_removed(self) -> bool {
        self.0 & Self::CLEAN_REMOVED != 0
    }

    /// Turned into U+0020 by `clean_text`.
    pub(crate) fn is_clean_space(self) -> bool {
        self.0 & Self::CLEAN_SPACE != 0
    }

    /// Set between spaces by `handle_chinese_chars`.
    pub(crate) fn is_chinese(self) -> bool {
        self.0 & Self::CHINESE != 0
    }

    /// Dropped by `strip_accents`, after decomposition.
    pub(crate) fn is_mark(self) -> bool {
        self.0 & Self::MARK != 0
    }

    /// A separator of BertPreTokenizer; also what `lstrip` and `rstrip` swallow.
    pub(crate) fn is_whitespace(self) -> bool {
        self.0 & Self::WHITESPACE != 0
    }

    /// A pre-token of its own for BertPreTokenizer.
    pub(crate) fn is_punctuation(self) -> bool {
        self.0 & Self::PUNCTUATION != 0
    }

    /// Must not touch a `single_word` token.
    pub(crate) fn is_regex_word(self) -> bool {
        self.0 & Self::REGEX_WORD != 0
    }

    /// Has a canonical decomposition; Hangul syllables, which all have one, are not marked.
    pub(crate) fn decomposes(self) -> bool {
        self.0 & Self::DECOMPOSES != 0
    }

    /// Is changed by lower-casing.
    pub(crate) fn lowers(self) -> bool {
        self.0 & Self::LOWERS != 0
    }

    /// Is isolated by the pre-tokenizer Digits.
    #[cfg(test)]
    pub(crate) fn is_numeric(self) -> bool {
        self.0 & Self::NUMERIC != 0
    }

    /// `\p{L}` in the patterns of pre-tokenizers, whose `\s` is [`Self::is_whitespace`].
    #[cfg(test)]
    pub(crate) fn is_letter(self) -> bool {
        self.0 & Self::LETTER != 0
    }

    /// `\p{N}` in the patterns of pre-tokenizers.
    #[cfg(test)]
    pub(crate) fn is_number(self) -> bool {
        self.0 & Self::NUMBER != 0
    }

    /// Canonical combining class; marks of a run are sorted by it.
    pub(crate) fn combining_class(self) -> u8 {
        (self.0 >> 16) as u8
    }
}

/// The properties of one scalar: a binary search, for the rare paths.
pub(crate) fn properties(c: char) -> Properties {
    let code = u32::from(c);
    let after = partition_point(RUNS.len / 2, |i| RUNS.get(2 * i) <= code);
    // The first run starts at U+0000, so there always is one before.
    Properties(RUNS.get(2 * after - 1))
}

/// All code points in order, as runs `(first, past the last, properties)`. Surrogates are in some
/// run with no properties.
pub(crate) fn runs() -> impl Iterator<Item = (u32, u32, Properties)> {
    let count = RUNS.len / 2;
    (0..count).map(move |i| {
        let end = if i + 1 < count { RUNS.get(2 * i + 2) } else { 0x11_0000 };
        (RUNS.get(2 * i), end, Properties(RUNS.get(2 * i + 1)))
    })
}

/// First and past-the-last Hangul syllable: they decompose by arithmetic.
pub(crate) const HANGUL: std::ops::Range<u32> = 0xAC00..0xD7A4;

/// The two or three jamo of a Hangul syllable.
pub(crate) fn hangul_jamo(code: u32) -> impl Iterator<Item = char> {
    let index = code.wrapping_sub(HANGUL.start);
    let tail = index % 28;
    [
        Some(0x1100 + index / 588),
        Some(0x1161 + index % 588 / 28),
        (tail != 0).then_some(0x11A7 + tail),
    ]
    .into_iter()
    .flatten()
    .filter_map(char::from_u32)
}

/// The full canonical decomposition of a scalar that is not a Hangul syllable; itself if it has
/// none.
pub(crate) fn decomposition(c: char) -> impl Iterator<Item = char> {
    DECOMPOSITIONS.get(c)
}

/// The lower case of a scalar; itself if it has none.
pub(crate) fn lower(c: char) -> impl Iterator<Item = char> {
    LOWER.get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_fill_the_file() {
        let words: usize = (0..7).map(|n| Section::nth(n).len).sum();
        assert_eq!(BYTES.len(), 4 * (7 + words));
    }

    #[test]
    fn runs_cover_every_code_point_in_order() {
        let mut next = 0;
        for (start, end, _) in runs() {
            assert_eq!(start, next);
            assert!(start < end);
            next = end;
        }
        assert_eq!(next, 0x11_0000);
    }

    #[test]
    fn known_scalars() {
        assert!(properties(' ').is_whitespace());
        assert!(properties('\u{b}').is_clean_removed() && properties('\u{b}').is_whitespace());
        assert!(properties('中').is_chinese());
        assert!(!properties('\u{2b820}').is_chinese(), "the reference has a typo here");
        assert!(properties('\u{301}').is_mark());
        assert_eq!(properties('\u{301}').combining_class(), 230);
        assert!(properties('。').is_punctuation() && !properties('。').is_regex_word());
        assert!(properties('_').is_regex_word() && properties('_').is_punctuation());
        assert_eq!(properties('\u{10ffff}').combining_class(), 0);
    }

    #[test]
    fn maps() {
        let collect = |c| decomposition(c).collect::<String>();
        assert_eq!(collect('é'), "e\u{301}");
        assert_eq!(collect('ǖ'), "u\u{308}\u{304}");
        assert_eq!(collect('x'), "x");
        assert_eq!(lower('İ').collect::<String>(), "i\u{307}");
        assert_eq!(lower('Σ').collect::<String>(), "σ");
        assert_eq!(hangul_jamo(u32::from('각')).collect::<String>(), "\u{1100}\u{1161}\u{11a8}");
        assert_eq!(hangul_jamo(u32::from('가')).collect::<String>(), "\u{1100}\u{1161}");
    }
}
