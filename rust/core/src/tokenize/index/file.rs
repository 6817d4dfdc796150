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
pub(super) const FORMAT: u32 = 2;

const MAGIC: &[u8; 8] = b"m2vindex";
const HASHED: usize = 64;
const ALIGN: usize = 64;
pub(in crate::tokenize) const SECTIONS: usize = 5;
const HEADER: usize = (HASHED + 16 * SECTIONS).next_multiple_of(ALIGN);

/// What is stored.
pub(in crate::tokenize) type Sections<'a> = [&'a [u8]; SECTIONS];

/// An index that was opened, and is whole.
#[derive(Debug)]
pub(in crate::tokenize) struct Parts {
    map: Arc<Mmap>,
    /// Start and length in bytes.
    places: [(usize, usize); SECTIONS],
}

impl Parts {
    /// Checks a file: `None` unless it is an index for this key, to the last bit.
    pub(super) fn open(map: Arc<Mmap>, key: Key) -> Option<Self> {
        let (header, _) = map.split_at_checked(HEADER)?;
        let count = (SECTIONS as u32).to_le_bytes();
        let expected = [&MAGIC[..], &FORMAT.to_le_bytes(), &count, &key.0].concat();
        if header[..48] != expected || header[48..HASHED] != checksum(&[&map[HASHED..]]) {
            return None;
        }
        let mut places = [(0, 0); SECTIONS];
        let (words, _) = header[HASHED..].as_chunks::<8>();
        let number = |at: usize| usize::try_from(u64::from_le_bytes(*words.get(at)?)).ok();
        for (at, place) in places.iter_mut().enumerate() {
            let (start, len) = (number(2 * at)?, number(2 * at + 1)?);
            map.get(start..start.checked_add(len)?)?;
            *place = (start, len);
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
    let mut start = HEADER;
    for section in sections {
        table.extend_from_slice(&(start as u64).to_le_bytes());
        table.extend_from_slice(&(section.len() as u64).to_le_bytes());
        start += section.len().next_multiple_of(ALIGN);
    }
    table.resize(HEADER - HASHED, 0);
    let mut body = vec![table.as_slice()];
    for section in sections {
        body.extend([section, padding(section.len())]);
    }
    let count = (SECTIONS as u32).to_le_bytes();
    put(&[&MAGIC[..], &FORMAT.to_le_bytes(), &count, &key.0, &checksum(&body)].concat())?;
    body.into_iter().try_for_each(put)
}
