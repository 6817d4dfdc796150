//! The model: tokenizer, matrix and kernels put together. It alone knows all three.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::backend::{Backend, Runnable};
use crate::config::Config;
use crate::data::{CHANGED, Data};
use crate::error::{Error, Result};
use crate::layout::ModelFiles;
use crate::matrix::{Matrix, MatrixScratch};
use crate::pool::Pooler;
use crate::scratch::Pool;
use crate::text::Text;
use crate::tokenize::{Tokenizer, Unknown, Worker};

/// How texts are encoded; read once, at the start of a call. What a model's own config.json asks for
/// is [`Model::default_options`]; the default here is that of a config.json that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// Most ids kept of a text, unknown ones counted; no limit if `None`. With a limit the text is
    /// first cut to `max_length` times the vocabulary's median token length, in code points.
    pub max_length: Option<usize>,
    /// Whether each vector is divided by its norm.
    pub normalize: bool,
}

impl EncodeOptions {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with so many ids kept of a text, or with no limit.
    #[must_use]
    pub fn max_length(mut self, max_length: impl Into<Option<usize>>) -> Self {
        self.max_length = max_length.into();
        self
    }

    /// The same, dividing each vector by its norm or not.
    #[must_use]
    pub fn normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Config::default().into()
    }
}

impl From<Config> for EncodeOptions {
    fn from(config: Config) -> Self {
        let Config { normalize, max_length } = config;
        Self { max_length, normalize }
    }
}

/// What became of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Ids within the limit, unknown ones included.
    pub tokens: usize,
    /// How many of these are the unknown id, which encoding leaves out by default.
    pub unknown: usize,
    /// Whether the limit cut anything off, in ids or in characters.
    pub truncated: bool,
}

/// A loaded model. It is immutable and shared by all threads; copies share the same data.
#[derive(Debug, Clone)]
pub struct Model {
    shared: Arc<Shared>,
    pooler: Pooler,
    unknown: Unknown,
    /// Width of a vector: of a row, or less.
    dim: usize,
}

#[derive(Debug)]
struct Shared {
    /// Where it was loaded from, if it was.
    source: Option<(PathBuf, ModelFiles)>,
    config: Config,
    tokenizer: Tokenizer,
    /// What the tokenizer was made from, for saving: mapped if the matrix is, so that it costs no
    /// memory of the process and outlives its file's name.
    tokenizer_json: Data,
    /// Of these bytes as they were loaded.
    tokenizer_hash: u128,
    matrix: Matrix,
    scratches: Pool<Scratch>,
}

/// Buffers of one worker.
#[derive(Debug)]
pub(crate) struct Scratch {
    text: String,
    ids: Vec<u32>,
    tokenize: Worker,
    matrix: MatrixScratch,
    /// A vector that is to become something else.
    pub(crate) vector: Vec<f32>,
}

/// A buffer that one huge text has grown beyond this is given back, so that a worker's memory is
/// bounded by ordinary texts and not by the largest one ever seen.
const KEEP_BYTES: usize = 1 << 20;

impl Scratch {
    fn new(tokenizer: &Tokenizer) -> Self {
        Self {
            text: String::new(),
            ids: Vec::new(),
            tokenize: tokenizer.worker(),
            matrix: MatrixScratch::default(),
            vector: Vec::new(),
        }
    }

    fn shrink(&mut self) {
        if self.text.capacity() > KEEP_BYTES {
            self.text = String::new();
        }
        if self.ids.capacity() > KEEP_BYTES / size_of::<u32>() {
            self.ids = Vec::new();
            self.matrix = MatrixScratch::default();
        }
    }
}

impl Model {
    /// Puts a model together of parts that fit each other. `names` are those of the tokenizer and of the
    /// matrix in errors.
    pub(crate) fn new(
        source: Option<(PathBuf, ModelFiles)>,
        names: [&Path; 2],
        config: Config,
        tokenizer: Tokenizer,
        tokenizer_json: Data,
        matrix: Matrix,
    ) -> Result<Self> {
        let vocabulary = tokenizer.vocabulary();
        if vocabulary.tokens == 0 {
            return Err(Error::malformed(names[0], "there are no tokens: the vocabulary is empty"));
        }
        matrix
            .check_vocabulary(vocabulary.tokens, vocabulary.id_bound)
            .map_err(|problem| Error::malformed(names[1], problem))?;
        let tokenizer_hash = xxh3_128(tokenizer_json.bytes());
        let dim = matrix.dim();
        let shared = Shared {
            source,
            config,
            tokenizer,
            tokenizer_json,
            tokenizer_hash,
            matrix,
            scratches: Pool::default(),
        };
        let (pooler, unknown) = (Pooler::new(Runnable::default()), Unknown::default());
        let model = Self { shared: Arc::new(shared), pooler, unknown, dim };
        // The first worker's buffers are part of loading, so that the first call is like any other.
        // A model that cannot tell what this text is (Unigram without `unk_id`) may know others.
        let _ = model.ids("a", None);
        Ok(model)
    }

