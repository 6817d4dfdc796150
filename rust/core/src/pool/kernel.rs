//! The pooling kernel, written once over [`Vector`].
//!
//! One accumulator a column; rows added one after another in token order from +0.0; then one
//! division by the count. No column sees another and no sum is reordered, so the width of the
//! vector, and with it the instruction set, cannot change a bit.

use super::vector::{Load, Vector};
use crate::prefetch::prefetch;

/// The rows to pool, proven by [`super::Pooler::mean`] to lie inside the matrix.
pub(super) struct Job<'a> {
    /// First byte of the matrix, of any alignment.
    pub(super) matrix: *const u8,
    /// Numbers in a row.
    pub(super) dim: usize,
    /// Row of each token, in token order, at least one; each below the number of rows.
    pub(super) rows: &'a [u32],
    /// The columns wanted: at least one, at most `dim`, from the first on.
    pub(super) out: &'a mut [f32],
}

/// What a row is multiplied with before it is added.
pub(super) trait Weighting<V: Vector>: Copy {
    /// The row's part `part`, weighted for token number `token`.
    ///
    /// # Safety
    /// That of [`Vector`], and `token` is below the number of tokens.
    unsafe fn apply(self, token: usize, part: V) -> V;
}

/// Every row counts as it is.
#[derive(Clone, Copy)]
pub(super) struct Unweighted;

impl<V: Vector> Weighting<V> for Unweighted {
    #[inline(always)]
    unsafe fn apply(self, _token: usize, part: V) -> V {
        part
    }
}

/// One factor a token, as many as there are tokens.
#[derive(Clone, Copy)]
pub(super) struct Weighted<'a, S>(pub(super) &'a [S]);

impl<V: Vector> Weighting<V> for Weighted<'_, V::Scalar> {
    #[inline(always)]
    unsafe fn apply(self, token: usize, part: V) -> V {
        // SAFETY: `token` is below the number of tokens, and there are as many factors.
        unsafe { part.mul(V::splat(*self.0.get_unchecked(token))) }
    }
}

/// As [`Weighted`], each product rounded to float16: NumPy's product of float16 (or int8) rows and
/// float16 weights is a float16.
#[derive(Clone, Copy)]
pub(super) struct WeightedInHalf<'a, S>(pub(super) &'a [S]);

impl<V: Vector> Weighting<V> for WeightedInHalf<'_, V::Scalar> {
    #[inline(always)]
    unsafe fn apply(self, token: usize, part: V) -> V {
        // SAFETY: as for `Weighted`.
        unsafe { Weighted(self.0).apply(token, part).round_to_f16() }
    }
}

/// How many rows ahead the next ones are asked for: rows lie anywhere in tens of megabytes, and the
/// processor cannot guess the next one. Found by measurement; 2 to 8 are within noise of it.
const PREFETCH_AHEAD: usize = 4;

/// Pools the columns wanted: blocks of up to `MAX` vectors of `V`, and `V1` (one lane) where they are
/// fewer than one vector.
///
/// # Safety
/// That of [`Vector`]; `job` as documented there, made of elements `E`.
#[inline(always)]
pub(super) unsafe fn mean<E, V, V1, W, const MAX: usize>(
    job: &mut Job<'_>,
    weighting: W,
    count: V::Scalar,
) where
    V: Load<E>,
    V1: Load<E> + Vector<Scalar = V::Scalar>,
    W: Weighting<V> + Weighting<V1>,
{
    if !V::IN_REGISTERS {
        // SAFETY: passed on to the caller.
        return unsafe { in_memory::<E, V1, W>(job, weighting, count) };
    }
    let width = job.out.len();
    let mut column = 0;
    // SAFETY: every block ends at or before `width`; the rest is this function's own contract.
    unsafe {
        if MAX >= 16 {
            column = blocks::<E, V, W, 16>(job, weighting, count, column);
        }
        if MAX >= 8 {
            column = blocks::<E, V, W, 8>(job, weighting, count, column);
        }
        column = blocks::<E, V, W, 4>(job, weighting, count, column);
        column = blocks::<E, V, W, 2>(job, weighting, count, column);
        column = blocks::<E, V, W, 1>(job, weighting, count, column);
        if column < width && width >= V::LANES {
            // The last columns do not fill a vector: one that ends at the last computes a few
            // columns again, to the same bits.
            block::<E, V, W, 1>(job, weighting, count, width - V::LANES);
            column = width;
        }
        while column < width {
            block::<E, V1, W, 1>(job, weighting, count, column);
            column += 1;
        }
    }
}

/// Columns whose sums the plain loops hold at once, in the nearest cache.
const IN_MEMORY: usize = 256;

/// Pools by loops of a length that the compiler does not know, which it vectorizes for whatever the
/// target has. Loops over eight numbers that have to be widened it takes apart and puts together
/// again badly: with SSE2, int8 took twice as long that way, and float16 1.7 times (`stages`).
///
/// # Safety
/// As for [`mean`].
#[inline(always)]
unsafe fn in_memory<E, V1: Load<E>, W: Weighting<V1>>(
    job: &mut Job<'_>,
    weighting: W,
    count: V1::Scalar,
) {
    let matrix = job.matrix.cast::<E>();
    for column in (0..job.out.len()).step_by(IN_MEMORY) {
        // SAFETY: each row is inside the matrix and has at least as many elements as `out`; the
        // columns are below that.
        unsafe {
            let mut sums = [V1::splat(V1::Scalar::default()); IN_MEMORY];
            let sums = &mut sums[..IN_MEMORY.min(job.out.len() - column)];
            for (token, &row) in job.rows.iter().enumerate() {
                if let Some(&ahead) = job.rows.get(token + PREFETCH_AHEAD) {
                    let start = matrix.wrapping_add(ahead as usize * job.dim + column);
                    prefetch(start.cast(), size_of_val(sums) / size_of::<V1>() * size_of::<E>());
                }
                let start = matrix.add(row as usize * job.dim + column);
                for (at, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add(weighting.apply(token, V1::load(start.add(at))));
                }
            }
            let count = V1::splat(count);
            for (at, sum) in sums.iter().enumerate() {
                sum.div(count).store(job.out.as_mut_ptr().add(column + at));
            }
        }
    }
}

