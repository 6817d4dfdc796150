//! Arrays that are either our own or lie in a mapped file.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::Mmap;

/// Values that any bytes are a valid one of, stored as they are in memory on little-endian
/// machines.
///
/// # Safety
/// The type must have no padding and no bit pattern that it forbids.
pub(in crate::tokenize) unsafe trait Plain: Copy + 'static {}

// SAFETY: an integer is all its bits.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: an array is its items, without gaps.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// A read-only array.
pub(in crate::tokenize) enum Store<T: 'static> {
    Owned(Vec<T>),
    Mapped(Mapped),
}

/// Part of a mapped file, checked to lie within it, and aligned.
pub(in crate::tokenize) struct Mapped {
    map: Arc<Mmap>,
    start: usize,
    /// In values.
    len: usize,
}

impl<T> From<Vec<T>> for Store<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Owned(values)
    }
}

impl<T: Plain> Store<T> {
    /// The values in a range of bytes of a map; `None` if it is not all there, or not aligned.
    pub(in crate::tokenize) fn mapped(map: &Arc<Mmap>, start: usize, bytes: usize) -> Option<Self> {
        let part = map.get(start..start.checked_add(bytes)?)?;
        let whole = bytes.is_multiple_of(size_of::<T>())
            && part.as_ptr().addr().is_multiple_of(align_of::<T>())
            && cfg!(target_endian = "little");
        whole.then(|| {
            Self::Mapped(Mapped { map: Arc::clone(map), start, len: bytes / size_of::<T>() })
        })
    }
}

/// The bytes of values, as they are stored.
pub(in crate::tokenize) fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: `Plain` values have no padding, so all their bytes may be read.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

impl<T> Deref for Store<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            Self::Mapped(Mapped { map, start, len }) => {
                // SAFETY: only `mapped` makes this variant: the range lies within the map, which
                // lives as long as we do, it is aligned, and any bytes are values of the type. If
                // another process writes into the file, values change, and no use of them relies
                // on their being what they were.
                unsafe { std::slice::from_raw_parts(map.as_ptr().add(*start).cast(), *len) }
            }
        }
    }
}

impl<T> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.len())
    }
}
