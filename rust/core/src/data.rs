//! Bytes that a model lives on: a file's, mapped or read, or the caller's.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// Bytes that live as long as the model.
pub(crate) enum Data {
    Mapped(Mmap),
    Read(Vec<u8>),
    Shared(Box<dyn AsRef<[u8]> + Send + Sync>),
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Mapped(_) => "mapped",
            Self::Read(_) => "read",
            Self::Shared(_) => "shared",
        };
        write!(f, "{kind}, {} bytes", self.bytes().len())
    }
}

impl Data {
    pub(crate) fn open(path: &Path, memory_map: bool) -> Result<Self> {
        let failed = |source| Error::io(path, source);
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(Error::malformed(path, "a folder stands where a file is expected"));
        }
        if !memory_map {
            return fs::read(path).map(Self::Read).map_err(failed);
        }
        // SAFETY: the mapping is read-only and private to this value. If another process writes to
        // the file, bytes change under us, which every reader tolerates: rows are read as plain
        // numbers, of which any bytes are valid; the header, `mapping` and `weights` were copied
        // when they were checked; text is checked each time it is shown. If the file is truncated while mapped, the
        // operating system ends the process on the next read beyond its end; that is documented,
        // with `memory_map = false` as the way out.
        let mapped = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Ok(Self::Mapped(mapped))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
            Self::Shared(bytes) => (**bytes).as_ref(),
        }
    }
}
