//! A file's bytes in private memory of large pages.
//!
//! Rows lie anywhere in a matrix, so that with pages of 4 kB the processor mostly has to find out where
//! a row's page is before it can read it. `m2v-fast bench --kernels` has a row for what pages of 2 MB
//! gain; the page caches of files hold such pages only on some systems.

use std::fs::File;
use std::io::{self, Read};

use memmap2::MmapMut;

/// The size of a large page.
const LARGE: usize = 2 << 20;
/// What the numbers of a safetensors file are to begin at a multiple of: a cache line.
const LINE: usize = 64;

/// The bytes of a safetensors file, so that its numbers begin at a cache line.
#[derive(Debug)]
pub(crate) struct LargePages {
    map: MmapMut,
    start: usize,
    len: usize,
}

impl LargePages {
    /// Reads a file to its end.
    pub(crate) fn read(mut file: &File) -> io::Result<Self> {
        let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let room = len.checked_add(LARGE + LINE).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut map = MmapMut::map_anon(room)?;
        // Where a system has none, or gives none, the pages are small and all else is the same.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        let mut header = [0; 8];
        let known = header.len().min(len);
        file.read_exact(&mut header[..known])?;
        // Numbers begin behind the eight bytes of the header's length and the header.
        let numbers = u64::from_le_bytes(header).wrapping_add(8) as usize;
        let start = map.as_ptr().align_offset(LARGE) + (LINE - numbers % LINE) % LINE;
        let bytes = &mut map[start..start + len];
        bytes[..known].copy_from_slice(&header[..known]);
        file.read_exact(&mut bytes[known..])?;
        Ok(Self { map, start, len })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn files_of_any_length_come_whole_and_their_numbers_on_a_line() {
        for len in [0, 1, 7, 8, 9, 63, 64, 100, 5000, LARGE - 1, LARGE + 65] {
            for header in [0_u64, 1, 55, 56, 57, 1000, u64::MAX] {
                let mut content: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
                let known = len.min(8);
                content[..known].copy_from_slice(&header.to_le_bytes()[..known]);
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&content).unwrap();
                io::Seek::rewind(&mut file).unwrap();
                let large = LargePages::read(&file).unwrap();
                assert!(large.bytes() == content, "{len} {header}");
                if len >= 8 && header < 2000 {
                    let numbers = large.bytes().as_ptr().addr() + 8 + header as usize;
                    assert!(numbers.is_multiple_of(LINE), "{len} {header}");
                }
            }
        }
    }
}
