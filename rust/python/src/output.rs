//! Arrays that callers want written.

use numpy::{PyArrayDyn, PyArrayMethods, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

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
