//! Id to row and weight: the matrix, mapped from model.safetensors and never copied.
//!
//! Everything is checked once, when the file is opened. Afterwards an id below
//! [`Matrix::id_bound`] has a row, and a weight where the model has weights. `mapping` and `weights`
//! are small and copied, so that later changes to the file cannot break what was checked; only row
//! values are read live from the mapping, and any bytes are a valid row.

mod data;
mod tensors;

use std::path::Path;

use crate::error::{Error, Result};
use crate::pool::{DType, Factors, Pooler, Rows};
use data::Data;
use tensors::{Tensors, Weights};

/// The rows of a model, in their stored form.
#[derive(Debug)]
pub struct Matrix {
    data: Data,
    tensors: Tensors,
}

/// Buffers of one worker: the rows and factors of one text's ids.
#[derive(Debug, Default)]
pub(crate) struct MatrixScratch {
    rows: Vec<u32>,
    f32: Vec<f32>,
    f64: Vec<f64>,
}

impl Matrix {
    /// Opens `path` and checks the tensor `embeddings` (by the name the layout gives it), and
    /// `mapping` and `weights` if they are there.
    ///
    /// With `memory_map` the rows stay in the file, shared by all processes that map it; without,
    /// the file is read into memory, for those who rewrite it in place while it is in use.
    pub fn open(path: &Path, embeddings: &str, memory_map: bool) -> Result<Self> {
        let data = Data::open(path, memory_map)?;
        let tensors = Tensors::read(data.bytes(), embeddings)
            .map_err(|problem| Error::malformed(path, problem))?;
        Ok(Self { data, tensors })
    }

    /// Checks that each of `tokens` tokens, ids below `id_bound`, has a row and a weight.
    ///
    /// As in the reference, a matrix without `mapping` has exactly as many rows as there are
    /// tokens: another number means that the files belong to different models.
    pub(crate) fn check_vocabulary(&self, tokens: usize, id_bound: u32) -> Result<(), String> {
        let Tensors { rows, mapping, weights, .. } = &self.tensors;
        let bound = id_bound as usize;
        match mapping {
            Some(mapping) if mapping.len() < bound => Err(format!(
                "`mapping` has {} entries, but tokenizer.json has ids up to {}",
                mapping.len(),
                id_bound - 1
            )),
            None if *rows != tokens => Err(format!(
                "the matrix has {rows} rows, but tokenizer.json has {tokens} tokens: without a \
                 `mapping` there must be a row for each token; are these files of one model?"
            )),
            None if *rows < bound => Err(format!(
                "the matrix has {rows} rows, but tokenizer.json has ids up to {}",
                id_bound - 1
            )),
            _ => match weights.as_ref().map(Weights::len) {
                Some(len) if len < bound => Err(format!(
                    "`weights` has {len} entries, but tokenizer.json has ids up to {}",
                    id_bound - 1
                )),
                _ => Ok(()),
            },
        }
    }

    /// Number of columns, at least 1.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.tensors.dim
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.tensors.rows
    }

    /// The format the rows are stored in.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.tensors.dtype
    }

    /// Whether ids are mapped to rows (vocabulary quantization).
    #[must_use]
    pub fn has_mapping(&self) -> bool {
        self.tensors.mapping.is_some()
    }

    /// Whether tokens have weights.
    #[must_use]
    pub fn has_weights(&self) -> bool {
        self.tensors.weights.is_some()
    }

    /// Writes the mean of the rows of `ids` to `out`, `dim` floats; zeros if there are no ids.
    ///
    /// Ids are those of the tokenizer that [`Matrix::check_vocabulary`] accepted.
    pub(crate) fn mean(
        &self,
        ids: &[u32],
        pooler: Pooler,
        scratch: &mut MatrixScratch,
        out: &mut [f32],
    ) -> Result<(), String> {
        let Tensors { rows, dim, dtype, mapping, weights, .. } = &self.tensors;
        let bytes = &self.data.bytes()[self.tensors.range.clone()];
        let matrix = Rows::new(bytes, *rows, *dim, *dtype);
        let row_ids = match mapping {
            None => Some(ids),
            Some(mapping) => gather(ids, mapping, &mut scratch.rows),
        };
        let factors = match weights {
            None => Some(Factors::None),
            Some(Weights::F32(weights)) => gather(ids, weights, &mut scratch.f32).map(Factors::F32),
            Some(Weights::F32InHalf(weights)) => {
                gather(ids, weights, &mut scratch.f32).map(Factors::F32InHalf)
            }
            Some(Weights::F64(weights)) => gather(ids, weights, &mut scratch.f64).map(Factors::F64),
        };
        let pooled = match (matrix, row_ids, factors) {
            (Some(matrix), Some(row_ids), Some(factors)) => {
                pooler.mean(matrix, row_ids, factors, out)
            }
            _ => false,
        };
        // Cannot happen once the vocabulary is checked; said rather than trusted, since a wrong
        // vector would go unnoticed.
        if pooled { Ok(()) } else { Err("an id has no row in the matrix".to_owned()) }
    }
}

/// `table[id]` of each id, or nothing if one is out of range.
fn gather<'a, T: Copy>(ids: &[u32], table: &[T], into: &'a mut Vec<T>) -> Option<&'a [T]> {
    into.clear();
    into.reserve(ids.len());
    for &id in ids {
        into.push(*table.get(id as usize)?);
    }
    Some(into)
}
