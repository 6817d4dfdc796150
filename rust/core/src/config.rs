//! config.json: what of it encoding depends on.
//!
//! The reference reads it with Python's `json`, which takes more than JSON is: `NaN` and infinities,
//! numbers of any size, halves of surrogate pairs. Only two values matter here, so all others are
//! passed over unread.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::data;
use crate::error::{Error, Result};

/// What config.json says about encoding; everything else in it does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Whether vectors are divided by their norm; false if the file does not say.
    pub normalize: bool,
    /// Most ids kept of a text; 512 if the file does not say, no limit if it says `null`.
    pub max_length: Option<usize>,
}

/// model2vec's `DEFAULT_MAX_LENGTH`.
pub const DEFAULT_MAX_LENGTH: usize = 512;

impl Default for Config {
    fn default() -> Self {
        Self { normalize: false, max_length: Some(DEFAULT_MAX_LENGTH) }
    }
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, or is no JSON of the kind that a model has.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_json(&data::read_json(path)?, path)
    }

    /// Reads the bytes of the file; `path` is only named in errors.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn from_json(json: &[u8], path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let json = with_words_quoted(json);
        let object: HashMap<Key, &RawValue> = serde_json::from_slice(&json).map_err(|error| {
            let problem = match error.classify() {
                serde_json::error::Category::Data => "not a JSON object".to_owned(),
                _ => format!("not valid JSON: {error}"),
            };
            Error::malformed(path, problem)
        })?;
        let value = |key: &str| {
            let value = object.get(&Key(key.as_bytes().to_vec()))?;
            // What cannot be read as a value is shown as it stands.
            Some(serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().into()))
        };
        let normalize = match value("normalize") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(normalize)) => normalize,
            // As Python has it: what is not zero is true.
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(other) => {
                let problem = format!("`normalize` is {other}; it must be true or false");
                return Err(Error::malformed(path, problem));
            }
        };
        let max_length = match value("max_length") {
            None => Some(DEFAULT_MAX_LENGTH),
            Some(Value::Null) => None,
            Some(value) => {
                let length = value.as_u64().and_then(|length| usize::try_from(length).ok());
                Some(length.ok_or_else(|| {
                    let problem = format!(
                        "`max_length` is {value}; it must be null or a whole number of tokens, 0 or more"
                    );
                    Error::malformed(path, problem)
                })?)
            }
        };
        Ok(Self { normalize, max_length })
    }
}

/// A key, which may hold half of a surrogate pair: its bytes.
#[derive(PartialEq, Eq, Hash)]
struct Key(Vec<u8>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Key, E> {
                Ok(Key(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes).map_err(D::Error::custom)
    }
}

/// The words that Python takes for numbers as strings, which are refused where a number counts.
fn with_words_quoted(json: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    let mut quoted = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        if byte == b'"' {
            at = behind_string(json, at);
        } else if let Some(word) = WORDS.iter().find(|word| json[at..].starts_with(word)) {
            quoted.extend_from_slice(&json[copied..at]);
            quoted.push(b'"');
            quoted.extend_from_slice(word);
            quoted.push(b'"');
            at += word.len();
            copied = at;
        } else {
            at += 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    quoted.extend_from_slice(&json[copied..]);
    Cow::Owned(quoted)
}

/// Where the string that begins at `start` is over.
fn behind_string(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}
