//! The class `NewFile`: a file that appears under its name once it is whole.

use std::path::PathBuf;

use numpy::PyUntypedArray;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::ArrayBytes;
use crate::errors::to_python;

/// A file in the making, beside the one that it replaces when it is committed.
#[pyclass(module = "m2v_fast._native")]
pub(crate) struct NewFile {
    file: Option<m2v_fast::NewFile>,
}

impl NewFile {
    fn open(&mut self) -> PyResult<&mut m2v_fast::NewFile> {
        self.file.as_mut().ok_or_else(|| PyValueError::new_err("the file is written already"))
    }
}

#[pymethods]
impl NewFile {
    /// Starts a file that is to be at `path`; where that is a link, where it leads.
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let file = py.detach(|| m2v_fast::NewFile::create(&path));
        Ok(Self { file: Some(file.map_err(|error| to_python(py, error, |_| None))?) })
    }

    /// Appends bytes.
    fn write(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let file = self.open()?;
        py.detach(|| file.write(data)).map_err(|error| to_python(py, error, |_| None))
    }

    /// Appends the numbers of a C-contiguous array.
    fn write_array(&mut self, py: Python<'_>, array: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
        let bytes = ArrayBytes::new(array)?;
        let file = self.open()?;
        py.detach(|| file.write(bytes.as_ref())).map_err(|error| to_python(py, error, |_| None))
    }

    /// Writes over the first bytes.
    fn write_first(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let file = self.open()?;
        py.detach(|| file.write_first(data)).map_err(|error| to_python(py, error, |_| None))
    }

    /// Puts the file in its place.
    fn commit(&mut self, py: Python<'_>) -> PyResult<()> {
        self.open()?;
        let Some(file) = self.file.take() else { return Ok(()) };
        py.detach(|| file.commit()).map_err(|error| to_python(py, error, |_| None))
    }

    /// Gives it up: nothing is left of it.
    fn discard(&mut self) {
        self.file = None;
    }
}
