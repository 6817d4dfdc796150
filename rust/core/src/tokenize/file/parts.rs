//! Parts of a tokenizer.json that only have to be what they mostly are.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::parse;
use super::nested::{Kind, Leaf, leaves};
use super::spec::Spec;
use crate::tokenize::refusals::{NotCovered, not_covered};

/// The version that every file in use has.
pub(in crate::tokenize) fn check_version(spec: &Spec<'_>) -> Result<(), NotCovered> {
    match spec.version.as_deref() {
        None | Some("1.0") => Ok(()),
        Some(_) => not_covered("tokenizer.json of another version than 1.0"),
    }
}

/// Without special tokens most post-processors change nothing.
pub(in crate::tokenize) fn check_post_processor(json: Option<&RawValue>) -> Result<(), NotCovered> {
    #[derive(Deserialize)]
    struct Template<'a> {
        #[serde(borrow)]
        single: Vec<Piece<'a>>,
    }
    #[derive(Deserialize)]
    struct Piece<'a> {
        #[serde(rename = "Sequence", borrow, default)]
        sequence: Option<Sequence<'a>>,
    }
    #[derive(Deserialize)]
    struct Sequence<'a> {
        id: &'a str,
    }
    for Leaf { kind, json } in leaves(Kind::PostProcessor, json)? {
        match kind {
            "BertProcessing" | "RobertaProcessing" | "ByteLevel" => {}
            "TemplateProcessing" => {
                let template: Template<'_> = parse("post_processor", json)?;
                let mut sequences =
                    template.single.iter().filter_map(|piece| piece.sequence.as_ref());
                match (sequences.next(), sequences.next()) {
                    (Some(Sequence { id: "A" }), None) => {}
                    _ => return not_covered("post_processor that drops or repeats the text"),
                }
            }
            kind => return not_covered(format!("post_processor of type {kind}")),
        }
    }
    Ok(())
}
