//! What huggingface_hub keeps of the hub: for each repository a folder with
//!
//! - `blobs`: contents, by the hub's name for them;
//! - `snapshots/COMMIT`: the files of a commit, as links to blobs;
//! - `refs`: which commit a branch or tag was at when it was last looked at.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::error::{Error, Result};
use crate::layout::ModelFiles;
use crate::replace::NewFile;

use super::MAIN;

/// The folder of a repository.
#[derive(Debug)]
pub(super) struct Cache(PathBuf);

impl Cache {
    /// Of the model `name`, which is one of the hub's, in the folder of all of them.
    pub(super) fn new(all: &Path, name: &str) -> Self {
        Self(all.join(format!("models--{}", name.replace('/', "--"))))
    }

    /// The model's folder, if the revision is known and the model is whole.
    pub(super) fn find(&self, revision: &str, subfolder: &str) -> Option<PathBuf> {
        if is_commit(revision) {
            return self.whole(revision, subfolder);
        }
        let commit = fs::read_to_string(self.reference(revision)).ok()?;
        let commit = commit.trim();
        if is_commit(commit) { self.whole(commit, subfolder) } else { None }
    }

    /// The newest commit's folder of a whole model where nothing says which one the main branch is at.
    ///
    /// So it is where only the folder of snapshots was brought along, but also where only tags and
    /// commits were asked for: it is to be used when the hub cannot tell, and not in its place.
    pub(super) fn newest(&self, subfolder: &str) -> Option<PathBuf> {
        if self.reference(MAIN).exists() {
            return None;
        }
        let snapshots = fs::read_dir(self.0.join("snapshots")).ok()?.flatten();
        let whole = snapshots.filter_map(|entry| {
            let folder = self.whole(entry.file_name().to_str()?, subfolder)?;
            Some((entry.metadata().ok()?.modified().ok()?, folder))
        });
        whole.max().map(|(_, folder)| folder)
    }

    fn whole(&self, commit: &str, subfolder: &str) -> Option<PathBuf> {
        let folder = self.folder(commit, subfolder);
        ModelFiles::find(&folder).is_ok().then_some(folder)
    }

    fn reference(&self, revision: &str) -> PathBuf {
        self.0.join("refs").join(revision)
    }

    /// The folder of a commit.
    pub(super) fn folder(&self, commit: &str, subfolder: &str) -> PathBuf {
        let folder = self.0.join("snapshots").join(commit);
        if subfolder.is_empty() { folder } else { folder.join(subfolder) }
    }

    /// Whether a file of a commit is there.
    pub(super) fn has(&self, commit: &str, file: &str) -> bool {
        self.folder(commit, file).exists()
    }

    /// Where contents of that name are.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.0.join("blobs").join(etag)
    }

    /// Starts contents of that name.
    pub(super) fn create(&self, etag: &str) -> Result<NewFile> {
        let path = self.blob(etag);
        make_folder_of(&path)?;
        NewFile::create(&path)
    }

    /// Has a file of a commit be the contents of that name, which are there.
    pub(super) fn link(&self, commit: &str, file: &str, etag: &str) -> Result<()> {
        let path = self.folder(commit, file);
        make_folder_of(&path)?;
        let failed = |source| Error::write(&path, source);
        // Out of the commit's folder and that of all snapshots.
        let up = "../".repeat(2 + file.matches('/').count());
        let to = format!("{up}blobs/{etag}");
        // Beside it and then over it: who opens the file finds what was there, or this.
        let folder = path.parent().unwrap_or(Path::new(""));
        let beside = |name: &Path| symlink(Path::new(&to), name);
        match Builder::new().prefix(".m2v-fast-").suffix(".new").make_in(folder, beside) {
            Ok(link) => link.into_temp_path().persist(&path).map_err(|error| failed(error.error)),
            // A system, or a user of one, without links: the file itself, as there.
            Err(error) if cfg!(not(unix)) => {
                fs::rename(self.blob(etag), &path).map_err(|_| failed(error))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Notes where a branch or tag is.
    pub(super) fn point(&self, revision: &str, commit: &str) -> Result<()> {
        if is_commit(revision) {
            return Ok(());
        }
        let path = self.reference(revision);
        // Nothing is written where nothing is new: the folder may not be the user's own.
        if fs::read_to_string(&path).is_ok_and(|known| known.trim() == commit) {
            return Ok(());
        }
        make_folder_of(&path)?;
        let mut file = NewFile::create(&path)?;
        file.write(commit.as_bytes())?;
        file.commit()
    }
}

fn make_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))
}

#[cfg(unix)]
fn symlink(to: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}
#[cfg(windows)]
fn symlink(to: &Path, path: &Path) -> io::Result<()> {
    // Its own loader wants its own separators.
    let to: PathBuf = to.components().collect();
    std::os::windows::fs::symlink_file(to, path)
}
#[cfg(not(any(unix, windows)))]
fn symlink(_to: &Path, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether that is the whole name of a commit.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(all(test, unix))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_file_is_there_while_it_is_linked_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), "a/b");
        for contents in ["one", "two"] {
            let mut blob = cache.create(contents).unwrap();
            blob.write(contents.as_bytes()).unwrap();
            blob.commit().unwrap();
        }
        let commit = "0".repeat(40);
        // A link that leads nowhere is replaced like any other.
        for etag in ["none", "one"] {
            cache.link(&commit, "in/file", etag).unwrap();
        }
        let path = cache.folder(&commit, "in/file");
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for etag in ["two", "one"].repeat(500) {
                    cache.link(&commit, "in/file", etag).unwrap();
                }
            });
            while !writer.is_finished() {
                assert!(matches!(fs::read_to_string(&path).unwrap().as_str(), "one" | "two"));
            }
        });
        let left = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(left.count(), 1);
    }
}
