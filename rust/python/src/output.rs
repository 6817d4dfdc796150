//! Arrays for vectors: new ones, and those that callers want written.

use numpy::ndarray::{Dimension, IntoDimension};
use numpy::{PyArray, PyArrayDyn, PyArrayMethods, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// Arrays of more bytes than this are the allocator's zeros, which are not touched before they are
/// written to.
const SMALL: usize = 1 << 16;

/// A new array of zeros. NumPy lets go of the interpreter's lock while it asks for zeroed memory,
/// which takes a tenth of what a short query does: small arrays are cleared here.
pub(crate) fn zeros<'py, D: Dimension>(
    py: Python<'py>,
    shape: impl IntoDimension<Dim = D>,
) -> Bound<'py, PyArray<f32, D>> {
    let shape = shape.into_dimension();
    if shape.size() > SMALL / size_of::<f32>() {
        return PyArray::zeros(py, shape, false);
    }
    // SAFETY: the array is nobody else's yet, its memory has room for as many numbers as it has
    // elements, and all of it is written before the array is given away.
    unsafe {
        let array = PyArray::<f32, D>::new(py, shape, false);
        array.data().write_bytes(0, array.len());
        array
    }
}

/// `array` for writing, if it is a float32 array of this shape, C-contiguous and writable, that
/// nobody else in this module is writing to.
pub(crate) fn writable<'py>(
    array: &Bound<'py, PyAny>,
    shape: &[usize],
) -> PyResult<PyReadwriteArrayDyn<'py, f32>> {
    let array = array
        .cast::<PyArrayDyn<f32>>()
        .map_err(|_| PyTypeError::new_err("out must be a NumPy array of float32"))?;
    if array.shape() != shape {
        return Err(PyValueError::new_err(format!(
            "out has the shape {:?}; the vectors have {shape:?}",
            array.shape()
        )));
    }
    // NumPy's own word for it; a slice of numbers must not start between two of them.
    if !(array.data() as usize).is_multiple_of(align_of::<f32>()) {
        return Err(PyValueError::new_err(
            "out is not aligned: its memory does not start at a multiple of 4 bytes. Copy it, or \
             encode into an array of its own",
        ));
    }
    if !array.is_c_contiguous() {
        return Err(PyValueError::new_err("out must be C-contiguous"));
    }
    array
        .try_readwrite()
        .map_err(|error| PyValueError::new_err(format!("out cannot be written: {error}")))
}
