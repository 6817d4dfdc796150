//! The class `Model`: a loaded model as Python sees it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use m2v_arrow::{Column, Totals};
use m2v_fast::{
    BatchOptions, Counts, EncodeOptions, IndexOptions, LoadOptions, Model as CoreModel, Text,
    Unknown,
};
use numpy::ndarray::Dimension;
use numpy::{PyArray, PyArray1, PyArrayMethods, PyReadonlyArray2, PyUntypedArray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{MaxLength, Threads};
use crate::arrays::{self, Tensor};
use crate::arrow::{self, Vectors};
use crate::errors::to_python;
use crate::gil;
use crate::output;
use crate::texts::{PyText, Sentences, is_plain};

/// A loaded model. Immutable: every setting is an argument of the call it applies to.
#[pyclass(frozen, module = "m2v_fast._native")]
pub(crate) struct Model {
    core: CoreModel,
}

#[pymethods]
impl Model {
    /// Opens the model in `folder`. Compiled indexes of big vocabularies are read from and kept in
    /// `index_folder`, if it is given.
    #[staticmethod]
    #[pyo3(signature = (folder, memory_map = true, huge_pages = false, index_folder = None))]
    fn load(
        py: Python<'_>,
        folder: PathBuf,
        memory_map: bool,
        huge_pages: bool,
        index_folder: Option<PathBuf>,
    ) -> PyResult<Self> {
        let mut index = IndexOptions::default();
        index.folder = index_folder;
        let options = LoadOptions::new().memory_map(memory_map).huge_pages(huge_pages).index(index);
        let core = py
            .detach(|| CoreModel::load(&folder, options))
            .map_err(|error| to_python(py, error, |_| None))?;
        Ok(Self { core })
    }

    /// Makes a model of `vectors` (kept, not copied; bfloat16 as uint16), a tokenizer.json, and, for
    /// each id, a row in `mapping` and a weight in `weights` (float16 as uint16).
    #[staticmethod]
    #[pyo3(signature = (vectors, dtype, tokenizer_json, mapping = None, weights = None))]
    fn from_parts(
        py: Python<'_>,
        vectors: &Bound<'_, PyUntypedArray>,
        dtype: &str,
        tokenizer_json: &str,
        mapping: Option<&Bound<'_, PyArray1<i64>>>,
        weights: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        // Held until the interpreter is attached again.
        let (matrix, _owner) = arrays::matrix(vectors, dtype, mapping, weights)?;
        let core = py
            .detach(|| CoreModel::from_parts(tokenizer_json.as_bytes(), matrix))
            .map_err(|error| to_python(py, error, |_| None))?;
        Ok(Self { core })
    }

    /// Makes the compiled index of the model in `folder`, at `path` or beside its tokenizer.json.
    /// Returns where, or None if its tokenizer runs on the fallback, which has none.
    #[staticmethod]
    #[pyo3(signature = (folder, path = None))]
    fn compile(
        py: Python<'_>,
        folder: PathBuf,
        path: Option<PathBuf>,
    ) -> PyResult<Option<OsString>> {
        py.detach(|| CoreModel::compile(&folder, path.as_deref()))
            .map(|path| path.map(PathBuf::into_os_string))
            .map_err(|error| to_python(py, error, |_| None))
    }

    /// Whether its tokenizer came from a compiled index.
    #[getter]
    fn indexed(&self) -> bool {
        self.core.tokenizer().is_indexed()
    }

    /// A tensor of the file the model was loaded from, or None.
    fn tensor(&self, name: &str) -> Option<Tensor> {
        Tensor::new(&self.core, name)
    }

    /// Vectors of `sentences`: shape (dim,) for a str, (n, dim) for an iterable of n of them;
    /// written to `out` and that returned, if it is given.
    #[pyo3(signature = (sentences, max_length, normalize, num_threads, out = None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        sentences: &Bound<'py, PyAny>,
        max_length: MaxLength,
        normalize: bool,
        num_threads: Threads,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = Call::new(max_length, normalize, num_threads);
        let dim = self.core.dim();
        if !is_plain(sentences)
            && let Some(column) = arrow::column(sentences, None)?
        {
            return self.encode_column(py, &column, call, out);
        }
        let sentences = Sentences::extract(sentences)?;
        let texts = sentences.as_slice();
        if let Some(array) = out {
            let shape: &[usize] = match sentences {
                Sentences::One(_) => &[dim],
                Sentences::Many(_) => &[texts.len(), dim],
            };
            let mut out = output::writable(array, shape)?;
            self.encode_into(py, texts, call, out.as_slice_mut()?)?;
            return Ok(array.clone());
        }
        match sentences {
            Sentences::One(_) => {
                let array = output::zeros(py, dim);
                self.encode_into(py, texts, call, elements(&array)?)?;
                Ok(array.into_any())
            }
            Sentences::Many(_) => {
                let array = output::zeros(py, [texts.len(), dim]);
                self.encode_into(py, texts, call, elements(&array)?)?;
                Ok(array.into_any())
            }
        }
    }

    /// Vectors of the column of strings that `data` is or has, in Arrow's memory format: null for a
    /// null, unless `nulls_are_errors`. With `count` they know what was kept of the texts.
    #[pyo3(signature = (
        data, column, max_length, normalize, num_threads, output_dtype, ranges, nulls_are_errors,
        count = false
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are Python's")]
    fn encode_arrow(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        column: Option<&str>,
        max_length: MaxLength,
        normalize: bool,
        num_threads: Threads,
        output_dtype: &str,
        ranges: Option<PyReadonlyArray2<'_, f32>>,
        nulls_are_errors: bool,
        count: bool,
    ) -> PyResult<Vectors> {
        let Call { options, threads } = Call::new(max_length, normalize, num_threads);
        let element = arrow::element(output_dtype, ranges)?;
        let Some(column) = arrow::column(data, column)? else {
            return Err(PyTypeError::new_err(format!(
                "an Arrow column or table is needed, something with __arrow_c_stream__ or \
                 __arrow_c_array__, not {}",
                data.get_type().name()?
            )));
        };
        if nulls_are_errors && let Some(row) = column.first_null() {
            return Err(PyValueError::new_err(format!(
                "row {row} is null; pass nulls=\"null\" to get null for it"
            )));
        }
        let cost = column.cost(&self.core, options);
        let vectors = gil::run(py, cost, |interrupted| {
            let batch = BatchOptions::new().threads(threads).interrupted(interrupted);
            let mut totals = count.then(Totals::default);
            let vectors = column.encode(&self.core, options, batch, &element, totals.as_mut())?;
            Ok((vectors, totals))
        })?
        .map_err(|error| to_python(py, error, |_| None))?;
        Ok(Vectors::new(vectors.0, vectors.1))
    }

    /// Vectors of `sentences`, one array of shape (dim,) for each, that share no memory.
    fn encode_list<'py>(
        &self,
        py: Python<'py>,
        sentences: &Bound<'py, PyAny>,
        max_length: MaxLength,
        normalize: bool,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyList>> {
        let Call { options, threads } = Call::new(max_length, normalize, num_threads);
        if !is_plain(sentences)
            && let Some(column) = arrow::column(sentences, None)?
        {
            let rows = self.encode_column(py, &column, Call { options, threads }, None)?;
            let rows = rows.try_iter()?.map(|row| row?.call_method0("copy"));
            return PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?);
        }
        let sentences = Sentences::extract(sentences)?;
        let Sentences::Many(texts) = &sentences else {
            return Err(PyTypeError::new_err(
                "pass a list of texts, not one str: [text] instead of text",
            ));
        };
        let dim = self.core.dim();
        if let [text] = texts.as_slice() {
            let array = output::zeros(py, dim);
            let call = Call { options, threads };
            self.encode_into(py, std::slice::from_ref(text), call, elements(&array)?)?;
            return PyList::new(py, [array]);
        }
        let arrays: Vec<_> = texts.iter().map(|_| output::zeros(py, dim)).collect();
        let mut outs = arrays.iter().map(elements).collect::<PyResult<Vec<_>>>()?;
        let cost = self.core.encode_cost(texts, options.max_length);
        gil::run(py, cost, |interrupted| {
            let batch = BatchOptions::new().threads(threads).interrupted(interrupted);
            self.core.encode_each(texts, options, batch, &mut outs)
        })?
        .map_err(|error| to_python(py, error, |index| Some(texts.get(index)?.bind(py))))?;
        PyList::new(py, arrays)
    }

    /// Ids of each of `sentences`, cut to `max_length` ids, without the unknown id.
    fn tokenize(
        &self,
        py: Python<'_>,
        sentences: &Bound<'_, PyAny>,
        max_length: MaxLength,
        num_threads: Threads,
    ) -> PyResult<Vec<Vec<u32>>> {
        let (max_length, threads) = (max_length.0, num_threads.0);
        let sentences = Sentences::extract(sentences)?;
        let texts = sentences.as_slice();
        let cost = self.core.encode_cost(texts, None);
        gil::run(py, cost, |interrupted| {
            self.core.tokenize_batch(
                texts,
                max_length,
                BatchOptions::new().threads(threads).interrupted(interrupted),
            )
        })?
        .map_err(|error| to_python(py, error, |index| Some(texts.get(index)?.bind(py))))
    }

    /// The rows of each text's tokens, times their weights: an array of shape (tokens, dim) each.
    fn encode_as_sequence<'py>(
        &self,
        py: Python<'py>,
        sentences: &Bound<'py, PyAny>,
        max_length: MaxLength,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Call { options, threads } = Call::new(max_length, false, num_threads);
        let sentences = Sentences::extract(sentences)?;
        let texts = sentences.as_slice();
        let cost = self.core.encode_cost(texts, options.max_length);
        let ids = gil::run(py, cost, |interrupted| {
            let batch = BatchOptions::new().threads(threads).interrupted(interrupted);
            self.core.ids_batch(texts, options.max_length, batch)
        })?
        .map_err(|error| to_python(py, error, |index| Some(texts.get(index)?.bind(py))))?;
        let mut arrays = Vec::with_capacity(ids.len());
        for ids in ids {
            let array = output::zeros(py, [ids.len(), self.core.dim()]);
            self.core
                .rows_of(&ids, elements(&array)?)
                .map_err(|error| to_python(py, error, |_| None))?;
            arrays.push(array);
        }
        match (sentences, arrays.pop()) {
            (Sentences::One(_), Some(array)) => Ok(array.into_any()),
            (_, last) => Ok(PyList::new(py, arrays.into_iter().chain(last))?.into_any()),
        }
    }

    /// For each text, how many tokens encoding would keep, how many of them are unknown, and
    /// whether something is cut off: arrays of int64, int64 and bool.
    fn count_tokens<'py>(
        &self,
        py: Python<'py>,
        sentences: &Bound<'py, PyAny>,
        max_length: MaxLength,
        num_threads: Threads,
    ) -> PyResult<CountArrays<'py>> {
        let Call { options, threads } = Call::new(max_length, false, num_threads);
        let counts = if !is_plain(sentences)
            && let Some(column) = arrow::column(sentences, None)?
        {
            let texts = arrow::texts(&column)?;
            self.count(py, &texts, options, threads)?
                .map_err(|error| to_python(py, error, |_| None))
        } else {
            let sentences = Sentences::extract(sentences)?;
            let texts = sentences.as_slice();
            self.count(py, texts, options, threads)?
                .map_err(|error| to_python(py, error, |index| Some(texts.get(index)?.bind(py))))
        }?;
        Ok((
            PyArray1::from_iter(py, counts.iter().map(|counts| counts.tokens as i64)),
            PyArray1::from_iter(py, counts.iter().map(|counts| counts.unknown as i64)),
            PyArray1::from_iter(py, counts.iter().map(|counts| counts.truncated)),
        ))
    }

    /// The same model, computing with the kernels of another instruction set.
    fn with_backend(&self, py: Python<'_>, name: &str) -> PyResult<Self> {
        let backend = name.parse().map_err(|error| to_python(py, error, |_| None))?;
        Ok(Self { core: self.core.with_backend(backend) })
    }

    /// The same model, which keeps the unknown id of a text or leaves it out.
    fn with_unknown(&self, keep: bool) -> Self {
        let unknown = if keep { Unknown::Keep } else { Unknown::Drop };
        Self { core: self.core.with_unknown(unknown) }
    }

    /// The same model with vectors of the first `dim` columns only.
    fn with_dim(&self, py: Python<'_>, dim: usize) -> PyResult<Self> {
        let core = self.core.with_dim(dim).map_err(|error| to_python(py, error, |_| None))?;
        Ok(Self { core })
    }

    /// Whether it keeps the unknown id of a text.
    #[getter]
    fn keeps_unknown(&self) -> bool {
        self.core.unknown() == Unknown::Keep
    }

    /// Width of a vector.
    #[getter]
    fn dim(&self) -> usize {
        self.core.dim()
    }

    /// Number of rows of the matrix.
    #[getter]
    fn rows(&self) -> usize {
        self.core.matrix().rows()
    }

    /// Format in which rows are stored, as NumPy names it.
    #[getter]
    fn embedding_dtype(&self) -> &'static str {
        self.core.matrix().dtype().name()
    }

    /// Whether several tokens may share a row.
    #[getter]
    fn has_mapping(&self) -> bool {
        self.core.matrix().has_mapping()
    }

    /// Whether tokens have weights.
    #[getter]
    fn has_weights(&self) -> bool {
        self.core.matrix().has_weights()
    }

    /// The text of tokenizer.json, as it was loaded.
    fn tokenizer_json(&self, py: Python<'_>) -> PyResult<String> {
        self.core.tokenizer_json().map_err(|error| to_python(py, error, |_| None))
    }

    /// Fails if the mapped matrix was written to in place since it was loaded.
    fn check_unchanged(&self, py: Python<'_>) -> PyResult<()> {
        self.core.check_unchanged().map_err(|error| to_python(py, error, |_| None))
    }

    /// Why no compiled index was kept, where one was to be.
    #[getter]
    fn index_problem(&self) -> Option<&str> {
        self.core.tokenizer().index_problem()
    }

    /// Instruction set of the kernels.
    #[getter]
    fn backend(&self) -> &'static str {
        self.core.backend().name()
    }

    /// Engine that makes the ids.
    #[getter]
    fn engine(&self) -> &'static str {
        self.core.tokenizer().engine()
    }

    /// Why no fast engine makes the ids, if none does.
    #[getter]
    fn engine_reason(&self) -> Option<&str> {
        self.core.tokenizer().fallback_reason()
    }

    /// `normalize` as config.json has it.
    #[getter]
    fn config_normalize(&self) -> bool {
        self.core.config().normalize
    }

    /// `max_length` as config.json has it.
    #[getter]
    fn config_max_length(&self) -> Option<usize> {
        self.core.config().max_length
    }

    /// Number of tokens in the vocabulary.
    #[getter]
    fn tokens(&self) -> usize {
        self.core.tokenizer().vocabulary().tokens
    }

    /// The id that is removed from every text.
    #[getter]
    fn unk_token_id(&self) -> Option<u32> {
        self.core.tokenizer().vocabulary().unk_id
    }

    /// Median length of a token in code points.
    #[getter]
    fn median_token_length(&self) -> usize {
        self.core.tokenizer().vocabulary().median_token_length
    }

    /// The folder the model was loaded from, if it was.
    #[getter]
    fn folder(&self) -> Option<&OsStr> {
        self.core.folder().map(Path::as_os_str)
    }

    /// Paths of config.json, model.safetensors and tokenizer.json (or what the layout has in their
    /// place), and the layout's name.
    #[getter]
    fn files(&self) -> Option<(&OsStr, &OsStr, &OsStr, &'static str)> {
        let files = self.core.files()?;
        Some((
            files.config.as_os_str(),
            files.tensors.as_os_str(),
            files.tokenizer.as_os_str(),
            files.layout.name(),
        ))
    }
}

