//! What is to be embedded: a text, a list of texts, token ids, or a list of lists of these.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Reads a body. UTF-8 is looked at once, and not again for each string; if it is none, serde_json
/// says where.
pub(crate) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    }
}

/// A list is given up beyond this, whatever the limits are, so that a body of tiny items does not
/// take many times its size.
const MOST_ITEMS: usize = 1 << 16;

/// The value of `input`, `inputs` and the like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// One text.
    Text(String),
    /// Texts; an empty list is one of these.
    Texts(Vec<String>),
    /// The ids of one text.
    Ids(Vec<u32>),
    /// The ids of several.
    ManyIds(Vec<Vec<u32>>),
}

/// An item of a list.
enum Item {
    Text(String),
    Id(u32),
    Ids(Vec<u32>),
}

struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or token ids")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<Item, E> {
        u32::try_from(id).map(Item::Id).map_err(|_| E::custom(format!("{id} is not a token id")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        let mut ids = Vec::new();
        while let Some(id) = list.next_element()? {
            ids.push(id);
        }
        Ok(Item::Ids(ids))
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Items)
    }
}

struct Inputs;

impl<'de> Visitor<'de> for Inputs {
    type Value = Input;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Input, E> {
        Ok(Input::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Input, E> {
        Ok(Input::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Input, A::Error> {
        let mut input = match list.next_element()? {
            None => return Ok(Input::Texts(Vec::new())),
            Some(Item::Text(text)) => Input::Texts(vec![text]),
            Some(Item::Id(id)) => Input::Ids(vec![id]),
            Some(Item::Ids(ids)) => Input::ManyIds(vec![ids]),
        };
        while let Some(item) = list.next_element()? {
            let count = match (&mut input, item) {
                (Input::Texts(texts), Item::Text(text)) => {
                    texts.push(text);
                    texts.len()
                }
                // As many as a body holds: they are one text.
                (Input::Ids(ids), Item::Id(id)) => {
                    ids.push(id);
                    1
                }
                (Input::ManyIds(many), Item::Ids(ids)) => {
                    many.push(ids);
                    many.len()
                }
                _ => return Err(A::Error::custom("a list holds strings or token ids, not both")),
            };
            if count > MOST_ITEMS {
                return Err(A::Error::custom(format!("a list holds more than {MOST_ITEMS} items")));
            }
        }
        Ok(input)
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::Input;

    fn read(json: &str) -> Result<Input, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn shapes_are_told_apart() {
        assert_eq!(read(r#""a\u00e9""#), Ok(Input::Text("aé".into())));
        assert_eq!(read("[]"), Ok(Input::Texts(vec![])));
        assert_eq!(read(r#"["a",""]"#), Ok(Input::Texts(vec!["a".into(), String::new()])));
        assert_eq!(read("[1,2]"), Ok(Input::Ids(vec![1, 2])));
        assert_eq!(read("[[1],[]]"), Ok(Input::ManyIds(vec![vec![1], vec![]])));
    }

    #[test]
    fn other_shapes_are_refused() {
        for json in [
            "1",
            "null",
            "{}",
            "true",
            r#"["a",1]"#,
            r#"[1,"a"]"#,
            "[[1],2]",
            "[-1]",
            "[1.5]",
            "[4294967296]",
            "[null]",
            r#"[["a"]]"#,
            "[[[1]]]",
            r#""\ud800""#,
            r#"["\udc00"]"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
        let many = format!("[{}\"\"]", "\"\",".repeat(super::MOST_ITEMS));
        assert!(read(&many).is_err_and(|error| error.contains("65536")));
    }
}
