//! The first look with AVX-512: 64 bytes at a time, comparisons straight into bit masks.

use std::arch::x86_64::*;

use super::{BLOCK, Block, Rewrite, Units, over_blocks};

#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
pub(super) fn units(text: &[u8], rewrite: Rewrite, units: &mut Units) {
    over_blocks!(text, rewrite, units, block, append_bits);
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

/// Appends the positions of the bits that are set: sixteen at a time, packed by one instruction.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn append_bits(bits: u64, at: u32, positions: &mut [u32], mut filled: usize) -> usize {
    let ascending = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for part in 0..4 {
        let bits = (bits >> (16 * part)) as u16;
        let here = _mm512_add_epi32(ascending, _mm512_set1_epi32((at + 16 * part) as i32));
        let packed = _mm512_maskz_compress_epi32(bits, here);
        if let Some(room) = positions.get_mut(filled..).and_then(<[u32]>::first_chunk_mut::<16>) {
            // SAFETY: an unaligned store of the sixteen numbers that there is room for.
            unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), packed) };
        }
        filled += bits.count_ones() as usize;
    }
    filled
}
