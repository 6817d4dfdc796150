//! The models that are served, and by which names.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use m2v_fast::{IndexOptions, LoadOptions, Model};
use serde::Deserialize;
use tokenizers::Tokenizer;

use crate::problem::{Kind, Problem};

/// A model as it is asked for on the command line: a folder, and the name that clients use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What clients call it.
    pub name: String,
    /// Where it lies.
    pub folder: PathBuf,
}

impl Source {
    /// Reads `FOLDER` or `NAME=FOLDER`.
    ///
    /// Without a name it is the folder's own, or that of the repository if the folder is a snapshot
    /// in the Hugging Face cache.
    pub fn parse(argument: &str) -> Result<Self, String> {
        let (name, folder) = match argument.split_once('=') {
            Some((name, folder)) if !Path::new(argument).exists() => (name.to_owned(), folder),
            _ => (String::new(), argument),
        };
        let folder = PathBuf::from(folder);
        let name = if name.is_empty() { name_of(&folder) } else { name };
        if name.is_empty() {
            return Err(format!("{argument:?} is no folder with a name; write NAME=FOLDER"));
        }
        Ok(Self { name, folder })
    }
}

fn name_of(folder: &Path) -> String {
    // `.` has no name of its own; a link does, and keeps it wherever it leads.
    let folder = match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
    };
    let part = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let repository = folder
        .parent()
        .filter(|parent| parent.ends_with("snapshots"))
        .and_then(Path::parent)
        .and_then(part);
    match repository.as_deref().and_then(|name| name.strip_prefix("models--")) {
        Some(name) => name.replacen("--", "/", 1),
        None => part(&folder).unwrap_or_default(),
    }
}

/// A loaded model and what its clients are told of it.
#[derive(Debug)]
pub(crate) struct Served {
    /// What clients call it.
    pub(crate) name: String,
    /// The model itself.
    pub(crate) model: Model,
    /// Texts that are put before others, by name.
    pub(crate) prompts: HashMap<String, String>,
    /// When its tensors were written.
    pub(crate) modified: SystemTime,
    /// Bytes of its files.
    pub(crate) size: u64,
    full: OnceLock<Result<Box<Tokenizer>, String>>,
}

impl Served {
    fn load(source: &Source, indexes: Option<&Path>) -> Result<Self, String> {
        let mut index = IndexOptions::default();
        index.folder = indexes.map(Path::to_owned);
        let options = LoadOptions::new().index(index);
        let model = Model::load(&source.folder, options).map_err(|error| error.to_string())?;
        if let Some(problem) = model.tokenizer().index_problem() {
            tracing::warn!(problem, "no index is kept: each start reads the whole vocabulary");
        }
        let (mut size, mut modified) = (0, UNIX_EPOCH);
        if let Some(files) = model.files() {
            for path in [&files.config, &files.tensors, &files.tokenizer] {
                let metadata =
                    fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
                size += metadata.len();
                modified = modified.max(metadata.modified().unwrap_or(UNIX_EPOCH));
            }
        }
        let prompts = prompts(&source.folder.join("config_sentence_transformers.json"))?;
        let name = source.name.clone();
        Ok(Self { name, model, prompts, modified, size, full: OnceLock::new() })
    }

    /// The tokenizer with everything that embedding does not need: tokens' texts, places and
    /// decoding. It is made when it is first asked for, since it takes many times the memory.
    pub(crate) fn tokenizer(&self) -> Result<&Tokenizer, Problem> {
        let made = self.full.get_or_init(|| {
            let json = self.model.tokenizer_json().map_err(|error| error.to_string())?;
            json.parse().map(Box::new).map_err(|error: tokenizers::Error| error.to_string())
        });
        match made {
            Ok(tokenizer) => Ok(tokenizer),
            Err(problem) => {
                tracing::error!(model = self.name, problem, "its tokenizer could not be made");
                Err(Problem::new(Kind::Internal, "the model's tokenizer could not be made"))
            }
        }
    }
}

fn prompts(path: &Path) -> Result<HashMap<String, String>, String> {
    #[derive(Deserialize)]
    struct Config {
        #[serde(default)]
        prompts: Option<HashMap<String, Option<String>>>,
    }
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let config: Config =
        serde_json::from_slice(&json).map_err(|error| format!("{}: {error}", path.display()))?;
    let prompts = config.prompts.unwrap_or_default();
    Ok(prompts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect())
}

/// All models, as one request sees them from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Models {
    served: Vec<Arc<Served>>,
    names: HashMap<String, usize>,
    any: bool,
}

impl Models {
    /// Loads them. Each is found by its name and, unless two would have it, by what follows the
    /// last slash of that; `aliases` are pairs of another name and one of these; `indexes` is where
    /// compiled indexes are looked for and kept.
    ///
    /// # Errors
    /// If one cannot be loaded, two have the same name, or an alias is of no model.
    pub(crate) fn load(
        sources: &[Source],
        aliases: &[(String, String)],
        indexes: Option<&Path>,
        any: bool,
    ) -> Result<Self, String> {
        let mut names = HashMap::new();
        for (place, source) in sources.iter().enumerate() {
            if names.insert(source.name.clone(), place).is_some() {
                return Err(format!(
                    "two models are named {:?}; write NAME=FOLDER for one",
                    source.name
                ));
            }
        }
        let short = |source: &Source| source.name.rsplit('/').next().unwrap_or_default().to_owned();
        for (place, source) in sources.iter().enumerate() {
            let name = short(source);
            let unique = sources.iter().filter(|other| short(other) == name).count() == 1;
            if unique && !name.is_empty() {
                names.entry(name).or_insert(place);
            }
        }
        for (alias, name) in aliases {
            let place = *names
                .get(name)
                .ok_or_else(|| format!("--alias {alias}={name}: no model is named {name:?}"))?;
            if names.insert(alias.clone(), place).is_some_and(|other| other != place) {
                return Err(format!("--alias {alias}={name}: another model has this name"));
            }
        }
        let served = sources
            .iter()
            .map(|source| Served::load(source, indexes).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        if served.is_empty() {
            return Err("there is no model to serve".to_owned());
        }
        Ok(Self { any: any && served.len() == 1, served, names })
    }

    /// All of them, in the order of the command line.
    #[must_use]
    pub(crate) fn all(&self) -> &[Arc<Served>] {
        &self.served
    }

    /// The model of a request that does not say which.
    #[must_use]
    pub(crate) fn first(&self) -> &Served {
        &self.served[0]
    }

    /// The model of that name, `:latest` taken off.
    pub(crate) fn find(&self, name: &str) -> Result<&Served, Problem> {
        let bare = name.strip_suffix(":latest").unwrap_or(name);
        match self.names.get(name).or_else(|| self.names.get(bare)) {
            Some(&place) => Ok(&self.served[place]),
            None if self.any => Ok(self.first()),
            None => {
                let shown: String = name.chars().take(100).collect();
                let names: Vec<_> = self.served.iter().map(|served| served.name.as_str()).collect();
                Err(Problem::new(
                    Kind::UnknownModel,
                    format!("model '{shown}' not found; there is: {}", names.join(", ")),
                ))
            }
        }
    }

    /// `find`, or the first if there is no name.
    pub(crate) fn get(&self, name: Option<&str>) -> Result<&Served, Problem> {
        name.map_or_else(|| Ok(self.first()), |name| self.find(name))
    }
}
