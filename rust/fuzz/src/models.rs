//! Small tokenizer.json files of every kind, and real ones where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Where the small files are.
#[must_use]
pub fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models"))
}

/// The small files, by name.
pub(crate) static SMALL: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(read).collect()
});

/// The real ones in the folder that `M2V_FAST_TEST_DATA` names.
pub(crate) fn real() -> Vec<String> {
    let Some(folder) = std::env::var_os("M2V_FAST_TEST_DATA") else { return Vec::new() };
    let folder = Path::new(&folder).join("models");
    let mut models: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path().join("tokenizer.json"))
        .filter(|path| path.exists())
        .collect();
    models.sort();
    models.into_iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}
