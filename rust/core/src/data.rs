//! Bytes that a model lives on: a file's, mapped or read, or the caller's.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memmap2::Mmap;

use crate::error::{Error, Result};
use crate::large_pages::LargePages;

/// What to say of a file that is not what it was when the model was loaded.
pub(crate) const CHANGED: &str = "was rewritten in place since the model was loaded: load the model \
    again (and with memory_map=False, in Rust memory_map(false), if other programs write to its files)";

/// Bytes that live as long as the model.
pub(crate) enum Data {
    Mapped { map: Mmap, path: PathBuf, stamp: Stamp },
    Read(Vec<u8>),
    Large(LargePages),
    Shared(Box<dyn AsRef<[u8]> + Send + Sync>),
}

/// What tells whether a file was written to since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    /// Which file of the system it is, where that can be said.
    inode: (u64, u64),
}

impl Stamp {
    fn of(file: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let inode = {
            use std::os::unix::fs::MetadataExt;
            (file.dev(), file.ino())
        };
        #[cfg(not(unix))]
        let inode = (0, 0);
        Self { len: file.len(), modified: file.modified().ok(), inode }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Mapped { .. } => "mapped",
            Self::Read(_) => "read",
            Self::Large(_) => "in large pages",
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
        check_pointer(path, &mapped)?;
        let stamp = Stamp::of(&file.metadata().map_err(|source| Error::io(path, source))?);
        Ok(Self::Mapped { map: mapped, path: path.to_owned(), stamp })
    }

    /// The same, read into memory of large pages.
    pub(crate) fn open_large(path: &Path) -> Result<Self> {
        let large = LargePages::read(&open(path)?).map_err(|source| Error::io(path, source))?;
        check_pointer(path, large.bytes())?;
        Ok(Self::Large(large))
    }

    /// Fails if the file was written to in place since it was opened, so that these bytes are not
    /// those that were loaded any more. A file that was replaced or removed is mapped as it was.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let Self::Mapped { path, stamp, .. } = self else { return Ok(()) };
        let Ok(now) = fs::metadata(path) else { return Ok(()) };
        let now = Stamp::of(&now);
        if now.inode == stamp.inode && now != *stamp {
            return Err(Error::malformed(path, CHANGED));
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped { map, .. } => map,
            Self::Read(bytes) => bytes,
            Self::Large(pages) => pages.bytes(),
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
    check_pointer(path, &bytes)?;
    Ok(bytes)
}

/// Refuses what Git leaves in the place of a large file that was not fetched.
pub(crate) fn check_pointer(path: &Path, bytes: &[u8]) -> Result<()> {
    if bytes.len() < 1024 && bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        let problem = "is a Git LFS pointer and not the file itself: run `git lfs pull` in its \
            repository to get that";
        return Err(Error::malformed(path, problem));
    }
    Ok(())
}

/// The whole of a file of JSON.
pub(crate) fn read_json(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path)?;
    check_mark(path, &bytes)?;
    Ok(bytes)
}

/// Refuses a byte order mark, with which JSON may not begin: the reference takes none, and the parser
/// would only find that something is wrong with the first character.
pub(crate) fn check_mark(path: &Path, json: &[u8]) -> Result<()> {
    if json.starts_with(b"\xef\xbb\xbf") {
        let problem = "begins with a byte order mark, which JSON has none of; save it without";
        return Err(Error::malformed(path, problem));
    }
    Ok(())
}
