//! The first look with AVX-512: 64 bytes at a time, comparisons straight into bit masks.

use std::arch::x86_64::*;

use super::set::BITS;
use super::{BLOCK, Block, Cutting, Rewrite, Set, looks};

looks!(#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]);

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn table(rows: &[u8; 16]) -> __m512i {
    // SAFETY: an unaligned load of the 16 bytes that the array has.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(rows.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn load(input: &[u8; BLOCK]) -> __m512i {
    // SAFETY: an unaligned load of the 64 bytes that the array has.
    unsafe { _mm512_loadu_si512(input.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn block(input: &[u8; BLOCK], cutting: &Cutting) -> Block {
    let bytes = load(input);
    let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), _mm512_set1_epi8(0x0f));
    let bits = _mm512_shuffle_epi8(table(&BITS), upper);
    // A byte beyond ASCII looks up zero.
    let within =
        |set: &Set| _mm512_test_epi8_mask(_mm512_shuffle_epi8(table(&set.rows), bytes), bits);
    Block {
        space: within(&cutting.space),
        punctuation: within(&cutting.punctuation),
        odd: within(&cutting.odd) | _mm512_movepi8_mask(bytes),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn write(input: &[u8; BLOCK], rewrite: Rewrite, out: &mut [u8; BLOCK]) {
    let bytes = load(input);
    let splat = |byte: u8| _mm512_set1_epi8(byte as i8);
    let equal = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, splat(byte));
    let mut written = bytes;
    if rewrite.lower {
        let upper = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, splat(b'A')), splat(26));
        written = _mm512_mask_add_epi8(written, upper, written, splat(0x20));
    }
    if rewrite.spaces {
        let control = equal(b'\t') | equal(b'\n') | equal(b'\r');
        written = _mm512_mask_blend_epi8(control, written, splat(b' '));
    }
    // SAFETY: an unaligned store of the 64 bytes that the array has.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), written) };
}

/// As [`append`](super::portable::append), sixteen at a time, packed by one instruction.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
pub(super) fn append(bits: u64, at: u32, positions: &mut [u32], mut filled: usize) -> usize {
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
