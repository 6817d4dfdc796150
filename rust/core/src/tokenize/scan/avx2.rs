//! The first look with AVX2: two halves of 32 bytes.

use std::arch::x86_64::*;

use super::portable::append;
use super::set::BITS;
use super::{BLOCK, Block, Cutting, Rewrite, Set, looks};

looks!(#[target_feature(enable = "avx2,bmi1,popcnt")]);

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

#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn load(input: &[u8; 32]) -> __m256i {
    // SAFETY: an unaligned load of the 32 bytes that the array has.
    unsafe { _mm256_loadu_si256(input.as_ptr().cast()) }
}

/// Space, punctuation and odd bits of 32 bytes.
#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn half(input: &[u8; 32], cutting: &Cutting) -> (u32, u32, u32) {
    let bytes = load(input);
    let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f));
    let bits = _mm256_shuffle_epi8(table(&BITS), upper);
    // A byte beyond ASCII looks up zero.
    let within = |set: &Set| {
        let both = _mm256_and_si256(_mm256_shuffle_epi8(table(&set.rows), bytes), bits);
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(both, bits)) as u32
    };
    let beyond = _mm256_movemask_epi8(bytes) as u32;
    (within(&cutting.space), within(&cutting.punctuation), within(&cutting.odd) | beyond)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,popcnt")]
fn write(input: &[u8; BLOCK], rewrite: Rewrite, out: &mut [u8; BLOCK]) {
    let (input, _) = input.as_chunks::<32>();
    let (out, _) = out.as_chunks_mut::<32>();
    let splat = |byte: u8| _mm256_set1_epi8(byte as i8);
    // No branches: across one, the compiler takes the bits of a block apart and puts them together
    // again one by one.
    let case = splat(if rewrite.lower { 0x20 } else { 0 });
    let blank = splat(if rewrite.spaces { 0xff } else { 0 });
    for (input, out) in input.iter().zip(out) {
        let bytes = load(input);
        let equal = |byte: u8| _mm256_cmpeq_epi8(bytes, splat(byte));
        // Signed: bytes beyond ASCII are below `A`.
        let from = _mm256_cmpgt_epi8(bytes, splat(b'A' - 1));
        let upper = _mm256_andnot_si256(_mm256_cmpgt_epi8(bytes, splat(b'Z')), from);
        let lowered = _mm256_or_si256(bytes, _mm256_and_si256(upper, case));
        let control = _mm256_or_si256(_mm256_or_si256(equal(b'\t'), equal(b'\n')), equal(b'\r'));
        let written = _mm256_blendv_epi8(lowered, splat(b' '), _mm256_and_si256(control, blank));
        // SAFETY: an unaligned store of the 32 bytes that the array has.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), written) };
    }
}
