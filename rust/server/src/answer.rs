//! Answers: written as bytes at once, since vectors are nearly all of them.

use axum::http::StatusCode;
use base64_simd::STANDARD;
use serde::Serialize;
use zerocopy::IntoBytes;

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

/// Appends a value as JSON.
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

/// Appends a vector as a JSON list. A float is written in the fewest digits that read back to the
/// same float32, and one that is not finite as null: what serde_json writes, in less time.
pub(crate) fn write_vector(body: &mut Vec<u8>, vector: &[f32]) {
    /// Of one number, with its comma.
    const MOST: usize = size_of::<zmij::Buffer>() + 1;
    /// So many at a time: they are put together in memory that needs no check of its room.
    const AT_ONCE: usize = 32;
    let mut buffer = zmij::Buffer::new();
    let mut part = [0; AT_ONCE * MOST];
    body.push(b'[');
    let start = body.len();
    for values in vector.chunks(AT_ONCE) {
        let mut length = 0;
        for &value in values {
            let text = if value.is_finite() { buffer.format_finite(value) } else { "null" };
            copy_short(&mut part[length..], text.as_bytes());
            length += text.len();
            part[length] = b',';
            length += 1;
        }
        body.extend_from_slice(&part[..length]);
    }
    if body.len() > start {
        body.pop();
    }
    body.push(b']');
}

/// Copies to the beginning of `to`. Two copies of a known length that overlap take less than a call
/// of memcpy.
fn copy_short(to: &mut [u8], from: &[u8]) {
    let length = from.len();
    if (8..=16).contains(&length) {
        to[..8].copy_from_slice(&from[..8]);
        to[length - 8..length].copy_from_slice(&from[length - 8..]);
    } else {
        to[..length].copy_from_slice(from);
    }
}

/// Appends the bytes of a vector in base64, in quotes. They are little-endian, as all platforms are
/// that the core is made for.
pub(crate) fn write_base64(body: &mut Vec<u8>, vector: &[f32]) {
    body.push(b'"');
    STANDARD.encode_append(vector.as_bytes(), body);
    body.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::{write, write_base64, write_vector};

    #[test]
    fn vectors_are_written_as_serde_json_does() {
        let mut values =
            vec![0.0, -0.0, 1.0, -1.5, 0.1, 1e16, -1e16, 1e-5, 123_456.79, 16_777_216.0];
        values.extend([
            f32::MIN,
            f32::MAX,
            f32::MIN_POSITIVE,
            1e-45,
            -1.175_494_4e-38,
            f32::EPSILON,
        ]);
        values.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
        // One of each few thousand of all bit patterns.
        values.extend((0..=u32::MAX).step_by(4_001).map(f32::from_bits));
        for length in (0..70).chain([values.len()]) {
            let (mut ours, mut theirs) = (b"x".to_vec(), b"x".to_vec());
            write_vector(&mut ours, &values[..length]);
            write(&mut theirs, &values[..length]);
            assert!(ours == theirs, "{length} values");
        }
    }

    #[test]
    fn base64_is_of_little_endian_bytes() {
        for (vector, text) in [
            (&[][..], "\"\""),
            (&[1.0][..], "\"AACAPw==\""),
            (&[1.0, -2.5][..], "\"AACAPwAAIMA=\""),
            (&[1.0, -2.5, 0.1][..], "\"AACAPwAAIMDNzMw9\""),
        ] {
            let mut body = Vec::new();
            write_base64(&mut body, vector);
            assert_eq!(body, text.as_bytes());
        }
    }
}
