//! Python objects to texts that the core can read without the interpreter.

use m2v_fast::{Error, Text};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyString, PyTuple};

use crate::str_storage::{self, Characters};

/// A `str`, kept alive, and its characters.
pub(crate) struct PyText {
    owner: Py<PyString>,
    characters: Source,
}

enum Source {
    /// Inside the string object.
    Borrowed(Characters),
    /// Converted: the text is not stored in a form that can be read in place.
    Owned(Vec<u32>),
}

// SAFETY: a string is immutable and `owner` keeps it alive, so its characters can be read from any
// thread; `Py` itself is Send and Sync.
unsafe impl Send for PyText {}
// SAFETY: as above.
unsafe impl Sync for PyText {}

impl PyText {
    fn new(text: &Bound<'_, PyString>) -> PyResult<Self> {
        let characters = match str_storage::characters(text) {
            Some(characters) => Source::Borrowed(characters),
            None => Source::Owned(code_points(text)?),
        };
        Ok(Self { owner: text.clone().unbind(), characters })
    }

    pub(crate) fn bind<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.owner.bind(py).clone()
    }
}

/// The code points of a string, lone surrogates included, by way of the stable ABI. Of an instance
/// of a subclass they are what it holds, whatever methods it has of its own.
fn code_points(text: &Bound<'_, PyString>) -> PyResult<Vec<u32>> {
    let object = text.as_ptr();
    // SAFETY: `object` is a live str, and the interpreter is attached.
    let len = unsafe { ffi::PyUnicode_GetLength(object) };
    let Ok(len) = usize::try_from(len) else { return Err(PyErr::fetch(text.py())) };
    // One more, for the zero that is written behind the characters.
    let mut units = vec![0_u32; len + 1];
    // SAFETY: as above, and the buffer has room for as many characters as are said, with the zero.
    let written = unsafe {
        ffi::PyUnicode_AsUCS4(object, units.as_mut_ptr(), units.len() as ffi::Py_ssize_t, 1)
    };
    if written.is_null() {
        return Err(PyErr::fetch(text.py()));
    }
    units.truncate(len);
    Ok(units)
}

impl Text for PyText {
    fn prefix<'a>(
        &'a self,
        limit: Option<usize>,
        buffer: &'a mut String,
    ) -> m2v_fast::Result<&'a str> {
        let limit = limit.unwrap_or(usize::MAX);
        // SAFETY (of the blocks below): the pointers are into the string that `owner` keeps alive,
        // valid for the length they came with, and a string's characters never change.
        match &self.characters {
            &Source::Borrowed(Characters::Ascii(data, len)) => {
                // SAFETY: see above; CPython marks a string as ASCII only if every byte is.
                Ok(unsafe {
                    std::str::from_utf8_unchecked(std::slice::from_raw_parts(data, len.min(limit)))
                })
            }
            &Source::Borrowed(Characters::Latin1(data, len)) => {
                // SAFETY: see above.
                latin1(unsafe { std::slice::from_raw_parts(data, len.min(limit)) }, buffer);
                Ok(buffer)
            }
            &Source::Borrowed(Characters::Ucs2(data, len)) => {
                // SAFETY: see above; CPython aligns the characters.
                ucs2(unsafe { std::slice::from_raw_parts(data, len.min(limit)) }, buffer)?;
                Ok(buffer)
            }
            &Source::Borrowed(Characters::Ucs4(data, len)) => {
                // SAFETY: see above; CPython aligns the characters.
                ucs4(unsafe { std::slice::from_raw_parts(data, len.min(limit)) }, buffer)?;
                Ok(buffer)
            }
            Source::Owned(units) => {
                ucs4(&units[..units.len().min(limit)], buffer)?;
                Ok(buffer)
            }
        }
    }

    fn is_longer(&self, limit: usize) -> bool {
        match &self.characters {
            Source::Borrowed(characters) => characters.len() > limit,
            Source::Owned(units) => units.len() > limit,
        }
    }

    fn size(&self) -> usize {
        match &self.characters {
            Source::Borrowed(Characters::Ascii(_, len)) => *len,
            // Characters beyond ASCII take two to four bytes; two is about right for mixed text.
            Source::Borrowed(other) => other.len() * 2,
            Source::Owned(units) => units.len() * 2,
        }
    }
}

