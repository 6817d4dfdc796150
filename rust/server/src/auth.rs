//! Keys of clients.

use std::fs;
use std::path::Path;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use subtle::{Choice, ConstantTimeEq};

/// Keys are compared in full, at this length.
const LONGEST: usize = 256;

/// The keys that are accepted; none means that every request is.
#[derive(Default)]
pub(crate) struct Keys(Vec<([u8; LONGEST], u64)>);

fn padded(key: &[u8]) -> Option<([u8; LONGEST], u64)> {
    let mut bytes = [0; LONGEST];
    bytes.get_mut(..key.len())?.copy_from_slice(key);
    Some((bytes, key.len() as u64))
}

impl Keys {
    /// Reads a file with a key a line; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// If it cannot be read, or holds no key or one that no header can carry.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let lines = text.lines().map(str::trim).enumerate();
        let keys = lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(place, line)| {
                let plain = line.bytes().all(|byte| byte.is_ascii_graphic());
                padded(line.as_bytes()).filter(|_| plain).ok_or_else(|| {
                    format!(
                        "{name}, line {}: a key has up to {LONGEST} ASCII characters and no spaces",
                        place + 1
                    )
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(format!("{name}: there is no key in it, so no client could be let in"));
        }
        Ok(Self(keys))
    }

    /// Whether a request may come in. How long the answer takes does not depend on the keys.
    #[must_use]
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let bearer = given.and_then(|value| {
            let (scheme, key) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(key.trim_ascii())
        });
        let Some((bytes, length)) = bearer.and_then(padded) else { return false };
        let same = self.0.iter().fold(Choice::from(0), |same, (key, key_length)| {
            same | (key.ct_eq(&bytes) & key_length.ct_eq(&length))
        });
        same.into()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use axum::http::header::AUTHORIZATION;
    use axum::http::{HeaderMap, HeaderValue};

    use super::Keys;

    #[test]
    fn only_its_keys_are_let_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        fs::write(&path, "# staff\nsk-one\n\n  sk-two  \n").unwrap();
        let keys = Keys::read(&path).unwrap();
        let allow = |text: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(text) = text {
                headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
            }
            keys.allow(&headers)
        };
        assert!(allow(Some("Bearer sk-one")) && allow(Some("bearer sk-two")));
        for other in ["Bearer sk-on", "Bearer sk-one1", "Bearer ", "Basic sk-one", "sk-one", ""] {
            assert!(!allow(Some(other)), "{other}");
        }
        assert!(!allow(None));
        assert!(Keys::default().allow(&HeaderMap::new()));
        for (text, words) in [("\n# none\n", "no key"), ("a\na b\n", "line 2"), ("é", "line 1")] {
            fs::write(&path, text).unwrap();
            let problem = Keys::read(&path).err().unwrap();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
