//! What pre-tokenizers need to know of a character, one table look-up away.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::super::unicode;

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

/// Classes of all characters: pages of which equal ones are stored once, some 40 KB.
#[derive(Debug)]
pub(crate) struct Classes {
    ascii: [Class; 128],
    pages: Vec<u16>,
    table: Vec<Class>,
}

static CLASSES: AtomicPtr<Classes> = AtomicPtr::new(ptr::null_mut());

impl Classes {
    /// The table, made at the first use.
    ///
    /// Without a lock, since a process that forks while one of its threads makes the table has a
    /// child in which nobody would ever unlock it: two threads that come at once both make it, and
    /// the second throws its own away.
    #[inline]
    pub(crate) fn get() -> &'static Self {
        let made = CLASSES.load(Ordering::Acquire);
        // SAFETY: a pointer that is there is from `Box::into_raw` below, and never freed.
        unsafe { made.as_ref() }.unwrap_or_else(Self::make)
    }

    #[cold]
    fn make() -> &'static Self {
        let own = Box::into_raw(Box::new(Self::new()));
        let put =
            CLASSES.compare_exchange(ptr::null_mut(), own, Ordering::AcqRel, Ordering::Acquire);
        match put {
            // SAFETY: just made of a box, and from now on nobody writes to it or frees it.
            Ok(_) => unsafe { &*own },
            Err(first) => {
                // SAFETY: from `Box::into_raw` above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(own) });
                // SAFETY: what is there is from `Box::into_raw` of the thread that was first, and
                // never freed.
                unsafe { &*first }
            }
        }
    }

    fn new() -> Self {
        let mut all = vec![0; 0x11_0000];
        for (start, end, properties) in unicode::runs() {
            let mut class = 0;
            for (has, bit) in [
                (properties.is_letter(), LETTER),
                (properties.is_number(), NUMBER),
                (properties.is_whitespace(), SPACE),
                (properties.is_regex_word(), WORD),
                (properties.is_punctuation(), PUNCTUATION),
                (properties.is_numeric(), NUMERIC),
            ] {
                class |= if has { bit } else { 0 };
            }
            all[start as usize..end as usize].fill(class);
        }
        all[usize::from(b'\r')] |= NEWLINE;
        all[usize::from(b'\n')] |= NEWLINE;

        let mut ascii = [0; 128];
        ascii.copy_from_slice(&all[..128]);
        let mut pages = Vec::with_capacity(all.len() / PAGE);
        let mut table: Vec<Class> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for page in all.chunks(PAGE) {
            let number = *known.entry(page).or_insert_with(|| {
                table.extend_from_slice(page);
                (table.len() / PAGE - 1) as u16
            });
            pages.push(number);
        }
        Self { ascii, pages, table }
    }

    fn wide(&self, code: usize) -> Class {
        self.table[usize::from(self.pages[code / PAGE]) * PAGE + code % PAGE]
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
fn leading_letters(word: u64) -> usize {
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
            assert!((class & KIND).count_ones() <= 1, "{c:?}");
        }
    }
}
