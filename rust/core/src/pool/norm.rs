//! The Euclidean norm, summed in NumPy's order.
//!
//! NumPy adds `n` contiguous numbers pairwise: fewer than 8 one after another; up to 128 in eight
//! accumulators over strides of eight, combined as a tree, the rest one after another; more than
//! that split in two near the middle, on a multiple of eight. The same order gives the same bits.

/// NumPy's block size: up to this many numbers are summed without a split.
const LEAF: usize = 128;

/// Divides `vector` by its norm; one without length stays zero. `wide` is [`pair`] compiled for the
/// caller's instruction set: recursion cannot be inlined into it.
#[inline(always)]
pub(super) fn normalize(vector: &mut [f32], wide: impl Fn(&[f32]) -> f32 + Copy) {
    // 1e-32 is what the reference adds to keep a zero vector zero; beside any other norm it
    // vanishes in rounding.
    let norm = sum_of_squares(vector, wide).sqrt() + 1e-32;
    for value in vector {
        *value /= norm;
    }
}

#[inline(always)]
fn sum_of_squares(values: &[f32], wide: impl Fn(&[f32]) -> f32 + Copy) -> f32 {
    // The widths that most models have, without a call.
    if values.len() <= 2 * LEAF { pair(values) } else { recurse(values, wide) }
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
    values.split_at(middle - middle % 8)
}

/// The sum of the squares of up to twice [`LEAF`] numbers.
#[inline(always)]
pub(super) fn pair(values: &[f32]) -> f32 {
    if values.len() <= LEAF {
        return leaf(values);
    }
    let (low, high) = halves(values);
    if low.len() == high.len() {
        // Side by side: each sum waits for its last addition, and two do not wait for each other.
        let (low, _) = low.as_chunks::<8>();
        let (high, _) = high.as_chunks::<8>();
        let mut sums = [[0.0; 8]; 2];
        for (low, high) in low.iter().zip(high) {
            for (sums, stride) in sums.iter_mut().zip([low, high]) {
                for (sum, value) in sums.iter_mut().zip(stride) {
                    *sum += value * value;
                }
            }
        }
        return tree(sums[0]) + tree(sums[1]);
    }
    // One of 249 to 255 numbers is split unevenly, and its longer half once more.
    if high.len() > LEAF {
        let (middle, high) = halves(high);
        return leaf(low) + (leaf(middle) + leaf(high));
    }
    leaf(low) + leaf(high)
}

/// The sum of the squares of up to [`LEAF`] numbers.
#[inline(always)]
fn leaf(values: &[f32]) -> f32 {
    let (strides, rest) = values.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for stride in strides {
        for (sum, value) in sums.iter_mut().zip(stride) {
            *sum += value * value;
        }
    }
    // Squares are not negative, so starting from 0.0 or adding it changes no bit.
    let mut sum = tree(sums);
    for value in rest {
        sum += value * value;
    }
    sum
}

#[inline(always)]
fn tree([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(
                sum_of_squares(&values[..n], pair).to_bits(),
                pairwise(&squares).to_bits(),
                "width {n}"
            );
        }
    }

    #[test]
    fn a_zero_vector_stays_zero() {
        let mut vector = [0.0f32; 9];
        normalize(&mut vector, pair);
        assert_eq!(vector, [0.0; 9]);
    }
}
