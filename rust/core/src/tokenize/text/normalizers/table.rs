//! What becomes of characters, learnt one at a time.

use unicode_segmentation::UnicodeSegmentation;

/// What becomes of one character: `offset << 8 | length` in the pool, perhaps with flags, or one of
/// these.
pub(super) type Entry = u32;
pub(super) const UNKNOWN: Entry = u32::MAX;
/// Depends on its neighbours.
pub(super) const SLOW: Entry = u32::MAX - 1;
/// Stays as it is.
pub(super) const SAME: Entry = u32::MAX - 2;
/// Flag: not plain, but so long that between other long characters it becomes what it becomes alone,
/// as every mark of Thai, Hindi or Bengali does (`Fused::is_long`).
pub(super) const LONG: Entry = 1 << 28;
/// Flag of those: what comes behind it may have to be known.
pub(super) const LONG_OPEN: Entry = 1 << 29;
/// Replacements are kept up to here; beyond, characters take the slow way.
const POOL: usize = 1 << 20;
/// Characters whose closing is kept: it is asked of every unit with a mark in it, and to work it out
/// takes longer than the rest of the unit.
const CLOSING: usize = 128;

/// What characters become, learnt one at a time.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Page of each 64 scalars, from 1.
    index: Vec<u16>,
    pages: Vec<[Entry; 64]>,
    pool: Vec<u8>,
    /// What [`closes`] said of characters, by the low bits of their codes.
    closing: Vec<(char, bool)>,
}

impl Table {
    #[inline]
    pub(super) fn get(&self, c: char) -> Entry {
        let code = c as usize;
        match self.index.get(code >> 6).map(|&page| self.pages.get(usize::from(page))) {
            Some(Some(page)) => page[code & 63],
            _ => UNKNOWN,
        }
    }

    pub(super) fn set(&mut self, c: char, entry: Entry) {
        let code = c as usize;
        if self.index.is_empty() {
            self.index.resize(0x11_0000 >> 6, 0);
            self.pages.push([UNKNOWN; 64]);
        }
        let page = &mut self.index[code >> 6];
        if *page == 0 {
            *page = self.pages.len() as u16;
            self.pages.push([UNKNOWN; 64]);
        }
        self.pages[usize::from(*page)][code & 63] = entry;
    }

    /// The entry of a replacement of at most 255 bytes, if there is room for it.
    pub(super) fn keep(&mut self, text: &str) -> Option<Entry> {
        let (start, len) = (self.pool.len(), u8::try_from(text.len()).ok()?);
        if start + usize::from(len) >= POOL {
            return None;
        }
        self.pool.extend_from_slice(text.as_bytes());
        Some((start << 8) as Entry | Entry::from(len))
    }

    /// What [`closes`] says, kept for the next time.
    pub(super) fn closes(&mut self, last: char) -> bool {
        if self.closing.is_empty() {
            self.closing.resize(CLOSING, ('a', true));
        }
        let known = &mut self.closing[last as usize % CLOSING];
        if known.0 != last {
            *known = (last, closes(last));
        }
        known.1
    }

    pub(super) fn text(&self, entry: Entry) -> &[u8] {
        let (start, len) = ((entry >> 8) as usize & (POOL - 1), (entry & 0xff) as usize);
        &self.pool[start..start + len]
    }
}

/// Whether a cluster ends behind this character wherever plain ones follow.
fn closes(last: char) -> bool {
    let apart = |text: String| text.graphemes(true).nth(1).is_some();
    apart(format!("{last} "))
        && apart(format!("{last}\n"))
        && apart(format!("\u{1f469}{last}\u{1f469}"))
        && apart(format!("\u{915}{last}\u{915}"))
}
