//! tokenizer.json, read once.
//!
//! The vocabulary is by far the largest part, so it is read straight into its final shape: no tree
//! of values, no buffering by a tagged enum, strings borrowed from the file where it holds no
//! escapes. What an engine does not understand it can still look at: the small parts are kept as
//! raw JSON.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::nested::{Kind, check_depth};

/// The parts of a tokenizer.json that decide ids without special tokens.
#[derive(Debug, Deserialize)]
pub(crate) struct Spec<'a> {
    #[serde(borrow, default)]
    pub(crate) version: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) added_tokens: Vec<AddedTokenSpec<'a>>,
    #[serde(borrow, default)]
    pub(crate) normalizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) pre_tokenizer: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) post_processor: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) model: ModelSpec<'a>,
}

/// One entry of `added_tokens`. Its `id` is not read: neither does the reference use it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AddedTokenSpec<'a> {
    #[serde(borrow)]
    pub(crate) content: Cow<'a, str>,
    pub(crate) single_word: bool,
    pub(crate) lstrip: bool,
    pub(crate) rstrip: bool,
    pub(crate) normalized: bool,
}

/// The model, of any type: an engine asks for the fields that its type must have.
#[derive(Debug, Deserialize)]
pub(crate) struct ModelSpec<'a> {
    /// As the file has it, or else as its other fields tell ([`Spec::from_json`]).
    #[serde(rename = "type", borrow, default, deserialize_with = "named")]
    pub(crate) kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) unk_token: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) continuing_subword_prefix: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) end_of_word_suffix: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) max_input_chars_per_word: Option<usize>,
    #[serde(default)]
    pub(crate) unk_id: Option<usize>,
    /// Outside, whether it is there: a Unigram model of the reference cannot have null.
    #[serde(default, deserialize_with = "present")]
    pub(crate) byte_fallback: Option<Option<bool>>,
    #[serde(default)]
    pub(crate) dropout: Option<f32>,
    #[serde(default)]
    pub(crate) fuse_unk: Option<bool>,
    #[serde(default)]
    pub(crate) ignore_merges: Option<bool>,
    #[serde(borrow, default)]
    pub(crate) merges: Option<Merges<'a>>,
    #[serde(borrow, default)]
    pub(crate) vocab: Vocab<'a>,
}

/// A type that is there, if only as null, which is none that exists.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Option::deserialize(deserializer).map(|kind| Some(kind.unwrap_or(Cow::Borrowed("null"))))
}

impl ModelSpec<'_> {
    /// The type of a model that does not say it, as the files of old releases: the first whose
    /// fields are there, in the order in which the reference tries them.
    fn inferred(&self) -> Option<&'static str> {
        let unk_token = self.unk_token.is_some();
        let continues = self.continuing_subword_prefix.is_some();
        match self.vocab {
            Vocab::Ids(_) if self.merges.is_some() => Some("BPE"),
            Vocab::Ids(_) if unk_token && continues && self.max_input_chars_per_word.is_some() => {
                Some("WordPiece")
            }
            Vocab::Ids(_) if unk_token => Some("WordLevel"),
            Vocab::Scores(_) => Some("Unigram"),
            _ => None,
        }
    }
}

/// A field that is there, if only as null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<bool>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The `vocab` of a model.
#[derive(Debug, Default)]
pub(crate) enum Vocab<'a> {
    /// There is none.
    #[default]
    Absent,
    /// An object from token to id, in file order, repeated keys included.
    Ids(Vec<(Cow<'a, str>, u32)>),
    /// A list of pieces with their scores, in file order: a Unigram model. The scores are parsed
    /// as the reference parses them, which is not always to the nearest double.
    Scores(Vec<(Cow<'a, str>, f64)>),
}

/// Whether this program reads the scores of Unigram models as the reference does: not always to the
/// nearest double, of which other ids may come. A program of which a crate turns on serde_json's
/// feature `float_roundtrip` reads the nearest.
pub(crate) fn reads_scores_as_the_reference() -> bool {
    const OFF_BY_ONE: &str = "-9.294167169950881";
    let nearest: Result<f64, _> = OFF_BY_ONE.parse();
    let read: Result<f64, _> = serde_json::from_str(OFF_BY_ONE);
    matches!((nearest, read), (Ok(nearest), Ok(read)) if nearest.to_bits() != read.to_bits())
}

impl<'de: 'a, 'a> Deserialize<'de> for Vocab<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = Vocab<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from token to id, or a list")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

                // The files in use have about thirty thousand entries; growing from nothing
                // would copy the list a dozen times.
                let mut ids = Vec::with_capacity(map.size_hint().unwrap_or(1 << 15));
                while let Some((Key(token), id)) = map.next_entry::<Key<'de>, u32>()? {
                    ids.push((token, id));
                }
                Ok(Vocab::Ids(ids))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Piece<'a>(#[serde(borrow)] Cow<'a, str>, f64);

                let mut scores = Vec::with_capacity(list.size_hint().unwrap_or(1 << 15));
                while let Some(Piece(piece, score)) = list.next_element::<Piece<'de>>()? {
                    scores.push((piece, score));
                }
                Ok(Vocab::Scores(scores))
            }
        }

        deserializer.deserialize_any(Shape)
    }
}

