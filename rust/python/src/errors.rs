//! The one map from the core's errors to Python's exceptions.

use m2v_core::Error;
use pyo3::exceptions::{
    PyFileNotFoundError, PyKeyboardInterrupt, PyOSError, PyUnicodeEncodeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::PyString;

pyo3::create_exception!(
    m2v_fast,
    ModelError,
    PyValueError,
    "A file of a model is there but is not what a Model2Vec model holds; the message names it."
);

/// The exception for `error`. `text` gives the text of an index, for errors that carry it.
pub(crate) fn to_python<'py>(
    py: Python<'py>,
    error: Error,
    text: impl FnOnce(usize) -> Option<Bound<'py, PyString>>,
) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Missing { .. } => PyFileNotFoundError::new_err(message),
        Error::Io { path, source } => match source.raw_os_error() {
            // With an errno Python picks the subclass (PermissionError, IsADirectoryError, …).
            Some(errno) => PyOSError::new_err((errno, source.to_string(), path)),
            None => PyOSError::new_err(message),
        },
        Error::Malformed { .. } => ModelError::new_err(message),
        Error::Surrogate { index, position, .. } => match text(index) {
            Some(text) => PyUnicodeEncodeError::new_err((
                "utf-8",
                text.unbind(),
                position,
                position + 1,
                format!(
                    "sentences[{index}] holds a lone surrogate; remove it first, for example with \
                     text.encode('utf-8', 'replace').decode()"
                ),
            )),
            None => PyValueError::new_err(message),
        },
        Error::Interrupted => {
            py.check_signals().err().unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
        }
        _ => PyValueError::new_err(message),
    }
}
