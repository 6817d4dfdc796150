//! The first look at the bytes of a text, 64 at a time, with all that the tokenizer has of
//! instructions that are of one processor.
//!
//! White space separates. A unit is a run of anything else, but ASCII punctuation can be told
//! apart from it: every character by itself, or in runs. Which bytes are which, the engine says
//! ([`Cutting`]). It takes the units in [`windows`] of a text that stays as it is, or of one that
//! is [`rewritten`] on the way. A further instruction set is a file beside [`portable`] and an arm
//! in [`cut`] and [`cut_and_rewrite`].

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod rewritten;
mod set;
mod windows;

pub(in crate::tokenize) use rewritten::{Rewrite, Rewritten};
pub(in crate::tokenize) use set::{Cutting, Set};
pub(in crate::tokenize) use windows::{Step, Window};

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::backend::Backend;
use crate::backend::Runnable;

/// The bytes that one step looks at.
const BLOCK: usize = 64;

/// The classes of 64 bytes, one bit each; `odd` has those beyond ASCII as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    space: u64,
    punctuation: u64,
    odd: u64,
}

/// Where the units of a text, or of a part of it, start and end.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Units {
    starts: Vec<u32>,
    ends: Vec<u32>,
    count: usize,
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

    fn make_room(&mut self, len: usize) {
        let room = room(len);
        if self.starts.len() < room {
            self.starts.resize(room, 0);
            self.ends.resize(room, 0);
        }
    }
}

/// For each byte of whole blocks, with one block more.
fn room(len: usize) -> usize {
    len.next_multiple_of(BLOCK) + BLOCK
}

/// Finds the units of a text, which overwrite others. Every backend gives the same result.
fn cut(backend: Runnable, cutting: &Cutting, text: &[u8], units: &mut Units) {
    units.make_room(text.len());
    match backend.get() {
        // SAFETY: the processor is proven to have the backend, which asks for all the features
        // that the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512 => unsafe { avx512::cut(text, cutting, units) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => unsafe { avx2::cut(text, cutting, units) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Backend::Neon => unsafe { neon::cut(text, cutting, units) },
        _ => portable::cut(text, cutting, units),
    }
}

/// The same, and rewrites the text. Of `out`, all has room.
fn cut_and_rewrite(
    backend: Runnable,
    cutting: &Cutting,
    text: &[u8],
    rewrite: Rewrite,
    out: &mut Rewritten,
) {
    match backend.get() {
        // SAFETY: as in `cut`.
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512 => unsafe { avx512::cut_and_rewrite(text, cutting, rewrite, out) },
        // SAFETY: as in `cut`.
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => unsafe { avx2::cut_and_rewrite(text, cutting, rewrite, out) },
        // SAFETY: as in `cut`.
        #[cfg(target_arch = "aarch64")]
        Backend::Neon => unsafe { neon::cut_and_rewrite(text, cutting, rewrite, out) },
        _ => portable::cut_and_rewrite(text, cutting, rewrite, out),
    }
}

/// The loop over blocks, given how one is classified, how its bits become positions, and what else
/// is done with it and the item of `outs` that belongs to it. A macro and not a function, so that
/// each implementation compiles it with its own instructions.
macro_rules! over_blocks {
    ($text:expr, $cutting:expr, $runs:expr, $units:expr, $block:path, $append:path, $outs:expr,
        $also:expr) => {{
        const BLOCK: usize = crate::tokenize::scan::BLOCK;
        let (text, cutting) = ($text, $cutting);
        let units: &mut crate::tokenize::scan::Units = $units;
        // What the byte before a block was.
        let (mut solid_before, mut punctuation_before, mut odd_before) = (0, 0, 0);
        let (mut started, mut ended) = (0, 0);
        let (blocks, tail) = text.as_chunks::<BLOCK>();
        // The padded tail is also what ends a unit that ends with the text.
        let mut last = [b' '; BLOCK];
        last[..tail.len()].copy_from_slice(tail);
        let ats = (0_u32..).step_by(BLOCK);
        for ((block, out), at) in blocks.iter().chain([&last]).zip($outs).zip(ats) {
            let class: crate::tokenize::scan::Block = $block(block, cutting);
            $also(block, class.odd, out);
            let (solid, punctuation) = (!class.space, class.punctuation);
            let before = solid << 1 | solid_before;
            let punctuation_shifted = punctuation << 1 | punctuation_before;
            let apart = if $runs {
                let odd = class.odd | class.odd << 1 | odd_before;
                (punctuation ^ punctuation_shifted) & !odd
            } else {
                punctuation | punctuation_shifted
            };
            let starts = solid & (!before | apart);
            let ends = before & (!solid | apart);
            solid_before = solid >> 63;
            punctuation_before = punctuation >> 63;
            odd_before = class.odd >> 63;
            started = $append(starts, at, &mut units.starts, started);
            ended = $append(ends, at, &mut units.ends, ended);
        }
        units.count = started;
    }};
}

