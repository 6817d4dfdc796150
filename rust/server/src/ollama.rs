//! Ollama's API, as far as it is about embedding.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, room, write, write_list, write_vector};
use crate::embed::{Context, Cut, Embedded, Totals, Wish, embed};
use crate::input::{Input, read};
use crate::models::Served;
use crate::problem::{Kind, Problem};

#[derive(Deserialize)]
struct Embed {
    model: String,
    input: Option<Input>,
    truncate: Option<bool>,
    dimensions: Option<usize>,
}

pub(crate) fn embed_texts(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let start = Instant::now();
    let request: Embed = read(body)?;
    let served = context.models.find(&request.model)?;
    let texts = match request.input {
        None => Vec::new(),
        Some(Input::Text(text)) if text.is_empty() => Vec::new(),
        Some(Input::Text(text)) => vec![text],
        Some(Input::Texts(texts)) => texts,
        Some(Input::Ids(_) | Input::ManyIds(_)) => {
            return Err(Problem::invalid("input", "`input` must be a string or strings"));
        }
    };
    let cut = if request.truncate == Some(false) { Cut::Refuse } else { Cut::Right };
    // Ollama takes 0 for "all".
    let dimensions = request.dimensions.filter(|&dim| dim > 0);
    let wish = Wish { dimensions, cut, normalize: None };
    let embedded = embed(context, served, &texts, wish, ("input", "dimensions"))?;
    let mut out = room(embedded.vectors.len());
    out.extend_from_slice(b"{\"model\":");
    write(&mut out, &request.model);
    out.extend_from_slice(b",\"embeddings\":");
    write_list(&mut out, embedded.rows(), write_vector);
    let total = start.elapsed().as_nanos();
    let tokens = embedded.totals.tokens;
    let rest =
        format!(",\"total_duration\":{total},\"load_duration\":0,\"prompt_eval_count\":{tokens}}}");
    out.extend_from_slice(rest.as_bytes());
    Ok(Answer::json(out, embedded.totals))
}

#[derive(Deserialize)]
struct Old {
    model: String,
    #[serde(default)]
    prompt: String,
}

pub(crate) fn embed_prompt(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let request: Old = read(body)?;
    let served = context.models.find(&request.model)?;
    let (vectors, totals) = if request.prompt.is_empty() {
        (Vec::new(), Totals::default())
    } else {
        let texts = [request.prompt];
        let params = ("prompt", "dimensions");
        let Embedded { vectors, totals, .. } =
            embed(context, served, &texts, Wish::default(), params)?;
        (vectors, totals)
    };
    let mut out = room(vectors.len());
    out.extend_from_slice(b"{\"embedding\":");
    write_vector(&mut out, &vectors);
    out.push(b'}');
    Ok(Answer::json(out, totals))
}

/// The size of a model in words, such as `7.5M`.
fn parameters(served: &Served) -> (usize, String) {
    let matrix = served.model.matrix();
    let count = matrix.rows() * matrix.dim();
    let words = match count {
        1_000_000_000.. => format!("{:.1}B", count as f64 / 1e9),
        1_000_000.. => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.1}K", count as f64 / 1e3),
    };
    (count, words)
}

fn details(served: &Served) -> Value {
    json!({
        "parent_model": "",
        "format": "safetensors",
        "family": "model2vec",
        "families": ["model2vec"],
        "parameter_size": parameters(served).1,
        "quantization_level": served.model.matrix().dtype().name().to_uppercase(),
    })
}

/// Tells one state of a model's files from another, in the form of a digest that Ollama's tools
/// show the beginning of.
fn digest(served: &Served) -> String {
    (0..4u8)
        .map(|part| {
            let mut hasher = DefaultHasher::new();
            (part, &served.name, served.size, served.modified).hash(&mut hasher);
            format!("{:016x}", hasher.finish())
        })
        .collect()
}

pub(crate) fn tags(context: &Context<'_>) -> Answer {
    let models: Vec<Value> = context
        .models
        .all()
        .iter()
        .map(|served| {
            json!({
                "name": served.name,
                "model": served.name,
                "modified_at": rfc3339(served.modified),
                "size": served.size,
                "digest": digest(served),
                "details": details(served),
            })
        })
        .collect();
    Answer::value(&json!({ "models": models }))
}

#[derive(Deserialize)]
struct Show {
    model: Option<String>,
    name: Option<String>,
}

pub(crate) fn show(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let request: Show = read(body)?;
    let Some(name) = request.model.or(request.name) else {
        return Err(Problem::new(Kind::Invalid, "`model` is missing"));
    };
    let served = context.models.find(&name)?;
    let model = &served.model;
    Ok(Answer::value(&json!({
        "modelfile": "",
        "parameters": "",
        "template": "",
        "license": "",
        "modified_at": rfc3339(served.modified),
        "details": details(served),
        "model_info": {
            "general.architecture": "model2vec",
            "general.parameter_count": parameters(served).0,
            "model2vec.embedding_length": model.dim(),
            "model2vec.context_length": model.default_options().max_length,
            "model2vec.vocab_size": model.tokenizer().vocabulary().tokens,
        },
        "capabilities": ["embedding"],
    })))
}

pub(crate) fn version() -> Answer {
    Answer::value(&json!({ "version": env!("CARGO_PKG_VERSION") }))
}

/// A time in UTC, to the second.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}Z", days + 1, second % 60)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::rfc3339;

    #[test]
    fn times_are_those_of_date() {
        // `date -u -d @N +%FT%TZ`
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
