//! The Euclidean norm, summed in NumPy's order.
//!
//! NumPy adds `n` contiguous numbers pairwise: fewer than 8 one after another; up to 128 in eight
//! accumulators over strides of eight, combined as a tree, the rest one after another; more than
//! that split in two near the middle, on a multiple of eight. The same order gives the same bits.

use super::vector::{Load, Vector};

/// NumPy's block size: up to this many numbers are summed without a split.
const LEAF: usize = 128;

/// NumPy's accumulators.
const STRIDE: usize = 8;

/// A vector as wide as NumPy's accumulators are many.
pub(super) trait Accumulators: Load<f32> + Vector<Scalar = f32> {}

impl<V: Load<f32> + Vector<Scalar = f32>> Accumulators for V {}

/// Divides `vector` by its norm; one without length stays zero.
///
/// # Safety
/// That of [`Vector`], for `V8`, of eight lanes, and `V`, of any number; and `wide` is [`pair`] of
/// `V8` compiled for the same instruction set: recursion cannot be inlined into it.
#[inline(always)]
pub(super) unsafe fn normalize<V8: Accumulators, V: Accumulators>(
    vector: &mut [f32],
    wide: impl Fn(&[f32]) -> f32 + Copy,
) {
    // The widths that most models have, without a call.
    let sum = if vector.len() <= 2 * LEAF {
        // SAFETY: passed on to the caller.
        unsafe { pair::<V8>(vector) }
    } else {
        recurse(vector, wide)
    };
    // 1e-32 is what the reference adds to keep a zero vector zero; beside any other norm it
    // vanishes in rounding.
    let norm = sum.sqrt() + 1e-32;
    let mut parts = vector.chunks_exact_mut(V::LANES);
    for part in &mut parts {
        // SAFETY: `part` has `LANES` floats; the rest is passed on to the caller.
        unsafe { V::load(part.as_ptr()).div(V::splat(norm)).store(part.as_mut_ptr()) };
    }
    for value in parts.into_remainder() {
        *value /= norm;
    }
}

fn recurse(values: &[f32], pair: impl Fn(&[f32]) -> f32 + Copy) -> f32 {
    if values.len() <= 2 * LEAF {
        return pair(values);
    }
    let (low, high) = halves(values);
    recurse(low, pair) + recurse(high, pair)
}

#[inline(always)]
fn halves(values: &[f32]) -> (&[f32], &[f32]) {
    let middle = values.len() / 2;
    values.split_at(middle - middle % STRIDE)
}

/// The sum of the squares of up to twice [`LEAF`] numbers.
///
/// # Safety
/// That of [`Vector`]; `V8` has eight lanes.
#[inline(always)]
pub(super) unsafe fn pair<V8: Accumulators>(values: &[f32]) -> f32 {
    // SAFETY: passed on to the caller.
    unsafe {
        if values.len() <= LEAF {
            return leaf::<V8>(values);
        }
        let (low, high) = halves(values);
        if low.len() == high.len() {
            // Side by side: each sum waits for its last addition, and two do not wait for each
            // other.
            let (low, _) = low.as_chunks::<STRIDE>();
            let (high, _) = high.as_chunks::<STRIDE>();
            let mut sums = [V8::splat(0.0); 2];
            for (low, high) in low.iter().zip(high) {
                sums = [add_squares(sums[0], low), add_squares(sums[1], high)];
            }
            return tree(sums[0]) + tree(sums[1]);
        }
        // One of 249 to 255 numbers is split unevenly, and its longer half once more.
        if high.len() > LEAF {
            let (middle, high) = halves(high);
            return leaf::<V8>(low) + (leaf::<V8>(middle) + leaf::<V8>(high));
        }
        leaf::<V8>(low) + leaf::<V8>(high)
    }
}

/// The sum of the squares of up to [`LEAF`] numbers.
///
/// # Safety
/// That of [`Vector`]; `V8` has eight lanes.
#[inline(always)]
unsafe fn leaf<V8: Accumulators>(values: &[f32]) -> f32 {
    let (strides, rest) = values.as_chunks::<STRIDE>();
    // SAFETY: passed on to the caller.
    let mut sum = unsafe {
        let mut sums = V8::splat(0.0);
        for stride in strides {
            sums = add_squares(sums, stride);
        }
        // Squares are not negative, so starting from 0.0 or adding it changes no bit.
        tree(sums)
    };
    for value in rest {
        sum += value * value;
    }
    sum
}

/// # Safety
/// That of [`Vector`]; `V8` has eight lanes.
#[inline(always)]
unsafe fn add_squares<V8: Accumulators>(sums: V8, values: &[f32; STRIDE]) -> V8 {
    // SAFETY: there are as many values as lanes; the rest is passed on to the caller.
    unsafe {
        let values = V8::load(values.as_ptr());
        sums.add(values.mul(values))
    }
}

/// # Safety
/// That of [`Vector`]; `V8` has eight lanes.
#[inline(always)]
unsafe fn tree<V8: Accumulators>(sums: V8) -> f32 {
    const { assert!(V8::LANES == STRIDE) };
    let mut lanes = [0.0; STRIDE];
    // SAFETY: there is room for as many lanes as the vector has.
    unsafe { sums.store(lanes.as_mut_ptr()) };
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::super::vector::F32x8;
    use super::*;

    fn portable_pair(values: &[f32]) -> f32 {
        // SAFETY: the portable vectors ask nothing of the processor.
        unsafe { pair::<F32x8>(values) }
    }

    /// The definition, as literally as it can be written.
    fn pairwise(squares: &[f32]) -> f32 {
        let n = squares.len();
        if n < 8 {
            return squares.iter().fold(0.0, |sum, x| sum + x);
        }
        if n <= 128 {
            let whole = n - n % 8;
            let r: Vec<f32> = (0..8)
                .map(|lane| (lane + 8..whole).step_by(8).fold(squares[lane], |s, i| s + squares[i]))
                .collect();
            let tree = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
            return squares[whole..].iter().fold(tree, |sum, x| sum + x);
        }
        let middle = n / 2 - (n / 2) % 8;
        pairwise(&squares[..middle]) + pairwise(&squares[middle..])
    }

    #[test]
    fn the_order_of_summation_is_numpys_at_every_width() {
        let values: Vec<f32> =
            (0..1100u32).map(|i| ((i.wrapping_mul(2_654_435_761) >> 8) as f32).sin()).collect();
        for n in (0..=300).chain([511, 512, 513, 768, 1000, 1023, 1024, 1025, 1100]) {
            let squares: Vec<f32> = values[..n].iter().map(|x| x * x).collect();
            let sum = recurse(&values[..n], portable_pair);
            assert_eq!(sum.to_bits(), pairwise(&squares).to_bits(), "width {n}");
        }
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        let mut vector = [0.0f32; 9];
        // SAFETY: the portable vectors ask nothing of the processor.
        unsafe { normalize::<F32x8, F32x8>(&mut vector, portable_pair) };
        assert_eq!(vector, [0.0; 9]);
    }
}
