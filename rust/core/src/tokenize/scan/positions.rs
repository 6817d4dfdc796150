//! Bits to positions: where in a text the bytes are that a look at 64 of them has marked.

/// Writes the positions of the bits that are set, the lowest bit being at `at`, from `filled` on,
/// and returns where it ended; `positions` has room for 64 more. Eight at a time, wanted or not: a
/// loop that ends with the last bit is mispredicted once a block.
#[inline(always)]
pub(in crate::tokenize) fn append(
    mut bits: u64,
    at: u32,
    positions: &mut [u32],
    filled: usize,
) -> usize {
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

/// The same, sixteen at a time, packed by one instruction.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,bmi1,popcnt")]
pub(in crate::tokenize) fn append_avx512(
    bits: u64,
    at: u32,
    positions: &mut [u32],
    mut filled: usize,
) -> usize {
    use std::arch::x86_64::*;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    #[test]
    fn every_bit_is_where_it_is() {
        let mut state = 1_u64;
        for round in 0..2000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let bits = match round {
                0 => 0,
                1 => !0,
                _ => state & state.rotate_left(round % 64),
            };
            let expected: Vec<u32> =
                (0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| bit + 7).collect();
            let mut positions = [0; 3 + 64];
            let end = append(bits, 7, &mut positions, 3);
            assert_eq!(&positions[3..end], expected);
            #[cfg(target_arch = "x86_64")]
            if Backend::available().contains(&Backend::Avx512) {
                let mut positions = [0; 3 + 64];
                // SAFETY: the processor has AVX-512.
                let end = unsafe { append_avx512(bits, 7, &mut positions, 3) };
                assert_eq!(&positions[3..end], expected);
            }
        }
    }
}
