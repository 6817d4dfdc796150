//! The first look at a text: 64 bytes at a time into chunks and punctuation, lower-cased on the way.
//!
//! A *chunk* is a run of ASCII letters and digits and of *odd* bytes: those of characters beyond
//! ASCII and the control characters. ASCII punctuation stands alone; space, tab, line feed and
//! carriage return separate. These four classes are the same for every normalizer.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use crate::backend::{Backend, Runnable};

/// The bytes that one step looks at.
const BLOCK: usize = 64;

/// The classes of 64 bytes, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    chunk: u64,
    punctuation: u64,
    odd: u64,
}

/// How bytes change on their way into the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tokenize) struct Rewrite {
    /// ASCII letters become small.
    pub(in crate::tokenize) lower: bool,
    /// Tab, line feed and carriage return become spaces.
    pub(in crate::tokenize) spaces: bool,
}

/// A text cut into units: chunks and single punctuation characters, in order.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Units {
    /// The text, rewritten, with at least 64 bytes of anything behind it.
    pub(in crate::tokenize) buffer: Vec<u8>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    count: usize,
    /// A bit for each odd byte, and whether there is any.
    odd: Vec<u64>,
    pub(in crate::tokenize) any_odd: bool,
}

impl Units {
    /// Where each unit starts, in order.
    pub(in crate::tokenize) fn starts(&self) -> &[u32] {
        &self.starts[..self.count]
    }

    /// Where each unit ends.
    pub(in crate::tokenize) fn ends(&self) -> &[u32] {
        &self.ends[..self.count]
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

/// Cuts `text` into `units`, which are overwritten. Every backend gives the same result.
pub(in crate::tokenize) fn units(
    backend: Runnable,
    text: &[u8],
    rewrite: Rewrite,
    units: &mut Units,
) {
    let room = text.len().next_multiple_of(BLOCK) + BLOCK;
    if units.buffer.len() < room {
        units.buffer.resize(room, 0);
        units.starts.resize(room, 0);
        units.ends.resize(room, 0);
        units.odd.resize(room / BLOCK, 0);
    }
    match backend.get() {
        // SAFETY: the processor is proven to have the backend, which asks for all the features
        // that the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512 => unsafe { avx512::units(text, rewrite, units) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => unsafe { avx2::units(text, rewrite, units) },
        _ => portable::units(text, rewrite, units),
    }
}

/// The loop over blocks, given how one is classified and how its bits become positions. A macro and not a function, so that each
/// implementation compiles it with its own instructions.
macro_rules! over_blocks {
    ($text:expr, $rewrite:expr, $units:expr, $block:path, $append:path) => {{
        let (text, rewrite, units) = ($text, $rewrite, $units);
        let (mut chunk_before, mut punctuation_before) = (0, 0);
        let mut odd = 0;
        let (mut started, mut ended) = (0, 0);
        let (blocks, tail) = text.as_chunks::<{ crate::tokenize::scan::classify::BLOCK }>();
        let (out, _) = units.buffer.as_chunks_mut::<{ crate::tokenize::scan::classify::BLOCK }>();
        let mut last = [b' '; crate::tokenize::scan::classify::BLOCK];
        last[..tail.len()].copy_from_slice(tail);
        // The padded tail is also what ends a unit that ends with the text.
        for (((block, out), odd_bits), at) in blocks
            .iter()
            .chain([&last])
            .zip(out)
            .zip(&mut units.odd)
            .zip((0_u32..).step_by(crate::tokenize::scan::classify::BLOCK))
        {
            let class = $block(block, rewrite, out);
            odd |= class.odd;
            *odd_bits = class.odd;
            let chunk_shifted = class.chunk << 1 | chunk_before;
            let punctuation_shifted = class.punctuation << 1 | punctuation_before;
            let starts = class.chunk & !chunk_shifted | class.punctuation;
            let ends = !class.chunk & chunk_shifted | punctuation_shifted;
            chunk_before = class.chunk >> 63;
            punctuation_before = class.punctuation >> 63;
            started = $append(starts, at, &mut units.starts, started);
            ended = $append(ends, at, &mut units.ends, ended);
        }
        units.count = started;
        units.any_odd = odd != 0;
    }};
}
use over_blocks;

#[cfg(test)]
mod tests {
    use super::*;

    fn naive(text: &[u8], rewrite: Rewrite) -> (Vec<u8>, Vec<(usize, usize)>, Vec<bool>) {
        let is_odd = |b: u8| b >= 0x7f || b < 0x20 && !b"\t\n\r".contains(&b);
        let is_chunk = |b: u8| b.is_ascii_alphanumeric() || is_odd(b);
        let mut units = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let start = at;
            if is_chunk(text[at]) {
                while at < text.len() && is_chunk(text[at]) {
                    at += 1;
                }
                units.push((start, at));
                continue;
            }
            at += 1;
            if text[start].is_ascii_punctuation() {
                units.push((start, at));
            }
        }
        let written = text.iter().map(|&b| match b {
            b'\t' | b'\n' | b'\r' if rewrite.spaces => b' ',
            b if rewrite.lower => b.to_ascii_lowercase(),
            b => b,
        });
        (written.collect(), units, text.iter().map(|&b| is_odd(b)).collect())
    }

    #[test]
    fn every_classifier_agrees_with_the_definition() {
        let mut state = 7_u32;
        let mut texts: Vec<Vec<u8>> = vec![(0..=255).collect(), Vec::new()];
        for len in (0..200).chain([500, 4096]) {
            for kind in 0..4 {
                let mut byte = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (state >> 24) as u8;
                    [byte, byte & 0x7f, b"ab .,Z"[usize::from(byte) % 6], b'x'][kind]
                };
                texts.push((0..len).map(|_| byte()).collect());
            }
        }
        for backend in Backend::available() {
            let mut units = Units::default();
            for text in &texts {
                for (lower, spaces) in [(false, false), (true, false), (false, true), (true, true)]
                {
                    let rewrite = Rewrite { lower, spaces };
                    super::units(Runnable::new(backend), text, rewrite, &mut units);
                    let (buffer, expected, odd) = naive(text, rewrite);
                    let name = backend.name();
                    assert_eq!(units.buffer[..text.len()], buffer, "{name} {text:?}");
                    let pairs: Vec<_> = units
                        .starts()
                        .iter()
                        .zip(units.ends())
                        .map(|(&start, &end)| (start as usize, end as usize))
                        .collect();
                    assert_eq!(pairs, expected, "{name} {text:?}");
                    assert_eq!(units.any_odd, odd.contains(&true));
                    for (start, end) in pairs {
                        assert_eq!(units.is_odd(start, end), odd[start..end].contains(&true));
                    }
                }
            }
        }
    }
}