/// The loop that also rewrites, given how a block is written. Punctuation is not told apart in runs.
macro_rules! over_rewritten_blocks {
    ($text:expr, $cutting:expr, $rewrite:expr, $out:expr, $block:path, $append:path, $write:path) => {{
        let (rewrite, out): (_, &mut crate::tokenize::scan::Rewritten) = ($rewrite, $out);
        let (buffer, _) = out.buffer.as_chunks_mut::<{ crate::tokenize::scan::BLOCK }>();
        let outs = buffer.iter_mut().zip(&mut out.odd);
        let mut any_odd = 0;
        let mut also = |block: &_, odd, (written, kept): (&mut _, &mut u64)| {
            $write(block, rewrite, written);
            *kept = odd;
            any_odd |= odd;
        };
        crate::tokenize::scan::over_blocks!(
            $text,
            $cutting,
            false,
            &mut out.units,
            $block,
            $append,
            outs,
            also
        );
        out.any_odd = any_odd != 0;
    }};
}

/// What a file of an instruction set has to have, of its own `block`, `append` and `write`, and
/// what both are compiled with.
macro_rules! looks {
    ($(#[$features:meta])?) => {
        /// As [`super::cut`].
        $(#[$features])?
        pub(super) fn cut(
            text: &[u8],
            cutting: &crate::tokenize::scan::Cutting,
            units: &mut crate::tokenize::scan::Units,
        ) {
            let nothing = std::iter::repeat(());
            crate::tokenize::scan::over_blocks!(
                text, cutting, cutting.runs, units, block, append, nothing, |_, _, ()| ()
            );
        }

        /// As [`super::cut_and_rewrite`].
        $(#[$features])?
        pub(super) fn cut_and_rewrite(
            text: &[u8],
            cutting: &crate::tokenize::scan::Cutting,
            rewrite: crate::tokenize::scan::Rewrite,
            out: &mut crate::tokenize::scan::Rewritten,
        ) {
            crate::tokenize::scan::over_rewritten_blocks!(
                text, cutting, rewrite, out, block, append, write
            );
        }
    };
}
use {looks, over_blocks, over_rewritten_blocks};

#[cfg(test)]
mod tests {
    use super::*;

    /// What any look is to be tried on: bytes of every kind, at and around the ends of blocks.
    pub(super) fn texts(lengths: impl Iterator<Item = usize>, few: &[u8]) -> Vec<Vec<u8>> {
        let mut state = 7_u32;
        let mut texts: Vec<Vec<u8>> = vec![(0..=255).collect(), Vec::new(), b" ".to_vec()];
        for len in lengths {
            for kind in 0..5 {
                let mut byte = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (state >> 24) as u8;
                    let one = few[usize::from(byte) % few.len()];
                    [byte, byte & 0x7f, one, b'x', if byte == 0 { b' ' } else { b'x' }][kind]
                };
                texts.push((0..len).map(|_| byte()).collect());
            }
        }
        texts
    }

    type Append = fn(u64, u32, &mut [u32], usize) -> usize;

    #[test]
    fn every_bit_becomes_its_position() {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut))]
        let mut ways: Vec<Append> = vec![portable::append];
        #[cfg(target_arch = "x86_64")]
        if Backend::available().contains(&Backend::Avx512) {
            // SAFETY: the processor has AVX-512.
            ways.push(|bits, at, out, filled| unsafe { avx512::append(bits, at, out, filled) });
        }
        let mut state = 1_u64;
        for round in 0..2000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let bits = match round {
                0 => 0,
                1 => !0,
                _ => state & state.rotate_left(round % 64),
            };
            let expected: Vec<u32> =
                (0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| bit + 7).collect();
            for append in &ways {
                let mut positions = [0; 3 + 64];
                let end = append(bits, 7, &mut positions, 3);
                assert_eq!(&positions[3..end], expected);
            }
        }
    }
}
