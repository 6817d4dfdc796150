//! The number formats of a vector, as NumPy makes them of float32.

use half::slice::HalfFloatSliceExt;

use crate::error::{Error, Result};

/// What a vector consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// As it is computed.
    Float32,
    /// Rounded.
    Float16,
    /// Each column's range cut into 255 steps, from -128 on.
    Int8(Ranges),
    /// The same from 0 on.
    Uint8(Ranges),
    /// A bit for each column, 1 where it is positive, eight to a byte, less 128.
    Binary,
    /// The same without taking anything off.
    Ubinary,
}

/// The smallest value of each column, and the 255th part of its range.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges {
    low: Vec<f32>,
    step: Vec<f32>,
}

impl Ranges {
    /// Of the smallest and the largest value of each column.
    #[must_use]
    pub fn new(low: Vec<f32>, high: &[f32]) -> Self {
        let step = low.iter().zip(high).map(|(low, high)| (high - low) / 255.0).collect();
        Self { low, step }
    }

    fn steps(&self, vector: &[f32]) -> impl Iterator<Item = f32> {
        let columns = vector.iter().zip(&self.low).zip(&self.step);
        columns.map(|((value, low), step)| ((value - low) / step).clamp(0.0, 255.0))
    }
}

impl Element {
    /// How many numbers a vector of `dim` columns becomes.
    ///
    /// # Errors
    /// The columns are no multiple of eight, or the ranges are of another width.
    pub fn width(&self, dim: usize) -> Result<usize> {
        match self {
            Self::Float32 | Self::Float16 => Ok(dim),
            Self::Int8(ranges) | Self::Uint8(ranges) => {
                if ranges.low.len() != dim || ranges.step.len() != dim {
                    return Err(Error::Value(format!("the ranges are not of {dim} columns")));
                }
                Ok(dim)
            }
            Self::Binary | Self::Ubinary => {
                if !dim.is_multiple_of(8) {
                    return Err(Error::Value(format!(
                        "eight columns are packed to a byte; {dim} columns do not fit"
                    )));
                }
                Ok(dim / 8)
            }
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Float32 => 4,
            Self::Float16 => 2,
            Self::Int8(_) | Self::Uint8(_) | Self::Binary | Self::Ubinary => 1,
        }
    }

    /// Arrow's name of the type.
    #[must_use]
    pub fn format(&self) -> &'static std::ffi::CStr {
        match self {
            Self::Float32 => c"f",
            Self::Float16 => c"e",
            Self::Int8(_) | Self::Binary => c"c",
            Self::Uint8(_) | Self::Ubinary => c"C",
        }
    }

    /// NumPy's name of the type.
    #[must_use]
    pub fn typestr(&self) -> &'static str {
        match self {
            Self::Float32 => "<f4",
            Self::Float16 => "<f2",
            Self::Int8(_) | Self::Binary => "|i1",
            Self::Uint8(_) | Self::Ubinary => "|u1",
        }
    }

    /// Writes a vector to the bytes that it takes.
    pub(crate) fn write(&self, vector: &[f32], out: &mut [u8]) {
        match self {
            Self::Float32 => {
                for (out, value) in out.as_chunks_mut().0.iter_mut().zip(vector) {
                    *out = value.to_ne_bytes();
                }
            }
            Self::Float16 => {
                // In pieces that stay in registers, for the buffer has no type of two bytes.
                let mut halves = [half::f16::ZERO; 64];
                for (values, out) in vector.chunks(64).zip(out.chunks_mut(128)) {
                    let halves = &mut halves[..values.len()];
                    halves.convert_from_f32_slice(values);
                    for (out, half) in out.as_chunks_mut().0.iter_mut().zip(halves) {
                        *out = half.to_ne_bytes();
                    }
                }
            }
            Self::Uint8(ranges) => {
                for (out, step) in out.iter_mut().zip(ranges.steps(vector)) {
                    *out = step as u8;
                }
            }
            Self::Int8(ranges) => {
                for (out, step) in out.iter_mut().zip(ranges.steps(vector)) {
                    *out = ((step - 128.0) as i8).cast_unsigned();
                }
            }
            Self::Binary => bits(vector, out, 0x80),
            Self::Ubinary => bits(vector, out, 0),
        }
    }
}

/// The first of eight columns is the highest bit. Taking 128 off a byte turns that bit over.
fn bits(vector: &[f32], out: &mut [u8], turned: u8) {
    for (out, values) in out.iter_mut().zip(vector.chunks(8)) {
        let byte = values.iter().fold(0, |byte, &value| byte << 1 | u8::from(value > 0.0));
        *out = byte ^ turned;
    }
}
