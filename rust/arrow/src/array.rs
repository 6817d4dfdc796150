//! The numbers of an array, checked before anything is read by them.

use std::ffi::c_void;

use crate::error::{Error, Result};
use crate::ffi::ArrowArray;

/// An array whose counts fit each other.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'a> {
    array: &'a ArrowArray,
    pub(crate) length: usize,
    pub(crate) offset: usize,
    buffers: usize,
}

impl<'a> Checked<'a> {
    /// Looks at all that holds for every kind of array. `what` names it in messages.
    pub(crate) fn new(array: &'a ArrowArray, what: &str) -> Result<Self> {
        let number = |value: i64, name: &str| {
            usize::try_from(value)
                .map_err(|_| Error::value(format!("{what} says that its {name} is {value}")))
        };
        let length = number(array.length, "length")?;
        let offset = number(array.offset, "offset")?;
        let buffers = number(array.n_buffers, "number of buffers")?;
        // One row more than these must be countable, in bytes of the widest element.
        if length.checked_add(offset).is_none_or(|end| end > isize::MAX as usize / 32) {
            return Err(Error::value(format!(
                "{what} says that it has {length} rows from row {offset} on, more than there can be"
            )));
        }
        if array.null_count < -1 || array.null_count > array.length {
            return Err(Error::value(format!(
                "{what} says that {} of its {length} rows are null",
                array.null_count
            )));
        }
        if buffers > MOST_BUFFERS {
            return Err(Error::value(format!("{what} says that it has {buffers} buffers")));
        }
        if buffers > 0 && array.buffers.is_null() {
            return Err(Error::value(format!("{what} says that it has buffers, and has none")));
        }
        Ok(Self { array, length, offset, buffers })
    }

    /// The first row after the last.
    pub(crate) fn end(&self) -> usize {
        self.offset + self.length
    }

    /// Checks the number of buffers.
    pub(crate) fn needs_buffers(&self, count: usize, what: &str) -> Result<()> {
        if self.buffers != count {
            return Err(Error::value(format!(
                "{what} has {} Arrow buffers; its type has {count}",
                self.buffers
            )));
        }
        Ok(())
    }

    pub(crate) fn buffer_count(&self) -> usize {
        self.buffers
    }

    /// A buffer of those that there are; null if it is not there.
    pub(crate) fn buffer(&self, place: usize) -> *const u8 {
        debug_assert!(place < self.buffers);
        // SAFETY: the interface: as many pointers as `n_buffers` says, and `place` is below that.
        let pointer: *const c_void = unsafe { *self.array.buffers.add(place) };
        pointer.cast()
    }

    /// A buffer that must be there unless the array is empty.
    pub(crate) fn needed(&self, place: usize, what: &str) -> Result<*const u8> {
        let pointer = self.buffer(place);
        if pointer.is_null() && self.end() > 0 {
            return Err(Error::value(format!("{what}: the Arrow buffer {place} is missing")));
        }
        Ok(pointer)
    }

    /// One of `count` children.
    pub(crate) fn child(&self, count: usize, place: usize, what: &str) -> Result<&'a ArrowArray> {
        if usize::try_from(self.array.n_children) != Ok(count) {
            return Err(Error::value(format!(
                "{what} has {} Arrow children; its schema has {count}",
                self.array.n_children
            )));
        }
        if self.array.children.is_null() {
            return Err(Error::value(format!("{what} says that it has children, and has none")));
        }
        // SAFETY: the interface: as many pointers as `n_children` says, and `place` is below that.
        let pointer = unsafe { *self.array.children.add(place) };
        // SAFETY: the interface: null or a child, which lives as long as its parent.
        let child = unsafe { pointer.as_ref() };
        child
            .filter(|child| child.release.is_some())
            .ok_or_else(|| Error::value(format!("{what}: child {place} is missing or released")))
    }

    /// The dictionary, which the schema says there is.
    pub(crate) fn dictionary(&self, what: &str) -> Result<&'a ArrowArray> {
        // SAFETY: the interface: null or a dictionary, which lives as long as the array.
        let dictionary = unsafe { self.array.dictionary.as_ref() };
        dictionary
            .filter(|dictionary| dictionary.release.is_some())
            .ok_or_else(|| Error::value(format!("{what}: the dictionary is missing or released")))
    }

    /// Which rows are null, if any is.
    pub(crate) fn validity(&self, what: &str) -> Result<Validity> {
        let pointer = self.buffer(0);
        if pointer.is_null() {
            if self.array.null_count > 0 {
                return Err(Error::value(format!(
                    "{what} says that {} rows are null, and does not say which",
                    self.array.null_count
                )));
            }
            return Ok(Validity::NONE);
        }
        let validity = Validity { bits: pointer, offset: self.offset };
        if let Ok(said) = usize::try_from(self.array.null_count) {
            let nulls = (0..self.length).filter(|&row| validity.is_null(row)).count();
            if nulls != said {
                return Err(Error::value(format!(
                    "{what} says that {said} rows are null, and marks {nulls}"
                )));
            }
        }
        Ok(validity)
    }
}

/// No column has as many buffers of text.
const MOST_BUFFERS: usize = 1 << 24;

/// A bitmap of the rows that are there; without one all are.
#[derive(Clone, Copy)]
pub(crate) struct Validity {
    bits: *const u8,
    offset: usize,
}

impl Validity {
    /// Of an array that has no bitmap.
    pub(crate) const NONE: Self = Self { bits: std::ptr::null(), offset: 0 };

    /// Whether a row below the array's length is null.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        if self.bits.is_null() {
            return false;
        }
        let bit = self.offset + row;
        // SAFETY: the interface: a bit for each row from the buffer's beginning on, and the row is
        // one of the array's.
        let byte = unsafe { *self.bits.add(bit / 8) };
        byte >> (bit % 8) & 1 == 0
    }
}

/// Element `place` of a buffer of numbers, aligned or not.
///
/// # Safety
/// The buffer has more than `place` elements of this size, of a type for which any bytes will do.
pub(crate) unsafe fn element<T: Copy>(buffer: *const u8, place: usize) -> T {
    // SAFETY: the caller vouches for it.
    unsafe { buffer.cast::<T>().add(place).read_unaligned() }
}
