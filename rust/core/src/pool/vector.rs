//! The small vector abstraction that the kernel is written over, and its portable form.
//!
//! Every operation is one rounding of IEEE 754 per lane, so lanes do not see each other and a
//! vector of any width gives the bits of a vector of width one. There is no fused multiply-add.

use super::element::{Bf16, F16};

/// `LANES` accumulators side by side.
///
/// # Safety
/// The methods are unsafe because an implementation may use instructions of its instruction set:
/// they may only run on a processor that has them, inside a function that enables them.
pub(super) trait Vector: Copy {
    /// One lane; its default is 0.0.
    type Scalar: Copy + Default;
    /// Number of lanes.
    const LANES: usize;
    unsafe fn splat(value: Self::Scalar) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// Each lane rounded to the nearest float16 and widened again.
    unsafe fn round_to_f16(self) -> Self;
    /// Writes the lanes as f32, which rounds those of f64 once. `to` need not be aligned.
    unsafe fn store(self, to: *mut f32);
}

/// Reads `LANES` stored numbers from an address of any alignment, widening each exactly.
pub(super) trait Load<E>: Vector {
    /// Whether sums are best held in vectors of this kind, and not in memory.
    const IN_REGISTERS: bool = true;
    unsafe fn load(from: *const E) -> Self;
}

/// Implements [`Vector`] and [`Load`] for an array of `$lanes` numbers, whose loops over a constant
/// number of lanes the compiler turns into the baseline's vector instructions.
macro_rules! array_vector {
    ($name:ident, $scalar:ty, $lanes:literal, $align:literal) => {
        #[derive(Clone, Copy)]
        #[repr(C, align($align))]
        pub(super) struct $name([$scalar; $lanes]);

        impl $name {
            #[inline(always)]
            fn zip(self, other: Self, f: impl Fn($scalar, $scalar) -> $scalar) -> Self {
                let mut lanes = [0.0; $lanes];
                for i in 0..$lanes {
                    lanes[i] = f(self.0[i], other.0[i]);
                }
                Self(lanes)
            }

            /// # Safety
            /// `from` is readable for the vector's number of elements.
            #[inline(always)]
            unsafe fn read<E: Copy>(from: *const E, widen: impl Fn(E) -> $scalar) -> Self {
                // All at once: element by element, the compiler loads them one by one, too.
                // SAFETY: in bounds by this function's contract; any alignment is accepted.
                let stored = unsafe { from.cast::<[E; $lanes]>().read_unaligned() };
                let mut lanes = [0.0; $lanes];
                for i in 0..$lanes {
                    lanes[i] = widen(stored[i]);
                }
                Self(lanes)
            }
        }

        impl Vector for $name {
            type Scalar = $scalar;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn splat(value: $scalar) -> Self {
                Self([value; $lanes])
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                self.zip(other, |a, b| a + b)
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                self.zip(other, |a, b| a * b)
            }
            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                self.zip(other, |a, b| a / b)
            }
            #[inline(always)]
            unsafe fn round_to_f16(self) -> Self {
                self.zip(self, |a, _| F16::from_f32(a as f32).to_f32().into())
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                for (i, lane) in self.0.into_iter().enumerate() {
                    // SAFETY: the caller vouches for `LANES` writable floats at `to`.
                    unsafe { to.add(i).write_unaligned(lane as f32) };
                }
            }
        }

        array_vector!(@load $name, $scalar, f32, true, |x| x.into());
        array_vector!(@load $name, $scalar, F16, false, |x| x.to_f32().into());
        array_vector!(@load $name, $scalar, Bf16, true, |x| x.to_f32().into());
        array_vector!(@load $name, $scalar, i8, false, |x| x.into());
    };
    (@load $name:ident, $scalar:ty, $element:ty, $in_registers:literal, |$x:ident| $widen:expr) => {
        impl Load<$element> for $name {
            const IN_REGISTERS: bool = $in_registers;
            #[inline(always)]
            unsafe fn load(from: *const $element) -> Self {
                // SAFETY: the caller vouches for `LANES` readable numbers at `from`.
                unsafe { Self::read(from, |$x: $element| $widen) }
            }
        }
    };
}

array_vector!(F32x8, f32, 8, 16);
array_vector!(F64x4, f64, 4, 16);
array_vector!(@load F64x4, f64, f64, true, |x| x);

// One lane: the columns of a matrix that is narrower than a vector.
array_vector!(F32x1, f32, 1, 4);
array_vector!(F64x1, f64, 1, 8);
array_vector!(@load F64x1, f64, f64, true, |x| x);
