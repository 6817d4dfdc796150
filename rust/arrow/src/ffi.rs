//! The three structures of the interface, and owners that release them exactly once.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use crate::error::{Error, Result};

/// `struct ArrowSchema`: what a column is.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the interface")]
pub struct ArrowSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut Self,
    pub dictionary: *mut Self,
    pub release: Option<unsafe extern "C" fn(*mut Self)>,
    pub private_data: *mut c_void,
}

/// `struct ArrowArray`: the buffers of a column.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the interface")]
pub struct ArrowArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut Self,
    pub dictionary: *mut Self,
    pub release: Option<unsafe extern "C" fn(*mut Self)>,
    pub private_data: *mut c_void,
}

/// `struct ArrowArrayStream`: arrays one after another.
#[repr(C)]
#[derive(Debug)]
#[allow(missing_docs, reason = "the names are those of the interface")]
pub struct ArrowArrayStream {
    pub get_schema: Option<unsafe extern "C" fn(*mut Self, *mut ArrowSchema) -> c_int>,
    pub get_next: Option<unsafe extern "C" fn(*mut Self, *mut ArrowArray) -> c_int>,
    pub get_last_error: Option<unsafe extern "C" fn(*mut Self) -> *const c_char>,
    pub release: Option<unsafe extern "C" fn(*mut Self)>,
    pub private_data: *mut c_void,
}

impl ArrowSchema {
    /// One that is released: what a producer fills.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            format: ptr::null(),
            name: ptr::null(),
            metadata: ptr::null(),
            flags: 0,
            n_children: 0,
            children: ptr::null_mut(),
            dictionary: ptr::null_mut(),
            release: None,
            private_data: ptr::null_mut(),
        }
    }
}

impl ArrowArray {
    /// One that is released: what a producer fills.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            length: 0,
            null_count: 0,
            offset: 0,
            n_buffers: 0,
            n_children: 0,
            buffers: ptr::null_mut(),
            children: ptr::null_mut(),
            dictionary: ptr::null_mut(),
            release: None,
            private_data: ptr::null_mut(),
        }
    }
}

impl ArrowArrayStream {
    /// One that is released: what a producer fills.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: ptr::null_mut(),
        }
    }
}

/// Owner of a structure: releases it when dropped.
pub(crate) struct Owned<T: Released>(T);

/// A structure with a release callback.
pub(crate) trait Released {
    /// What it is called in messages.
    const NAME: &str;

    fn is_released(&self) -> bool;

    /// Marks it as moved elsewhere.
    fn forget(&mut self);

    /// # Safety
    /// It is not released yet, and nothing that it owns is used afterwards.
    unsafe fn release(&mut self);
}

macro_rules! released {
    ($kind:ty, $name:literal) => {
        impl Released for $kind {
            const NAME: &str = $name;

            fn is_released(&self) -> bool {
                self.release.is_none()
            }

            fn forget(&mut self) {
                self.release = None;
            }

            unsafe fn release(&mut self) {
                if let Some(release) = self.release {
                    // SAFETY: as of this function: the producer's own callback, called once, with
                    // the structure that it belongs to.
                    unsafe { release(self) }
                    // Callbacks are to do this themselves; one that does not is not called again.
                    self.release = None;
                }
            }
        }
    };
}

released!(ArrowSchema, "schema");
released!(ArrowArray, "array");
released!(ArrowArrayStream, "stream");

impl<T: Released> Owned<T> {
    /// Moves the structure at `source` out of there, which is marked as released.
    ///
    /// # Safety
    /// `source` leads to a structure that nobody else uses meanwhile: one that a producer of the
    /// interface filled, or one that is released.
    pub(crate) unsafe fn take(source: *mut T) -> Result<Self> {
        // SAFETY: the caller vouches for the pointer.
        let Some(there) = (unsafe { source.as_mut() }) else {
            return Err(Error::value(format!("the Arrow {} is a null pointer", T::NAME)));
        };
        if there.is_released() {
            return Err(Error::value(format!(
                "the Arrow {} was released or taken already: each can be taken once; export it again",
                T::NAME
            )));
        }
        // SAFETY: the interface allows moving by copying the bytes, if the source is marked.
        let moved = unsafe { ptr::read(source) };
        there.forget();
        Ok(Self(moved))
    }

    /// One that a producer has just filled; nothing if it says that there is none.
    fn filled(structure: T) -> Option<Self> {
        (!structure.is_released()).then_some(Self(structure))
    }

    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

impl<T: Released> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: it is owned, so it was not released, and this is the last that is done with it.
        unsafe { self.0.release() }
    }
}

// SAFETY: the interface makes no difference between threads: whoever owns a structure may read and
// release it, one thread at a time. Shared, it is only read.
unsafe impl<T: Released> Send for Owned<T> {}
// SAFETY: as above.
unsafe impl<T: Released> Sync for Owned<T> {}

impl Owned<ArrowArrayStream> {
    /// Asks for the schema.
    pub(crate) fn schema(&mut self) -> Result<Owned<ArrowSchema>> {
        let mut schema = ArrowSchema::empty();
        let Some(ask) = self.0.get_schema else {
            return Err(Error::value("the Arrow stream has no get_schema"));
        };
        // SAFETY: the stream is not released, and the schema is ours to be filled.
        let code = unsafe { ask(&raw mut self.0, &raw mut schema) };
        if code != 0 {
            return Err(self.failure(code));
        }
        Owned::filled(schema)
            .ok_or_else(|| Error::value("the Arrow stream gave a schema that is released"))
    }

    /// Asks for the next array; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Owned<ArrowArray>>> {
        let mut array = ArrowArray::empty();
        let Some(ask) = self.0.get_next else {
            return Err(Error::value("the Arrow stream has no get_next"));
        };
        // SAFETY: the stream is not released, and the array is ours to be filled.
        let code = unsafe { ask(&raw mut self.0, &raw mut array) };
        // What a producer left in the array of a call that failed is not valid.
        if code != 0 {
            return Err(self.failure(code));
        }
        Ok(Owned::filled(array))
    }

    fn failure(&mut self, code: c_int) -> Error {
        let message = match self.0.get_last_error {
            None => String::new(),
            Some(ask) => {
                // SAFETY: the stream is not released, and a call on it has just failed.
                let message = unsafe { ask(&raw mut self.0) };
                // SAFETY: the interface: null or a C string, valid until the next call.
                unsafe { text(message) }.unwrap_or_default()
            }
        };
        let message = if message.is_empty() { "it does not say why".to_owned() } else { message };
        Error::Stream { code, message }
    }
}

/// A C string, with replacement characters for what is not UTF-8.
///
/// # Safety
/// The pointer is null or leads to bytes that end with a zero.
pub(crate) unsafe fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for it.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}
