//! The rows of an array of strings, one by one, each checked before it is lent.

use crate::array::{Checked, Validity, element};
use crate::error::{Error, Result};
use crate::format::Strings;
use crate::texts::ArrowText;

/// An array of strings.
pub(crate) struct Reader<'a> {
    array: Checked<'a>,
    validity: Validity,
    kind: Kind,
}

enum Kind {
    Null,
    Offsets32 { offsets: *const u8, values: *const u8 },
    Offsets64 { offsets: *const u8, values: *const u8 },
    Views { views: *const u8, buffers: Vec<(*const u8, usize)> },
}

/// A view's text is in the view itself if it has no more bytes than this.
const INLINE: usize = 12;

/// What cannot be lent, and why.
type Problem = String;

impl<'a> Reader<'a> {
    /// Looks at the array's buffers, as far as that goes without looking at rows.
    pub(crate) fn new(array: Checked<'a>, strings: Strings, what: &str) -> Result<Self> {
        let mut validity = Validity::NONE;
        let kind = match strings {
            Strings::Null => {
                // None by the interface; with one, which is not there, by Polars.
                if array.buffer_count() > 1 {
                    array.needs_buffers(0, what)?;
                }
                Kind::Null
            }
            Strings::Utf8 | Strings::LargeUtf8 => {
                array.needs_buffers(3, what)?;
                let (offsets, values) = (array.needed(1, what)?, array.buffer(2));
                validity = array.validity(what)?;
                if strings == Strings::Utf8 {
                    Kind::Offsets32 { offsets, values }
                } else {
                    Kind::Offsets64 { offsets, values }
                }
            }
            Strings::View => {
                let Some(variadic) = array.buffer_count().checked_sub(3) else {
                    return Err(Error::value(format!(
                        "{what} has {} Arrow buffers; its type has at least 3",
                        array.buffer_count()
                    )));
                };
                let views = array.needed(1, what)?;
                let buffers = view_buffers(&array, variadic, what)?;
                validity = array.validity(what)?;
                Kind::Views { views, buffers }
            }
        };
        Ok(Self { array, validity, kind })
    }

    /// The text of a row below the array's length; nothing if it is null.
    pub(crate) fn get(&self, row: usize) -> Result<Option<ArrowText>, Problem> {
        debug_assert!(row < self.array.length);
        let place = self.array.offset + row;
        match self.kind {
            Kind::Null => Ok(None),
            Kind::Offsets32 { offsets, values } => {
                // SAFETY: the interface: one offset more than there are rows, from the buffer's
                // beginning on.
                let (start, end): (i32, i32) =
                    unsafe { (element(offsets, place), element(offsets, place + 1)) };
                self.between(values, start.into(), end.into(), row)
            }
            Kind::Offsets64 { offsets, values } => {
                // SAFETY: as above.
                let (start, end): (i64, i64) =
                    unsafe { (element(offsets, place), element(offsets, place + 1)) };
                self.between(values, start, end, row)
            }
            Kind::Views { views, ref buffers } => {
                if self.validity.is_null(row) {
                    return Ok(None);
                }
                // SAFETY: the interface: a view for each row, from the buffer's beginning on.
                unsafe { view(views.add(place * 16), buffers) }.map(Some)
            }
        }
    }

    /// The bytes between two offsets, which must be in order in null rows, too.
    fn between(
        &self,
        values: *const u8,
        start: i64,
        end: i64,
        row: usize,
    ) -> Result<Option<ArrowText>, Problem> {
        let (Ok(first), Ok(last)) = (usize::try_from(start), usize::try_from(end)) else {
            return Err(format!("its offsets are {start} and {end}"));
        };
        let Some(len) = last.checked_sub(first).filter(|_| last <= isize::MAX as usize) else {
            return Err(format!("its offsets are {start} and {end}, which is no range"));
        };
        if self.validity.is_null(row) {
            return Ok(None);
        }
        if values.is_null() {
            if len > 0 {
                return Err("the buffer of its text is missing".to_owned());
            }
            // SAFETY: no bytes.
            return Ok(Some(unsafe { ArrowText::new(values, 0) }));
        }
        // SAFETY: the interface: the buffer has as many bytes as the last offset says, and offsets
        // do not decrease, which was looked at for this row; the array that it belongs to is held
        // by the column that lends the text.
        Ok(Some(unsafe { ArrowText::new(values.add(first), len) }))
    }
}

/// The buffers that long texts are in, with their sizes, which come in a buffer of their own.
fn view_buffers(
    array: &Checked<'_>,
    variadic: usize,
    what: &str,
) -> Result<Vec<(*const u8, usize)>> {
    let sizes = array.buffer(2 + variadic);
    if sizes.is_null() && variadic > 0 {
        return Err(Error::value(format!("{what}: the sizes of its Arrow buffers are missing")));
    }
    let mut buffers = Vec::with_capacity(variadic);
    for place in 0..variadic {
        // SAFETY: the interface: as many sizes as there are buffers beyond the three.
        let size: i64 = unsafe { element(sizes, place) };
        let pointer = array.buffer(2 + place);
        let size = usize::try_from(size)
            .ok()
            .filter(|&size| size <= isize::MAX as usize && (size == 0 || !pointer.is_null()));
        let Some(size) = size else {
            return Err(Error::value(format!(
                "{what}: buffer {place} of its texts is missing or its size is wrong"
            )));
        };
        buffers.push((pointer, size));
    }
    Ok(buffers)
}

/// The text of a view.
///
/// # Safety
/// Sixteen bytes can be read at `view`, and each of `buffers` has as many bytes as it says.
unsafe fn view(view: *const u8, buffers: &[(*const u8, usize)]) -> Result<ArrowText, Problem> {
    // SAFETY (of the blocks below): the caller vouches for the sixteen bytes.
    // SAFETY: see above.
    let len: i32 = unsafe { element(view, 0) };
    let Ok(len) = usize::try_from(len) else {
        return Err(format!("its view says that it has {len} bytes"));
    };
    if len <= INLINE {
        // SAFETY: the text is within the sixteen bytes.
        return Ok(unsafe { ArrowText::new(view.add(4), len) });
    }
    // SAFETY: see above.
    let (buffer, offset): (i32, i32) = unsafe { (element(view, 2), element(view, 3)) };
    let found = usize::try_from(buffer).ok().and_then(|buffer| buffers.get(buffer));
    let Some(&(start, size)) = found else {
        return Err(format!("its view is into buffer {buffer} of {}", buffers.len()));
    };
    let Some(first) = usize::try_from(offset).ok().filter(|&first| first <= size) else {
        return Err(format!("its view begins at byte {offset} of {size}"));
    };
    if len > size - first {
        return Err(format!("its view is of {len} bytes from byte {offset} on, of {size}"));
    }
    // SAFETY: the range was compared with the buffer's size.
    Ok(unsafe { ArrowText::new(start.add(first), len) })
}
