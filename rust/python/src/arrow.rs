//! Columns of other libraries, by the Arrow PyCapsule interface, and vectors for them.

use std::ffi::CStr;
use std::ptr::NonNull;

use m2v_arrow::{
    ArrowArray, ArrowArrayStream, ArrowSchema, ArrowText, Column, Element, Error, Ranges, Totals,
    Vectors as Inner,
};
use numpy::{PyArrayDescr, PyReadonlyArray2};
use pyo3::exceptions::{
    PyImportError, PyKeyboardInterrupt, PyMemoryError, PyNotImplementedError, PyOSError,
    PyTypeError, PyValueError,
};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::gil;

/// The column of `object`, if it is one or has one: `column` names it among several.
pub(crate) fn column(object: &Bound<'_, PyAny>, column: Option<&str>) -> PyResult<Option<Column>> {
    let py = object.py();
    if let Some(export) = object.getattr_opt("__arrow_c_stream__")? {
        if holds_objects(object)? {
            return Ok(None);
        }
        let capsule = match export.call0() {
            // pandas needs pyarrow for it; its rows can be read without.
            Err(error) if column.is_none() && error.is_instance_of::<PyImportError>(py) => {
                return Ok(None);
            }
            exported => exported?,
        };
        let stream = pointer::<ArrowArrayStream>(&capsule)?;
        // Producers run queries, and functions of Python's in other threads, so the interpreter is
        // theirs meanwhile.
        let read = gil::run(py, u64::MAX, move |interrupted| {
            // SAFETY: of a capsule of that name, which lives until this returns.
            unsafe { Column::from_stream(stream.get(), column, interrupted) }
        })?;
        return read.map(Some).map_err(|error| to_python(py, error));
    }
    if let Some(export) = object.getattr_opt("__arrow_c_array__")? {
        let exported = export.call0()?;
        let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
            exported.extract().map_err(|_| {
                PyTypeError::new_err(format!(
                    "__arrow_c_array__ returned {}, not a pair of capsules",
                    exported.get_type()
                ))
            })?;
        let (schema, array) = (pointer::<ArrowSchema>(&schema)?, pointer::<ArrowArray>(&array)?);
        // SAFETY: of capsules of these names, which live until this returns.
        let read = unsafe { Column::from_array(schema.get(), array.get(), column) };
        return read.map(Some).map_err(|error| to_python(py, error));
    }
    Ok(None)
}

/// Fails if a row is null, for results that have no nulls.
pub(crate) fn without_nulls(column: &Column) -> PyResult<()> {
    match column.first_null() {
        None => Ok(()),
        Some(row) => Err(PyTypeError::new_err(format!(
            "sentences[{row}] is null, not a str; encode_arrow gives null for it"
        ))),
    }
}

/// The texts of a column without nulls, to be used as long as it is there.
pub(crate) fn texts(column: &Column) -> PyResult<Vec<ArrowText>> {
    without_nulls(column)?;
    Ok(column.rows().flatten().copied().collect())
}

/// Whether it is a pandas Series of Python objects: these would be copied to be exported, and are
/// read where they are instead.
fn holds_objects(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Some(dtype) = object.getattr_opt("dtype")? else {
        return Ok(false);
    };
    // A dtype of NumPy's own; one of pandas' may be of that kind as well.
    if !dtype.is_instance_of::<PyArrayDescr>() {
        return Ok(false);
    }
    dtype.getattr("kind")?.eq("O")
}

/// Leads into a capsule, with or without the interpreter.
struct Inside<T>(NonNull<T>);

impl<T> Inside<T> {
    fn get(self) -> *mut T {
        self.0.as_ptr()
    }
}

// SAFETY: the interface's structures may be used by any thread, one at a time.
unsafe impl<T> Send for Inside<T> {}

/// A structure that capsules hold.
trait Exported: Sized {
    const NAME: &CStr;

    /// # Safety
    /// It is one that nobody else uses.
    unsafe fn release(&mut self);
}

macro_rules! exported {
    ($kind:ty, $name:literal) => {
        impl Exported for $kind {
            const NAME: &CStr = $name;

            unsafe fn release(&mut self) {
                if let Some(release) = self.release {
                    // SAFETY: as of this function.
                    unsafe { release(self) }
                }
            }
        }
    };
}

