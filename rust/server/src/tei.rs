//! The API of text-embeddings-inference 1.9.

use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::Encoding;

use crate::answer::{Answer, room, write, write_list, write_vector};
use crate::embed::{Context, Cut, Embedded, MOST_NUMBERS, Totals, Wish, embed, embed_input};
use crate::input::{Input, read};
use crate::models::Served;
use crate::problem::{Kind, Problem};

const PARAMS: (&str, &str) = ("inputs", "dimensions");

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
enum Direction {
    #[serde(alias = "left")]
    Left,
    #[default]
    #[serde(alias = "right")]
    Right,
}

#[derive(Deserialize)]
struct Request {
    inputs: Input,
    truncate: Option<bool>,
    truncation_direction: Option<Direction>,
    prompt_name: Option<String>,
    normalize: Option<bool>,
    dimensions: Option<usize>,
}

fn cut(truncate: Option<bool>, direction: Option<Direction>) -> Cut {
    match (truncate, direction) {
        (Some(false), _) => Cut::Refuse,
        (_, Some(Direction::Left)) => Cut::Left,
        _ => Cut::Right,
    }
}

/// Refuses what is empty, and puts the prompt before the texts.
fn prepare(served: &Served, input: &mut Input, prompt: Option<&str>) -> Result<(), Problem> {
    const EMPTY: &str = "`inputs` cannot be empty";
    let empty = match input {
        Input::Text(text) => text.is_empty(),
        Input::Ids(ids) => ids.is_empty(),
        Input::Texts(texts) if texts.is_empty() => return Err(Problem::new(Kind::Empty, EMPTY)),
        Input::ManyIds(many) => many.iter().any(Vec::is_empty),
        Input::Texts(texts) => texts.iter().any(String::is_empty),
    };
    if empty {
        return Err(Problem::invalid("inputs", EMPTY));
    }
    let Some(name) = prompt else { return Ok(()) };
    let Some(prompt) = served.prompts.get(name) else {
        let mut names: Vec<_> = served.prompts.keys().map(String::as_str).collect();
        names.sort_unstable();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let shown: String = name.chars().take(100).collect();
        let message = format!("the model has no prompt named {shown:?}; there is: {there}");
        return Err(Problem::invalid("prompt_name", message));
    };
    match input {
        Input::Text(text) => text.insert_str(0, prompt),
        Input::Texts(texts) => texts.iter_mut().for_each(|text| text.insert_str(0, prompt)),
        Input::Ids(_) | Input::ManyIds(_) => {
            let message = "`prompt_name` needs texts; `inputs` holds token ids";
            return Err(Problem::invalid("prompt_name", message));
        }
    }
    Ok(())
}

pub(crate) fn embed_texts(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let request = read(body)?;
    Ok(rows(&embed_request(context, context.models.first(), request)?))
}

fn embed_request(
    context: &Context<'_>,
    served: &Served,
    mut request: Request,
) -> Result<Embedded, Problem> {
    prepare(served, &mut request.inputs, request.prompt_name.as_deref())?;
    let wish = Wish {
        normalize: Some(request.normalize.unwrap_or(true)),
        dimensions: request.dimensions,
        cut: cut(request.truncate, request.truncation_direction),
    };
    embed_input(context, served, request.inputs, wish, PARAMS).map(|(embedded, _)| embedded)
}

fn rows(embedded: &Embedded) -> Answer {
    let mut out = room(embedded.vectors.len());
    write_list(&mut out, embedded.rows(), write_vector);
    Answer::json(out, embedded.totals)
}

/// `/`: what `inputs` is tells the task.
pub(crate) fn root(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    #[derive(Deserialize)]
    struct Task<'a> {
        #[serde(borrow)]
        inputs: &'a serde_json::value::RawValue,
    }
    let task: Task<'_> = read(body)?;
    if task.inputs.get().starts_with('{') {
        similarity(context, body)
    } else {
        embed_texts(context, body)
    }
}

