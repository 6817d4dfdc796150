//! The format of an index: a header, then sections, each at a multiple of 64 bytes.
//!
//! | bytes | |
//! |---|---|
//! | 0..8 | magic |
//! | 8..12 | format, little-endian as all numbers |
//! | 12..16 | number of sections |
//! | 16..48 | hash of the tokenizer.json |
//! | 48..64 | checksum of all that follows |
//! | 64.. | start and length in bytes of each section, 8 bytes each |

use std::io;
use std::sync::Arc;

use memmap2::Mmap;
use xxhash_rust::xxh3::Xxh3;

use super::Key;
use super::store::{Plain, Store};

/// Part of the file's name and of its header. To be raised whenever sections, their meaning, or
/// what is derived from a tokenizer.json changes.
pub(in crate::tokenize) const FORMAT: u32 = 3;

const MAGIC: &[u8; 8] = b"m2vindex";
const HASHED: usize = 64;
const ALIGN: usize = 64;
/// More sections than any index has.
const MOST_SECTIONS: usize = 64;

/// The length of a header of so many sections, and so the start of the first of them.
fn header(sections: usize) -> usize {
    (HASHED + 16 * sections).next_multiple_of(ALIGN)
}

/// What is stored.
pub(in crate::tokenize) type Sections<'a> = [&'a [u8]];

/// An index that was opened, and is whole.
#[derive(Debug)]
pub(in crate::tokenize) struct Parts {
    map: Arc<Mmap>,
    /// Start and length in bytes.
    places: Vec<(usize, usize)>,
}

impl Parts {
    /// Checks a file: `None` unless it is an index for this key, to the last bit.
    pub(super) fn open(map: Arc<Mmap>, key: Key) -> Option<Self> {
        let fixed = map.get(..HASHED)?;
        let expected = [&MAGIC[..], &FORMAT.to_le_bytes()].concat();
        let count = u32::from_le_bytes(*fixed[12..].first_chunk()?) as usize;
        if fixed[..12] != expected
            || count > MOST_SECTIONS
            || fixed[16..48] != key.0
            || fixed[48..] != checksum(&[&map[HASHED..]])
        {
            return None;
        }
        let (words, _) = map.get(HASHED..header(count))?.as_chunks::<8>();
        let number = |at: usize| usize::try_from(u64::from_le_bytes(*words.get(at)?)).ok();
        let mut places = Vec::with_capacity(count);
        for at in 0..count {
            let (start, len) = (number(2 * at)?, number(2 * at + 1)?);
            map.get(start..start.checked_add(len)?)?;
            places.push((start, len));
        }
        Some(Self { map, places })
    }

    /// The values of a section.
    pub(in crate::tokenize) fn section<T: Plain>(&self, section: usize) -> Option<Store<T>> {
        let &(start, len) = self.places.get(section)?;
        Store::mapped(&self.map, start, len)
    }
}

fn checksum(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.digest128().to_le_bytes()
}

/// Writes an index piece by piece.
pub(super) fn write(
    key: Key,
    sections: &Sections<'_>,
    mut put: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    if cfg!(target_endian = "big") {
        return Err(io::ErrorKind::Unsupported.into());
    }
    const PADDING: [u8; ALIGN] = [0; ALIGN];
    let padding = |len: usize| &PADDING[..len.next_multiple_of(ALIGN) - len];
    let mut table = Vec::new();
    let first = header(sections.len());
    let mut start = first;
    for section in sections {
        table.extend_from_slice(&(start as u64).to_le_bytes());
        table.extend_from_slice(&(section.len() as u64).to_le_bytes());
        start += section.len().next_multiple_of(ALIGN);
    }
    table.resize(first - HASHED, 0);
    let mut body = vec![table.as_slice()];
    for section in sections {
        body.extend([section, padding(section.len())]);
    }
    let count = (sections.len() as u32).to_le_bytes();
    put(&[&MAGIC[..], &FORMAT.to_le_bytes(), &count, &key.0, &checksum(&body)].concat())?;
    body.into_iter().try_for_each(put)
}