/// Pools blocks of `N` vectors from `column` on while they fit, and returns the first column left.
///
/// # Safety
/// As for [`mean`].
#[inline(always)]
unsafe fn blocks<E, V: Load<E>, W: Weighting<V>, const N: usize>(
    job: &mut Job<'_>,
    weighting: W,
    count: V::Scalar,
    mut column: usize,
) -> usize {
    let skew = if N >= ALIGNED_FROM { skew::<E, V>(job) } else { 0 };
    while job.out.len() - column >= N * V::LANES {
        // SAFETY: just checked that the block fits; `skew` gives less than `LANES`.
        unsafe {
            if skew == 0 {
                block::<E, V, W, N>(job, weighting, count, column);
            } else {
                skewed_block::<E, V, W, N>(job, weighting, count, column, skew);
            }
        }
        column += N * V::LANES;
    }
    column
}

/// Vectors in a block from which on it pays to read a skewed matrix along its cache lines.
const ALIGNED_FROM: usize = 8;

/// How many columns before one that lies on a boundary of a vector's size, the same in every row; 0
/// if that is the first column, or there is no such column, or not the same one in every row.
///
/// The numbers of a safetensors file begin behind a header of any length, mostly not on a cache
/// line, so that every vector of 64 bytes lies across two. That halves what the nearest cache
/// delivers: 256 float32 columns take one part in eight longer that way (`stages`).
#[inline(always)]
fn skew<E, V: Load<E>>(job: &Job<'_>) -> usize {
    let bytes = V::LANES * size_of::<E>();
    let past = job.matrix as usize % bytes;
    if past == 0 || !past.is_multiple_of(size_of::<E>()) || !job.dim.is_multiple_of(V::LANES) {
        return 0;
    }
    (bytes - past) / size_of::<E>()
}

/// As [`block`], along the boundaries of vectors, `skew` columns behind the first column: one
/// vector less between two that lie across boundaries. Their columns overlap, to the same bits.
///
/// # Safety
/// As for [`block`], and `skew < V::LANES`.
#[inline(always)]
unsafe fn skewed_block<E, V: Load<E>, W: Weighting<V>, const N: usize>(
    job: &mut Job<'_>,
    weighting: W,
    count: V::Scalar,
    column: usize,
    skew: usize,
) {
    let matrix = job.matrix.cast::<E>();
    let last_column = (N - 1) * V::LANES;
    // SAFETY: as in `block`; the vectors begin at columns 0, `skew + part * V::LANES` with
    // `part < N - 1`, and `last_column` of the block, all at most the last.
    unsafe {
        let zero = V::splat(V::Scalar::default());
        let (mut first, mut inner, mut last) = (zero, [zero; N], zero);
        for (token, &row) in job.rows.iter().enumerate() {
            if let Some(&ahead) = job.rows.get(token + PREFETCH_AHEAD) {
                let start = matrix.wrapping_add(ahead as usize * job.dim + column);
                prefetch(start.cast(), 1);
                prefetch(start.wrapping_add(skew).cast(), N * V::LANES * size_of::<E>());
            }
            let start = matrix.add(row as usize * job.dim + column);
            first = first.add(weighting.apply(token, V::load(start)));
            for (part, sum) in inner.iter_mut().enumerate().take(N - 1) {
                let values = V::load(start.add(skew + part * V::LANES));
                *sum = sum.add(weighting.apply(token, values));
            }
            last = last.add(weighting.apply(token, V::load(start.add(last_column))));
        }
        let count = V::splat(count);
        let out = job.out.as_mut_ptr().add(column);
        first.div(count).store(out);
        for (part, sum) in inner.into_iter().enumerate().take(N - 1) {
            sum.div(count).store(out.add(skew + part * V::LANES));
        }
        last.div(count).store(out.add(last_column));
    }
}

/// Pools `N` vectors of columns from `column` on, their sums held in registers.
///
/// # Safety
/// As for [`mean`], and `column + N * V::LANES <= out.len()`.
#[inline(always)]
unsafe fn block<E, V: Load<E>, W: Weighting<V>, const N: usize>(
    job: &mut Job<'_>,
    weighting: W,
    count: V::Scalar,
    column: usize,
) {
    let matrix = job.matrix.cast::<E>();
    // SAFETY: each row is inside the matrix and has `dim` elements from `row * dim` on, of which
    // this block reads those of its columns; `out` has these columns. `wrapping_add` because a
    // prefetch may be of an address that is not read.
    unsafe {
        let mut sums = [V::splat(V::Scalar::default()); N];
        for (token, &row) in job.rows.iter().enumerate() {
            if let Some(&ahead) = job.rows.get(token + PREFETCH_AHEAD) {
                let start = matrix.wrapping_add(ahead as usize * job.dim + column);
                prefetch(start.cast(), N * V::LANES * size_of::<E>());
            }
            let start = matrix.add(row as usize * job.dim + column);
            for (part, sum) in sums.iter_mut().enumerate() {
                let values = V::load(start.add(part * V::LANES));
                *sum = sum.add(weighting.apply(token, values));
            }
        }
        let count = V::splat(count);
        let out = job.out.as_mut_ptr().add(column);
        for (part, sum) in sums.into_iter().enumerate() {
            sum.div(count).store(out.add(part * V::LANES));
        }
    }
}