/// Empties `buffer` and lends its bytes, grown to `capacity`, to `write`, which says how many of
/// them, all valid UTF-8, it wrote.
fn fill(buffer: &mut String, capacity: usize, write: impl FnOnce(&mut [u8]) -> usize) {
    let mut bytes = std::mem::take(buffer).into_bytes();
    if bytes.len() < capacity {
        bytes.resize(capacity, 0);
    }
    let written = write(&mut bytes);
    bytes.truncate(written);
    // SAFETY: `write` is one of encoding_rs' conversions to UTF-8, whose output is valid up to the
    // length they return.
    *buffer = unsafe { String::from_utf8_unchecked(bytes) };
}

fn latin1(units: &[u8], buffer: &mut String) {
    fill(buffer, units.len() * 2, |bytes| encoding_rs::mem::convert_latin1_to_utf8(units, bytes));
}

fn ucs2(units: &[u16], buffer: &mut String) -> m2v_fast::Result<()> {
    // Two surrogates in a row are a pair in UTF-16, but in Python's two-byte strings they are two
    // characters that have no UTF-8 form: look for them one by one.
    let is_surrogate = |&unit: &u16| unit & 0xf800 == 0xd800;
    if units.iter().fold(false, |any, unit| any | is_surrogate(unit)) {
        let position = units.iter().position(is_surrogate).unwrap_or_default();
        return Err(surrogate(position, units[position].into()));
    }
    fill(buffer, units.len() * 3, |bytes| encoding_rs::mem::convert_utf16_to_utf8(units, bytes));
    Ok(())
}

fn ucs4(units: &[u32], buffer: &mut String) -> m2v_fast::Result<()> {
    buffer.clear();
    buffer.reserve(units.len());
    for (position, &unit) in units.iter().enumerate() {
        buffer.push(char::from_u32(unit).ok_or_else(|| surrogate(position, unit))?);
    }
    Ok(())
}

fn surrogate(position: usize, surrogate: u32) -> Error {
    Error::surrogate(position, surrogate)
}

/// Whether it is one of the types that need no looking into.
pub(crate) fn is_plain(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyList>()
        || object.is_exact_instance_of::<PyTuple>()
        || object.is_instance_of::<PyString>()
}

/// What a caller passed as `sentences`.
pub(crate) enum Sentences {
    One(PyText),
    Many(Vec<PyText>),
}

impl Sentences {
    /// Takes a `str`, or any iterable of `str`. A list may change while the interpreter's lock is
    /// released, so each item is held on its own. An instance of a subclass is asked for its items,
    /// which may be others than those it stores.
    pub(crate) fn extract(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Self::One(PyText::new(text)?));
        }
        Ok(Self::Many(if let Ok(list) = object.cast_exact::<PyList>() {
            collect(list.iter(), list.len())?
        } else if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            collect(tuple.iter(), tuple.len())?
        } else if object.is_instance_of::<PyBytes>() || object.is_instance_of::<PyByteArray>() {
            return Err(not_texts(object));
        } else {
            let Ok(items) = object.try_iter() else {
                return Err(not_texts(object));
            };
            // What an object says of its length is its own affair: it saves copies, and no more.
            let mut texts = Vec::with_capacity(object.len().unwrap_or(0).min(MOST_EXPECTED));
            for (index, item) in items.enumerate() {
                texts.push(item_text(index, &item?)?);
            }
            texts
        }))
    }

    pub(crate) fn as_slice(&self) -> &[PyText] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// Texts that room is made for before they have come.
const MOST_EXPECTED: usize = 1 << 16;

fn collect<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    len: usize,
) -> PyResult<Vec<PyText>> {
    let mut texts = Vec::with_capacity(len);
    for (index, item) in items.enumerate() {
        texts.push(item_text(index, &item)?);
    }
    Ok(texts)
}

#[inline]
fn item_text(index: usize, item: &Bound<'_, PyAny>) -> PyResult<PyText> {
    match item.cast::<PyString>() {
        Ok(text) => PyText::new(text),
        Err(_) => Err(PyTypeError::new_err(format!(
            "sentences[{index}] is {}, not a str",
            type_name(item)
        ))),
    }
}

fn not_texts(object: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!(
        "sentences must be a str or an iterable of str, not {}",
        type_name(object)
    ))
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    if object.is_none() {
        return "None".to_owned();
    }
    object.get_type().name().map_or_else(|_| "an object".to_owned(), |name| name.to_string())
}
