//! Models by their names on the Hugging Face hub: from what huggingface_hub keeps of it, or downloaded
//! to there.
//!
//! What is kept is asked first, and a model that is whole there is opened without the network, as the
//! Python package does. [`cache`] knows how it is kept, [`remote`] how the hub is asked.

mod cache;
mod environment;
mod remote;

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, HubProblem, Result};
use crate::layout::Layout;
use crate::model::Model;
use crate::open::LoadOptions;
use cache::Cache;
use remote::{Problem, Remote};

/// The branch that is meant where none is named.
const MAIN: &str = "main";

/// Where a model of the hub is looked for, and which.
///
/// What is not set here is what the environment says: `HF_HUB_CACHE` or `HF_HOME` for the folder,
/// `HF_ENDPOINT`, `HF_TOKEN` or the token that `hf auth login` left, `HF_HUB_OFFLINE`.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct HubOptions {
    /// A branch, a tag or a commit; `main` if none is named.
    pub revision: Option<String>,
    /// The folder in the repository that the model is in, if it is not the repository itself.
    pub subfolder: Option<String>,
    /// The token to show to the hub; an empty one is none.
    pub token: Option<String>,
    /// The folder that models are kept in: huggingface_hub's own by default.
    pub cache: Option<PathBuf>,
    /// The hub's address.
    pub endpoint: Option<String>,
    /// Whether to do without the network; what `HF_HUB_OFFLINE` says if that is not set.
    pub offline: Option<bool>,
    /// Whether to ask the hub even if the model is whole in the cache, for a branch may have moved.
    /// Then it is an error if it cannot be asked, but not if it is not to be ([`Self::offline`]).
    pub refresh: bool,
}

impl HubOptions {
    /// What the environment says.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for a branch, a tag or a commit.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }

    /// The same for a folder in the repository.
    #[must_use]
    pub fn subfolder(mut self, subfolder: impl Into<String>) -> Self {
        self.subfolder = Some(subfolder.into());
        self
    }

    /// The same with a token; an empty one is none.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The same with models kept in another folder.
    #[must_use]
    pub fn cache(mut self, cache: impl Into<PathBuf>) -> Self {
        self.cache = Some(cache.into());
        self
    }

    /// The same for a hub at another address.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// The same, without the network or with it, whatever `HF_HUB_OFFLINE` says.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = Some(offline);
        self
    }

    /// The same, asking the hub for what is newer, or not.
    #[must_use]
    pub fn refresh(mut self, refresh: bool) -> Self {
        self.refresh = refresh;
        self
    }

    /// The folder of a model of that name, which is downloaded unless it is there.
    ///
    /// Where the cache has commits but does not say which of them `main` is (only tags or commits were
    /// fetched, or only `snapshots` was copied), the hub is asked. If that is not to be done, or the hub
    /// cannot be reached, and no revision is named, the newest commit that is whole is taken.
    ///
    /// # Errors
    /// [`Error::Hub`] if it is not there and cannot be had, of a kind ([`HubProblem`]) that says whether
    /// another try helps, or [`Error::Write`] if it cannot be kept.
    pub fn fetch(&self, name: &str) -> Result<PathBuf> {
        let failed = |kind, problem| Error::Hub { model: name.to_owned(), kind, problem };
        let malformed = |problem| failed(HubProblem::Malformed, problem);
        check_name(name).map_err(malformed)?;
        let revision = self.revision.as_deref().unwrap_or(MAIN);
        if !is_relative(revision) {
            return Err(malformed(format!("{revision:?} names no branch, tag or commit")));
        }
        let subfolder = self.subfolder.as_deref().unwrap_or("").trim_matches('/');
        if !subfolder.is_empty() && !is_relative(subfolder) {
            return Err(malformed(format!("{subfolder:?} names no folder of a repository")));
        }
        let kept_in = self.cache.clone().or_else(environment::cache).ok_or_else(|| {
            let problem = "there is no home folder to keep models in: set HF_HOME to a folder";
            failed(HubProblem::Other, problem.to_owned())
        })?;
        let cache = Cache::new(&kept_in, name);
        let kept = cache.find(revision, subfolder);
        // For when the hub is not asked, or cannot be; never in place of its answer.
        let spare = || if self.revision.is_none() { cache.newest(subfolder) } else { None };
        let offline = match self.offline {
            Some(true) => Some("HubOptions::offline"),
            None if environment::offline() => Some("HF_HUB_OFFLINE is set"),
            _ => None,
        };
        if let Some(folder) = &kept
            && (offline.is_some() || !self.refresh)
        {
            return Ok(folder.clone());
        }
        let what = match &self.revision {
            Some(revision) => format!("at revision {revision:?} "),
            None => String::new(),
        };
        let advice = format!(
            "To work without the network, open a model's folder, or fetch the model once where there \
             is a network (`hf download {name}`) and bring the cache folder along"
        );
        if let Some(reason) = offline {
            if let Some(folder) = spare() {
                return Ok(folder);
            }
            let problem = format!(
                "the model is {what}not complete in the cache {}, and the network is not used \
                 ({reason}). {advice}",
                kept_in.display()
            );
            return Err(failed(HubProblem::NotCached, problem));
        }
        let endpoint = self.endpoint.clone().unwrap_or_else(environment::endpoint);
        let token =
            self.token.clone().or_else(environment::token).filter(|token| !token.is_empty());
        let unreachable = |problem: Problem, kept: bool| match problem {
            Problem::Said(kind, problem) => failed(kind, problem),
            Problem::Unreachable(problem) if kept => failed(
                HubProblem::Unreachable,
                format!(
                    "the model is {what}whole in the cache {}, but could not be refreshed from \
                     {endpoint}: {problem}. Without HubOptions::refresh the one that is kept is used",
                    kept_in.display()
                ),
            ),
            Problem::Unreachable(problem) => failed(
                HubProblem::Unreachable,
                format!(
                    "the model is {what}not complete in the cache {}, and it could not be fetched \
                     from {endpoint}: {problem}. {advice}",
                    kept_in.display()
                ),
            ),
            Problem::Kept(error) => error,
        };
        let is_kept = kept.is_some();
        let remote =
            Remote::new(&endpoint, name, token).map_err(|problem| unreachable(problem, is_kept))?;
        let listed = match remote.list(revision) {
            Err(problem @ Problem::Unreachable(_)) => match spare() {
                Some(folder) if !self.refresh => return Ok(folder),
                spare => return Err(unreachable(problem, is_kept || spare.is_some())),
            },
            listed => listed.map_err(|problem| unreachable(problem, is_kept))?,
        };
        let files = wanted(&listed.files, subfolder).ok_or_else(|| {
            let problem = format!(
                "no Model2Vec model is {what}in this repository{}: neither config.json, \
                 model.safetensors and tokenizer.json nor a sentence-transformers static embedding is \
                 among its {} files",
                if subfolder.is_empty() { String::new() } else { format!(", folder {subfolder:?}") },
                listed.files.len()
            );
            failed(HubProblem::NotFound, problem)
        })?;
        for file in files {
            if !cache.has(&listed.commit, &file) {
                let downloaded = remote.download(&listed.commit, &file, &cache);
                downloaded.map_err(|problem| unreachable(problem, is_kept))?;
            }
        }
        cache.point(revision, &listed.commit)?;
        Ok(cache.folder(&listed.commit, subfolder))
    }
}

