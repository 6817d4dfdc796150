//! What makes a vector of an instruction set's register type.

/// Implements [`Vector`] and [`Load`] for a register type out of its intrinsics.
macro_rules! register_vector {
    (
        $(#[$doc:meta])* $name:ident($register:ty), $lanes:literal x $scalar:ty,
        $splat:ident, $add:ident, $mul:ident, $div:ident,
        round |$x:ident| $round:expr,
        store |$to:ident, $v:ident| $store:expr,
        $(load $element:ty, |$from:ident| $load:expr;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(in crate::pool) struct $name($register);

        impl crate::pool::vector::Vector for $name {
            type Scalar = $scalar;
            const LANES: usize = $lanes;
            #[inline(always)]
            unsafe fn splat(value: $scalar) -> Self {
                // SAFETY: see the head of the file that uses this.
                Self(unsafe { $splat(value) })
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: see the head of the file that uses this.
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                // SAFETY: see the head of the file that uses this.
                Self(unsafe { $mul(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                // SAFETY: see the head of the file that uses this.
                Self(unsafe { $div(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn round_to_f16(self) -> Self {
                let $x = self.0;
                // SAFETY: see the head of the file that uses this.
                Self(unsafe { $round })
            }
            #[inline(always)]
            unsafe fn store(self, $to: *mut f32) {
                let $v = self.0;
                // SAFETY: see the head of the file that uses this.
                unsafe { $store }
            }
        }

        $(impl crate::pool::vector::Load<$element> for $name {
            #[inline(always)]
            unsafe fn load($from: *const $element) -> Self {
                // SAFETY: see the head of the file that uses this.
                Self(unsafe { $load })
            }
        })*
    };
}
pub(super) use register_vector;
