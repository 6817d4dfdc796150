//! Ids' rows to one vector: the weighted mean, and its norm.
//!
//! # The order of arithmetic
//! This is the specification that every instantiation equals to the bit; it is that of model2vec
//! 0.10.0 over NumPy 2.
//!
//! 1. Each stored number is widened exactly: float32, float16, bfloat16 and int8 to f32, float64 to
//!    f64. Where weights are float64, everything is widened to f64.
//! 2. With weights, each number is multiplied with its token's weight and rounded to NumPy's result
//!    type of the product: float16 where both sides fit it, else f32 or f64.
//! 3. Rows are added one after another in token order, each column on its own, starting from +0.0.
//! 4. The sum is divided by the number of tokens (one division; no reciprocal, no fused
//!    multiply-add), and a mean in f64 is rounded to f32. Sums of int8 are exact: in f32 as long as
//!    they fit 24 bits, beyond that in f64.
//! 5. A normalized vector is divided by its norm (see `norm.rs`).
//!
//! A NaN stays a NaN, but which of its payload bits survive is not specified.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod element;
mod kernel;
mod norm;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod register;
mod sequence;
#[cfg(test)]
mod tests;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

pub(crate) use element::Format;
use element::{Bf16, F16};
use kernel::{Job, Unweighted, Weighted, WeightedInHalf};
pub(crate) use sequence::sequence;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::backend::Backend;
use crate::backend::Runnable;

/// A row-major matrix in its stored form, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    bytes: &'a [u8],
    rows: usize,
    dim: usize,
    format: Format,
}

impl<'a> Rows<'a> {
    /// A view of `rows` rows of `dim` numbers at the start of `bytes`, or nothing if they are not
    /// that many bytes.
    pub(crate) fn new(bytes: &'a [u8], rows: usize, dim: usize, format: Format) -> Option<Self> {
        let size = rows.checked_mul(dim)?.checked_mul(format.dtype().size())?;
        Some(Self { bytes: bytes.get(Range { start: 0, end: size })?, rows, dim, format })
    }
}

/// One factor a token, in the type that products are formed in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Factors<'a> {
    /// The plain mean.
    None,
    /// Products in f32.
    F32(&'a [f32]),
    /// Products in f32, each rounded to float16.
    F32InHalf(&'a [f32]),
    /// Products in f64.
    F64(&'a [f64]),
}

impl Factors<'_> {
    fn fit(&self, tokens: usize) -> bool {
        match self {
            Self::None => true,
            Self::F32(factors) | Self::F32InHalf(factors) => factors.len() == tokens,
            Self::F64(factors) => factors.len() == tokens,
        }
    }
}

/// As many int8 rows as have a sum that an f32 surely holds exactly: 2^16 * 128 = 2^23.
const INT8_ROWS_IN_F32: usize = 1 << 16;

/// Kernels of one instruction set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pooler {
    backend: Runnable,
    mean: MeanFn,
    normalize: NormalizeFn,
}

type MeanFn = unsafe fn(Format, Factors<'_>, &mut Job<'_>);
type NormalizeFn = unsafe fn(&mut [f32]);

impl Pooler {
    /// The kernels of `backend`.
    pub(crate) fn new(backend: Runnable) -> Self {
        let (mean, normalize): (MeanFn, NormalizeFn) = match backend.get() {
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => (avx512::mean, avx512::normalize),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => (avx2::mean, avx2::normalize),
            #[cfg(target_arch = "aarch64")]
            Backend::Neon => (neon::mean, neon::normalize),
            _ => (portable::mean, portable::normalize),
        };
        Self { backend, mean, normalize }
    }

    pub(crate) fn backend(&self) -> Runnable {
        self.backend
    }

    /// Writes the mean of the rows `ids` (with one factor each) to `out`, zeros if there are none:
    /// its first columns, as many as `out` has room for.
    ///
    /// Returns false, having written nothing of use, if an id has no row, the factors are not as
    /// many as the ids, or `out` is empty or wider than a row.
    #[must_use]
    pub(crate) fn mean(
        &self,
        rows: Rows<'_>,
        ids: &[u32],
        factors: Factors<'_>,
        out: &mut [f32],
    ) -> bool {
        if out.is_empty() || out.len() > rows.dim {
            return false;
        }
        if ids.is_empty() {
            out.fill(0.0);
            return true;
        }
        let largest = ids.iter().fold(0, |largest, &id| largest.max(id));
        if largest as usize >= rows.rows || !factors.fit(ids.len()) {
            return false;
        }
        let mut job = Job { matrix: rows.bytes.as_ptr(), dim: rows.dim, rows: ids, out };
        // SAFETY: `new` took the kernels of a backend that is proven to run. The job is as its
        // documentation asks: `Rows::new` checked that the matrix has `rows` rows of `dim` numbers
        // of `format`, and the lines above that each id is below `rows`, that there is a factor for
        // each, and that `out` has at least one column and no more than a row.
        unsafe { (self.mean)(rows.format, factors, &mut job) };
        true
    }

    /// Divides `vector` by its Euclidean norm.
    pub(crate) fn normalize(&self, vector: &mut [f32]) {
        // SAFETY: `new` took the kernel of a backend that is proven to run.
        unsafe { (self.normalize)(vector) };
    }
}

