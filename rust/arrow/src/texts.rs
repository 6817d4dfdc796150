//! A text where its producer has it.

use std::ptr::NonNull;

use m2v_fast::{Error, Text};

/// Bytes in a producer's buffer, not yet known to be UTF-8: that is looked at by whoever encodes
/// them, so by all threads.
///
/// Whoever holds one holds the array that the buffer belongs to: see [`crate::Column`].
#[derive(Debug, Clone, Copy)]
pub struct ArrowText {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the bytes are in a buffer of an exported array, which is immutable as long as it is not
// released; texts are lent by the column that owns it, and not beyond its life.
unsafe impl Send for ArrowText {}
// SAFETY: as above.
unsafe impl Sync for ArrowText {}

impl ArrowText {
    /// # Safety
    /// As many bytes as `len` says can be read at `start`, until nothing uses the text any more. It
    /// may be null if there are none.
    pub(crate) unsafe fn new(start: *const u8, len: usize) -> Self {
        let start = NonNull::new(start.cast_mut()).unwrap_or(NonNull::dangling());
        Self { start, len }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `new`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    fn text(&self) -> m2v_fast::Result<&str> {
        let bytes = self.bytes();
        // Most are, and short ones are known to be in less time than it takes to begin with the other.
        if bytes.is_ascii() {
            // SAFETY: just looked at.
            return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
        }
        simdutf8::basic::from_utf8(bytes).map_err(|_| {
            let place = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
            Error::text(format!("it is not UTF-8 at byte {place}"))
        })
    }
}

impl Text for ArrowText {
    fn prefix<'a>(
        &'a self,
        limit: Option<usize>,
        buffer: &'a mut String,
    ) -> m2v_fast::Result<&'a str> {
        let text = self.text()?;
        // What remains is to cut it, as any other text.
        let Some(limit) = limit else { return Ok(text) };
        let _ = buffer;
        if text.len() <= limit {
            return Ok(text);
        }
        Ok(text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end]))
    }

    fn is_longer(&self, limit: usize) -> bool {
        // Bytes that begin a code point.
        let starts = self.bytes().iter().filter(|&&byte| byte & 0xc0 != 0x80);
        self.len > limit && starts.take(limit.saturating_add(1)).count() > limit
    }

    fn size(&self) -> usize {
        self.len
    }
}