/// The `merges` of a BPE model, in order: pairs, or strings with a space between the two.
#[derive(Debug)]
pub(crate) struct Merges<'a>(pub(crate) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Merges<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = Merges<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges, all strings or all pairs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut merges = Vec::with_capacity(list.size_hint().unwrap_or(1 << 15));
                let mut kinds = [false; 2];
                while let Some(merge) = list.next_element::<Merge<'de>>()? {
                    kinds[usize::from(matches!(merge, Merge::Pair(..)))] = true;
                    match merge {
                        Merge::Pair(left, right) => merges.push((left, right)),
                        Merge::Comment => {}
                        Merge::Line(Cow::Borrowed(line)) => {
                            let (left, right) = two_words(line)?;
                            merges.push((left.into(), right.into()));
                        }
                        Merge::Line(Cow::Owned(line)) => {
                            let (left, right) = two_words(&line)?;
                            merges.push((left.to_owned().into(), right.to_owned().into()));
                        }
                    }
                }
                if kinds == [true; 2] {
                    return Err(A::Error::custom("merges of both kinds"));
                }
                Ok(Merges(merges))
            }
        }

        fn two_words<E: Error>(line: &str) -> Result<(&str, &str), E> {
            match line.split_once(' ') {
                Some((left, right)) if !right.contains(' ') => Ok((left, right)),
                _ => Err(E::custom("a merge of other than two tokens")),
            }
        }

        deserializer.deserialize_seq(Shape)
    }
}

enum Merge<'a> {
    Line(Cow<'a, str>),
    Comment,
    Pair(Cow<'a, str>, Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Merge<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = Merge<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("two tokens, as a string or as a pair")
            }

            fn visit_borrowed_str<E: Error>(self, line: &'de str) -> Result<Self::Value, E> {
                if line.starts_with("#version") {
                    return Ok(Merge::Comment);
                }
                Ok(Merge::Line(line.into()))
            }

            fn visit_str<E: Error>(self, line: &str) -> Result<Self::Value, E> {
                if line.starts_with("#version") {
                    return Ok(Merge::Comment);
                }
                Ok(Merge::Line(line.to_owned().into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Token<'a>(#[serde(borrow)] Cow<'a, str>);

                let wrong = || A::Error::custom("a merge of other than two tokens");
                let Token(left) = pair.next_element()?.ok_or_else(wrong)?;
                let Token(right) = pair.next_element()?.ok_or_else(wrong)?;
                match pair.next_element::<IgnoredAny>()? {
                    None => Ok(Merge::Pair(left, right)),
                    Some(_) => Err(wrong()),
                }
            }
        }

        deserializer.deserialize_any(Shape)
    }
}

/// Why a tokenizer.json could not be read into a [`Spec`].
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is no JSON at all.
    Syntax(String),
    /// It is JSON of another shape than expected: perhaps the reference can make sense of it.
    Shape(String),
}

impl<'a> Spec<'a> {
    pub(crate) fn from_json(json: &'a [u8]) -> Result<Self, Unreadable> {
        // A str to begin with saves the check of every single string.
        let json =
            std::str::from_utf8(json).map_err(|error| Unreadable::Syntax(error.to_string()))?;
        let mut spec: Self = serde_json::from_str(json).map_err(|error| {
            if error.is_data() {
                Unreadable::Shape(error.to_string())
            } else {
                Unreadable::Syntax(error.to_string())
            }
        })?;
        for (kind, part) in [
            (Kind::Normalizer, spec.normalizer),
            (Kind::PreTokenizer, spec.pre_tokenizer),
            (Kind::PostProcessor, spec.post_processor),
        ] {
            check_depth(kind, part).map_err(Unreadable::Syntax)?;
        }
        if spec.model.kind.is_none() {
            spec.model.kind = spec.model.inferred().map(Cow::Borrowed);
        }
        Ok(spec)
    }

