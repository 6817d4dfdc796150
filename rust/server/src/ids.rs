//! Names of requests, for logs: the client's own, or new ones.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderName, HeaderValue};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Not guessable from another process's, and none comes twice in one.
pub(crate) fn new_id() -> String {
    static START: OnceLock<String> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start =
        START.get_or_init(|| format!("{:016x}", RandomState::new().hash_one(std::process::id())));
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Formatted by hand: each request takes one, and `format!` takes a thousand instructions for it.
    let mut id = String::with_capacity(start.len() + 1 + DIGITS as usize);
    id.push_str(start);
    id.push('-');
    for place in (0..DIGITS).rev() {
        id.push(char::from(b"0123456789abcdef"[(number >> (4 * place)) as usize % 16]));
    }
    id
}

/// Of a request's number. More requests than they hold take a server years.
const DIGITS: u32 = 12;

/// A client's `x-request-id` if it can be written into a log as it is.
pub(crate) fn request_id(value: Option<&HeaderValue>) -> Option<&str> {
    let text = value?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    (!text.is_empty() && text.len() <= 128 && text.bytes().all(plain)).then_some(text)
}

/// A `traceparent` of the form that W3C's Trace Context gives it.
pub(crate) fn traceparent(value: Option<&HeaderValue>) -> Option<&str> {
    let text = value?.to_str().ok()?;
    let mut parts = text.split('-');
    let lengths = [2, 32, 16, 2];
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let right = lengths
        .iter()
        .all(|&length| parts.next().is_some_and(|part| part.len() == length && hex(part)));
    (right && parts.next().is_none()).then_some(text)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::{new_id, request_id, traceparent};

    #[test]
    fn new_ids_count() {
        let [first, second] = [new_id(), new_id()];
        let number = |id: &str| u64::from_str_radix(&id[17..], 16).unwrap();
        assert_eq!((first.len(), &first[..17]), (29, &second[..17]));
        assert_eq!(number(&first) + 1, number(&second));
        assert_eq!(request_id(Some(&HeaderValue::try_from(&first).unwrap())), Some(&first[..]));
    }

    #[test]
    fn what_is_no_id_is_not_taken_over() {
        let id = |text: &'static [u8]| {
            let value = HeaderValue::from_bytes(text).unwrap();
            request_id(Some(&value)).map(str::to_owned)
        };
        assert_eq!(id(b"a-1.b_2:/+=").as_deref(), Some("a-1.b_2:/+="));
        for text in [&b""[..], b"a b", b"a\"b", b"\xff", b"a{b}"] {
            assert_eq!(id(text), None);
        }
        let trace =
            |text: &'static str| traceparent(Some(&HeaderValue::from_static(text))).is_some();
        assert!(trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        assert!(!trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x"));
        assert!(!trace("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
        assert!(!trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"));
        assert!(!trace("abc"));
    }
}
