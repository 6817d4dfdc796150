//! Cutting with AVX-512: 64 bytes at a time, comparisons straight into bit masks.

use std::arch::x86_64::*;

use super::set::BITS;
use super::{BLOCK, Block, Cutting, Set, Units, over_blocks};
use crate::tokenize::scan::positions;

#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
pub(super) fn cut(text: &[u8], cutting: &Cutting, units: &mut Units) {
    over_blocks!(text, cutting, units, block, positions::append_avx512);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn table(rows: &[u8; 16]) -> __m512i {
    // SAFETY: an unaligned load of the 16 bytes that the array has.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(rows.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
fn block(input: &[u8; BLOCK], cutting: &Cutting) -> Block {
    // SAFETY: an unaligned load of the 64 bytes that the array has.
    let bytes = unsafe { _mm512_loadu_si512(input.as_ptr().cast()) };
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
