//! Texts to vectors, within a request's limits and time.

use std::time::Instant;

use m2v_fast::{Counts, EncodeOptions, Model};

use crate::input::Input;
use crate::models::{Models, Served};
use crate::problem::{Kind, Problem};
use crate::quantize::Ranges;

/// An answer holds no more numbers than this (JSON of some 200 MB).
pub(crate) const MOST_NUMBERS: usize = 1 << 24;

/// What requests may ask for.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Texts in a request.
    pub(crate) batch: usize,
    /// Code points in a request.
    pub(crate) characters: usize,
    /// Requests at once.
    pub(crate) concurrent: usize,
    /// Bytes of a body.
    pub(crate) body: usize,
    /// Whether token ids are taken for those of the model.
    pub(crate) token_ids: bool,
}

/// What a request is worked on with.
pub(crate) struct Context<'a> {
    pub(crate) models: &'a Models,
    pub(crate) limits: &'a Limits,
    pub(crate) ranges: Option<&'a Ranges>,
    pub(crate) deadline: Instant,
}

impl Context<'_> {
    /// Fails once the request has taken too long.
    pub(crate) fn check_time(&self) -> Result<(), Problem> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(Problem::new(Kind::Timeout, "the request took longer than requests may; split it"))
    }

    /// Fails if there are more texts or characters than a request may have.
    pub(crate) fn check_texts(
        &self,
        param: &'static str,
        texts: &[String],
    ) -> Result<usize, Problem> {
        self.check_count(param, texts.len())?;
        let characters = texts.iter().map(|text| characters(text)).sum();
        if characters > self.limits.characters {
            return Err(Problem::invalid(
                param,
                format!(
                    "`{param}` has {characters} characters; a request may have {}",
                    self.limits.characters
                ),
            ));
        }
        Ok(characters)
    }

    pub(crate) fn check_count(&self, param: &'static str, count: usize) -> Result<(), Problem> {
        if count <= self.limits.batch {
            return Ok(());
        }
        // TEI's words.
        Err(Problem::invalid(
            param,
            format!("batch size {count} > maximum allowed batch size {}", self.limits.batch),
        ))
    }
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

/// What was worked on, for headers, `usage` and metrics.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) texts: usize,
    pub(crate) characters: usize,
    pub(crate) tokens: usize,
    pub(crate) unknown: usize,
    pub(crate) truncated: usize,
}

impl Totals {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            texts: self.texts + other.texts,
            characters: self.characters + other.characters,
            tokens: self.tokens + other.tokens,
            unknown: self.unknown + other.unknown,
            truncated: self.truncated + other.truncated,
        }
    }

    fn add(&mut self, counts: Counts) {
        self.tokens += counts.tokens;
        self.unknown += counts.unknown;
        self.truncated += usize::from(counts.truncated);
    }
}

/// Vectors, row-major.
#[derive(Debug)]
pub(crate) struct Embedded {
    pub(crate) vectors: Vec<f32>,
    pub(crate) dim: usize,
    pub(crate) totals: Totals,
}

impl Embedded {
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.vectors.chunks_exact(self.dim)
    }
}

/// What becomes of a text that is longer than the model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Cut {
    /// Its end goes, as `encode` has it.
    #[default]
    Right,
    /// Its beginning goes.
    Left,
    /// The request is refused.
    Refuse,
}

/// How texts are embedded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish {
    /// The model's own setting if `None`.
    pub(crate) normalize: Option<bool>,
    /// Columns; all of them if `None`.
    pub(crate) dimensions: Option<usize>,
    pub(crate) cut: Cut,
}

/// The model with vectors of so many columns.
pub(crate) fn with_dimensions(
    served: &Served,
    dimensions: Option<usize>,
    param: &'static str,
) -> Result<Model, Problem> {
    let Some(dim) = dimensions else { return Ok(served.model.clone()) };
    served.model.with_dim(dim).map_err(|_| {
        let most = served.model.dim();
        Problem::invalid(param, format!("`{param}` is {dim}; it must be from 1 to {most}"))
    })
}