    /// The added tokens as the reference ends up with them, in the order of their first mention:
    /// an entry without content is skipped, a later one of the same content replaces the flags,
    /// and the id is the vocabulary's or the next free one, counted from the number of entries.
    pub(crate) fn added_tokens(
        &self,
        vocab_len: usize,
        vocab_id: impl Fn(&str) -> Option<u32>,
    ) -> Vec<(AddedTokenSpec<'a>, u32)> {
        let mut next_id = u32::try_from(vocab_len).unwrap_or(u32::MAX);
        let mut places = HashMap::new();
        let mut tokens: Vec<(AddedTokenSpec<'a>, u32)> = Vec::new();
        for token in &self.added_tokens {
            if token.content.is_empty() {
                continue;
            }
            if let Some(&place) = places.get(token.content.as_ref()) {
                let (known, _): &mut (AddedTokenSpec<'a>, u32) = &mut tokens[place];
                *known = token.clone();
                continue;
            }
            let id = vocab_id(&token.content).unwrap_or_else(|| {
                let id = next_id;
                next_id = next_id.saturating_add(1);
                id
            });
            places.insert(token.content.as_ref(), tokens.len());
            tokens.push((token.clone(), id));
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_as_the_reference_reads_them() {
        assert!(reads_scores_as_the_reference());
    }

    const SMALL: &str = r###"{"version":"1.0","truncation":null,"added_tokens":[
        {"id":50,"content":"new","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":true,"special":false},
        {"id":51,"content":"","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":true,"special":false},
        {"id":52,"content":"a","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":true,"special":false},
        {"id":53,"content":"new","single_word":true,"lstrip":false,"rstrip":false,
         "normalized":false,"special":false},
        {"id":54,"content":"newer","single_word":false,"lstrip":false,"rstrip":false,
         "normalized":true,"special":false}],
        "normalizer":null,"pre_tokenizer":{"type":"BertPreTokenizer"},
        "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
        "max_input_chars_per_word":100,"vocab":{"a":0,"\u00e9\n":7,"a":1},"other":[1,{"x":2}]}}"###;

    #[test]
    fn reads_what_is_there() {
        let spec = Spec::from_json(SMALL.as_bytes()).unwrap();
        assert_eq!(spec.version.as_deref(), Some("1.0"));
        assert_eq!(spec.model.kind.as_deref(), Some("WordPiece"));
        assert_eq!(spec.model.max_input_chars_per_word, Some(100));
        assert!(spec.normalizer.is_none());
        assert!(spec.pre_tokenizer.is_some());
        let Vocab::Ids(ids) = &spec.model.vocab else { panic!("an object") };
        let ids: Vec<_> = ids.iter().map(|(token, id)| (token.as_ref(), *id)).collect();
        assert_eq!(ids, [("a", 0), ("é\n", 7), ("a", 1)]);
    }

    #[test]
    fn added_tokens_get_the_ids_of_the_reference() {
        let spec = Spec::from_json(SMALL.as_bytes()).unwrap();
        let tokens = spec.added_tokens(2, |token| (token == "a").then_some(1));
        let seen: Vec<_> = tokens
            .iter()
            .map(|(token, id)| (token.content.as_ref(), *id, token.single_word, token.normalized))
            .collect();
        assert_eq!(
            seen,
            [("new", 2, true, false), ("a", 1, false, true), ("newer", 3, false, true)]
        );
    }

    #[test]
    fn syntax_and_shape_are_told_apart() {
        assert!(matches!(Spec::from_json(b"{\"model\":"), Err(Unreadable::Syntax(_))));
        assert!(matches!(Spec::from_json(b"{\"model\":\xff}"), Err(Unreadable::Syntax(_))));
        assert!(matches!(Spec::from_json(b"{\"model\":3}"), Err(Unreadable::Shape(_))));
        assert!(matches!(Spec::from_json(b"{}"), Err(Unreadable::Shape(_))));
    }

    #[test]
    fn a_list_of_pieces_is_no_error() {
        let spec =
            Spec::from_json(br#"{"model":{"type":"Unigram","vocab":[["a",-1.5]]}}"#).unwrap();
        assert!(matches!(&spec.model.vocab, Vocab::Scores(list) if list[0] == ("a".into(), -1.5)));
    }
}
