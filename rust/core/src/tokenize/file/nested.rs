//! The parts of a tokenizer.json that may be lists of parts, and these again: normalizers,
//! pre-tokenizers and post-processors. They are flattened here and nowhere else.
//!
//! The reference reads a file with `serde_json`, which gives up beyond 127 levels of brackets. As
//! much is allowed here ([`check_depth`]), so each level can be read by itself: a byte is looked at
//! 62 times at the most, and nothing calls itself.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{Tagged, parse};
use crate::tokenize::refusals::NotCovered;

/// Levels of brackets that the reference takes, that of the whole file included.
const DEEPEST: usize = 127;

/// A kind of part, by the key under which its sequences list theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Kind {
    Normalizer,
    PreTokenizer,
    PostProcessor,
}

impl Kind {
    pub(in crate::tokenize) fn key(self) -> &'static str {
        match self {
            Self::Normalizer => "normalizer",
            Self::PreTokenizer => "pre_tokenizer",
            Self::PostProcessor => "post_processor",
        }
    }

    fn list(self, json: &RawValue) -> Result<Vec<&RawValue>, NotCovered> {
        #[derive(Deserialize)]
        struct Normalizers<'a> {
            #[serde(borrow)]
            normalizers: Vec<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct PreTokenizers<'a> {
            #[serde(borrow)]
            pretokenizers: Vec<&'a RawValue>,
        }
        #[derive(Deserialize)]
        struct PostProcessors<'a> {
            #[serde(borrow)]
            processors: Vec<&'a RawValue>,
        }
        let key = self.key();
        Ok(match self {
            Self::Normalizer => parse::<Normalizers<'_>>(key, json)?.normalizers,
            Self::PreTokenizer => parse::<PreTokenizers<'_>>(key, json)?.pretokenizers,
            Self::PostProcessor => parse::<PostProcessors<'_>>(key, json)?.processors,
        })
    }
}

/// A part that is no sequence.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Leaf<'a> {
    pub(in crate::tokenize) kind: &'a str,
    pub(in crate::tokenize) json: &'a RawValue,
}

/// All parts in the order in which they are applied; none for null, which only the outermost may
/// be.
pub(in crate::tokenize) fn leaves(
    kind: Kind,
    json: Option<&RawValue>,
) -> Result<Vec<Leaf<'_>>, NotCovered> {
    let mut leaves = Vec::new();
    // The next one is the last of these.
    let mut open: Vec<&RawValue> = json.filter(|json| json.get() != "null").into_iter().collect();
    while let Some(json) = open.pop() {
        match parse::<Tagged<'_>>(kind.key(), json)?.kind {
            "Sequence" => open.extend(kind.list(json)?.into_iter().rev()),
            tag => leaves.push(Leaf { kind: tag, json }),
        }
    }
    Ok(leaves)
}

/// Refuses what is nested too deep for the reference, in a part that stands right in the file.
pub(in crate::tokenize) fn check_depth(kind: Kind, json: Option<&RawValue>) -> Result<(), String> {
    let (mut depth, mut deepest) = (1_usize, 1);
    let mut bytes = json.map_or("", RawValue::get).bytes();
    // It is JSON already, so a backslash stands in a string, before a byte that does not end it.
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next().filter(|&byte| byte != b'"') {
                    if byte == b'\\' {
                        bytes.next();
                    }
                }
            }
            _ => {}
        }
    }
    if deepest <= DEEPEST {
        return Ok(());
    }
    Err(format!(
        "{} is nested {deepest} levels deep, recursion limit exceeded: at most {DEEPEST} are read",
        kind.key()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    fn nested(levels: usize) -> String {
        let open = r#"{"type":"Sequence","normalizers":["#;
        format!(r#"{}{{"type":"NFC"}}{}"#, open.repeat(levels), "]}".repeat(levels))
    }

    #[test]
    fn sequences_are_flattened_in_order() {
        let json = r#"{"type":"Sequence","normalizers":[{"type":"A"},{"type":"Sequence",
            "normalizers":[{"type":"B"},{"type":"Sequence","normalizers":[]},{"type":"C"}]},
            {"type":"D"}]}"#;
        let leaves = leaves(Kind::Normalizer, Some(raw(json))).unwrap();
        assert_eq!(leaves.iter().map(|leaf| leaf.kind).collect::<Vec<_>>(), ["A", "B", "C", "D"]);
    }

    #[test]
    fn null_is_nothing_but_not_within_a_sequence() {
        assert!(leaves(Kind::Normalizer, None).unwrap().is_empty());
        assert!(leaves(Kind::Normalizer, Some(raw("null"))).unwrap().is_empty());
        let json = r#"{"type":"Sequence","normalizers":[null]}"#;
        assert!(leaves(Kind::Normalizer, Some(raw(json))).is_err());
    }

    #[test]
    fn as_deep_as_the_reference_goes() {
        for (levels, fits) in [(0, true), (62, true), (63, false), (1000, false), (60_000, false)] {
            let json = nested(levels);
            let json = raw(&json);
            assert_eq!(check_depth(Kind::Normalizer, Some(json)).is_ok(), fits, "{levels}");
        }
        assert_eq!(leaves(Kind::Normalizer, Some(raw(&nested(62)))).unwrap().len(), 1);
    }

    #[test]
    fn brackets_within_strings_do_not_count() {
        let json = format!(r#"{{"type":"{}\"\\"}}"#, "[{".repeat(500));
        assert!(check_depth(Kind::Normalizer, Some(raw(&json))).is_ok());
    }
}
