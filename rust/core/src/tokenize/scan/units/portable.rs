//! Cutting byte by byte.

use super::{BLOCK, Block, Cutting, Units, over_blocks};
use crate::tokenize::scan::positions;

pub(super) fn cut(text: &[u8], cutting: &Cutting, units: &mut Units) {
    over_blocks!(text, cutting, units, block, positions::append);
}

#[inline(always)]
fn block(input: &[u8; BLOCK], cutting: &Cutting) -> Block {
    let mut block = Block { space: 0, punctuation: 0, odd: 0 };
    for (at, &byte) in input.iter().enumerate() {
        block.space |= u64::from(cutting.space.has(byte)) << at;
        block.punctuation |= u64::from(cutting.punctuation.has(byte)) << at;
        block.odd |= u64::from(byte >= 0x80 || cutting.odd.has(byte)) << at;
    }
    block
}
