//! The one map from the core's errors to Python's exceptions.

use std::io::ErrorKind;

use m2v_fast::Error;
use pyo3::exceptions::{
    PyFileNotFoundError, PyIsADirectoryError, PyKeyboardInterrupt, PyMemoryError, PyOSError,
    PyUnicodeEncodeError, PyValueError,
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
        Error::Io { path, source, .. } => match source.raw_os_error() {
            // With an errno Python picks the subclass (PermissionError, IsADirectoryError, …).
            Some(errno) => PyOSError::new_err((errno, source.to_string(), path)),
            None => PyOSError::new_err(message),
        },
        // What cannot be written for want of a folder has an errno as well.
        Error::Write { path, source, .. } => match source.raw_os_error() {
            Some(errno) => {
                PyOSError::new_err((errno, format!("cannot be written: {}", reason(&source)), path))
            }
            None if source.kind() == ErrorKind::IsADirectory => PyIsADirectoryError::new_err(
                format!("{}: cannot be written: it is a folder", path.display()),
            ),
            None => PyOSError::new_err(message),
        },
        Error::Text { index, problem, .. } => {
            PyValueError::new_err(format!("row {index}: {problem}"))
        }
        Error::Memory { .. } => PyMemoryError::new_err(message),
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

/// The system's words without the number that Rust puts behind them.
fn reason(source: &std::io::Error) -> String {
    let text = source.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
