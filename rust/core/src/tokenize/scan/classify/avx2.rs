//! The first look with AVX2: two halves of 32 bytes.

use std::arch::x86_64::*;

use super::{BLOCK, Block, Rewrite, Units, over_blocks};
use crate::tokenize::scan::positions;

#[target_feature(enable = "avx2,bmi1,popcnt")]
pub(super) fn units(text: &[u8], rewrite: Rewrite, units: &mut Units) {
    over_blocks!(text, rewrite, units, block, positions::append);
}

#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn block(input: &[u8; BLOCK], rewrite: Rewrite, out: &mut [u8; BLOCK]) -> Block {
    let (input, _) = input.as_chunks::<32>();
    let (out, _) = out.as_chunks_mut::<32>();
    let low = half(&input[0], rewrite, &mut out[0]);
    let high = half(&input[1], rewrite, &mut out[1]);
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    Block { chunk: join(low.0, high.0), punctuation: join(low.1, high.1), odd: join(low.2, high.2) }
}

/// Chunk, punctuation and odd bits of 32 bytes.
#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn half(input: &[u8; 32], rewrite: Rewrite, out: &mut [u8; 32]) -> (u32, u32, u32) {
    // SAFETY: an unaligned load of the 32 bytes that the array has.
    let bytes = unsafe { _mm256_loadu_si256(input.as_ptr().cast()) };
    let splat = |byte: u8| _mm256_set1_epi8(byte as i8);
    // Unsigned `byte - low < count`, as `min(byte - low, count - 1) == byte - low`.
    let within = |bytes, low: u8, count: u8| {
        let offset = _mm256_sub_epi8(bytes, splat(low));
        _mm256_cmpeq_epi8(_mm256_min_epu8(offset, splat(count - 1)), offset)
    };
    let or = |a, b| _mm256_or_si256(a, b);
    let equal = |byte: u8| _mm256_cmpeq_epi8(bytes, splat(byte));

    let upper = within(bytes, b'A', 26);
    let letter = within(or(bytes, splat(0x20)), b'a', 26);
    let control = or(or(equal(b'\t'), equal(b'\n')), equal(b'\r'));
    // 0x7F to 0xFF and 0x00 to 0x1F are one range that wraps around.
    let odd = _mm256_andnot_si256(control, within(bytes, 0x7f, 0xa1));
    let chunk = or(or(letter, within(bytes, b'0', 10)), odd);
    let space = or(control, equal(b' '));

    let mut written = bytes;
    if rewrite.lower {
        written = or(written, _mm256_and_si256(upper, splat(0x20)));
    }
    if rewrite.spaces {
        written = _mm256_blendv_epi8(written, splat(b' '), control);
    }
    // SAFETY: an unaligned store of the 32 bytes that the array has.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), written) };

    let bits = |mask| _mm256_movemask_epi8(mask) as u32;
    (bits(chunk), !bits(or(chunk, space)), bits(odd))
}
