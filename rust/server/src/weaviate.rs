//! The API that Weaviate's module text2vec-model2vec asks its container by.

use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, room, write, write_list, write_vector};
use crate::embed::{Context, Wish, embed};
use crate::input::read;
use crate::models::Served;
use crate::problem::{Kind, Problem};

#[derive(Deserialize)]
struct Request {
    text: Option<String>,
    texts: Option<Vec<String>>,
}

pub(crate) fn vectors(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let Request { text, texts } = read(body)?;
    let served: &Served = context.models.first();
    let (texts, single) = match (text, texts) {
        (None, None) => return Err(Problem::new(Kind::Invalid, "`text` or `texts` is missing")),
        (_, Some(texts)) => (texts, false),
        (Some(text), None) => (vec![text], true),
    };
    let embedded = embed(context, served, &texts, Wish::default(), ("texts", "dims"))?;
    let mut out = room(embedded.vectors.len());
    if single {
        out.extend_from_slice(b"{\"text\":");
        write(&mut out, &texts[0]);
        out.extend_from_slice(b",\"vector\":");
        write_vector(&mut out, &embedded.vectors);
    } else {
        out.extend_from_slice(b"{\"vectors\":");
        write_list(&mut out, embedded.rows(), write_vector);
    }
    // Containers write the one, the database reads the other.
    let dim = embedded.dim;
    out.extend_from_slice(format!(",\"dim\":{dim},\"dims\":{dim}}}").as_bytes());
    Ok(Answer::json(out, embedded.totals))
}

pub(crate) fn meta(context: &Context<'_>) -> Answer {
    let served = context.models.first();
    Answer::value(&json!({
        "model_name": served.name,
        "model_path": served.name,
        "model_type": "model2vec",
        "dim": served.model.dim(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}
