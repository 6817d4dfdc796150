//! OpenAI's API: `/v1/embeddings` and `/v1/models`.

use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, room, room_base64, write, write_base64, write_list, write_vector};
use crate::embed::{Context, Wish, embed_input};
use crate::input::{Input, read};
use crate::models::Served;
use crate::problem::{Kind, Problem};

#[derive(Deserialize)]
struct Request {
    input: Input,
    model: Option<String>,
    encoding_format: Option<Format>,
    dimensions: Option<usize>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Format {
    Float,
    Base64,
}

pub(crate) fn embeddings(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let request: Request = read(body)?;
    let served = context.models.get(request.model.as_deref())?;
    let empty = |what| Err(Problem::invalid("input", what));
    match &request.input {
        Input::Text(text) if text.is_empty() => return empty("`input` cannot be an empty string"),
        Input::Texts(texts) => {
            if texts.is_empty() {
                return empty("`input` cannot be an empty list");
            }
            if let Some(place) = texts.iter().position(String::is_empty) {
                let message = format!("`input[{place}]` cannot be an empty string");
                return Err(Problem::invalid("input", message));
            }
        }
        Input::ManyIds(many) if many.iter().any(Vec::is_empty) => {
            return empty("`input` cannot hold an empty list of token ids");
        }
        _ => {}
    }
    let wish = Wish { dimensions: request.dimensions, ..Wish::default() };
    let (embedded, _) = embed_input(context, served, request.input, wish, ("input", "dimensions"))?;
    let base64 = request.encoding_format == Some(Format::Base64);
    let mut out = if base64 {
        room_base64(embedded.totals.texts, embedded.dim)
    } else {
        room(embedded.vectors.len())
    };
    out.extend_from_slice(b"{\"object\":\"list\",\"data\":");
    write_list(&mut out, embedded.rows().enumerate(), |out, (index, vector)| {
        out.extend_from_slice(b"{\"object\":\"embedding\",\"index\":");
        write(out, &index);
        out.extend_from_slice(b",\"embedding\":");
        if base64 {
            write_base64(out, vector);
        } else {
            write_vector(out, vector);
        }
        out.push(b'}');
    });
    out.extend_from_slice(b",\"model\":");
    write(&mut out, request.model.as_deref().unwrap_or(&served.name));
    let tokens = embedded.totals.tokens;
    out.extend_from_slice(b",\"usage\":{\"prompt_tokens\":");
    write(&mut out, &tokens);
    out.extend_from_slice(b",\"total_tokens\":");
    write(&mut out, &tokens);
    out.extend_from_slice(b"}}");
    Ok(Answer::json(out, embedded.totals))
}

fn card(served: &Served) -> Value {
    let created = served.modified.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    json!({"id": served.name, "object": "model", "created": created, "owned_by": "m2v-server"})
}

pub(crate) fn models(context: &Context<'_>) -> Answer {
    let cards: Vec<Value> = context.models.all().iter().map(|served| card(served)).collect();
    Answer::value(&json!({"object": "list", "data": cards}))
}

pub(crate) fn model(context: &Context<'_>, id: &str) -> Result<Answer, Problem> {
    if id.is_empty() {
        return Err(Problem::new(Kind::UnknownModel, "the address names no model"));
    }
    context.models.find(id).map(|served| Answer::value(&card(served)))
}