/// Embeds texts; `params` are the names that the API has for them and for the number of columns.
pub(crate) fn embed(
    context: &Context<'_>,
    served: &Served,
    texts: &[String],
    wish: Wish,
    params: (&'static str, &'static str),
) -> Result<Embedded, Problem> {
    let characters = context.check_texts(params.0, texts)?;
    let model = with_dimensions(served, wish.dimensions, params.1)?;
    let mut options = model.default_options();
    options.normalize = wish.normalize.unwrap_or(options.normalize);
    let dim = model.dim();
    let mut vectors = vec![0.0; texts.len() * dim];
    let mut totals = Totals { texts: texts.len(), characters, ..Totals::default() };
    for (place, (text, out)) in texts.iter().zip(vectors.chunks_exact_mut(dim)).enumerate() {
        // The clock costs a fraction of the shortest text.
        context.check_time()?;
        let counts = one(&model, text, options, wish.cut, out).map_err(|error| at(place, error))?;
        totals.add(counts);
    }
    Ok(Embedded { vectors, dim, totals })
}

fn one(
    model: &Model,
    text: &str,
    options: EncodeOptions,
    cut: Cut,
    out: &mut [f32],
) -> Result<Counts, Problem> {
    match (cut, options.max_length) {
        (Cut::Right, _) | (_, None) => Ok(model.encode_counted(text, options, out)?),
        (Cut::Refuse, Some(limit)) => {
            let counts = model.encode_counted(text, options, out)?;
            if counts.truncated {
                let tokens = model.with_unknown(m2v_fast::Unknown::Keep).ids(text, None)?.len();
                return Err(Problem::invalid(
                    "inputs",
                    format!("`inputs` must have less than {limit} tokens. Given: {tokens}"),
                ));
            }
            Ok(counts)
        }
        (Cut::Left, Some(limit)) => {
            let ids = model.with_unknown(m2v_fast::Unknown::Keep).ids(text, None)?;
            let kept = &ids[ids.len().saturating_sub(limit)..];
            let mut counts = pool(model, kept, options.normalize, out)?;
            counts.truncated = ids.len() > limit;
            Ok(counts)
        }
    }
}

/// Pools ids without the unknown one.
fn pool(model: &Model, ids: &[u32], normalize: bool, out: &mut [f32]) -> Result<Counts, Problem> {
    let unknown = model.tokenizer().vocabulary().unk_id;
    let known: Vec<u32> = ids.iter().copied().filter(|&id| Some(id) != unknown).collect();
    model.encode_ids(&known, normalize, out)?;
    let mut counts = Counts::default();
    (counts.tokens, counts.unknown) = (ids.len(), ids.len() - known.len());
    Ok(counts)
}

/// The text's place in its list, which the core does not know.
fn at(place: usize, problem: Problem) -> Problem {
    problem.with_message(|message| message.replacen("text 0 ", &format!("text {place} "), 1))
}

/// Embeds what a request holds, token ids too if they are allowed. Also whether it was one item.
pub(crate) fn embed_input(
    context: &Context<'_>,
    served: &Served,
    input: Input,
    wish: Wish,
    params: (&'static str, &'static str),
) -> Result<(Embedded, bool), Problem> {
    let (many, single) = match input {
        Input::Text(text) => {
            return Ok((embed(context, served, &[text], wish, params)?, true));
        }
        Input::Texts(texts) => {
            return Ok((embed(context, served, &texts, wish, params)?, false));
        }
        Input::Ids(ids) => (vec![ids], true),
        Input::ManyIds(many) => (many, false),
    };
    let param = params.0;
    if !context.limits.token_ids {
        return Err(Problem::invalid(
            param,
            format!(
                "`{param}` holds token ids, which would be those of another model's tokenizer: send \
                 texts. LangChain's OpenAIEmbeddings does with check_embedding_ctx_length=False. \
                 (Ids of this model's own tokenizer are taken by a server that was started with \
                 --accept-token-ids.)"
            ),
        ));
    }
    context.check_count(param, many.len())?;
    let model = with_dimensions(served, wish.dimensions, params.1)?;
    let options = model.default_options();
    let normalize = wish.normalize.unwrap_or(options.normalize);
    let dim = model.dim();
    let mut vectors = vec![0.0; many.len() * dim];
    let mut totals = Totals { texts: many.len(), ..Totals::default() };
    for (ids, out) in many.iter().zip(vectors.chunks_exact_mut(dim)) {
        context.check_time()?;
        let limit = options.max_length.unwrap_or(usize::MAX);
        let kept = &ids[..ids.len().min(limit)];
        let mut counts = pool(&model, kept, normalize, out)?;
        counts.truncated = kept.len() < ids.len();
        totals.add(counts);
    }
    Ok((Embedded { vectors, dim, totals }, single))
}
