//! Answers: written as bytes at once, since vectors are nearly all of them.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::embed::Totals;

/// What a request is answered with if nothing was wrong.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) totals: Totals,
}

impl Answer {
    pub(crate) fn json(body: Vec<u8>, totals: Totals) -> Self {
        Self { status: StatusCode::OK, content_type: "application/json", body, totals }
    }

    pub(crate) fn value(value: &impl Serialize) -> Self {
        let mut body = Vec::new();
        write(&mut body, value);
        Self::json(body, Totals::default())
    }

    pub(crate) fn text(content_type: &'static str, text: impl Into<Vec<u8>>) -> Self {
        Self { content_type, ..Self::json(text.into(), Totals::default()) }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, ..Self::json(Vec::new(), Totals::default()) }
    }
}

/// Appends a value as JSON. A float is written in the fewest digits that read back to the same
/// float32, and one that is not finite as null.
pub(crate) fn write(body: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    // Memory does not fail to be written to, and no value here has keys that are not strings.
    let _ = serde_json::to_writer(body, value);
}

/// Appends `[a,b,...]`, each item written by `item`.
pub(crate) fn write_list<T>(
    body: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    body.push(b'[');
    for (place, value) in items.into_iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        item(body, value);
    }
    body.push(b']');
}

/// Room for so many numbers as JSON.
pub(crate) fn room(numbers: usize) -> Vec<u8> {
    Vec::with_capacity(numbers.saturating_mul(13).saturating_add(256))
}

/// Room for so many vectors as base64, with what stands around each.
pub(crate) fn room_base64(vectors: usize, dim: usize) -> Vec<u8> {
    let each = dim.saturating_mul(4).div_ceil(3).saturating_mul(4).saturating_add(64);
    Vec::with_capacity(vectors.saturating_mul(each).saturating_add(256))
}

/// Appends the little-endian bytes of a vector in base64, in quotes.
pub(crate) fn write_base64(body: &mut Vec<u8>, vector: &[f32], bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
    body.push(b'"');
    let start = body.len();
    let length = bytes.len().div_ceil(3) * 4;
    body.resize(start + length, 0);
    // The slice is as long as the text is.
    let _ = STANDARD.encode_slice(bytes.as_slice(), &mut body[start..]);
    body.push(b'"');
}