/// `/vertex`: Vertex AI's envelope, whose every instance is a request of `/embed`.
pub(crate) fn vertex(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        instances: Vec<&'a serde_json::value::RawValue>,
    }
    let Envelope { instances } = read(body)?;
    if instances.is_empty() {
        return Err(Problem::new(Kind::Empty, "`instances` cannot be empty"));
    }
    context.check_count("instances", instances.len())?;
    let served = context.models.first();
    let mut totals = Totals::default();
    let mut out = b"{\"predictions\":".to_vec();
    let mut failed = None;
    write_list(&mut out, instances.into_iter().enumerate(), |out, (place, instance)| {
        if failed.is_some() {
            return;
        }
        let done =
            serde_json::from_str(instance.get()).map_err(Problem::from).and_then(|request| {
                let embedded = embed_request(context, served, request)?;
                totals = totals.plus(embedded.totals);
                context.check_count("instances", totals.texts)?;
                Ok(embedded)
            });
        match done {
            Ok(embedded) => write_list(out, embedded.rows(), write),
            Err(problem) => {
                failed = Some(problem.with_message(|text| format!("`instances[{place}]`: {text}")));
            }
        }
    });
    if let Some(problem) = failed {
        return Err(problem);
    }
    out.push(b'}');
    Ok(Answer::json(out, totals))
}

#[derive(Deserialize)]
struct Pairs {
    source_sentence: String,
    sentences: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Parameters {
    truncate: Option<bool>,
    truncation_direction: Option<Direction>,
    prompt_name: Option<String>,
}

#[derive(Deserialize)]
struct Similarity {
    inputs: Pairs,
    parameters: Option<Parameters>,
}

pub(crate) fn similarity(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let Similarity { inputs, parameters } = read(body)?;
    let parameters = parameters.unwrap_or_default();
    let served = context.models.first();
    if inputs.sentences.is_empty() {
        return Err(Problem::new(Kind::Empty, "`inputs.sentences` cannot be empty"));
    }
    context.check_count("inputs", inputs.sentences.len())?;
    let mut texts = inputs.sentences;
    texts.push(inputs.source_sentence);
    let mut input = Input::Texts(texts);
    prepare(served, &mut input, parameters.prompt_name.as_deref())?;
    let Input::Texts(mut texts) = input else { return Ok(Answer::value(&Value::Null)) };
    let source = texts.pop().into_iter().collect::<Vec<_>>();
    let cut = cut(parameters.truncate, parameters.truncation_direction);
    let wish = Wish { normalize: Some(true), dimensions: None, cut };
    let sentences = embed(context, served, &texts, wish, PARAMS)?;
    let source = embed(context, served, &source, wish, PARAMS)?;
    let dot = |row: &[f32]| row.iter().zip(&source.vectors).map(|(a, b)| a * b).sum::<f32>();
    let scores: Vec<f32> = sentences.rows().map(dot).collect();
    let mut out = Vec::new();
    write_vector(&mut out, &scores);
    Ok(Answer::json(out, sentences.totals.plus(source.totals)))
}

/// `/embed_all`: the row of each token, before pooling.
pub(crate) fn embed_all(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let mut request: Request = read(body)?;
    let served = context.models.first();
    prepare(served, &mut request.inputs, request.prompt_name.as_deref())?;
    let texts = match request.inputs {
        Input::Text(text) => vec![text],
        Input::Texts(texts) => texts,
        Input::Ids(_) | Input::ManyIds(_) => {
            return Err(Problem::invalid("inputs", "/embed_all takes texts, not token ids"));
        }
    };
    let characters = context.check_texts("inputs", &texts)?;
    let model = crate::embed::with_dimensions(served, request.dimensions, "dimensions")?;
    let limit = model.default_options().max_length;
    let mut totals = Totals { texts: texts.len(), characters, ..Totals::default() };
    let mut tokens = Vec::with_capacity(texts.len());
    for text in &texts {
        context.check_time()?;
        let ids = model.ids(text, limit)?;
        totals.tokens += ids.len();
        if totals.tokens.saturating_mul(model.dim()) > MOST_NUMBERS {
            let message = format!("the answer would have more than {MOST_NUMBERS} numbers");
            return Err(Problem::invalid("inputs", message));
        }
        tokens.push(ids);
    }
    let mut out = room(totals.tokens * model.dim());
    let mut failed = None;
    write_list(&mut out, &tokens, |out, ids| {
        let mut vectors = vec![0.0; ids.len() * model.dim()];
        if let Err(error) = model.rows_of(ids, &mut vectors) {
            failed = Some(error);
        }
        write_list(out, vectors.chunks_exact(model.dim()), write_vector);
    });
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(Answer::json(out, totals)),
    }
}