impl Model {
    fn count<T: Text + Sync>(
        &self,
        py: Python<'_>,
        texts: &[T],
        options: EncodeOptions,
        threads: Option<usize>,
    ) -> PyResult<m2v_fast::Result<Vec<Counts>>> {
        let cost = self.core.encode_cost(texts, options.max_length);
        gil::run(py, cost, |interrupted| {
            let batch = BatchOptions::new().threads(threads).interrupted(interrupted);
            self.core.count_batch(texts, options.max_length, batch)
        })
    }

    /// Vectors of a column's texts as a NumPy array, which has no nulls.
    fn encode_column<'py>(
        &self,
        py: Python<'py>,
        column: &Column,
        Call { options, threads }: Call,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        arrow::without_nulls(column)?;
        let shape = [column.len(), self.core.dim()];
        let encode = |out: &mut [f32]| {
            let cost = column.cost(&self.core, options);
            gil::run(py, cost, |interrupted| {
                let batch = BatchOptions::new().threads(threads).interrupted(interrupted);
                column.encode_into(&self.core, options, batch, out)
            })?
            .map_err(|error| to_python(py, error, |_| None))
        };
        if let Some(array) = out {
            let mut out = output::writable(array, &shape)?;
            encode(out.as_slice_mut()?)?;
            return Ok(array.clone());
        }
        let array = output::zeros(py, shape);
        encode(elements(&array)?)?;
        Ok(array.into_any())
    }

    fn encode_into(
        &self,
        py: Python<'_>,
        texts: &[PyText],
        Call { options, threads }: Call,
        out: &mut [f32],
    ) -> PyResult<()> {
        let cost = self.core.encode_cost(texts, options.max_length);
        gil::run(py, cost, |interrupted| {
            self.core.encode_batch(
                texts,
                options,
                BatchOptions::new().threads(threads).interrupted(interrupted),
                out,
            )
        })?
        .map_err(|error| to_python(py, error, |index| Some(texts.get(index)?.bind(py))))
    }
}

/// What `count_tokens` returns.
type CountArrays<'py> =
    (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<bool>>);

/// The checked arguments of a call.
#[derive(Clone, Copy)]
struct Call {
    options: EncodeOptions,
    threads: Option<usize>,
}

impl Call {
    fn new(max_length: MaxLength, normalize: bool, num_threads: Threads) -> Self {
        let options = EncodeOptions::new().max_length(max_length.0).normalize(normalize);
        Self { options, threads: num_threads.0 }
    }
}

/// The elements of an array that this call has just made, and has not shown to anyone. They are
/// zeros: what NumPy leaves uninitialized must not be lent as numbers, and memory that the system
/// hands out for large arrays is zeroed anyway, at the first touch.
#[expect(
    clippy::mut_from_ref,
    reason = "the array owns the numbers; the handle is shared by nature"
)]
fn elements<'a, D: Dimension>(array: &'a Bound<'_, PyArray<f32, D>>) -> PyResult<&'a mut [f32]> {
    // SAFETY: the array is new, contiguous and known to nobody else.
    Ok(unsafe { array.as_slice_mut() }?)
}
