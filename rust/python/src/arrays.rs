//! NumPy arrays to parts of a model, and tensors of a model's file to NumPy.

use std::path::PathBuf;
use std::sync::Arc;

use m2v_fast::{DType, Matrix, NewTensor, Weighting};
use numpy::{
    PyArray1, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{ModelError, to_python};

/// The numbers of a NumPy array, kept alive.
pub(crate) struct ArrayBytes {
    _owner: Py<PyUntypedArray>,
    data: *const u8,
    len: usize,
}

// SAFETY: the memory belongs to the array, which `_owner` keeps alive, and is only read. A caller
// who writes to the array meanwhile changes row values, of which any are valid.
unsafe impl Send for ArrayBytes {}
// SAFETY: as above.
unsafe impl Sync for ArrayBytes {}

impl AsRef<[u8]> for ArrayBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `new` took pointer and length from a C-contiguous array, which lives.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// The same, held by several.
struct SharedBytes(Arc<ArrayBytes>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl ArrayBytes {
    pub(crate) fn new(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
        if !array.is_c_contiguous() {
            return Err(PyTypeError::new_err("arrays must be C-contiguous"));
        }
        // The structure itself is not to be seen by every stable ABI.
        // SAFETY: only where the numbers lie is asked for, which does not depend on what they are.
        let data = unsafe { array.cast_unchecked::<PyArrayDyn<u8>>() }.data().cast_const();
        // An empty array may have no memory at all.
        let data = if data.is_null() { std::ptr::NonNull::dangling().as_ptr() } else { data };
        let len = array.len() * array.dtype().itemsize();
        Ok(Self { _owner: array.clone().unbind(), data, len })
    }
}

/// Writes arrays to a safetensors file: name, dtype (which an array of bfloat16 bits does not say)
/// and array of each.
#[pyfunction]
pub(crate) fn write_tensors(
    py: Python<'_>,
    path: PathBuf,
    tensors: Vec<(String, String, Bound<'_, PyUntypedArray>)>,
) -> PyResult<()> {
    let bytes =
        tensors.iter().map(|(_, _, array)| ArrayBytes::new(array)).collect::<PyResult<Vec<_>>>()?;
    let tensors: Vec<_> = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, dtype, array), bytes)| {
            let dtype = dtype.parse::<DType>().map_err(|_| {
                PyValueError::new_err(format!("`{name}` is {dtype}, which a model cannot hold"))
            })?;
            Ok(NewTensor::new(name, dtype, array.shape(), bytes.as_ref()))
        })
        .collect::<PyResult<_>>()?;
    py.detach(|| m2v_fast::write_tensors(&path, &tensors))
        .map_err(|error| to_python(py, error, |_| None))
}

/// A matrix over `vectors`, a C-contiguous array of shape (rows, dim) in one of the supported
/// dtypes (bfloat16 as its bits, uint16), which is kept and not copied: hold what comes with the matrix
/// as long as that may be dropped without the interpreter's lock, since a reference that is given up
/// then waits behind a lock, which a process forked meanwhile would find held for ever.
pub(crate) fn matrix(
    vectors: &Bound<'_, PyUntypedArray>,
    dtype: &str,
    mapping: Option<&Bound<'_, PyArray1<i64>>>,
    weights: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Matrix, Arc<ArrayBytes>)> {
    let rows = [DType::Float32, DType::Float16, DType::BFloat16, DType::Float64, DType::Int8];
    let dtype =
        dtype.parse().ok().filter(|dtype: &DType| rows.contains(dtype)).ok_or_else(|| {
            PyTypeError::new_err(format!(
                "vectors are {dtype}; supported are float32, float16, bfloat16, float64 and int8"
            ))
        })?;
    let &[rows, dim] = vectors.shape() else {
        return Err(ModelError::new_err(format!(
            "vectors have the shape {:?}; expected two dimensions, tokens x width",
            vectors.shape()
        )));
    };
    if vectors.dtype().itemsize() != dtype.size() {
        return Err(PyTypeError::new_err("vectors are not of the dtype named"));
    }
    let owner = Arc::new(ArrayBytes::new(vectors)?);
    let bytes = Box::new(SharedBytes(Arc::clone(&owner)));
    let mapping = mapping.map(|mapping| mapping.readonly());
    let mapping = mapping.as_ref().map(|mapping| mapping.as_slice()).transpose()?;
    let made = match weights {
        None => Matrix::from_parts(bytes, rows, dim, dtype, mapping, None),
        Some(weights) => {
            if let Ok(weights) = weights.cast::<PyArray1<f32>>() {
                let weights = weights.readonly();
                let weights = Some(Weighting::Float32(weights.as_slice()?));
                Matrix::from_parts(bytes, rows, dim, dtype, mapping, weights)
            } else if let Ok(weights) = weights.cast::<PyArray1<f64>>() {
                let weights = weights.readonly();
                let weights = Some(Weighting::Float64(weights.as_slice()?));
                Matrix::from_parts(bytes, rows, dim, dtype, mapping, weights)
            } else if let Ok(weights) = weights.cast::<PyArray1<u16>>() {
                // float16, passed as its bits.
                let weights = weights.readonly();
                let weights = Some(Weighting::Float16(weights.as_slice()?));
                Matrix::from_parts(bytes, rows, dim, dtype, mapping, weights)
            } else {
                return Err(PyTypeError::new_err(
                    "weights must be a 1-D array of float16 (as uint16), float32 or float64",
                ));
            }
        }
    };
    made.map(|matrix| (matrix, owner)).map_err(|error| ModelError::new_err(error.to_string()))
}

/// A tensor of a model's file, for NumPy: `numpy.asarray` of it is a read-only view that keeps the
/// model alive. The stable ABI of Python 3.10 has no buffer protocol; this is NumPy's own.
#[pyclass(frozen, module = "m2v_fast._native")]
pub(crate) struct Tensor {
    model: m2v_fast::Model,
    name: String,
}

impl Tensor {
    pub(crate) fn new(model: &m2v_fast::Model, name: &str) -> Option<Self> {
        model.matrix().stored(name)?;
        Some(Self { model: model.clone(), name: name.to_owned() })
    }
}

#[pymethods]
impl Tensor {
    /// NumPy's name of the dtype, or `bfloat16`.
    #[getter]
    fn dtype(&self) -> Option<&'static str> {
        Some(self.model.matrix().stored(&self.name)?.0.dtype.name())
    }

    /// Where NumPy finds the numbers; bfloat16, which it lacks, as unsigned integers of 16 bits.
    #[getter(__array_interface__)]
    fn array_interface<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (tensor, bytes) = self
            .model
            .matrix()
            .stored(&self.name)
            .ok_or_else(|| ModelError::new_err(format!("no tensor named `{}`", self.name)))?;
        let kind = match tensor.dtype {
            DType::Float32 => "<f4",
            DType::Float16 => "<f2",
            DType::BFloat16 => "<u2",
            DType::Float64 => "<f8",
            DType::Int8 => "|i1",
            DType::Int16 => "<i2",
            DType::Int32 => "<i4",
            DType::Int64 => "<i8",
            DType::UInt8 => "|u1",
            DType::UInt16 => "<u2",
            DType::UInt32 => "<u4",
            DType::UInt64 => "<u8",
            other => {
                return Err(PyTypeError::new_err(format!("no NumPy dtype stands for {other}")));
            }
        };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", pyo3::types::PyTuple::new(py, &tensor.shape)?)?;
        interface.set_item("typestr", kind)?;
        // The second item: read-only.
        interface.set_item("data", (bytes.as_ptr() as usize, true))?;
        Ok(interface)
    }
}
