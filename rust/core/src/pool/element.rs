//! The number formats that rows are stored in, and their exact widening to f32.

use crate::dtype::DType;

/// A number format that the kernels read rows in: one of the first of [`DType`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Float32,
    Float16,
    BFloat16,
    Float64,
    Int8,
}

impl Format {
    /// The format, if rows may be in it.
    pub(crate) fn of(dtype: DType) -> Option<Self> {
        Some(match dtype {
            DType::Float32 => Self::Float32,
            DType::Float16 => Self::Float16,
            DType::BFloat16 => Self::BFloat16,
            DType::Float64 => Self::Float64,
            DType::Int8 => Self::Int8,
            _ => return None,
        })
    }

    /// What the crate's users call it.
    pub(crate) fn dtype(self) -> DType {
        match self {
            Self::Float32 => DType::Float32,
            Self::Float16 => DType::Float16,
            Self::BFloat16 => DType::BFloat16,
            Self::Float64 => DType::Float64,
            Self::Int8 => DType::Int8,
        }
    }
}

/// A float16 as it is stored. Unaligned like every stored number: a safetensors header may leave
/// the data at any offset.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct F16(pub(crate) u16);

/// A bfloat16 as it is stored.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Bf16(pub(crate) u16);

impl F16 {
    /// Widens exactly; infinity stays infinity, and a NaN a NaN.
    ///
    /// A normal number's exponent grows by 112, those of infinity and NaN by twice that. The bits of a
    /// subnormal one are put below those of 2^-14, which is then subtracted: exact, and no
    /// arithmetic on an f32 that is subnormal itself, which is many times as slow. Integer masks in
    /// place of branches let the compiler vectorize it.
    #[inline(always)]
    pub(crate) fn to_f32(self) -> f32 {
        const REBIAS: u32 = 112 << 23;
        const LEAST_NORMAL: u32 = 113 << 23;
        let mask = |condition: bool| u32::from(condition).wrapping_neg();
        // Sign-extended: for a shift to the left by sixteen bits SSE2 code gets a dependency on what
        // the register held before, through the whole loop, and takes three times as long.
        let bits = i32::from(self.0 as i16) as u32;
        let shifted = (bits & 0x7fff) << 13;
        let special = mask(shifted >= 0x7c00 << 13);
        let normal = shifted + REBIAS + (special & REBIAS);
        let subnormal =
            (f32::from_bits(shifted + LEAST_NORMAL) - f32::from_bits(LEAST_NORMAL)).to_bits();
        let is_subnormal = mask(shifted < 1 << 23);
        let magnitude = (subnormal & is_subnormal) | (normal & !is_subnormal);
        f32::from_bits(magnitude | bits & 0x8000_0000)
    }

    /// Rounds to the nearest float16, ties to even, as NumPy and F16C do.
    #[inline(always)]
    pub(crate) fn from_f32(value: f32) -> Self {
        let bits = value.to_bits();
        let sign = ((bits >> 16) & 0x8000) as u16;
        let magnitude = bits & 0x7fff_ffff;
        let rounded = if magnitude > 0x7f80_0000 {
            0x7e00 | ((magnitude >> 13) & 0x01ff)
        } else if magnitude >= 0x4780_0000 {
            0x7c00
        } else if magnitude >= 0x3880_0000 {
            // A normal float16: drop 13 bits; the carry may run into the exponent, up to infinity.
            let odd = (magnitude >> 13) & 1;
            (magnitude - (112 << 23) + 0x0fff + odd) >> 13
        } else {
            // Subnormal: adding 0.5 leaves the rounded multiple of 2^-24 in the lowest bits, since
            // the spacing of f32 in [0.5, 1) is 2^-24. The addition rounds ties to even.
            (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5f32.to_bits()
        };
        Self(sign | rounded as u16)
    }
}

impl Bf16 {
    /// Widens exactly; a NaN becomes quiet, as arithmetic on it would make it anyway.
    #[inline(always)]
    pub(crate) fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float16_widens_exactly() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits).to_f32();
            let got = F16(bits).to_f32();
            assert!(
                got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()),
                "{bits:#06x}"
            );
        }
    }

    #[test]
    fn rounding_to_float16_agrees_around_every_value_and_every_tie() {
        for bits in 0..=u16::MAX {
            let value = half::f16::from_bits(bits).to_f32();
            let next = half::f16::from_bits(bits.wrapping_add(1)).to_f32();
            let between = (value + next) / 2.0;
            for center in [value, between] {
                for offset in -2i32..=2 {
                    let x = f32::from_bits(center.to_bits().wrapping_add_signed(offset));
                    let (got, expected) = (F16::from_f32(x).0, half::f16::from_f32(x));
                    if x.is_nan() {
                        assert!(F16(got).to_f32().is_nan());
                    } else {
                        assert_eq!(got, expected.to_bits(), "{x:e}");
                    }
                }
            }
        }
        for x in [f32::MAX, -f32::MAX, 65519.99, 65520.0, 1e-8, 2.0f32.powi(-25), f32::MIN_POSITIVE]
        {
            assert_eq!(F16::from_f32(x).0, half::f16::from_f32(x).to_bits(), "{x:e}");
        }
    }
}
