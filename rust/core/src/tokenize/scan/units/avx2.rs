//! Cutting with AVX2: two halves of 32 bytes.

use std::arch::x86_64::*;

use super::set::BITS;
use super::{BLOCK, Block, Cutting, Set, Units, over_blocks};
use crate::tokenize::scan::positions;

#[target_feature(enable = "avx2,bmi1,popcnt")]
pub(super) fn cut(text: &[u8], cutting: &Cutting, units: &mut Units) {
    over_blocks!(text, cutting, units, block, positions::append);
}

#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn block(input: &[u8; BLOCK], cutting: &Cutting) -> Block {
    let (halves, _) = input.as_chunks::<32>();
    let (low, high) = (half(&halves[0], cutting), half(&halves[1], cutting));
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    Block { space: join(low.0, high.0), punctuation: join(low.1, high.1), odd: join(low.2, high.2) }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn table(rows: &[u8; 16]) -> __m256i {
    // SAFETY: an unaligned load of the 16 bytes that the array has.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(rows.as_ptr().cast()) })
}

/// Space, punctuation and odd bits of 32 bytes.
#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn half(input: &[u8; 32], cutting: &Cutting) -> (u32, u32, u32) {
    // SAFETY: an unaligned load of the 32 bytes that the array has.
    let bytes = unsafe { _mm256_loadu_si256(input.as_ptr().cast()) };
    let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f));
    let bits = _mm256_shuffle_epi8(table(&BITS), upper);
    // A byte beyond ASCII looks up zero.
    let within = |set: &Set| {
        let both = _mm256_and_si256(_mm256_shuffle_epi8(table(&set.rows), bytes), bits);
        !_mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256())) as u32
    };
    let beyond = _mm256_movemask_epi8(bytes) as u32;
    (within(&cutting.space), within(&cutting.punctuation), within(&cutting.odd) | beyond)
}
