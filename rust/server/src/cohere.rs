//! Cohere's second API: `/v2/embed`.

use serde::Deserialize;

use crate::answer::{Answer, room, write, write_base64, write_list, write_vector};
use crate::embed::{Context, Cut, Embedded, Wish, embed};
use crate::input::read;
use crate::problem::{Kind, Problem};
use crate::quantize::{Ranges, bits};

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Type {
    Float,
    Int8,
    Uint8,
    Binary,
    Ubinary,
    Base64,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
            Self::Base64 => "base64",
        }
    }
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "UPPERCASE")]
enum Truncate {
    None,
    Start,
    End,
}

#[derive(Deserialize)]
struct Request {
    model: String,
    texts: Option<Vec<String>>,
    embedding_types: Option<Vec<Type>>,
    output_dimension: Option<usize>,
    truncate: Option<Truncate>,
}

pub(crate) fn embed_texts(context: &Context<'_>, body: &[u8]) -> Result<Answer, Problem> {
    let request: Request = read(body)?;
    let served = context.models.find(&request.model)?;
    let Some(texts) = request.texts.filter(|texts| !texts.is_empty()) else {
        let message =
            "`texts` must hold at least one text; images and mixed inputs are not embedded";
        return Err(Problem::new(Kind::Empty, message));
    };
    if let Some(place) = texts.iter().position(String::is_empty) {
        let message = format!("`texts[{place}]` cannot be an empty string");
        return Err(Problem::invalid("texts", message));
    }
    let cut = match request.truncate {
        None | Some(Truncate::End) => Cut::Right,
        Some(Truncate::Start) => Cut::Left,
        Some(Truncate::None) => Cut::Refuse,
    };
    let mut types = request.embedding_types.unwrap_or_default();
    if types.is_empty() {
        types.push(Type::Float);
    }
    let columns = request.output_dimension.unwrap_or_else(|| served.model.dim());
    for &kind in &types {
        check(kind, columns, served.model.dim(), context.ranges)?;
    }
    let wish = Wish { dimensions: request.output_dimension, cut, normalize: None };
    let embedded = embed(context, served, &texts, wish, ("texts", "output_dimension"))?;
    let mut out = room(embedded.vectors.len());
    out.extend_from_slice(b"{\"id\":");
    write(&mut out, &crate::ids::new_id());
    out.extend_from_slice(b",\"response_type\":\"embeddings_by_type\",\"embeddings\":{");
    let mut done: Vec<Type> = Vec::new();
    for kind in types {
        if done.contains(&kind) {
            continue;
        }
        if !done.is_empty() {
            out.push(b',');
        }
        done.push(kind);
        write(&mut out, kind.name());
        out.push(b':');
        write_rows(&mut out, kind, &embedded, context.ranges);
    }
    out.extend_from_slice(b"},\"texts\":");
    write(&mut out, &texts);
    let tokens = embedded.totals.tokens;
    let meta = format!(
        ",\"meta\":{{\"api_version\":{{\"version\":\"2\"}},\"billed_units\":{{\"input_tokens\":{tokens}}}}}}}"
    );
    out.extend_from_slice(meta.as_bytes());
    Ok(Answer::json(out, embedded.totals))
}

/// Whether vectors of so many columns can be had in that type.
fn check(kind: Type, columns: usize, dim: usize, ranges: Option<&Ranges>) -> Result<(), Problem> {
    let name = kind.name();
    let refuse = |message| Err(Problem::invalid("embedding_types", message));
    match kind {
        Type::Float | Type::Base64 => Ok(()),
        Type::Binary | Type::Ubinary if columns.is_multiple_of(8) => Ok(()),
        Type::Binary | Type::Ubinary => {
            refuse(format!("{name} packs eight columns to a byte; {columns} columns do not fit"))
        }
        Type::Int8 | Type::Uint8 => match ranges {
            Some(ranges) if ranges.columns() == columns && columns == dim => Ok(()),
            Some(ranges) => refuse(format!(
                "{name}: this server's --ranges are of {} columns, and the vectors would have \
                 {columns}",
                ranges.columns()
            )),
            None => refuse(format!(
                "{name} needs the range of each column: start the server with --ranges FILE.npy, \
                 the smallest and largest values over a sample of vectors, of shape (2, {dim})"
            )),
        },
    }
}

fn write_rows(out: &mut Vec<u8>, kind: Type, embedded: &Embedded, ranges: Option<&Ranges>) {
    write_list(out, embedded.rows(), |out, row| match kind {
        Type::Float => write_vector(out, row),
        Type::Base64 => write_base64(out, row),
        Type::Ubinary => {
            let row: Vec<u8> = bits(row).into_iter().flatten().collect();
            write(out, row.as_slice());
        }
        Type::Binary => {
            // -128 to 127 stand for 0 to 255.
            let signed = |byte: u8| (i16::from(byte) - 128) as i8;
            let row: Vec<i8> = bits(row).into_iter().flatten().map(signed).collect();
            write(out, row.as_slice());
        }
        Type::Uint8 => {
            let steps = ranges.into_iter().flat_map(|ranges| ranges.steps(row));
            let row: Vec<u8> = steps.map(|step| step as u8).collect();
            write(out, row.as_slice());
        }
        Type::Int8 => {
            let steps = ranges.into_iter().flat_map(|ranges| ranges.steps(row));
            let row: Vec<i8> = steps.map(|step| (step - 128.0) as i8).collect();
            write(out, row.as_slice());
        }
    });
}
