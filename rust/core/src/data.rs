//! Bytes that a model lives on: a file's, mapped or read, or the caller's.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
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
        if !memory_map {
            return read(path).map(Self::Read);
        }
        let file = open(path)?;
        // SAFETY: the mapping is read-only and private to this value. If another process writes to
        // the file, bytes change under us, which every reader tolerates: rows are read as plain
        // numbers, of which any bytes are valid; the header, `mapping`, `weights` and text are
        // copied before they are checked. If the file is truncated while mapped, the operating
        // system ends the process on the next read beyond its end; that is documented, with
        // `memory_map = false` as the way out.
        let mapped = unsafe { Mmap::map(&file) }.map_err(|source| Error::io(path, source))?;
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

/// Opens a file. Anything else is refused before it is opened: a pipe would make the call wait for
/// ever, and a device may never end.
fn open(path: &Path) -> Result<File> {
    let failed = |source| Error::io(path, source);
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(Error::malformed(path, "a folder stands where a file is expected"));
    }
    if !kind.is_file() {
        return Err(Error::malformed(path, "not a file but a pipe, a socket or a device"));
    }
    File::open(path).map_err(failed)
}

/// The whole of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::io(path, source);
    let mut file = open(path)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The whole of a file of JSON, which may not begin with a byte order mark: the reference takes
/// none, and the parser would only find that something is wrong with the first character.
pub(crate) fn read_json(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        let problem = "begins with a byte order mark, which JSON has none of; save it without";
        return Err(Error::malformed(path, problem));
    }
    Ok(bytes)
}
