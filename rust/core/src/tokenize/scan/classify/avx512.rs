//! The first look with AVX-512: 64 bytes at a time, comparisons straight into bit masks.

use std::arch::x86_64::*;

use super::{BLOCK, Block, Rewrite, Units, over_blocks};
use crate::tokenize::scan::positions;

#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
pub(super) fn units(text: &[u8], rewrite: Rewrite, units: &mut Units) {
    over_blocks!(text, rewrite, units, block, positions::append_avx512);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn block(input: &[u8; BLOCK], rewrite: Rewrite, out: &mut [u8; BLOCK]) -> Block {
    // SAFETY: an unaligned load of the 64 bytes that the array has.
    let bytes = unsafe { _mm512_loadu_si512(input.as_ptr().cast()) };
    let splat = |byte: u8| _mm512_set1_epi8(byte as i8);
    let within = |bytes, low: u8, count: u8| {
        _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, splat(low)), splat(count))
    };
    let equal = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, splat(byte));

    let upper = within(bytes, b'A', 26);
    let letter = within(_mm512_or_si512(bytes, splat(0x20)), b'a', 26);
    let control = equal(b'\t') | equal(b'\n') | equal(b'\r');
    // 0x7F to 0xFF and 0x00 to 0x1F are one range that wraps around.
    let odd = within(bytes, 0x7f, 0xa1) & !control;
    let chunk = letter | within(bytes, b'0', 10) | odd;
    let punctuation = !(chunk | control | equal(b' '));

    let mut written = bytes;
    if rewrite.lower {
        written = _mm512_mask_add_epi8(written, upper, written, splat(0x20));
    }
    if rewrite.spaces {
        written = _mm512_mask_blend_epi8(control, written, splat(b' '));
    }
    // SAFETY: an unaligned store of the 64 bytes that the array has.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), written) };
    Block { chunk, punctuation, odd }
}
