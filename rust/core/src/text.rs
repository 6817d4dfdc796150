//! Texts as callers hold them.

use crate::error::Result;

/// A text that can show its beginning as UTF-8.
///
/// Implemented for strings here, and by the Python binding for Python's own representations: the
/// part of a text beyond what an encoding keeps is never looked at, let alone converted.
pub trait Text {
    /// The first `limit` code points (all without a limit) as UTF-8: borrowed where the text is
    /// UTF-8 already, else written to `buffer`.
    fn prefix<'a>(&'a self, limit: Option<usize>, buffer: &'a mut String) -> Result<&'a str>;

    /// Whether it has more than this many code points.
    fn is_longer(&self, limit: usize) -> bool;

    /// About how many bytes the text has; only used to share out work.
    fn size(&self) -> usize;
}

impl<T: AsRef<str>> Text for T {
    fn prefix<'a>(&'a self, limit: Option<usize>, _buffer: &'a mut String) -> Result<&'a str> {
        let text = self.as_ref();
        Ok(match limit {
            // A code point takes at least one byte.
            Some(limit) if text.len() > limit => {
                text.char_indices().nth(limit).map_or(text, |(end, _)| &text[..end])
            }
            _ => text,
        })
    }

    fn is_longer(&self, limit: usize) -> bool {
        let text = self.as_ref();
        text.len() > limit && text.chars().nth(limit).is_some()
    }

    fn size(&self) -> usize {
        self.as_ref().len()
    }
}
