//! Id to row and weight: the matrix, mapped from model.safetensors and never copied.
//!
//! Everything is checked once, when the file is opened. Afterwards an id below
//! [`Matrix::id_bound`] has a row, and a weight where the model has weights. `mapping` and `weights`
//! are small and copied, so that later changes to the file cannot break what was checked; only row
//! values are read live from the mapping, and any bytes are a valid row.

mod tensors;
mod write;

use std::path::Path;

use crate::data::Data;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::pool::{self, Factors, Pooler, Rows};
pub use tensors::{StoredTensor, Weighting};
use tensors::{Tensors, Weights};
pub use write::{NewTensor, write_tensors};

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
    /// Fails if the mapped file was written to in place since it was opened.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        self.data.check_unchanged()
    }

    /// Opens `path` and checks the tensor `embeddings` (by the name the layout gives it), and
    /// `mapping` and `weights` if they are there.
    ///
    /// With `memory_map` the rows stay in the file, shared by all processes that map it; without,
    /// the file is read into memory, for those who rewrite it in place while it is in use.
    ///
    /// # Errors
    /// If the file cannot be read, or is not what a model holds.
    pub fn open(path: impl AsRef<Path>, embeddings: &str, memory_map: bool) -> Result<Self> {
        let path = path.as_ref();
        Self::of(Data::open(path, memory_map)?, path, &[embeddings])
    }

    /// The same of a file's contents; the rows are the first of these tensors that is there.
    pub(crate) fn of(data: Data, path: &Path, embeddings: &[&str]) -> Result<Self> {
        let tensors = Tensors::read(data.bytes(), embeddings)
            .map_err(|problem| Error::malformed(path, problem))?;
        Ok(Self { data, tensors })
    }

    /// Makes a matrix of the caller's own numbers, row-major and little-endian as in a file, with
    /// the same checks.
    ///
    /// `bytes` is kept, not copied. It must always return the same bytes, as long and at the same
    /// place as at first. Rows may be of the first five formats of [`DType`].
    ///
    /// # Errors
    /// If the numbers are not what their shape says, or do not fit each other.
    pub fn from_parts(
        bytes: Box<dyn AsRef<[u8]> + Send + Sync>,
        rows: usize,
        dim: usize,
        dtype: DType,
        mapping: Option<&[i64]>,
        weights: Option<Weighting<'_>>,
    ) -> Result<Self> {
        let expected = rows.checked_mul(dim).and_then(|n| n.checked_mul(dtype.size()));
        let found = (*bytes).as_ref().len();
        if expected != Some(found) {
            return Err(Error::Argument(format!(
                "{found} bytes are not {rows} x {dim} numbers of {dtype}"
            )));
        }
        let tensors = Tensors::of_parts((*bytes).as_ref(), rows, dim, dtype, mapping, weights)
            .map_err(Error::Argument)?;
        Ok(Self { data: Data::Shared(bytes), tensors })
    }

    /// A tensor of the file as it is stored (`embeddings` by the layout's name for it, `mapping`,
    /// `weights`), or nothing if the model has none or is not from a file. If the file is mapped, the
    /// bytes are the file's: see [`LoadOptions::memory_map`](crate::LoadOptions::memory_map).
    #[must_use]
    pub fn stored(&self, name: &str) -> Option<(&StoredTensor, &[u8])> {
        let (_, tensor) = self.tensors.stored.iter().find(|(stored, _)| stored == name)?;
        Some((tensor, self.data.bytes().get(tensor.range.clone())?))
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
        self.tensors.format.dtype()
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

    /// Writes the mean of the rows of `ids` to `out`, its first columns if that is narrower; zeros
    /// if there are no ids.
    ///
    /// Ids are those of the tokenizer that [`Matrix::check_vocabulary`] accepted.
    pub(crate) fn mean(
        &self,
        ids: &[u32],
        pooler: Pooler,
        scratch: &mut MatrixScratch,
        out: &mut [f32],
    ) -> Result<(), String> {
        let pooled = self
            .select(ids, scratch)
            .is_some_and(|(rows, row_ids, factors)| pooler.mean(rows, row_ids, factors, out));
        said(pooled)
    }

    /// Writes the first `width` columns of the row of each of `ids`, times its weight, to `out`:
    /// `ids.len()` times `width` floats.
    ///
    /// Ids are those of the tokenizer that [`Matrix::check_vocabulary`] accepted.
    pub(crate) fn sequence(
        &self,
        ids: &[u32],
        width: usize,
        scratch: &mut MatrixScratch,
        out: &mut [f32],
    ) -> Result<(), String> {
        let written = self.select(ids, scratch).is_some_and(|(rows, row_ids, factors)| {
            pool::sequence(rows, row_ids, factors, width, out)
        });
        said(written)
    }

    /// The rows and factors of ids, or nothing if an id has none.
    fn select<'a>(
        &'a self,
        ids: &'a [u32],
        scratch: &'a mut MatrixScratch,
    ) -> Option<(Rows<'a>, &'a [u32], Factors<'a>)> {
        let Tensors { rows, dim, format, mapping, weights, range, .. } = &self.tensors;
        let bytes = self.data.bytes().get(range.clone())?;
        let row_ids = match mapping {
            None => ids,
            Some(mapping) => gather(ids, mapping, &mut scratch.rows)?,
        };
        let factors = match weights {
            None => Factors::None,
            Some(Weights::F32(weights)) => Factors::F32(gather(ids, weights, &mut scratch.f32)?),
            Some(Weights::F32InHalf(weights)) => {
                Factors::F32InHalf(gather(ids, weights, &mut scratch.f32)?)
            }
            Some(Weights::F64(weights)) => Factors::F64(gather(ids, weights, &mut scratch.f64)?),
        };
        Some((Rows::new(bytes, *rows, *dim, *format)?, row_ids, factors))
    }
}

/// An id without a row cannot happen once the vocabulary is checked; it is said rather than
/// trusted, since a wrong vector would go unnoticed.
fn said(done: bool) -> Result<(), String> {
    if done { Ok(()) } else { Err("an id has no row in the matrix".to_owned()) }
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
