//! The native module `m2v_fast._native`: argument shapes in, arrays out.
//!
//! Everything here is about Python objects; what is computed, `m2v_fast` computes.

mod arguments;
mod arrays;
mod arrow;
mod errors;
mod files;
mod gil;
mod model;
mod output;
mod str_storage;
mod texts;

use m2v_fast::{Backend, ModelFiles};
use numpy::{PyArray1, PyArrayDescr, PyArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::path::PathBuf;

/// Names of the kernels that this processor can run.
#[pyfunction]
fn backends() -> Vec<&'static str> {
    Backend::available().into_iter().map(Backend::name).collect()
}

/// Whether a folder holds the three files of a model, in any of the known layouts.
#[pyfunction]
fn is_model_folder(folder: PathBuf) -> bool {
    ModelFiles::find(&folder).is_ok()
}

/// Number of processors that this process may use.
#[pyfunction]
fn available_threads() -> usize {
    m2v_fast::available_threads()
}

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // The interpreter's lock is held here, as it is by `os.fork`.
    m2v_fast::prepare_forks();
    module.add_class::<model::Model>()?;
    module.add_class::<arrays::Tensor>()?;
    module.add_class::<arrow::Vectors>()?;
    module.add_class::<files::NewFile>()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("ModelError", module.py().get_type::<errors::ModelError>())?;
    module.add("str_storage", str_storage::describe(module.py()))?;
    module.add_function(wrap_pyfunction!(backends, module)?)?;
    module.add_function(wrap_pyfunction!(is_model_folder, module)?)?;
    module.add_function(wrap_pyfunction!(available_threads, module)?)?;
    module.add_function(wrap_pyfunction!(arrays::write_tensors, module)?)?;
    make_what_is_made_once(module.py())
}

/// Takes every road at whose first use PyO3 and rust-numpy look something up and keep it: made
/// later, by a thread beside one that forks, it could be half made in the child, which would wait
/// for it for ever.
fn make_what_is_made_once(py: Python<'_>) -> PyResult<()> {
    py.get_type::<arrow::Numbers>();
    py.get_type::<PyArrayDescr>();
    let array = PyArray1::<f32>::zeros(py, 1, false);
    drop(array.try_readwrite().map_err(|error| PyRuntimeError::new_err(error.to_string()))?);
    drop(array.try_readonly().map_err(|error| PyRuntimeError::new_err(error.to_string()))?);
    PyArray1::<i64>::zeros(py, 1, false);
    PyArray1::<bool>::zeros(py, 1, false);
    Ok(())
}