#[derive(Deserialize)]
struct Tokenize {
    inputs: Input,
    add_special_tokens: Option<bool>,
    prompt_name: Option<String>,
}

pub(crate) fn tokenize(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let mut request: Tokenize = read(body)?;
    let served = context.models.first();
    prepare(served, &mut request.inputs, request.prompt_name.as_deref())?;
    let texts = match request.inputs {
        Input::Text(text) => vec![text],
        Input::Texts(texts) => texts,
        Input::Ids(_) | Input::ManyIds(_) => {
            return Err(Problem::invalid("inputs", "/tokenize takes texts, not token ids"));
        }
    };
    let characters = context.check_texts("inputs", &texts)?;
    let mut totals = Totals { texts: texts.len(), characters, ..Totals::default() };
    let tokenizer = served.tokenizer()?;
    let special = request.add_special_tokens.unwrap_or(true);
    let mut lists = Vec::with_capacity(texts.len());
    for text in &texts {
        context.check_time()?;
        // The core refuses texts that would take the tokenizer forever, or that it fails on.
        served.model.ids(text, None)?;
        let encoding = tokenizer
            .encode_char_offsets(text.as_str(), special)
            .map_err(|error| Problem::new(Kind::Tokenizer, error.to_string()))?;
        totals.tokens += encoding.len();
        lists.push(tokens(&encoding));
    }
    let mut out = Vec::new();
    write(&mut out, &lists);
    Ok(Answer::json(out, totals))
}

fn tokens(encoding: &Encoding) -> Vec<Value> {
    let parts = encoding.get_ids().iter().zip(encoding.get_tokens()).zip(encoding.get_offsets());
    parts
        .zip(encoding.get_special_tokens_mask())
        .map(|(((id, text), &(start, stop)), &special)| {
            let special = special == 1;
            let place = |at: usize| if special { Value::Null } else { at.into() };
            json!({
                "id": id, "text": text, "special": special,
                "start": place(start), "stop": place(stop),
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct Decode {
    ids: Input,
    skip_special_tokens: Option<bool>,
}

pub(crate) fn decode(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let request: Decode = read(body)?;
    let lists = match request.ids {
        Input::Ids(ids) => vec![ids],
        Input::ManyIds(lists) => lists,
        Input::Texts(texts) if texts.is_empty() => {
            return Err(Problem::new(Kind::Empty, "`ids` cannot be empty"));
        }
        _ => return Err(Problem::invalid("ids", "`ids` must hold token ids")),
    };
    context.check_count("ids", lists.len())?;
    let tokenizer = context.models.first().tokenizer()?;
    let skip = request.skip_special_tokens.unwrap_or(true);
    let texts = lists
        .iter()
        .map(|ids| {
            context.check_time()?;
            tokenizer
                .decode(ids, skip)
                .map_err(|error| Problem::new(Kind::Tokenizer, error.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Answer::value(&texts))
}

pub(crate) fn info(context: &Context<'_>, workers: usize) -> Answer {
    let served = context.models.first();
    let model = &served.model;
    let limits = context.limits;
    Answer::value(&json!({
        "model_id": served.name,
        "model_sha": null,
        "model_dtype": model.matrix().dtype().name(),
        "served_model_name": served.name,
        "model_type": {"embedding": {"pooling": "mean"}},
        "max_concurrent_requests": limits.concurrent,
        "max_input_length": model.default_options().max_length.unwrap_or(limits.characters),
        "max_batch_tokens": limits.characters,
        "max_batch_requests": null,
        "max_client_batch_size": limits.batch,
        "auto_truncate": true,
        "tokenization_workers": workers,
        "version": env!("CARGO_PKG_VERSION"),
        "sha": null,
        "docker_label": null,
    }))
}
