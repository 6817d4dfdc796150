//! Units of a text that is rewritten on the way, so that a word can be looked up by what becomes
//! of it: letters of ASCII become small, and white space becomes spaces.

use super::{BLOCK, Cutting, Units, cut_and_rewrite, room};
use crate::backend::Runnable;

/// How bytes change on their way into the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tokenize) struct Rewrite {
    /// ASCII letters become small.
    pub(in crate::tokenize) lower: bool,
    /// Tab, line feed and carriage return become spaces.
    pub(in crate::tokenize) spaces: bool,
}

/// A text, rewritten, and where its units are.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Rewritten {
    pub(in crate::tokenize) units: Units,
    /// The text, with at least 64 bytes of anything behind it.
    pub(in crate::tokenize) buffer: Vec<u8>,
    /// A bit for each odd byte, and whether there is any.
    pub(super) odd: Vec<u64>,
    pub(in crate::tokenize) any_odd: bool,
}

impl Rewritten {
    /// Takes a text in place of the one before; `cutting` must not tell punctuation apart in runs.
    /// Every backend gives the same result.
    pub(in crate::tokenize) fn set(
        &mut self,
        backend: Runnable,
        cutting: &Cutting,
        text: &[u8],
        rewrite: Rewrite,
    ) {
        debug_assert!(!cutting.runs);
        let room = room(text.len());
        if self.buffer.len() < room {
            // In this order: with the positions behind all else, encoding took a tenth longer with
            // AVX2, as stores then lay where loads were taken for them (4 KiB apart).
            self.buffer.resize(room, 0);
            self.units.make_room(text.len());
            self.odd.resize(room / BLOCK, 0);
        }
        cut_and_rewrite(backend, cutting, text, rewrite, self);
    }

    /// Whether a unit holds an odd byte.
    #[inline]
    pub(in crate::tokenize) fn is_odd(&self, start: usize, end: usize) -> bool {
        if !self.any_odd {
            return false;
        }
        let (first, last) = (start / 64, (end - 1) / 64);
        let from = !0 << (start % 64);
        let until = !0 >> (63 - (end - 1) % 64);
        if first == last {
            return self.odd[first] & from & until != 0;
        }
        self.odd[first] & from != 0
            || self.odd[first + 1..last].iter().any(|&word| word != 0)
            || self.odd[last] & until != 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Set, tests};
    use super::*;
    use crate::backend::Backend;

    fn is_odd(byte: u8) -> bool {
        byte >= 0x7f || byte < 0x20 && !b"\t\n\r".contains(&byte)
    }

    fn cutting() -> Cutting {
        let space = Set::new(|byte| b" \t\n\r".contains(&byte));
        let punctuation = Set::new(|byte| byte.is_ascii_punctuation());
        Cutting::new(space, punctuation, Set::new(is_odd), false)
    }

    #[test]
    fn every_backend_agrees_with_the_definition() {
        let texts = tests::texts((0..200).chain([500, 4096]), b"ab .,Z");
        for backend in Backend::available() {
            let mut rewritten = Rewritten::default();
            for text in &texts {
                for (lower, spaces) in [(false, false), (true, false), (false, true), (true, true)]
                {
                    let rewrite = Rewrite { lower, spaces };
                    rewritten.set(Runnable::new(backend), &cutting(), text, rewrite);
                    let expected: Vec<u8> = text
                        .iter()
                        .map(|&byte| match byte {
                            b'\t' | b'\n' | b'\r' if spaces => b' ',
                            byte if lower => byte.to_ascii_lowercase(),
                            byte => byte,
                        })
                        .collect();
                    assert_eq!(rewritten.buffer[..text.len()], expected, "{backend} {text:?}");
                    let odd: Vec<bool> = text.iter().map(|&byte| is_odd(byte)).collect();
                    assert_eq!(rewritten.any_odd, odd.contains(&true));
                    let units = &rewritten.units;
                    for (&start, &end) in units.starts().iter().zip(units.ends()) {
                        let (start, end) = (start as usize, end as usize);
                        assert_eq!(rewritten.is_odd(start, end), odd[start..end].contains(&true));
                    }
                    let mut alone = Units::default();
                    super::super::cut(Runnable::new(backend), &cutting(), text, &mut alone);
                    assert_eq!(units.starts(), alone.starts(), "{backend} {text:?}");
                    assert_eq!(units.ends(), alone.ends(), "{backend} {text:?}");
                }
            }
        }
    }
}
