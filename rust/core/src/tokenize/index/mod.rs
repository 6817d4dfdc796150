//! Compiled indexes: what a big tokenizer.json is made into, kept for the next time.
//!
//! An index is found by the hash of the tokenizer.json that it was made of, so it is never out of
//! date and never another model's. BLAKE3, because whoever can make two files of one hash could
//! have one model's index used for another; it is also fast enough to be a small part of a load.
//! Whatever is wrong with an index, it is only passed over and made anew: it can neither fail nor
//! change ids. It is written to a temporary file first and then renamed, so that several processes
//! may write at once.

pub(in crate::tokenize) mod arrays;
mod file;
pub(in crate::tokenize) mod store;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use memmap2::{Mmap, MmapMut};

use crate::error::{Error, Result};
use crate::replace::NewFile;

pub(super) use file::{FORMAT, Parts, Sections};

/// Where compiled indexes are looked for and kept. By default nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexOptions {
    /// An index made ahead of time, which is not written to. (Its time of change may be set, once a
    /// day, as a sign that it is in use.)
    pub file: Option<PathBuf>,
    /// A folder of indexes, read and added to. It is made if it is missing; if it cannot be
    /// written, nothing is kept.
    pub folder: Option<PathBuf>,
    /// Map indexes (the default), or read them into memory.
    pub memory_map: bool,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self { file: None, folder: None, memory_map: true }
    }
}

/// What an index is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(json: &[u8]) -> Self {
        Self(*blake3::hash(json).as_bytes())
    }

    /// The name of the index in a folder: of another format or engine, another name.
    fn name(self) -> String {
        let hash: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("tokenizer-{}-{hash}.m2vindex", FORMAT)
    }
}

impl IndexOptions {
    /// The default: no indexes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with an index made ahead of time.
    #[must_use]
    pub fn file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same with a folder of indexes.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The same, with indexes mapped or read.
    #[must_use]
    pub fn memory_map(mut self, memory_map: bool) -> Self {
        self.memory_map = memory_map;
        self
    }

    /// Whether there is anywhere to look.
    pub(super) fn is_off(&self) -> bool {
        self.file.is_none() && self.folder.is_none()
    }

    /// Tries the places where an index may be; `read` makes something of its parts, if it can.
    pub(super) fn find<T>(&self, key: Key, read: impl Fn(Parts) -> Option<T>) -> Option<T> {
        let kept = self.folder.as_ref().map(|folder| folder.join(key.name()));
        self.file.iter().chain(&kept).find_map(|path| {
            // Whatever cannot be read is as good as missing.
            let map = if self.memory_map { map(path) } else { copy(path) };
            read(Parts::open(Arc::new(map.ok()?), key)?)
        })
    }

    /// Keeps an index if there is a folder for it. If that fails, the next load is as slow as this
    /// one, and says why here.
    pub(super) fn keep(&self, key: Key, sections: &Sections<'_>) -> Option<String> {
        let folder = self.folder.as_ref()?;
        let kept = fs::create_dir_all(folder)
            .map_err(|source| Error::write(folder, source))
            .and_then(|()| write(&folder.join(key.name()), key, sections));
        kept.err().map(|error| error.to_string())
    }
}

/// Marks an index as used, at most once a day: a folder that has grown too large is cleaned of
/// those that were not for longest. Whoever may not, does not.
fn touch(file: &File) {
    let now = SystemTime::now();
    let old = |used: SystemTime| now.duration_since(used).is_ok_and(|age| age > DAY);
    if file.metadata().and_then(|there| there.modified()).is_ok_and(old) {
        let _ = file.set_modified(now);
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn map(path: &Path) -> io::Result<Mmap> {
    let file = open(path)?;
    touch(&file);
    // SAFETY: the file is ours and only ever replaced as a whole. Should someone write into it
    // nevertheless, values change under us, which nothing relies on them not to.
    unsafe { Mmap::map(&file) }
}

/// The same, in memory that belongs to no file.
fn copy(path: &Path) -> io::Result<Mmap> {
    let mut file = open(path)?;
    touch(&file);
    let size = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut bytes = MmapMut::map_anon(size)?;
    file.read_exact(&mut bytes)?;
    bytes.make_read_only()
}

/// Opening a pipe would wait for ever.
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)
}

/// Writes an index, whole or not at all.
pub(super) fn write(path: &Path, key: Key, sections: &Sections<'_>) -> Result<()> {
    let mut new = NewFile::create(path)?;
    file::write(key, sections, |bytes| new.write_all(bytes))
        .map_err(|source| Error::write(path, source))?;
    new.commit()
}
