//! What pre-tokenizers need to know of a character, one table look-up away.

/// A set of bits for one character.
pub(crate) type Class = u8;

/// `\p{L}` of the patterns.
pub(super) const LETTER: Class = 1 << 0;
/// `\p{N}` of the patterns.
pub(super) const NUMBER: Class = 1 << 1;
/// White space, the same 25 characters for every pre-tokenizer.
pub(super) const SPACE: Class = 1 << 2;
/// Carriage return and line feed, which are white space too.
pub(super) const NEWLINE: Class = 1 << 3;
/// `\w` of the pre-tokenizer Whitespace.
pub(super) const WORD: Class = 1 << 4;
/// Punctuation of BertPreTokenizer.
pub(super) const PUNCTUATION: Class = 1 << 5;
/// Isolated by Digits.
pub(super) const NUMERIC: Class = 1 << 6;
/// The bits that the patterns tell apart; none of them is "other".
pub(super) const KIND: Class = LETTER | NUMBER | SPACE;

const PAGE: usize = 128;
const PAGES: usize = 0x11_0000 / PAGE;

/// The file that `scripts/make_class_table.py` writes: the number of each page's table, then the
/// tables.
static BYTES: &[u8] = include_bytes!("classes.bin");

/// Classes of all characters: pages of which equal ones are stored once, some 40 KB. Compiled in: a
/// table that one thread is making when another forks would never be done in the child.
#[derive(Debug)]
pub(crate) struct Classes {
    ascii: &'static [Class; 128],
    pages: &'static [[u8; 2]],
    table: &'static [Class],
}

static CLASSES: Classes = Classes::of(BYTES);

impl Classes {
    pub(crate) fn get() -> &'static Self {
        &CLASSES
    }

    const fn of(bytes: &'static [u8]) -> Self {
        let (pages, table) = bytes.split_at(2 * PAGES);
        let (pages, _) = pages.as_chunks();
        // The first page, which is that of ASCII, has the first table.
        match table.first_chunk() {
            Some(ascii) => Self { ascii, pages, table },
            None => Self { ascii: &[0; 128], pages, table },
        }
    }

    fn wide(&self, code: usize) -> Class {
        self.table[usize::from(u16::from_le_bytes(self.pages[code / PAGE])) * PAGE + code % PAGE]
    }

    /// Class and length in bytes of the character at `at`, which must be one's first byte.
    #[inline(always)]
    pub(super) fn at(&self, text: &[u8], at: usize) -> (Class, usize) {
        let byte = text[at];
        if byte < 0x80 {
            return (self.ascii[usize::from(byte)], 1);
        }
        self.beyond_ascii(text, at)
    }

    #[inline(never)]
    fn beyond_ascii(&self, text: &[u8], at: usize) -> (Class, usize) {
        let bits = |offset: usize| usize::from(text[at + offset] & 0x3f);
        let lead = usize::from(text[at]);
        match lead {
            ..0xe0 => (self.wide((lead & 0x1f) << 6 | bits(1)), 2),
            0xe0..0xf0 => (self.wide((lead & 0x0f) << 12 | bits(1) << 6 | bits(2)), 3),
            _ => (self.wide((lead & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3)), 4),
        }
    }

    /// Past the end of the characters from `at` on whose bits under `mask` are `class`.
    #[inline]
    pub(super) fn run(&self, text: &[u8], mut at: usize, mask: Class, class: Class) -> usize {
        while at < text.len() {
            let (found, len) = self.at(text, at);
            if found & mask != class {
                break;
            }
            at += len;
        }
        at
    }
}

impl Classes {
    /// Past the end of the letters from `at` on: [`Self::run`] of them, eight at a time where they
    /// are of ASCII.
    #[inline]
    pub(super) fn letters(&self, text: &[u8], mut at: usize) -> usize {
        loop {
            while let Some(Ok(word)) = text.get(at..at + 8).map(<[u8; 8]>::try_from) {
                let count = leading_letters(u64::from_le_bytes(word));
                at += count;
                if count < 8 {
                    break;
                }
            }
            // Ideographs and kana come in runs: without a call for each.
            while let Some(&[lead @ 0xe0..=0xef, second, third]) =
                text.get(at..at + 3).and_then(<[u8]>::first_chunk)
            {
                let bits = |byte: u8| usize::from(byte & 0x3f);
                let code = usize::from(lead & 0x0f) << 12 | bits(second) << 6 | bits(third);
                if self.wide(code) & LETTER == 0 {
                    return at;
                }
                at += 3;
            }
            // Here is something else, or the text has less than eight bytes left.
            if at == text.len() {
                return at;
            }
            let (class, len) = self.at(text, at);
            if class & LETTER == 0 {
                return at;
            }
            at += len;
        }
    }
}

/// How many of eight bytes, the lowest first, are letters of ASCII.
#[inline]
pub(super) fn leading_letters(word: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let small = (word | (0x20 * ONES)) & !HIGH;
    // Without their highest bits no sum goes over into the next byte.
    let from_a = small + (0x80 - 0x61) * ONES;
    let past_z = small + (0x80 - 0x7b) * ONES;
    let others = (!from_a | past_z | word) & HIGH;
    (others.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::text::unicode;

    #[test]
    fn letters_of_eight_bytes() {
        for byte in 0..=255_u8 {
            for at in 0..8 {
                let mut word = *b"aZmNzAxq";
                word[at] = byte;
                let expected = if byte.is_ascii_alphabetic() { 8 } else { at };
                assert_eq!(leading_letters(u64::from_le_bytes(word)), expected);
            }
        }
    }

    #[test]
    fn letters_are_a_run() {
        let classes = Classes::get();
        for text in [
            "",
            "a",
            "abcdefgh",
            "abcdefghijklmnopq1",
            "für die Ästhetik",
            "日本語です。",
            "xxxxxxxé1",
        ] {
            for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
                let text = text.as_bytes();
                assert_eq!(classes.letters(text, at), classes.run(text, at, LETTER, LETTER));
            }
        }
    }

    #[test]
    fn every_scalar_is_found_in_its_encoding() {
        let classes = Classes::get();
        assert!(classes.table.len() < 60_000, "{}", classes.table.len());
        assert_eq!(classes.table.len() % PAGE, 0);
        for code in 0xd800..0xe000 {
            assert_eq!(classes.wide(code), 0, "a surrogate");
        }
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer).as_bytes();
            let (class, len) = classes.at(text, 0);
            assert_eq!(len, text.len());
            let properties = unicode::properties(c);
            assert_eq!(class & LETTER != 0, properties.is_letter());
            assert_eq!(class & NUMBER != 0, properties.is_number());
            assert_eq!(class & SPACE != 0, properties.is_whitespace());
            assert_eq!(class & WORD != 0, properties.is_regex_word());
            assert_eq!(class & PUNCTUATION != 0, properties.is_punctuation());
            assert_eq!(class & NUMERIC != 0, properties.is_numeric());
            assert_eq!(class & NEWLINE != 0, matches!(c, '\r' | '\n'));
            assert_eq!(class & 0x80, 0);
            assert!((class & KIND).count_ones() <= 1, "{c:?}");
        }
    }
}
