//! The first look in plain loops over 64 bytes, which compilers turn into whatever vectors the
//! target has (SSE2 on x86-64, NEON on aarch64).

use super::{BLOCK, Block, Rewrite, Units, over_blocks};
use crate::tokenize::scan::positions;

pub(super) fn units(text: &[u8], rewrite: Rewrite, units: &mut Units) {
    over_blocks!(text, rewrite, units, block, positions::append);
}

#[inline(always)]
fn block(input: &[u8; BLOCK], rewrite: Rewrite, out: &mut [u8; BLOCK]) -> Block {
    let mut chunk = [0; BLOCK];
    let mut punctuation = [0; BLOCK];
    let mut odd = [0; BLOCK];
    let case = if rewrite.lower { 0x20 } else { 0 };
    let blank = if rewrite.spaces { 0xff } else { 0 };
    for i in 0..BLOCK {
        let byte = input[i];
        let mask = |condition: bool| if condition { 0xff } else { 0_u8 };
        let upper = mask(byte.wrapping_sub(b'A') < 26);
        let letter = mask((byte | 0x20).wrapping_sub(b'a') < 26);
        let digit = mask(byte.wrapping_sub(b'0') < 10);
        let control = mask(byte == b'\t') | mask(byte == b'\n') | mask(byte == b'\r');
        let space = mask(byte == b' ');
        let is_odd = (mask(byte < 0x20) & !control) | mask(byte >= 0x7f);
        let is_chunk = letter | digit | is_odd;
        chunk[i] = is_chunk;
        odd[i] = is_odd;
        punctuation[i] = !(is_chunk | space | control);
        let byte = byte | upper & case;
        let blanked = control & blank;
        out[i] = byte & !blanked | b' ' & blanked;
    }
    Block { chunk: bits(&chunk), punctuation: bits(&punctuation), odd: bits(&odd) }
}

/// One bit for each byte, all of whose bits are equal.
#[inline(always)]
fn bits(bytes: &[u8; BLOCK]) -> u64 {
    let mut out = 0;
    let (eights, _) = bytes.as_chunks::<8>();
    for (i, eight) in eights.iter().enumerate() {
        // The multiplication gathers the lowest bit of each byte in the topmost byte.
        let low = u64::from_le_bytes(*eight) & 0x0101_0101_0101_0101;
        out |= (low.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
    }
    out
}
