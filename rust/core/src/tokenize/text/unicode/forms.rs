//! Composition, compatibility decomposition, Nmt and StripAccents, frozen.
//!
//! `scripts/make_form_tables.py` asks the reference and writes `forms.bin`; its layout is told
//! there.

use super::partition_point;

static BYTES: &[u8] = include_bytes!("forms.bin");

const SECTIONS: usize = 5;
const RUNS: usize = 0;
const COMPOSITIONS: usize = 1;
const KEYS: usize = 2;
const OFFSETS: usize = 3;
const POOL: usize = 4;

const fn word(at: usize) -> u32 {
    let byte = 4 * at;
    u32::from_le_bytes([BYTES[byte], BYTES[byte + 1], BYTES[byte + 2], BYTES[byte + 3]])
}

/// Where each section begins, and its number of words.
const PLACES: [(usize, usize); SECTIONS] = {
    let mut places = [(0, 0); SECTIONS];
    let mut start = SECTIONS;
    let mut n = 0;
    while n < SECTIONS {
        let len = word(n) as usize;
        places[n] = (start, len);
        start += len;
        n += 1;
    }
    places
};

fn get(section: usize, index: usize) -> u32 {
    word(PLACES[section].0 + index)
}

fn len(section: usize) -> usize {
    PLACES[section].1
}

/// What these normalizers do with one scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FormProperties(u32);

impl FormProperties {
    /// Dropped by StripAccents.
    pub(crate) fn is_accent(self) -> bool {
        self.0 & 1 != 0
    }

    /// Dropped by Nmt.
    pub(crate) fn is_nmt_removed(self) -> bool {
        self.0 & 2 != 0
    }

    /// Turned into U+0020 by Nmt.
    pub(crate) fn is_nmt_space(self) -> bool {
        self.0 & 4 != 0
    }

    /// Can be the second half of a composition. Jamo are not marked.
    pub(crate) fn is_second(self) -> bool {
        self.0 & 8 != 0
    }
}

/// The properties of one scalar: a binary search, for the rare paths.
pub(crate) fn form_properties(c: char) -> FormProperties {
    let code = u32::from(c);
    let after = partition_point(len(RUNS) / 2, |i| get(RUNS, 2 * i) <= code);
    // The first run starts at U+0000, so there always is one before.
    FormProperties(get(RUNS, 2 * after - 1))
}

/// White space, as [`super::Properties::is_whitespace`] has it, without a search: the set has not
/// changed in ten years, and a test watches it.
#[inline]
pub(crate) fn is_whitespace(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}'
            | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// What the canonical composition makes of two scalars; Hangul included.
pub(crate) fn compose(first: char, second: char) -> Option<char> {
    let (a, b) = (u32::from(first), u32::from(second));
    if (0x1100..0x1113).contains(&a) && (0x1161..0x1176).contains(&b) {
        return char::from_u32(0xAC00 + ((a - 0x1100) * 21 + b - 0x1161) * 28);
    }
    if super::HANGUL.contains(&a) && (a - 0xAC00) % 28 == 0 && (0x11A8..0x11C3).contains(&b) {
        return char::from_u32(a + b - 0x11A7);
    }
    let at = partition_point(len(COMPOSITIONS) / 3, |i| {
        (get(COMPOSITIONS, 3 * i), get(COMPOSITIONS, 3 * i + 1)) < (a, b)
    });
    let found = 3 * at < len(COMPOSITIONS)
        && (get(COMPOSITIONS, 3 * at), get(COMPOSITIONS, 3 * at + 1)) == (a, b);
    if found { char::from_u32(get(COMPOSITIONS, 3 * at + 2)) } else { None }
}

/// The full compatibility decomposition of a scalar that is not a Hangul syllable; itself if it
/// has none.
pub(crate) fn compatibility(c: char) -> impl Iterator<Item = char> {
    let key = u32::from(c);
    let at = partition_point(len(KEYS), |i| get(KEYS, i) < key);
    let (start, end) = if at < len(KEYS) && get(KEYS, at) == key {
        (get(OFFSETS, at) as usize, get(OFFSETS, at + 1) as usize)
    } else {
        (0, 0)
    };
    let own = (start == end).then_some(c);
    (start..end).filter_map(|i| char::from_u32(get(POOL, i))).chain(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_fill_the_file() {
        let words: usize = PLACES.iter().map(|&(_, len)| len).sum();
        assert_eq!(BYTES.len(), 4 * (SECTIONS + words));
    }

    #[test]
    fn white_space_is_that_of_the_table() {
        for c in '\0'..=char::MAX {
            assert_eq!(
                is_whitespace(c),
                crate::tokenize::text::unicode::properties(c).is_whitespace(),
                "{c:?}"
            );
        }
    }

    #[test]
    fn known_scalars() {
        assert_eq!(compose('e', '\u{301}'), Some('é'));
        assert_eq!(compose('ü', '\u{304}'), Some('ǖ'));
        assert_eq!(compose('\u{1100}', '\u{1161}'), Some('가'));
        assert_eq!(compose('가', '\u{11a8}'), Some('각'));
        assert_eq!(compose('각', '\u{11a8}'), None);
        assert_eq!(compose('a', 'b'), None);
        assert_eq!(compatibility('ﬁ').collect::<String>(), "fi");
        assert_eq!(compatibility('x').collect::<String>(), "x");
        assert!(form_properties('\u{301}').is_accent() && form_properties('\u{301}').is_second());
        assert!(form_properties('\u{200b}').is_nmt_space());
        assert!(form_properties('\u{7f}').is_nmt_removed());
        assert!(!form_properties('a').is_second());
    }
}
