//! Where CPython keeps the characters of a `str`.
//!
//! CPython stores a string as an array of 1, 2 or 4 bytes a character. Reading that array in place
//! costs nothing; the stable ABI only offers conversions, and the one that gives a pointer leaves a
//! UTF-8 copy of every non-ASCII text inside the string for the string's lifetime.
//!
//! An interpreter-specific build (free-threaded 3.14) asks PyO3's definitions. A stable-ABI build
//! knows the layouts of the released CPython versions, and before it uses one it checks it, when
//! the module is imported, against strings of every kind. Any other interpreter, and any string
//! that is not in the compact form (instances of subclasses, for one), takes the conversion.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// The characters of a string as they lie in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Characters {
    Ascii(*const u8, usize),
    Latin1(*const u8, usize),
    Ucs2(*const u16, usize),
    Ucs4(*const u32, usize),
}

impl Characters {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Ascii(_, len) | Self::Latin1(_, len) => len,
            Self::Ucs2(_, len) => len,
            Self::Ucs4(_, len) => len,
        }
    }
}

pub(crate) use implementation::{characters, describe};

#[cfg(not(Py_LIMITED_API))]
mod implementation {
    use super::*;
    use pyo3::ffi;

    /// The characters of `text`; they stay where they are, unchanged, as long as it lives.
    pub(crate) fn characters(text: &Bound<'_, PyString>) -> Option<Characters> {
        let object = text.as_ptr();
        // SAFETY: `object` is a live str; strings are immutable, and kind, length and data are read
        // as CPython's own macros read them.
        unsafe {
            let len = usize::try_from(ffi::PyUnicode_GET_LENGTH(object)).ok()?;
            let data = ffi::PyUnicode_DATA(object);
            Some(match ffi::PyUnicode_KIND(object) {
                ffi::PyUnicode_1BYTE_KIND if ffi::PyUnicode_IS_ASCII(object) != 0 => {
                    Characters::Ascii(data.cast(), len)
                }
                ffi::PyUnicode_1BYTE_KIND => Characters::Latin1(data.cast(), len),
                ffi::PyUnicode_2BYTE_KIND => Characters::Ucs2(data.cast(), len),
                ffi::PyUnicode_4BYTE_KIND => Characters::Ucs4(data.cast(), len),
                _ => return None,
            })
        }
    }

    /// How strings are read, for diagnostics.
    pub(crate) fn describe(_py: Python<'_>) -> &'static str {
        "in place"
    }
}

#[cfg(Py_LIMITED_API)]
mod implementation {
    use super::*;
    use pyo3::sync::PyOnceLock;

    /// What every string object has behind what every object has, in all supported versions.
    #[repr(C)]
    struct Head {
        length: isize,
        _hash: isize,
        state: u32,
    }

    /// What differs between versions and builds of CPython.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Layout {
        /// Size of what every object has.
        object: usize,
        /// Lowest bit of the 3-bit kind in the state; then follow one bit each: compact, ascii.
        kind_bit: u32,
        /// Where the characters of a compact ASCII string start.
        ascii_data: usize,
        /// Where those of any other compact string start.
        other_data: usize,
    }

    const WORD: usize = size_of::<usize>();

    /// Until 3.11, with the `wstr` members that PEP 623 removed.
    const WITH_WSTR: Layout =
        Layout { object: 2 * WORD, kind_bit: 2, ascii_data: 6 * WORD, other_data: 9 * WORD };
    /// 3.12, 3.13 and 3.15; and 3.14.8, which was looked at.
    const WITHOUT_WSTR: Layout = Layout { ascii_data: 5 * WORD, other_data: 7 * WORD, ..WITH_WSTR };
    /// Other states of 3.14, where the interned state takes two bytes.
    const WIDE_INTERNED: Layout = Layout { kind_bit: 16, ..WITHOUT_WSTR };
    /// 3.15 without the interpreter's lock: objects know their thread, and the interned state,
    /// which is read atomically, takes a byte.
    const FREE_THREADED: Layout =
        Layout { object: 4 * WORD, kind_bit: 8, ascii_data: 7 * WORD, other_data: 9 * WORD };

    static LAYOUT: PyOnceLock<Option<Layout>> = PyOnceLock::new();

    /// The characters of `text`; they stay where they are, unchanged, as long as it lives. Nothing
    /// where this interpreter's layout is not known or this string is not compact.
    #[inline]
    pub(crate) fn characters(text: &Bound<'_, PyString>) -> Option<Characters> {
        let layout = (*LAYOUT.get(text.py())?)?;
        // SAFETY: the layout was checked on this interpreter in `find`, and `text` is alive.
        unsafe { read(text, layout) }
    }

