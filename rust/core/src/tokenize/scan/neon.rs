//! The first look with NEON: four parts of 16 bytes.

use std::arch::aarch64::*;

use super::portable::{append, write};
use super::set::BITS;
use super::{BLOCK, Block, Cutting, Set, looks};

looks!(#[target_feature(enable = "neon")]);

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: a load of the 16 bytes that the array has.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn block(input: &[u8; BLOCK], cutting: &Cutting) -> Block {
    let (parts, _) = input.as_chunks::<16>();
    let bytes = [load(&parts[0]), load(&parts[1]), load(&parts[2]), load(&parts[3])];
    let table = load(&BITS);
    let bits = bytes.map(|bytes| vqtbl1q_u8(table, vshrq_n_u8::<4>(bytes)));
    // The lower half, and of a byte beyond ASCII the highest bit: beyond the table, that is zero.
    let lower = bytes.map(|bytes| vandq_u8(bytes, vdupq_n_u8(0x8f)));
    let within = |set: &Set| {
        let rows = load(&set.rows);
        let found = |at: usize| vceqq_u8(vandq_u8(vqtbl1q_u8(rows, lower[at]), bits[at]), bits[at]);
        mask([found(0), found(1), found(2), found(3)])
    };
    let beyond = mask(bytes.map(|bytes| vcltzq_s8(vreinterpretq_s8_u8(bytes))));
    Block {
        space: within(&cutting.space),
        punctuation: within(&cutting.punctuation),
        odd: within(&cutting.odd) | beyond,
    }
}

/// A bit for each of 64 bytes that are all ones or zeros.
#[inline]
#[target_feature(enable = "neon")]
fn mask(parts: [uint8x16_t; 4]) -> u64 {
    const PLACES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    let places = load(&PLACES);
    let [a, b, c, d] = parts.map(|part| vandq_u8(part, places));
    // Neighbours are added until eight of them are one byte; no two have the same bit.
    let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
}