exported!(ArrowSchema, c"arrow_schema");
exported!(ArrowArray, c"arrow_array");
exported!(ArrowArrayStream, c"arrow_array_stream");

/// What a capsule leads to; it must have the structure's name.
fn pointer<T: Exported>(capsule: &Bound<'_, PyAny>) -> PyResult<Inside<T>> {
    // SAFETY: any object may be asked; the name is a constant.
    let found = unsafe { ffi::PyCapsule_GetPointer(capsule.as_ptr(), T::NAME.as_ptr()) };
    match NonNull::new(found.cast()) {
        Some(found) => Ok(Inside(found)),
        None => {
            drop(PyErr::take(capsule.py()));
            Err(PyTypeError::new_err(format!(
                "expected a capsule named {:?}, not {}",
                T::NAME.to_string_lossy(),
                capsule
                    .repr()
                    .map_or_else(|_| "something else".to_owned(), |repr| repr.to_string())
            )))
        }
    }
}

/// A capsule that owns a structure and releases it unless a consumer took it.
fn capsule<T: Exported>(py: Python<'_>, structure: T) -> PyResult<Bound<'_, PyAny>> {
    unsafe extern "C" fn destroy<T: Exported>(capsule: *mut ffi::PyObject) {
        // SAFETY: called once, by the interpreter, for a capsule made below.
        unsafe {
            let structure = ffi::PyCapsule_GetPointer(capsule, T::NAME.as_ptr());
            if let Some(structure) = NonNull::new(structure.cast::<T>()) {
                let mut structure = Box::from_raw(structure.as_ptr());
                structure.release();
            }
        }
    }
    let structure = Box::into_raw(Box::new(structure));
    // SAFETY: the pointer is not null, the name is a constant, and the destructor takes both.
    let made =
        unsafe { ffi::PyCapsule_New(structure.cast(), T::NAME.as_ptr(), Some(destroy::<T>)) };
    if made.is_null() {
        // SAFETY: nobody else has it.
        let mut structure = unsafe { Box::from_raw(structure) };
        // SAFETY: as above.
        unsafe { structure.release() };
    }
    // SAFETY: a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, made) }
}

/// The exception for what is wrong with a column.
fn to_python(py: Python<'_>, error: Error) -> PyErr {
    const EINVAL: i32 = 22;
    const ENOMEM: i32 = 12;
    const ENOSYS: i32 = 38;
    let message = error.to_string();
    match error {
        Error::Type(_) => PyTypeError::new_err(message),
        Error::Memory(_) => PyMemoryError::new_err(message),
        Error::Stream { code: EINVAL, .. } => PyValueError::new_err(message),
        Error::Stream { code: ENOMEM, .. } => PyMemoryError::new_err(message),
        Error::Stream { code: ENOSYS, .. } => PyNotImplementedError::new_err(message),
        Error::Stream { .. } => PyOSError::new_err(message),
        Error::Interrupted => {
            py.check_signals().err().unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
        }
        _ => PyValueError::new_err(message),
    }
}

/// The number format that a name stands for; `ranges` of shape (2, dim) were checked by the caller.
pub(crate) fn element(name: &str, ranges: Option<PyReadonlyArray2<'_, f32>>) -> PyResult<Element> {
    let ranges = || -> PyResult<Ranges> {
        let ranges = ranges.as_ref().ok_or_else(|| {
            PyValueError::new_err(format!("{name} needs ranges=, an array of shape (2, dim)"))
        })?;
        let ranges = ranges.as_array();
        if ranges.nrows() != 2 {
            return Err(PyValueError::new_err("ranges must be of shape (2, dim)"));
        }
        Ok(Ranges::new(ranges.row(0).to_vec(), &ranges.row(1).to_vec()))
    };
    Ok(match name {
        "float32" => Element::Float32,
        "float16" => Element::Float16,
        "int8" => Element::Int8(ranges()?),
        "uint8" => Element::Uint8(ranges()?),
        "binary" => Element::Binary,
        "ubinary" => Element::Ubinary,
        _ => {
            return Err(PyValueError::new_err(format!(
                "output_dtype {name:?} has no Arrow type here; there are float32, float16, int8, \
                 uint8, binary and ubinary"
            )));
        }
    })
}

/// Vectors of a column of texts, for every library that speaks the Arrow PyCapsule interface.
#[pyclass(frozen, module = "m2v_fast._native")]
pub(crate) struct Vectors {
    inner: Inner,
    totals: Option<Totals>,
}

impl Vectors {
    pub(crate) fn new(inner: Inner, totals: Option<Totals>) -> Self {
        Self { inner, totals }
    }
}

#[pymethods]
impl Vectors {
    /// Number of rows.
    fn __len__(&self) -> usize {
        self.inner.len()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Vectors: {} rows of {} x {}, {} of them null, in {} chunks>",
            self.inner.len(),
            self.inner.width(),
            self.dtype(),
            self.inner.nulls(),
            self.inner.chunks()
        )
    }

    /// Rows and numbers of a row.
    #[getter]
    fn shape(&self) -> (usize, usize) {
        (self.inner.len(), self.inner.width())
    }

    /// NumPy's name of the number format.
    #[getter]
    fn dtype(&self) -> &'static str {
        match self.inner.element().typestr() {
            "<f4" => "float32",
            "<f2" => "float16",
            "|i1" => "int8",
            _ => "uint8",
        }
    }

    /// How many rows are null.
    #[getter]
    fn null_count(&self) -> usize {
        self.inner.nulls()
    }

    /// Tokens that were kept of all texts, how many of them are unknown, and how many texts were cut,
    /// if that was asked for.
    #[getter]
    fn totals(&self) -> Option<(usize, usize, usize)> {
        self.totals.map(|totals| (totals.tokens, totals.unknown, totals.truncated))
    }

    /// Number of chunks, which are those of the texts.
    #[getter]
    fn num_chunks(&self) -> usize {
        self.inner.chunks()
    }

    /// The type, FixedSizeList of the number format, not null, as a capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        capsule(py, self.inner.schema())
    }

    /// All rows as one array: capsules of its type and of its buffers, which are not copied.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        // A request may be left unheard: the consumer converts what it gets.
        let _ = requested_schema;
        Ok((capsule(py, self.inner.schema())?, capsule(py, self.inner.array())?))
    }

    /// The chunks, as a capsule of a stream.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = requested_schema;
        capsule(py, self.inner.stream())
    }

    /// An array of shape (rows, numbers), read-only and not copied unless the arguments ask for it.
    #[pyo3(signature = (dtype = None, copy = None))]
    fn __array__<'py>(
        slf: &Bound<'py, Self>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let Some(row) = slf.get().inner.first_null() {
            return Err(PyValueError::new_err(format!(
                "row {row} is null, and NumPy has no nulls: drop or fill them first, or take the \
                 vectors as Arrow"
            )));
        }
        let numpy = py.import("numpy")?;
        let owner = Bound::new(py, Numbers { inner: slf.get().inner.clone() })?;
        let view = numpy.call_method1("asarray", (owner,))?;
        let made = match dtype {
            Some(dtype) => {
                let options = PyDict::new(py);
                options.set_item("copy", false)?;
                view.call_method("astype", (dtype,), Some(&options))?
            }
            None => view.clone(),
        };
        match copy {
            Some(false) if !made.is(&view) => Err(PyValueError::new_err(
                "another dtype cannot be had without a copy, which copy=False forbids",
            )),
            Some(true) if made.is(&view) => made.call_method0("copy"),
            _ => Ok(made),
        }
    }
}

/// The numbers of vectors, for NumPy alone.
#[pyclass(frozen, module = "m2v_fast._native")]
pub(crate) struct Numbers {
    inner: Inner,
}

#[pymethods]
impl Numbers {
    /// Where NumPy finds them.
    #[getter(__array_interface__)]
    fn array_interface<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        let shape = [self.inner.len(), self.inner.width()];
        interface.set_item("shape", PyTuple::new(py, shape)?)?;
        interface.set_item("typestr", self.inner.element().typestr())?;
        // The second item: read-only.
        interface.set_item("data", (self.inner.numbers().as_ptr() as usize, true))?;
        Ok(interface)
    }
}
