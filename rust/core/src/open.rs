//! Opening a model: of a folder, of the contents of its files, of parts.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::data::{self, Data};
use crate::error::Result;
use crate::layout::{Layout, ModelFiles};
use crate::matrix::Matrix;
use crate::model::Model;
use crate::tokenize::{IndexOptions, Tokenizer};

/// How a model is opened: by default mapped, and without compiled indexes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LoadOptions {
    /// Map files (the default), or read them into memory.
    ///
    /// A mapped file must not be written to in place while the model lives: one that is cut short
    /// ends the process at the next look (SIGBUS on Unix), and one that is overwritten gives other
    /// vectors. To replace a file, as downloads do, by renaming a new one over it is safe. Where that
    /// cannot be relied on, read it.
    pub memory_map: bool,
    /// Read files into memory, and hold the rows in pages of 2 MB (by default not): for work in bulk,
    /// which is some 7 % faster so (`m2v-fast bench --kernels`). The memory is this process's own;
    /// loading takes as long as reading the file. Where there are no such pages (other systems than
    /// Linux, or if transparent huge pages are turned off), it is the same as without `memory_map`.
    pub huge_pages: bool,
    /// Where compiled indexes of big vocabularies are; by default nowhere.
    pub index: IndexOptions,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self { memory_map: true, huge_pages: false, index: IndexOptions::default() }
    }
}

impl LoadOptions {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with files mapped or read: see [`LoadOptions::memory_map`].
    #[must_use]
    pub fn memory_map(mut self, memory_map: bool) -> Self {
        self.memory_map = memory_map;
        self
    }

    /// The same, with rows in large pages or not: see [`LoadOptions::huge_pages`].
    #[must_use]
    pub fn huge_pages(mut self, huge_pages: bool) -> Self {
        self.huge_pages = huge_pages;
        self
    }

    /// The same with compiled indexes.
    #[must_use]
    pub fn index(mut self, index: IndexOptions) -> Self {
        self.index = index;
        self
    }
}

/// Where an index made ahead of time lies unless the caller says otherwise.
fn index_beside(tokenizer: &Path) -> PathBuf {
    tokenizer.with_extension("m2vindex")
}

impl Model {
    /// Opens the model in a folder of any of the three layouts.
    ///
    /// An index that was made ahead of time ([`Model::compile`]) and lies beside tokenizer.json is
    /// used whatever `options.index` says, if that does not name another file.
    ///
    /// # Errors
    /// If a file is missing, cannot be read or is not what a model holds, or files do not fit each
    /// other: the error names it and says what is wrong.
    pub fn load(folder: impl AsRef<Path>, options: LoadOptions) -> Result<Self> {
        let folder = folder.as_ref();
        let files = ModelFiles::find(folder)?;
        let config = Config::read(&files.config)?;
        let memory_map = options.memory_map && !options.huge_pages;
        let matrix = if options.huge_pages {
            let data = Data::open_large(&files.tensors)?;
            Matrix::of(data, &files.tensors, &[files.layout.embeddings_tensor()])?
        } else {
            Matrix::open(&files.tensors, files.layout.embeddings_tensor(), memory_map)?
        };
        let json = data::read_json(&files.tokenizer)?;
        let beside = index_beside(&files.tokenizer);
        let mut index = options.index;
        index.memory_map &= memory_map;
        if index.file.is_none() && beside.exists() {
            index.file = Some(beside);
        }
        let tokenizer = Tokenizer::with_index(&json, &files.tokenizer, &index)?;
        let json = if memory_map {
            drop(json);
            Data::open(&files.tokenizer, true)?
        } else {
            Data::Read(json)
        };
        let (tokenizer_path, tensors_path) = (files.tokenizer.clone(), files.tensors.clone());
        let source = Some((folder.to_owned(), files));
        Self::new(source, [&tokenizer_path, &tensors_path], config, tokenizer, json, matrix)
    }

    /// Makes the compiled index of the model in a folder ahead of time, at `path` or beside its
    /// tokenizer.json, and returns where. A tokenizer that runs on the fallback has none.
    ///
    /// # Errors
    /// If the folder holds no model, or the index cannot be written.
    pub fn compile(folder: impl AsRef<Path>, path: Option<&Path>) -> Result<Option<PathBuf>> {
        let files = ModelFiles::find(folder)?;
        let json = data::read_json(&files.tokenizer)?;
        let path = path.map_or_else(|| index_beside(&files.tokenizer), Path::to_owned);
        let made = Tokenizer::compile(&json, &files.tokenizer, &path)?;
        Ok(made.then_some(path))
    }

    /// Puts a model together from the bytes of a tokenizer.json and a matrix of the caller's own.
    /// Its [`Model::config`] is the default one.
    ///
    /// # Errors
    /// If the tokenizer is none, or the two do not fit each other.
    pub fn from_parts(tokenizer_json: &[u8], matrix: Matrix) -> Result<Self> {
        let tokenizer = Tokenizer::from_json(tokenizer_json, Path::new("tokenizer"))?;
        let json = Data::Read(tokenizer_json.to_vec());
        let names = ["tokenizer", "embeddings"].map(Path::new);
        Self::new(None, names, Config::default(), tokenizer, json, matrix)
    }

    /// Makes a model of the contents of its files, without a folder: of `include_bytes!`, of an archive,
    /// of a store of objects.
    ///
    /// The three are what tokenizer.json, model.safetensors and config.json hold, and are judged as
    /// there; without the last, texts are encoded as if it said nothing ([`Config::default`]). The bytes
    /// are kept, not copied, at whatever address they lie, and rows are read from them: they must stay
    /// as they are. A tokenizer is read anew each time, however big its vocabulary.
    ///
    /// ```no_run
    /// # use m2v_fast::Model;
    /// # fn main() -> m2v_fast::Result<()> {
    /// # let (tokenizer, tensors, config) = (Vec::<u8>::new(), Vec::<u8>::new(), Vec::<u8>::new());
    /// // Vec<u8>, &'static [u8] (as of include_bytes!), Arc<[u8]>, a mapped file, ...
    /// let model = Model::from_bytes(tokenizer, tensors, Some(&config))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Model::load`]; the contents go by the names of the files.
    pub fn from_bytes(
        tokenizer: impl AsRef<[u8]> + Send + Sync + 'static,
        tensors: impl AsRef<[u8]> + Send + Sync + 'static,
        config: Option<&[u8]>,
    ) -> Result<Self> {
        let names = ["tokenizer.json", "model.safetensors"].map(Path::new);
        let config = match config {
            Some(json) => {
                let name = Path::new("config.json");
                data::check_pointer(name, json)?;
                data::check_mark(name, json)?;
                Config::from_json(json, name)?
            }
            None => Config::default(),
        };
        let layouts = [Layout::Model2Vec, Layout::SentenceTransformers];
        let tensors = Data::Shared(Box::new(tensors));
        data::check_pointer(names[1], tensors.bytes())?;
        let matrix = Matrix::of(tensors, names[1], &layouts.map(Layout::embeddings_tensor))?;
        let json = Data::Shared(Box::new(tokenizer));
        // One borrow, for what its owner shows may not be the same twice.
        let bytes = json.bytes();
        data::check_pointer(names[0], bytes)?;
        data::check_mark(names[0], bytes)?;
        let tokenizer = Tokenizer::from_json(bytes, names[0])?;
        Self::new(None, names, config, tokenizer, json, matrix)
    }
}
