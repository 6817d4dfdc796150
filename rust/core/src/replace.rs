//! The one way in which a file is written: whole or not at all.
//!
//! A [`NewFile`] is written beside the file that it is to replace, under a name that nobody else
//! has, with the permissions that the umask leaves. [`NewFile::commit`] has the bytes on the disk
//! before it renames, and the name on the disk before it returns, so that after a crash there is
//! the old file or the new one. A link is followed: what it leads to is replaced. What a process
//! leaves behind that is killed is removed by the next one that writes into the folder: a writer
//! holds a lock on its file, which its end releases.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

const PREFIX: &str = ".m2v-fast-";
const SUFFIX: &str = ".new";
/// A file younger than this may not have been locked yet.
const YOUNG: Duration = Duration::from_secs(10);
/// As many links as the system itself follows.
const MOST_LINKS: usize = 40;

/// A file in the making; dropped before it is committed, it is removed.
///
/// Not part of the crate's interface: for the binding of this repository.
#[derive(Debug)]
pub struct NewFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl NewFile {
    /// Starts a file that is to be at `path`.
    ///
    /// # Errors
    /// If there is a folder, or something else that is no file, or the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |source| Error::write(path, source);
        let path = target(path).map_err(failed)?;
        match fs::metadata(&path) {
            Ok(there) if there.is_dir() => {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            Ok(there) if !there.is_file() => {
                let problem = "what is there is not a file but a pipe, a socket or a device";
                return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, problem)));
            }
            _ => {}
        }
        let folder = folder(&path);
        remove_abandoned(folder);
        let mut builder = Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Less what the umask takes away, which is the system's to do.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(failed)?;
        step("created");
        // Where files cannot be locked, none is taken for abandoned either.
        #[cfg(unix)]
        let _ = file.as_file().try_lock();
        Ok(Self { file, path })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// As the operating system has them, a full disk for one.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|source| Error::write(&self.path, source))
    }

    /// Writes over the first bytes.
    ///
    /// # Errors
    /// As [`NewFile::write`].
    pub fn write_first(&mut self, bytes: &[u8]) -> Result<()> {
        use std::io::{Seek, SeekFrom};

        let file = self.file.as_file_mut();
        let written = file
            .seek(SeekFrom::Start(0))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.seek(SeekFrom::End(0)));
        written.map(|_| ()).map_err(|source| Error::write(&self.path, source))
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// As the operating system has them; what was there before is there still.
    pub fn commit(self) -> Result<()> {
        let Self { file, path } = self;
        let failed = |source| Error::write(&path, source);
        step("written");
        file.as_file().sync_all().map_err(failed)?;
        step("synced");
        file.persist(&path).map_err(|error| failed(error.error))?;
        step("renamed");
        // Some systems cannot have folders written down; the file is in its place all the same.
        #[cfg(unix)]
        if let Ok(folder) = File::open(folder(&path)) {
            let _ = folder.sync_all();
        }
        step("done");
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where the tests kill the process.
#[cfg(test)]
fn step(name: &str) {
    tests::step(name);
}
#[cfg(not(test))]
fn step(_name: &str) {}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Where a chain of links leads, to a file that is there or not.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(link) => path = folder(&path).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many links that lead to each other"))
}

/// Removes what dead processes left in a folder; whatever goes wrong, it stays.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours =
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if ours && is_abandoned(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let old = |modified: SystemTime| modified.elapsed().is_ok_and(|age| age >= YOUNG);
    let old = fs::symlink_metadata(path)
        .is_ok_and(|there| there.is_file() && there.modified().is_ok_and(old));
    old && cfg!(unix) && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use super::*;

    const FILE: &str = "M2V_FAST_TEST_REPLACE";
    const STEP: &str = "M2V_FAST_TEST_KILL_AT";

    /// Kills this process if it is the child of a test and has come so far.
    pub(super) fn step(name: &str) {
        if env::var(STEP).is_ok_and(|step| step == name) {
            // As SIGKILL: nothing is unwound and nothing dropped.
            std::process::abort();
        }
    }

    /// What the children of the next test do; nothing in a run of its own.
    #[test]
    fn child() {
        if let Some(path) = env::var_os(FILE) {
            write(Path::new(&path), &vec![b'n'; 1 << 20]).unwrap();
        }
    }

    #[test]
    fn a_process_killed_at_any_step_leaves_the_old_file_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (old, new) = (vec![b'o'; 1 << 19], vec![b'n'; 1 << 20]);
        for (step, expected) in [
            ("created", &old),
            ("written", &old),
            ("synced", &old),
            ("renamed", &new),
            ("done", &new),
        ] {
            fs::write(&path, &old).unwrap();
            let child = Command::new(env::current_exe().unwrap())
                .args(["--exact", "replace::tests::child"])
                .envs([(FILE, path.as_os_str()), (STEP, step.as_ref())])
                .output()
                .unwrap();
            assert!(!child.status.success(), "{step}: {child:?}");
            assert!(fs::read(&path).unwrap() == *expected, "{step}");
            // What the dead process left goes with the next write, once it is no longer young.
            let left = names(folder.path());
            assert!(left.len() <= 2, "{step}: {left:?}");
            for name in left.iter().filter(|name| *name != "file") {
                let left = File::options().write(true).open(folder.path().join(name)).unwrap();
                left.set_modified(SystemTime::now() - 2 * YOUNG).unwrap();
            }
            write(&path, b"next").unwrap();
            assert_eq!(names(folder.path()), ["file"], "{step}");
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn write(path: &Path, bytes: &[u8]) -> Result<()> {
        let mut file = NewFile::create(path)?;
        file.write(bytes)?;
        file.commit()
    }

    #[test]
    fn a_file_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let mut file = NewFile::create(&path).unwrap();
        file.write(b"new, and longer").unwrap();
        file.write_first(b"NEW").unwrap();
        file.write(b".").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"NEW, and longer.");
        drop(NewFile::create(&path).unwrap());
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn what_is_no_file_stays_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), b"").unwrap_err().to_string();
        assert!(error.contains("cannot be written"), "{error}");
        let error = write(&folder.path().join("none/file"), b"").unwrap_err();
        assert!(matches!(error, Error::Write { .. }), "{error}");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    #[cfg(unix)]
    fn links_are_followed_and_permissions_are_the_umasks() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(folder.path().join("plain"), "").unwrap();
        symlink("file", folder.path().join("link")).unwrap();
        symlink(folder.path().join("link"), folder.path().join("second")).unwrap();
        for text in ["one", "two"] {
            write(&folder.path().join("second"), text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert!(fs::symlink_metadata(folder.path().join("second")).unwrap().is_symlink());
        }
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode("file"), mode("plain"));
        symlink("circle", folder.path().join("circle")).unwrap();
        assert!(write(&folder.path().join("circle"), b"").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn only_what_is_abandoned_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * YOUNG;
        let left = folder.path().join(format!("{PREFIX}abc{SUFFIX}"));
        File::create(&left).unwrap().set_modified(old).unwrap();
        let mine = folder.path().join(".m2v-fast-mine");
        File::create(&mine).unwrap().set_modified(old).unwrap();
        let busy = NewFile::create(&folder.path().join("busy")).unwrap();
        busy.file.as_file().set_modified(old).unwrap();
        assert!(!left.exists());
        write(&folder.path().join("other"), b"").unwrap();
        assert!(mine.exists());
        busy.commit().unwrap();
        assert_eq!(names(folder.path()), [".m2v-fast-mine", "busy", "other"]);
    }
}
