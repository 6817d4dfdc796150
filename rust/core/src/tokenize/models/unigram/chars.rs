//! Characters as small numbers: those that pieces hold, the frequent ones first.

use crate::tokenize::index::store::Store;

/// A character that no piece holds.
pub(in crate::tokenize) const NO_CODE: u16 = 0;
/// Codes are below; no piece may need more.
pub(in crate::tokenize) const CODES: usize = 0xffff;

const PAGE: usize = 128;
const PAGES: usize = 0x11_0000 / PAGE;

/// From characters to codes. The pages of characters that occur are kept, one after the other; the
/// first is that of ASCII, the second is empty and stands for all others.
#[derive(Debug)]
pub(in crate::tokenize) struct Codes {
    index: Store<u16>,
    codes: Store<u16>,
}

impl Codes {
    /// Gives each character that occurs a code from 1, in order of descending count; `None` if
    /// there are too many. `counts` is by character.
    pub(in crate::tokenize) fn new(counts: &[u32]) -> Option<Self> {
        let mut chars: Vec<(u32, u32)> = (0..)
            .zip(counts)
            .filter(|&(_, &count)| count > 0)
            .map(|(c, &count)| (u32::MAX - count, c))
            .collect();
        if chars.len() >= CODES - 1 {
            return None;
        }
        chars.sort_unstable();
        let mut index = vec![1_u16; PAGES];
        let mut codes = vec![NO_CODE; 2 * PAGE];
        index[0] = 0;
        for (code, &(_, c)) in (1..).zip(&chars) {
            let (page, place) = (c as usize / PAGE, c as usize % PAGE);
            if index[page] == 1 {
                index[page] = (codes.len() / PAGE) as u16;
                codes.resize(codes.len() + PAGE, NO_CODE);
            }
            codes[usize::from(index[page]) * PAGE + place] = code;
        }
        Some(Self { index: index.into(), codes: codes.into() })
    }

    /// The tables as they were stored; `None` if they cannot be such.
    pub(in crate::tokenize) fn from_parts(index: Store<u16>, codes: Store<u16>) -> Option<Self> {
        let pages = codes.len() / PAGE;
        let fits = index.len() == PAGES
            && codes.len().is_multiple_of(PAGE)
            && index.iter().all(|&page| usize::from(page) < pages);
        fits.then_some(Self { index, codes })
    }

    pub(in crate::tokenize) fn parts(&self) -> (&[u16], &[u16]) {
        (&self.index, &self.codes)
    }

    #[inline]
    pub(in crate::tokenize) fn get(&self, c: u32) -> u16 {
        let page = self.index.get(c as usize / PAGE).copied().unwrap_or(1);
        self.codes.get(usize::from(page) * PAGE + c as usize % PAGE).copied().unwrap_or(NO_CODE)
    }

    /// Appends the codes of a text in UTF-8. Of other bytes, some.
    #[inline]
    pub(in crate::tokenize) fn extend(&self, text: &[u8], out: &mut Vec<u16>) {
        let (index, codes) = (&*self.index, &*self.codes);
        let from = out.len();
        out.resize(from + text.len(), NO_CODE);
        let mut count = 0;
        for (c, code) in (CodePoints { rest: text }).zip(&mut out[from..]) {
            let page =
                if c < PAGE { 0 } else { index.get(c / PAGE).copied().map_or(1, usize::from) };
            *code = codes.get(page * PAGE + c % PAGE).copied().unwrap_or(NO_CODE);
            count += 1;
        }
        out.truncate(from + count);
    }
}

/// The code points of bytes that are UTF-8: those of others are of no use, but do no harm. Proving
/// first that they are took 3 % of the time of Chinese words.
struct CodePoints<'a> {
    rest: &'a [u8],
}

impl Iterator for CodePoints<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let bits = |byte: u8| usize::from(byte & 0x3f);
        let (point, rest) = match self.rest {
            [] => return None,
            [a @ 0..0x80, rest @ ..] => (usize::from(*a), rest),
            [a @ 0xe0..0xf0, b, c, rest @ ..] => {
                (usize::from(a & 0x0f) << 12 | bits(*b) << 6 | bits(*c), rest)
            }
            [a @ 0x80..0xe0, b, rest @ ..] => (usize::from(a & 0x1f) << 6 | bits(*b), rest),
            [a @ 0xf0..=0xff, b, c, d, rest @ ..] => {
                let high = usize::from(a & 0x07) << 18 | bits(*b) << 12;
                (high | bits(*c) << 6 | bits(*d), rest)
            }
            [_, rest @ ..] => (0xfffd, rest),
        };
        self.rest = rest;
        Some(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_are_those_of_chars() {
        let all: String = ('\0'..=char::MAX).collect();
        let found = CodePoints { rest: all.as_bytes() };
        assert!(found.eq(all.chars().map(|c| c as usize)));
        for end in 0..5 {
            let torn = &"\u{10ffff}".as_bytes()[..end.min(4)];
            assert!(CodePoints { rest: torn }.count() <= torn.len());
        }
    }

    #[test]
    fn frequent_characters_come_first() {
        let mut counts = vec![0; 0x11_0000];
        for (c, count) in [('a', 3), ('中', 9), ('\u{10ffff}', 1), ('b', 3)] {
            counts[c as usize] = count;
        }
        let codes = Codes::new(&counts).unwrap();
        let mut out = Vec::new();
        codes.extend("中ab\u{10ffff}xé".as_bytes(), &mut out);
        assert_eq!(out, [1, 2, 3, 4, 0, 0]);
        assert_eq!(codes.get('b' as u32), 3);
        assert_eq!(codes.get('文' as u32), 0);
    }
}