/// Instantiates the kernels for one instruction set: its f32 and f64 vectors, how many of them a
/// block holds in registers, and its vector of eight f32.
macro_rules! instantiate {
    ($name:ident, [$($features:literal)?], $v32:ty, $v64:ty, $max:literal, $v8:ty) => {
        mod $name {
            use super::kernel::mean as pool;
            use super::vector::{F32x1, F64x1};
            use super::*;

            /// # Safety
            /// The processor has the instruction set; the job is as documented, of `format`; there
            /// are as many factors as rows.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn mean(format: Format, factors: Factors<'_>, job: &mut Job<'_>) {
                type V = $v32;
                type W = $v64;
                let n = job.rows.len();
                let (n32, n64) = (n as f32, n as f64);
                // SAFETY: passed on to the caller.
                unsafe {
                    match (format, factors) {
                        (Format::Float32, Factors::None) => {
                            pool::<f32, V, F32x1, _, $max>(job, Unweighted, n32);
                        }
                        (Format::Float16, Factors::None) => {
                            pool::<F16, V, F32x1, _, $max>(job, Unweighted, n32);
                        }
                        (Format::BFloat16, Factors::None) => {
                            pool::<Bf16, V, F32x1, _, $max>(job, Unweighted, n32);
                        }
                        (Format::Int8, Factors::None) if n <= INT8_ROWS_IN_F32 => {
                            pool::<i8, V, F32x1, _, $max>(job, Unweighted, n32);
                        }
                        (Format::Int8, Factors::None) => {
                            pool::<i8, W, F64x1, _, $max>(job, Unweighted, n64);
                        }
                        (Format::Float64, Factors::None) => {
                            pool::<f64, W, F64x1, _, $max>(job, Unweighted, n64);
                        }
                        _ => weighted(format, factors, job),
                    }
                }
            }

            /// The rarer half of [`mean`]: models with weights.
            ///
            /// # Safety
            /// As for [`mean`].
            $(#[target_feature(enable = $features)])?
            unsafe fn weighted(format: Format, factors: Factors<'_>, job: &mut Job<'_>) {
                type V = $v32;
                type W = $v64;
                let n = job.rows.len();
                let (n32, n64) = (n as f32, n as f64);
                // SAFETY: passed on to the caller.
                unsafe {
                    match (format, factors) {
                        (_, Factors::None) => {}
                        (Format::Float32, Factors::F32(w) | Factors::F32InHalf(w)) => {
                            pool::<f32, V, F32x1, _, $max>(job, Weighted(w), n32);
                        }
                        (Format::Float16, Factors::F32(w)) => {
                            pool::<F16, V, F32x1, _, $max>(job, Weighted(w), n32);
                        }
                        (Format::BFloat16, Factors::F32(w) | Factors::F32InHalf(w)) => {
                            pool::<Bf16, V, F32x1, _, $max>(job, Weighted(w), n32);
                        }
                        (Format::Int8, Factors::F32(w)) => {
                            pool::<i8, V, F32x1, _, $max>(job, Weighted(w), n32);
                        }
                        (Format::Float16, Factors::F32InHalf(w)) => {
                            pool::<F16, V, F32x1, _, $max>(job, WeightedInHalf(w), n32);
                        }
                        (Format::Int8, Factors::F32InHalf(w)) => {
                            pool::<i8, V, F32x1, _, $max>(job, WeightedInHalf(w), n32);
                            // NumPy's mean of the float16 products is a float16, and the
                            // reference stores it in a float32 array.
                            for value in job.out.iter_mut() {
                                *value = F16::from_f32(*value).to_f32();
                            }
                        }
                        (Format::Float32, Factors::F64(w)) => {
                            pool::<f32, W, F64x1, _, $max>(job, Weighted(w), n64);
                        }
                        (Format::Float16, Factors::F64(w)) => {
                            pool::<F16, W, F64x1, _, $max>(job, Weighted(w), n64);
                        }
                        (Format::BFloat16, Factors::F64(w)) => {
                            pool::<Bf16, W, F64x1, _, $max>(job, Weighted(w), n64);
                        }
                        (Format::Int8, Factors::F64(w)) => {
                            pool::<i8, W, F64x1, _, $max>(job, Weighted(w), n64);
                        }
                        (Format::Float64, Factors::F64(w)) => {
                            pool::<f64, W, F64x1, _, $max>(job, Weighted(w), n64);
                        }
                        (Format::Float64, Factors::F32(w) | Factors::F32InHalf(w)) => {
                            let w: Vec<f64> = w.iter().map(|&w| f64::from(w)).collect();
                            pool::<f64, W, F64x1, _, $max>(job, Weighted(&w), n64);
                        }
                    }
                }
            }

            /// # Safety
            /// The processor has the instruction set.
            $(#[target_feature(enable = $features)])?
            pub(super) unsafe fn normalize(vector: &mut [f32]) {
                /// # Safety
                /// The processor has the instruction set.
                $(#[target_feature(enable = $features)])?
                unsafe fn pair(values: &[f32]) -> f32 {
                    // SAFETY: passed on to the caller.
                    unsafe { norm::pair::<$v8>(values) }
                }
                // SAFETY: passed on to the caller.
                unsafe { norm::normalize::<$v8, $v32>(vector, |values| pair(values)) };
            }
        }
    };
}

instantiate!(portable, [], vector::F32x8, vector::F64x4, 4, vector::F32x8);
// NumPy's eight accumulators are two registers, which the portable vector of eight becomes.
#[cfg(target_arch = "aarch64")]
instantiate!(neon, ["neon"], aarch64::F32x4, aarch64::F64x2, 16, vector::F32x8);
#[cfg(target_arch = "x86_64")]
instantiate!(avx2, ["avx2,f16c"], x86::F32x8, x86::F64x4, 8, x86::F32x8);
#[cfg(target_arch = "x86_64")]
instantiate!(
    avx512,
    ["avx512f,avx512bw,avx512dq,avx512vl,avx2,f16c"],
    x86::F32x16,
    x86::F64x8,
    16,
    x86::F32x8
);

/// A stored float16, widened exactly.
pub(crate) fn half_to_f32(bits: u16) -> f32 {
    F16(bits).to_f32()
}
