//! The header of model.safetensors: which tensors there are, checked.

use std::ops::Range;

use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};

use crate::pool::{DType, half_to_f32};

/// What the file holds, all of it checked against the file's size and against each other.
#[derive(Debug)]
pub(super) struct Tensors {
    /// Where in the file the rows are.
    pub(super) range: Range<usize>,
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) dtype: DType,
    /// Row of each id, all below `rows`.
    pub(super) mapping: Option<Box<[u32]>>,
    pub(super) weights: Option<Weights>,
}

/// Weight of each id, in the type in which its product with a row is formed.
///
/// NumPy's result types: float64 with anything is float64; float32 with anything narrower is
/// float32; float16 with float16 or int8 is float16. bfloat16, which NumPy lacks, counts as
/// float32.
#[derive(Debug)]
pub(super) enum Weights {
    F32(Box<[f32]>),
    F32InHalf(Box<[f32]>),
    F64(Box<[f64]>),
}

impl Weights {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::F32(weights) | Self::F32InHalf(weights) => weights.len(),
            Self::F64(weights) => weights.len(),
        }
    }
}

impl Tensors {
    pub(super) fn read(file: &[u8], embeddings: &str) -> Result<Self, String> {
        let (header, metadata) = SafeTensors::read_metadata(file)
            .map_err(|error| format!("not a complete safetensors file: {error}"))?;
        // Eight bytes of length, the header, the data: the library checked that they fit the file.
        let start = 8 + header;
        let tensor = |name: &str| -> Option<(&TensorInfo, Range<usize>)> {
            let info = metadata.info(name)?;
            let (from, to) = info.data_offsets;
            Some((info, start + from..start + to))
        };

        let Some((info, range)) = tensor(embeddings) else {
            let mut names: Vec<_> = metadata.offset_keys();
            names.sort();
            return Err(format!(
                "no tensor named `{embeddings}`; the file has: {}",
                if names.is_empty() { "none".to_owned() } else { names.join(", ") }
            ));
        };
        let &[rows, dim] = info.shape.as_slice() else {
            return Err(format!(
                "`{embeddings}` has the shape {:?}; expected two dimensions, tokens x width",
                info.shape
            ));
        };
        if rows == 0 || dim == 0 {
            return Err(format!("`{embeddings}` is empty: its shape is {rows} x {dim}"));
        }
        if u32::try_from(rows).is_err() {
            return Err(format!(
                "`{embeddings}` has {rows} rows, more than ids of 32 bits can name"
            ));
        }
        let dtype = match info.dtype {
            Dtype::F32 => DType::Float32,
            Dtype::F16 => DType::Float16,
            Dtype::BF16 => DType::BFloat16,
            Dtype::F64 => DType::Float64,
            Dtype::I8 => DType::Int8,
            other => {
                return Err(format!(
                    "`{embeddings}` is stored as {other:?}; supported are F32, F16, BF16, F64 and I8"
                ));
            }
        };

        let mapping = tensor("mapping").map(|(info, range)| mapping(info, &file[range], rows));
        let weights = tensor("weights").map(|(info, range)| weights(info, &file[range], dtype));
        Ok(Self {
            range,
            rows,
            dim,
            dtype,
            mapping: mapping.transpose()?,
            weights: weights.transpose()?,
        })
    }
}

fn one_dimension(name: &str, info: &TensorInfo) -> Result<(), String> {
    match info.shape.as_slice() {
        [_] => Ok(()),
        shape => {
            Err(format!("`{name}` has the shape {shape:?}; expected one number for each token"))
        }
    }
}

fn mapping(info: &TensorInfo, bytes: &[u8], rows: usize) -> Result<Box<[u32]>, String> {
    one_dimension("mapping", info)?;
    let numbers: Vec<i64> = match info.dtype {
        Dtype::I64 => numbers(bytes, i64::from_le_bytes),
        Dtype::I32 => numbers(bytes, |bytes| i32::from_le_bytes(bytes).into()),
        other => {
            return Err(format!("`mapping` is stored as {other:?}; expected I64 or I32"));
        }
    };
    numbers
        .into_iter()
        .enumerate()
        .map(|(id, row)| match u32::try_from(row) {
            Ok(row) if (row as usize) < rows => Ok(row),
            _ => Err(format!(
                "`mapping` sends id {id} to row {row}, but the matrix has rows 0 to {}",
                rows - 1
            )),
        })
        .collect()
}

fn weights(info: &TensorInfo, bytes: &[u8], rows: DType) -> Result<Weights, String> {
    one_dimension("weights", info)?;
    let in_f64 = rows == DType::Float64;
    Ok(match info.dtype {
        Dtype::F64 => Weights::F64(numbers(bytes, f64::from_le_bytes)),
        Dtype::F32 if in_f64 => {
            Weights::F64(numbers(bytes, |bytes| f32::from_le_bytes(bytes).into()))
        }
        Dtype::F32 => Weights::F32(numbers(bytes, f32::from_le_bytes)),
        Dtype::F16 if in_f64 => {
            Weights::F64(numbers(bytes, |bytes| half_to_f32(u16::from_le_bytes(bytes)).into()))
        }
        Dtype::F16 => {
            let weights = numbers(bytes, |bytes| half_to_f32(u16::from_le_bytes(bytes)));
            match rows {
                DType::Float16 | DType::Int8 => Weights::F32InHalf(weights),
                _ => Weights::F32(weights),
            }
        }
        other => {
            return Err(format!("`weights` is stored as {other:?}; expected F32, F16 or F64"));
        }
    })
}

/// The numbers of a tensor, one after another.
fn numbers<const N: usize, T, C: FromIterator<T>>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> C {
    bytes.as_chunks::<N>().0.iter().map(|&bytes| read(bytes)).collect()
}
