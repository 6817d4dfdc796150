//! The first look byte by byte: each is looked up in a table, and eight at a time become bits.

use super::set::{ODD, PUNCTUATION, SPACE};
use super::{BLOCK, Block, Cutting, Rewrite, looks};

looks!();

#[inline(always)]
fn block(input: &[u8; BLOCK], cutting: &Cutting) -> Block {
    let mut block = Block { space: 0, punctuation: 0, odd: 0 };
    let (eights, _) = input.as_chunks::<8>();
    for (eight, at) in eights.iter().zip((0_u32..).step_by(8)) {
        let classes = u64::from_le_bytes(eight.map(|byte| cutting.table[usize::from(byte)]));
        block.space |= bits(classes / u64::from(SPACE)) << at;
        block.punctuation |= bits(classes / u64::from(PUNCTUATION)) << at;
        block.odd |= bits(classes / u64::from(ODD)) << at;
    }
    block
}

/// The lowest bit of each of eight bytes.
#[inline(always)]
fn bits(bytes: u64) -> u64 {
    // The multiplication gathers them in the topmost byte.
    (bytes & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Rewrites 64 bytes, in a loop that compilers turn into whatever vectors the target has.
#[inline(always)]
pub(super) fn write(input: &[u8; BLOCK], rewrite: Rewrite, out: &mut [u8; BLOCK]) {
    let case = if rewrite.lower { 0x20 } else { 0 };
    let blank = if rewrite.spaces { 0xff } else { 0 };
    for (&byte, out) in input.iter().zip(out) {
        let mask = |condition: bool| if condition { 0xff } else { 0_u8 };
        let upper = mask(byte.wrapping_sub(b'A') < 26);
        let control = mask(byte == b'\t') | mask(byte == b'\n') | mask(byte == b'\r');
        let blanked = control & blank;
        *out = (byte | upper & case) & !blanked | b' ' & blanked;
    }
}

/// Writes the positions of the bits that are set, the lowest bit being at `at`, from `filled` on,
/// and returns where it ended; `positions` has room for 64 more. Eight at a time, wanted or not: a
/// loop that ends with the last bit is mispredicted once a block.
#[inline(always)]
pub(super) fn append(mut bits: u64, at: u32, positions: &mut [u32], filled: usize) -> usize {
    let end = filled + bits.count_ones() as usize;
    let mut filled = filled;
    while filled < end {
        if let Some(eight) = positions.get_mut(filled..).and_then(<[u32]>::first_chunk_mut::<8>) {
            for position in eight {
                *position = at + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            }
        }
        filled += 8;
    }
    end
}