    /// How strings are read, for diagnostics. Finds out on the first call, at import.
    pub(crate) fn describe(py: Python<'_>) -> &'static str {
        match LAYOUT.get_or_init(py, || find(py)) {
            Some(_) => "in place",
            None => "converted",
        }
    }

    /// # Safety
    /// Strings of this interpreter have the given layout, or are at least 64 bytes of characters
    /// long (as those of `find` are), so that a wrong layout still reads inside the object.
    #[inline]
    unsafe fn read(text: &Bound<'_, PyString>, layout: Layout) -> Option<Characters> {
        let object = text.as_ptr().cast::<u8>();
        // SAFETY: behind what every object has, a string object has the members of `Head`.
        let (state, length) = unsafe {
            let head = object.add(layout.object).cast::<Head>();
            ((*head).state, (*head).length)
        };
        let bits = state >> layout.kind_bit;
        let (kind, compact, ascii) = (bits & 7, bits >> 3 & 1 == 1, bits >> 4 & 1 == 1);
        if !compact {
            return None;
        }
        let length = usize::try_from(length).ok()?;
        // SAFETY: in a compact string the characters follow the head at these offsets.
        let (ascii_data, other_data) =
            unsafe { (object.add(layout.ascii_data), object.add(layout.other_data)) };
        match (kind, ascii) {
            (1, true) => Some(Characters::Ascii(ascii_data, length)),
            (1, false) => Some(Characters::Latin1(other_data, length)),
            (2, false) => Some(Characters::Ucs2(other_data.cast(), length)),
            (4, false) => Some(Characters::Ucs4(other_data.cast(), length)),
            _ => None,
        }
    }

    /// The layout that this interpreter's version has, if strings bear it out.
    fn find(py: Python<'_>) -> Option<Layout> {
        let name = py.import("sys").ok()?.getattr("implementation").ok()?.getattr("name").ok()?;
        if name.extract::<String>().ok()? != "cpython" {
            return None;
        }
        let version = py.version_info();
        let layouts: &[Layout] = match (version.major, version.minor, free_threaded(py)) {
            (3, 10..=11, false) => &[WITH_WSTR],
            (3, 12..=13 | 15, false) => &[WITHOUT_WSTR],
            // In this order: two bytes of interned state read as the kind would be none, while what
            // lies behind a state of one byte may be anything.
            (3, 14, false) => &[WITHOUT_WSTR, WIDE_INTERNED],
            (3, 15, true) => &[FREE_THREADED],
            _ => return None,
        };
        layouts.iter().copied().find(|&layout| bears_out(py, layout))
    }

    /// Whether strings of every kind read as they should.
    fn bears_out(py: Python<'_>, layout: Layout) -> bool {
        let samples =
            ["plain ASCII", "Latin-1 \u{e9}", "two bytes \u{4e2d}", "four bytes \u{1f600}"];
        [1, 1, 2, 4].into_iter().zip(samples).all(|(size, sample)| {
            [false, true].into_iter().all(|interned| {
                let text = sample.repeat(64);
                let object =
                    if interned { PyString::intern(py, &text) } else { PyString::new(py, &text) };
                let expected: Vec<u32> = text.chars().map(u32::from).collect();
                // SAFETY: the sample is hundreds of characters long.
                let found = unsafe { read(&object, layout) };
                found.is_some_and(|found| {
                    // SAFETY: the object lives, and the length was compared with the true one
                    // before anything is read.
                    found.len() == expected.len()
                        && unsafe { same(found, size, sample.is_ascii(), &expected) }
                })
            })
        })
    }

    /// Whether this is a build without the interpreter's lock, which loads `abi3t` wheels too.
    fn free_threaded(py: Python<'_>) -> bool {
        let flags = py.import("sys").and_then(|sys| sys.getattr("abiflags"));
        // Not there on Windows before 3.14, and neither is such a wheel.
        flags.and_then(|flags| flags.extract::<String>()).is_ok_and(|flags| flags.contains('t'))
    }

    /// Whether `found` are `size`-byte characters equal to `expected`, one for one.
    ///
    /// # Safety
    /// As many characters as `expected` has, of `size` bytes, can be read.
    unsafe fn same(found: Characters, size: usize, ascii: bool, expected: &[u32]) -> bool {
        let count = expected.len();
        // SAFETY: the caller vouches for the memory; a layout that found another size than the
        // sample's is turned down before it is read.
        unsafe {
            match found {
                Characters::Ascii(data, _) if size == 1 && ascii => {
                    (0..count).all(|i| u32::from(*data.add(i)) == expected[i])
                }
                Characters::Latin1(data, _) if size == 1 && !ascii => {
                    (0..count).all(|i| u32::from(*data.add(i)) == expected[i])
                }
                Characters::Ucs2(data, _) if size == 2 => {
                    (0..count).all(|i| u32::from(data.add(i).read_unaligned()) == expected[i])
                }
                Characters::Ucs4(data, _) if size == 4 => {
                    (0..count).all(|i| data.add(i).read_unaligned() == expected[i])
                }
                _ => false,
            }
        }
    }
}
