//! Which tensors a model has, checked: those of model.safetensors, or the caller's own.

use std::collections::BTreeMap;
use std::ops::Range;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use serde::Deserialize;

use crate::dtype::DType;
use crate::pool::{Format, half_to_f32};

/// What the file holds, all of it checked against the file's size and against each other.
#[derive(Debug)]
pub(super) struct Tensors {
    /// Where in the file the rows are.
    pub(super) range: Range<usize>,
    pub(super) rows: usize,
    pub(super) dim: usize,
    pub(super) format: Format,
    /// Row of each id, all below `rows`.
    pub(super) mapping: Option<Box<[u32]>>,
    pub(super) weights: Option<Weights>,
    /// The tensors of the file as they are stored, by name; none if there is no file.
    pub(super) stored: Vec<(String, StoredTensor)>,
}

/// A tensor as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredTensor {
    /// Its number format.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Where in the file its numbers are, row-major and little-endian.
    pub range: Range<usize>,
}

/// Weights of the caller's own, one for each id.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Weighting<'a> {
    /// float16, as bits.
    Float16(&'a [u16]),
    /// float32.
    Float32(&'a [f32]),
    /// float64.
    Float64(&'a [f64]),
}

/// A tensor to be checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub(super) dtype: Dtype,
    pub(super) shape: &'a [usize],
    pub(super) bytes: &'a [u8],
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
    /// Reads a file whose rows are the first of the tensors `embeddings` that is there.
    pub(super) fn read(file: &[u8], embeddings: &[&str]) -> Result<Self, String> {
        let (start, metadata) =
            header(file).map_err(|error| format!("not a complete safetensors file: {error}"))?;
        let find = |name: &str| {
            let info = metadata.info(name)?;
            let (from, to) = info.data_offsets;
            let range = start + from..start + to;
            Some((
                Tensor { dtype: info.dtype, shape: &info.shape, bytes: &file[range.clone()] },
                range,
            ))
        };
        let found = embeddings.iter().find_map(|&name| Some((name, find(name)?)));
        let Some((embeddings, (rows, range))) = found else {
            return Err(format!(
                "no tensor named `{}`; the file has: {}",
                embeddings.join("` or `"),
                names(&metadata)
            ));
        };
        let mapping = find("mapping").map(|(tensor, _)| tensor);
        let weights = find("weights").map(|(tensor, _)| tensor);
        let stored = [embeddings, "mapping", "weights"].into_iter().filter_map(|name| {
            let (tensor, range) = find(name)?;
            // Of the others none is read further.
            let dtype = DType::of(tensor.dtype)?;
            let stored = StoredTensor { dtype, shape: tensor.shape.to_vec(), range };
            Some((name.to_owned(), stored))
        });
        let stored = stored.collect();
        Ok(Self { range, stored, ..Self::check(embeddings, rows, mapping, weights)? })
    }

    /// Checks tensors that are not in a file. The range is that of the rows' own bytes.
    pub(super) fn of_parts(
        bytes: &[u8],
        rows: usize,
        dim: usize,
        dtype: DType,
        mapping: Option<&[i64]>,
        weights: Option<Weighting<'_>>,
    ) -> Result<Self, String> {
        let mapping: Option<Vec<u8>> =
            mapping.map(|rows| rows.iter().flat_map(|row| row.to_le_bytes()).collect());
        let weights: Option<(Dtype, Vec<u8>)> = weights.map(|weights| match weights {
            Weighting::Float16(w) => (Dtype::F16, w.iter().flat_map(|w| w.to_le_bytes()).collect()),
            Weighting::Float32(w) => (Dtype::F32, w.iter().flat_map(|w| w.to_le_bytes()).collect()),
            Weighting::Float64(w) => (Dtype::F64, w.iter().flat_map(|w| w.to_le_bytes()).collect()),
        });
        // `check` wants one dimension of them; how long it is, it reads off the bytes.
        let one = [1];
        Self::check(
            "embeddings",
            Tensor { dtype: dtype.stored(), shape: &[rows, dim], bytes },
            mapping.as_deref().map(|bytes| Tensor { dtype: Dtype::I64, shape: &one, bytes }),
            weights.as_ref().map(|(dtype, bytes)| Tensor { dtype: *dtype, shape: &one, bytes }),
        )
    }

    /// Checks tensors against each other; `embeddings` is the name of `rows` in messages.
    pub(super) fn check(
        embeddings: &str,
        rows: Tensor<'_>,
        mapping: Option<Tensor<'_>>,
        weights: Option<Tensor<'_>>,
    ) -> Result<Self, String> {
        let range = 0..rows.bytes.len();
        let format = DType::of(rows.dtype).and_then(Format::of).ok_or_else(|| {
            format!(
                "`{embeddings}` is stored as {:?}; supported are F32, F16, BF16, F64 and I8",
                rows.dtype
            )
        })?;
        let &[rows, dim] = rows.shape else {
            return Err(format!(
                "`{embeddings}` has the shape {:?}; expected two dimensions, tokens x width",
                rows.shape
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
        Ok(Self {
            range,
            rows,
            dim,
            format,
            mapping: mapping.map(|tensor| self::mapping(tensor, rows)).transpose()?,
            weights: weights.map(|tensor| self::weights(tensor, format)).transpose()?,
            stored: Vec::new(),
        })
    }
}

/// The library's own limit.
const LARGEST_HEADER: usize = 100_000_000;

/// Where the data begins, and what it is; it fills the rest of the file to the last byte.
///
/// As the library's `read_metadata`, but of a copy of the header: a mapped file may be written to
/// at any time, and a string that was found to be UTF-8 must stay so while it is read. And of a
/// file with several faults always the same one is named.
fn header(file: &[u8]) -> Result<(usize, Metadata), SafeTensorError> {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__")]
        _metadata: Option<BTreeMap<String, String>>,
        #[serde(flatten)]
        tensors: BTreeMap<String, TensorInfo>,
    }
    let (length, rest) = file.split_first_chunk().ok_or(SafeTensorError::HeaderTooSmall)?;
    let length = usize::try_from(u64::from_le_bytes(*length))
        .ok()
        .filter(|&length| length <= LARGEST_HEADER)
        .ok_or(SafeTensorError::HeaderTooLarge)?;
    let (header, data) =
        rest.split_at_checked(length).ok_or(SafeTensorError::InvalidHeaderLength)?;
    let header = header.to_vec();
    let header = std::str::from_utf8(&header).map_err(SafeTensorError::InvalidHeader)?;
    let header: Header =
        serde_json::from_str(header).map_err(SafeTensorError::InvalidHeaderDeserialization)?;
    let mut tensors: Vec<_> = header.tensors.into_iter().collect();
    tensors.sort_by_key(|(_, tensor)| tensor.data_offsets);
    let metadata = Metadata::new(None, tensors)?;
    if metadata.data_len() != data.len() {
        return Err(SafeTensorError::MetadataIncompleteBuffer);
    }
    Ok((file.len() - data.len(), metadata))
}

fn names(metadata: &Metadata) -> String {
    let mut names = metadata.offset_keys();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn one_dimension(name: &str, tensor: Tensor<'_>) -> Result<(), String> {
    match tensor.shape {
        [_] => Ok(()),
        shape => {
            Err(format!("`{name}` has the shape {shape:?}; expected one number for each token"))
        }
    }
}

fn mapping(tensor: Tensor<'_>, rows: usize) -> Result<Box<[u32]>, String> {
    one_dimension("mapping", tensor)?;
    let bytes = tensor.bytes;
    let numbers: Vec<i64> = match tensor.dtype {
        Dtype::I64 => numbers(bytes, i64::from_le_bytes),
        Dtype::I32 => numbers(bytes, |bytes| i32::from_le_bytes(bytes).into()),
        Dtype::I16 => numbers(bytes, |bytes| i16::from_le_bytes(bytes).into()),
        Dtype::I8 => numbers(bytes, |bytes| i8::from_le_bytes(bytes).into()),
        // No matrix has so many rows that it matters which of them too large a number stands for.
        Dtype::U64 => {
            numbers(bytes, |bytes| i64::try_from(u64::from_le_bytes(bytes)).unwrap_or(i64::MAX))
        }
        Dtype::U32 => numbers(bytes, |bytes| u32::from_le_bytes(bytes).into()),
        Dtype::U16 => numbers(bytes, |bytes| u16::from_le_bytes(bytes).into()),
        Dtype::U8 => numbers(bytes, |bytes| u8::from_le_bytes(bytes).into()),
        other => {
            return Err(format!("`mapping` is stored as {other:?}; expected integers"));
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

fn weights(tensor: Tensor<'_>, rows: Format) -> Result<Weights, String> {
    one_dimension("weights", tensor)?;
    let bytes = tensor.bytes;
    let in_f64 = rows == Format::Float64;
    Ok(match tensor.dtype {
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
                Format::Float16 | Format::Int8 => Weights::F32InHalf(weights),
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
