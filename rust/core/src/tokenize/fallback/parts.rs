//! The parts of a file as the `tokenizers` crate reads them: more forms than one finds in files,
//! parts without a `type` among them, and of a key that is there twice the last.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;

use crate::tokenize::text::normalizers::longest_replacement;

/// Groups in a group, or repetitions of repetitions, that any thread has room for.
const DEEP: usize = 200;

/// A file, its parts unread: one that is there twice is there twice, since the crate makes both
/// before it forgets the first.
pub(super) struct Parts<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Parts<'de>, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Parts(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// What an added token is to the crate's normalizers.
#[derive(Deserialize)]
pub(super) struct Added {
    pub(super) content: String,
    pub(super) normalized: bool,
}

impl<'a> Parts<'a> {
    /// Fails if it is no object: the crate would, too, but only once it had made what stands before
    /// the mistake.
    pub(super) fn of(json: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| format!("not valid JSON: {error}"))
    }

    fn all(&self, key: &str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, part)| part.get())
    }

    /// The part that counts.
    fn get(&self, key: &str) -> Option<&'a str> {
        self.all(key).next_back()
    }

    /// Whether an expression of the file takes a deep stack to be read: by a count of what opens or
    /// repeats, of which there are hardly ever so many that do not stand in each other.
    pub(super) fn nest_deeply(&self) -> bool {
        let deep = |expression: &str| {
            expression.bytes().filter(|byte| b"([{*+?|".contains(byte)).count() > DEEP
        };
        ["normalizer", "pre_tokenizer"].iter().any(|&part| {
            let mut found = false;
            self.strings(part, "Regex", &mut |expression| found |= deep(expression));
            found
        })
    }

    /// Refuses tables that would have the crate ask for gigabytes.
    pub(super) fn check_tables(&self) -> Result<(), String> {
        let mut result = Ok(());
        self.strings("normalizer", "precompiled_charsmap", &mut |table| {
            if result.is_ok() {
                result = longest_replacement(table).map(|_| ());
            }
        });
        result
    }

    /// Calls `each` with all strings under this key, wherever they are in a part.
    fn strings(&self, part: &str, key: &str, each: &mut impl FnMut(&str)) {
        let mut open: Vec<Value> =
            self.all(part).filter_map(|json| serde_json::from_str(json).ok()).collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(items) => {
                    if let Some(Value::String(text)) = items.get(key) {
                        each(text);
                    }
                    open.extend(items.into_iter().map(|(_, value)| value));
                }
                _ => {}
            }
        }
    }

    /// The normalizers in the order in which they are applied; none if the crate cannot read them.
    pub(super) fn normalizers(&self) -> Option<Vec<NormalizerWrapper>> {
        let outermost: Option<NormalizerWrapper> = self.read("normalizer")?;
        let mut leaves = Vec::new();
        let mut open: Vec<NormalizerWrapper> = outermost.into_iter().collect();
        while let Some(part) = open.pop() {
            match part {
                NormalizerWrapper::Sequence(list) => {
                    let from = open.len();
                    open.extend(list);
                    open[from..].reverse();
                }
                leaf => leaves.push(leaf),
            }
        }
        Some(leaves)
    }

    /// The pre-tokenizers, likewise.
    pub(super) fn pre_tokenizers(&self) -> Option<Vec<PreTokenizerWrapper>> {
        let outermost: Option<PreTokenizerWrapper> = self.read("pre_tokenizer")?;
        let mut leaves = Vec::new();
        let mut open: Vec<PreTokenizerWrapper> = outermost.into_iter().collect();
        while let Some(part) = open.pop() {
            match part {
                PreTokenizerWrapper::Sequence(list) => {
                    let from = open.len();
                    open.extend(list);
                    open[from..].reverse();
                }
                leaf => leaves.push(leaf),
            }
        }
        Some(leaves)
    }

    /// The added tokens; none if the crate cannot read them.
    pub(super) fn added_tokens(&self) -> Option<Vec<Added>> {
        Some(self.read::<Vec<Added>>("added_tokens")?.unwrap_or_default())
    }

    /// A field of the model, read into some shape if it has that.
    pub(super) fn model<T: Deserialize<'a>>(&self, field: &str) -> Option<T> {
        let model: HashMap<Cow<'a, str>, &'a RawValue> =
            serde_json::from_str(self.get("model")?).ok()?;
        serde_json::from_str(model.get(field)?.get()).ok()
    }

    /// A part, if it is there; none if it has another shape.
    fn read<T: Deserialize<'a>>(&self, part: &str) -> Option<Option<T>> {
        match self.get(part) {
            None => Some(None),
            Some(json) => serde_json::from_str(json).ok(),
        }
    }
}