impl fmt::Debug for HubOptions {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, subfolder, token, cache, endpoint, offline, refresh } = self;
        f.debug_struct("HubOptions")
            .field("revision", revision)
            .field("subfolder", subfolder)
            .field("token", &token.as_ref().map(|_| "..."))
            .field("cache", cache)
            .field("endpoint", endpoint)
            .field("offline", offline)
            .field("refresh", refresh)
            .finish()
    }
}

impl Model {
    /// Opens the model of that name on the Hugging Face hub (feature `hub`).
    ///
    /// It is kept where huggingface_hub keeps models, in its way, and opened from there without the
    /// network once it is whole.
    ///
    /// ```no_run
    /// use m2v_fast::{HubOptions, LoadOptions, Model};
    ///
    /// let hub = HubOptions::new().revision("main");
    /// let model = Model::from_hub("minishlab/potion-base-8M", &hub, LoadOptions::new())?;
    /// # Ok::<(), m2v_fast::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`HubOptions::fetch`] and [`Model::load`].
    pub fn from_hub(name: &str, hub: &HubOptions, options: LoadOptions) -> Result<Self> {
        Self::load(hub.fetch(name)?, options)
    }
}

/// The files of the first layout that is there whole.
fn wanted(there: &[String], subfolder: &str) -> Option<[String; 3]> {
    let place = |name: &str| match subfolder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    };
    let mut layouts = Layout::ALL.into_iter().map(|layout| layout.names().map(place));
    layouts.find(|files| files.iter().all(|file| there.contains(file)))
}

/// The hub's rules for names, which keep them to one folder of the cache as well.
fn check_name(name: &str) -> Result<(), String> {
    let part = |part: &str| {
        let edge = |c: char| c == '-' || c == '.';
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && !part.starts_with(edge)
            && !part.ends_with(edge)
            && !part.contains("--")
            && !part.contains("..")
    };
    if name.len() <= 96 && name.split('/').count() <= 2 && name.split('/').all(part) {
        return Ok(());
    }
    Err("is no name of a model on the hub, which are like `minishlab/potion-base-8M`; a folder is \
         opened by Model::load"
        .to_owned())
}

/// Whether a path of parts between slashes stays where it is put.
fn is_relative(path: &str) -> bool {
    path.split('/').all(|part| {
        !matches!(part, "" | "." | "..")
            && !part.contains(|c: char| c.is_control() || matches!(c, '\\' | ':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_hubs() {
        for name in ["minishlab/potion-base-8M", "gpt2", "a/b_c.d-e", "0/1"] {
            check_name(name).unwrap();
        }
        let long = "a".repeat(97);
        for name in
            ["", "/", "a/", "/a", "a/b/c", "../a", "a/..", "a--b", "a b", "./a", "a\\b", "ä", &long]
        {
            assert!(check_name(name).is_err(), "{name}");
        }
        for path in ["main", "refs/pr/1", "v1.0", "a b"] {
            assert!(is_relative(path), "{path}");
        }
        for path in ["", "/", "a/", "/a", "..", "a/../b", ".", "c:", "a\\b", "a\nb"] {
            assert!(!is_relative(path), "{path}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let shown = format!("{:?}", HubOptions::new().token("hf_secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