    /// The same model with the kernels of another instruction set; the bits stay the same. One that
    /// this processor does not have counts as [`Backend::Portable`].
    #[must_use]
    pub fn with_backend(&self, backend: Backend) -> Self {
        Self { pooler: Pooler::new(Runnable::new(backend)), ..self.clone() }
    }

    /// The same model, which leaves the unknown id out of its texts or keeps it.
    #[must_use]
    pub fn with_unknown(&self, unknown: Unknown) -> Self {
        Self { unknown, ..self.clone() }
    }

    /// The same model with vectors of the first `dim` columns only, normalized over these: what
    /// models that were trained for it (Matryoshka) give shorter vectors with.
    ///
    /// # Errors
    /// If `dim` is 0 or more than the matrix has.
    pub fn with_dim(&self, dim: usize) -> Result<Self> {
        let columns = self.shared.matrix.dim();
        if !(1..=columns).contains(&dim) {
            return Err(Error::Argument(format!(
                "vectors of {dim} columns: it must be from 1 to {columns}, what the model has"
            )));
        }
        Ok(Self { dim, ..self.clone() })
    }

    /// What becomes of the unknown id: by default it is left out.
    #[must_use]
    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    /// The instruction set in use.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.pooler.backend().get()
    }

    /// The folder the model was loaded from, if it was.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.shared.source.as_ref().map(|(folder, _)| folder.as_path())
    }

    /// The files it was loaded from, if it was.
    #[must_use]
    pub fn files(&self) -> Option<&ModelFiles> {
        self.shared.source.as_ref().map(|(_, files)| files)
    }

    /// What its config.json says.
    #[must_use]
    pub fn config(&self) -> Config {
        self.shared.config
    }

    /// Its tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.shared.tokenizer
    }

    /// The text of its tokenizer.json, as it was loaded. A copy: the bytes of a mapped file may
    /// change at any time, and those of a string must not.
    ///
    /// # Errors
    /// If the file was rewritten in place since.
    pub fn tokenizer_json(&self) -> Result<String> {
        let Shared { tokenizer_json, tokenizer_hash, source, .. } = &*self.shared;
        let bytes = tokenizer_json.bytes().to_vec();
        let same = xxh3_128(&bytes) == *tokenizer_hash;
        String::from_utf8(bytes).ok().filter(|_| same).ok_or_else(|| {
            let path =
                source.as_ref().map_or(Path::new("tokenizer.json"), |(_, files)| &files.tokenizer);
            Error::malformed(path, CHANGED)
        })
    }

    /// Fails if the mapped matrix was written to in place since the model was loaded, as far as the
    /// file's length and time tell.
    ///
    /// # Errors
    /// If so, naming the file.
    pub fn check_unchanged(&self) -> Result<()> {
        self.shared.matrix.check_unchanged()
    }

    /// Its rows.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        &self.shared.matrix
    }

    /// Width of a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Encoding as config.json asks for it.
    #[must_use]
    pub fn default_options(&self) -> EncodeOptions {
        self.shared.config.into()
    }

    /// The vector of one text, [`Model::dim`] floats long, with [`Model::default_options`].
    pub fn encode(&self, text: &str) -> Result<Vec<f32>> {
        let mut out = vec![0.0; self.dim()];
        self.encode_into(text, self.default_options(), &mut out)?;
        Ok(out)
    }

    /// Encodes one text into `out`, which must be [`Model::dim`] floats long.
    pub fn encode_into(&self, text: &str, options: EncodeOptions, out: &mut [f32]) -> Result<()> {
        if out.len() != self.dim() {
            return Err(Error::Argument(format!(
                "the output has room for {} floats; a vector has {}",
                out.len(),
                self.dim()
            )));
        }
        self.with_scratch(|scratch| self.encode_with(&text, options, scratch, out))
    }

    /// [`Model::encode`], and what it kept of the text and left out: the text is tokenized once for
    /// both.
    pub fn encode_counted(
        &self,
        text: &str,
        options: EncodeOptions,
        out: &mut [f32],
    ) -> Result<Counts> {
        if out.len() != self.dim() {
            return Err(Error::Argument(format!(
                "the output has room for {} floats; a vector has {}",
                out.len(),
                self.dim()
            )));
        }
        self.with_scratch(|scratch| self.encode_counted_into(&text, options, scratch, out))
    }

    /// The ids of one text as [`Model::encode`] pools them: cut, and without the unknown id unless
    /// the model keeps it.
    pub fn ids(&self, text: &str, max_length: Option<usize>) -> Result<Vec<u32>> {
        self.with_scratch(|scratch| self.cut_ids(&text, max_length, scratch))
    }

    /// Pools ids that the caller made: the second half of [`Model::encode`].
    pub fn encode_ids(&self, ids: &[u32], normalize: bool, out: &mut [f32]) -> Result<()> {
        self.check_ids(ids)?;
        if out.len() != self.dim() {
            return Err(Error::Argument(format!(
                "the output has room for {} floats; a vector has {}",
                out.len(),
                self.dim()
            )));
        }
        self.with_scratch(|scratch| {
            let Scratch { matrix, .. } = scratch;
            self.pool(ids, normalize, matrix, out)
        })
    }

    /// Writes the row of each of `ids`, times its weight, to `out`: `ids.len()` times
    /// [`Model::dim`] floats, row-major.
    ///
    /// # Errors
    /// If an id is none of the vocabulary, or `out` has another length.
    pub fn rows_of(&self, ids: &[u32], out: &mut [f32]) -> Result<()> {
        self.check_ids(ids)?;
        if ids.len().checked_mul(self.dim) != Some(out.len()) {
            return Err(Error::Argument(format!(
                "the output has room for {} floats; {} rows of {} need {}",
                out.len(),
                ids.len(),
                self.dim,
                ids.len().saturating_mul(self.dim)
            )));
        }
        self.with_scratch(|scratch| {
            let matrix = &self.shared.matrix;
            matrix.sequence(ids, self.dim, &mut scratch.matrix, out).map_err(Error::Argument)
        })
    }

    fn check_ids(&self, ids: &[u32]) -> Result<()> {
        let bound = self.shared.tokenizer.vocabulary().id_bound;
        match ids.iter().position(|&id| id >= bound) {
            None => Ok(()),
            Some(place) => Err(Error::Argument(format!(
                "the id {} in place {place} is none of the vocabulary, whose ids are below {bound}",
                ids[place]
            ))),
        }
    }

    /// Runs `work` with a worker's buffers.
    pub(crate) fn with_scratch<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        let mut scratch = self.shared.scratches.take(|| Scratch::new(&self.shared.tokenizer));
        let result = work(&mut scratch);
        scratch.shrink();
        self.shared.scratches.put(scratch);
        result
    }

    pub(crate) fn encode_with(
        &self,
        text: &impl Text,
        options: EncodeOptions,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) -> Result<()> {
        self.ids_into(text, options.max_length, scratch)?;
        let Scratch { ids, matrix, .. } = scratch;
        self.pool(ids, options.normalize, matrix, out)
    }

    /// As `encode_into`, telling what became of the text.
    pub(crate) fn encode_counted_into(
        &self,
        text: &impl Text,
        options: EncodeOptions,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) -> Result<Counts> {
        let limit = options.max_length;
        // One id more than fits tells whether there are more; unknown ones count, so they go
        // only then.
        self.ids_beyond(text, limit, 1, Unknown::Keep, scratch)?;
        let Scratch { ids, matrix, .. } = scratch;
        let over = limit.is_some_and(|limit| ids.len() > limit);
        ids.truncate(limit.unwrap_or(usize::MAX));
        let tokens = ids.len();
        let vocabulary = self.shared.tokenizer.vocabulary();
        let unknown = match vocabulary.unk_id {
            Some(unk) if self.unknown == Unknown::Drop => {
                ids.retain(|&id| id != unk);
                tokens - ids.len()
            }
            Some(unk) => ids.iter().filter(|&&id| id == unk).count(),
            None => 0,
        };
        self.pool(ids, options.normalize, matrix, out)?;
        let most = limit.map(|limit| limit.saturating_mul(vocabulary.median_token_length));
        let truncated = over || most.is_some_and(|most| text.is_longer(most));
        Ok(Counts { tokens, unknown, truncated })
    }

    /// Leaves the ids to pool in `scratch.ids`, and returns how many there were with unknown ones.
    fn ids_into(
        &self,
        text: &impl Text,
        max_length: Option<usize>,
        scratch: &mut Scratch,
    ) -> Result<usize> {
        self.ids_beyond(text, max_length, 0, self.unknown, scratch)
    }

    /// As `ids_into`, with some ids beyond the limit if the text, cut as ever, has them.
    fn ids_beyond(
        &self,
        text: &impl Text,
        max_length: Option<usize>,
        beyond: usize,
        unknown: Unknown,
        scratch: &mut Scratch,
    ) -> Result<usize> {
        let tokenizer = &self.shared.tokenizer;
        let median = tokenizer.vocabulary().median_token_length;
        let cut = max_length.map(|limit| limit.saturating_mul(median));
        let text = text.prefix(cut, &mut scratch.text)?;
        scratch.ids.clear();
        let Scratch { tokenize, ids, .. } = scratch;
        let limit = max_length.map(|limit| limit.saturating_add(beyond));
        tokenizer.ids_into(text, limit, unknown, self.pooler.backend(), tokenize, ids)
    }

    fn pool(
        &self,
        ids: &[u32],
        normalize: bool,
        scratch: &mut MatrixScratch,
        out: &mut [f32],
    ) -> Result<()> {
        self.shared
            .matrix
            .mean(ids, self.pooler, scratch, out)
            .map_err(|problem| Error::Tokenize { index: 0, problem })?;
        if normalize {
            self.pooler.normalize(out);
        }
        Ok(())
    }

    /// What encoding a text would keep of it and leave out.
    pub(crate) fn count(
        &self,
        text: &impl Text,
        max_length: Option<usize>,
        scratch: &mut Scratch,
    ) -> Result<Counts> {
        // One id more than fits tells whether there are more.
        let mut tokens = self.ids_beyond(text, max_length, 1, Unknown::Drop, scratch)?;
        let over = max_length.is_some_and(|limit| tokens > limit);
        if over {
            tokens = self.ids_beyond(text, max_length, 0, Unknown::Drop, scratch)?;
        }
        let median = self.shared.tokenizer.vocabulary().median_token_length;
        let cut = max_length.is_some_and(|limit| text.is_longer(limit.saturating_mul(median)));
        Ok(Counts { tokens, unknown: tokens - scratch.ids.len(), truncated: over || cut })
    }

    /// The ids that [`Model::encode_into`] pools.
    pub(crate) fn cut_ids(
        &self,
        text: &impl Text,
        max_length: Option<usize>,
        scratch: &mut Scratch,
    ) -> Result<Vec<u32>> {
        self.ids_into(text, max_length, scratch)?;
        Ok(scratch.ids.as_slice().to_vec())
    }

    /// The ids of a text, cut to `max_length` ids but without the cut in characters that
    /// [`Model::encode`] makes, and without the unknown id unless the model keeps it.
    pub(crate) fn tokenize_into(
        &self,
        text: &impl Text,
        max_length: Option<usize>,
        scratch: &mut Scratch,
    ) -> Result<Vec<u32>> {
        let text = text.prefix(None, &mut scratch.text)?;
        scratch.ids.clear();
        let Scratch { tokenize, ids, .. } = scratch;
        let backend = self.pooler.backend();
        let tokenizer = &self.shared.tokenizer;
        tokenizer.ids_into(text, max_length, self.unknown, backend, tokenize, ids)?;
        Ok(scratch.ids.as_slice().to_vec())
    }

    /// Rough cost of encoding a text of this many bytes, in nanoseconds. It decides only where and
    /// on how many threads work is done, never what comes out.
    pub(crate) fn cost(&self, bytes: usize, max_length: Option<usize>) -> u64 {
        /// A call's fixed part: scratch, pooling of the first row, norm.
        const PER_TEXT: f64 = 100.0;
        let tokenizer = &self.shared.tokenizer;
        let vocabulary = tokenizer.vocabulary();
        // A code point has up to four bytes.
        let kept = max_length.map_or(bytes, |limit| {
            bytes.min(limit.saturating_mul(vocabulary.median_token_length).saturating_mul(4))
        });
        (PER_TEXT + kept as f64 * tokenizer.nanoseconds_per_byte()) as u64
    }
}
