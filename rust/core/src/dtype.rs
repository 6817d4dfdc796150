//! Number formats of what a model's file holds.

use std::fmt;
use std::str::FromStr;

use safetensors::tensor::Dtype as Stored;

use crate::error::Error;

/// The number format of a tensor of a model: of its rows, its `mapping`, its `weights`.
///
/// Every one may be there in a file; rows are of the first five ([`Matrix::dtype`]). Vectors are
/// another matter: they are float32, whatever the rows are, and what a caller makes of them then
/// ([`Model::encode_as`]) is the caller's own.
///
/// [`Matrix::dtype`]: crate::Matrix::dtype
/// [`Model::encode_as`]: crate::Model::encode_as
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary16.
    Float16,
    /// The upper half of a binary32.
    BFloat16,
    /// IEEE 754 binary64.
    Float64,
    /// Signed integers of 8 bits; as rows their scale is not stored, as cosine does not need it.
    Int8,
    /// Signed integers of 16 bits.
    Int16,
    /// Signed integers of 32 bits.
    Int32,
    /// Signed integers of 64 bits.
    Int64,
    /// Integers of 8 bits without a sign.
    UInt8,
    /// Integers of 16 bits without a sign.
    UInt16,
    /// Integers of 32 bits without a sign.
    UInt32,
    /// Integers of 64 bits without a sign.
    UInt64,
}

impl DType {
    /// Each format, its name, and what safetensors calls it.
    const ALL: [(Self, &'static str, Stored); 12] = [
        (Self::Float32, "float32", Stored::F32),
        (Self::Float16, "float16", Stored::F16),
        (Self::BFloat16, "bfloat16", Stored::BF16),
        (Self::Float64, "float64", Stored::F64),
        (Self::Int8, "int8", Stored::I8),
        (Self::Int16, "int16", Stored::I16),
        (Self::Int32, "int32", Stored::I32),
        (Self::Int64, "int64", Stored::I64),
        (Self::UInt8, "uint8", Stored::U8),
        (Self::UInt16, "uint16", Stored::U16),
        (Self::UInt32, "uint32", Stored::U32),
        (Self::UInt64, "uint64", Stored::U64),
    ];

    /// Bytes that one number takes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 => 1,
            Self::Float16 | Self::BFloat16 | Self::Int16 | Self::UInt16 => 2,
            Self::Float32 | Self::Int32 | Self::UInt32 => 4,
            Self::Float64 | Self::Int64 | Self::UInt64 => 8,
        }
    }

    /// NumPy's name of the format (`bfloat16`, which NumPy lacks, as other libraries spell it), which
    /// [`FromStr`] takes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub(crate) const fn stored(self) -> Stored {
        Self::ALL[self as usize].2
    }

    /// The format that safetensors calls so, if a model can have it.
    pub(crate) fn of(stored: Stored) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, _, other)| *other == stored).map(|(dtype, _, _)| dtype)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|(_, known, _)| *known == name);
        found.map(|(dtype, _, _)| dtype).ok_or_else(|| {
            let names = Self::ALL.map(|(_, name, _)| name).join(", ");
            Error::Argument(format!(
                "no number format named {name:?} is in a model; there are: {names}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_where_it_is_looked_up() {
        for (place, (dtype, name, stored)) in DType::ALL.into_iter().enumerate() {
            assert_eq!((dtype as usize, dtype.name(), dtype.stored()), (place, name, stored));
            assert_eq!(name.parse::<DType>().unwrap(), dtype);
            assert_eq!(dtype.to_string(), name);
            assert_eq!(DType::of(stored), Some(dtype));
            assert_eq!(8 * dtype.size(), stored.bitsize());
        }
        assert_eq!(DType::of(Stored::BOOL), None);
        let error = "F16".parse::<DType>().unwrap_err().to_string();
        assert!(error.contains("\"F16\"") && error.contains("bfloat16"), "{error}");
    }
}
