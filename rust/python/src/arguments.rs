//! Numbers that callers pass, checked.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

/// A number of tokens, or None for no limit.
#[derive(Clone, Copy)]
pub(crate) struct MaxLength(pub(crate) Option<usize>);

/// A number of threads, or None for all processors.
#[derive(Clone, Copy)]
pub(crate) struct Threads(pub(crate) Option<usize>);

impl<'py> FromPyObject<'_, 'py> for MaxLength {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self(None));
        }
        at_least(0, &object)
            .map(|length| Self(Some(length)))
            .map_err(|error| named(&object, error, "max_length must be None or at least 0, not"))
    }
}

impl<'py> FromPyObject<'_, 'py> for Threads {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_none() {
            return Ok(Self(None));
        }
        at_least(1, &object).map(|threads| Self(Some(threads))).map_err(|error| {
            let what = "num_threads must be None (all available processors) or at least 1, not";
            named(&object, error, what)
        })
    }
}

/// What is wrong with a number.
enum Wrong {
    Small,
    Type(PyErr),
}

/// The number, if it is at least `least`. One beyond all memory is as good as the largest.
fn at_least(least: usize, object: &Bound<'_, PyAny>) -> Result<usize, Wrong> {
    match object.extract::<isize>() {
        Ok(number) => usize::try_from(number).ok().filter(|&n| n >= least).ok_or(Wrong::Small),
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            if object.gt(0).map_err(Wrong::Type)? { Ok(usize::MAX) } else { Err(Wrong::Small) }
        }
        Err(error) => Err(Wrong::Type(error)),
    }
}

fn named(object: &Bound<'_, PyAny>, wrong: Wrong, what: &str) -> PyErr {
    match wrong {
        Wrong::Type(error) => error,
        Wrong::Small => PyValueError::new_err(format!("{what} {object}")),
    }
}
