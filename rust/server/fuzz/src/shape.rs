//! What each API's answers look like, and which vectors are in them.

use axum::http::header::CONTENT_TYPE;
use axum::http::response::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m2v_fast::Model;
use serde_json::Value;

use crate::models::Models;

/// Panics if an answer is none of its API.
pub(crate) fn check(
    models: &Models,
    method: &str,
    path: &str,
    sent: &[u8],
    head: &Parts,
    answer: &[u8],
) {
    let shown = || format!("{method} {path} {}\n{}", sent.escape_ascii(), answer.escape_ascii());
    let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
    if method == "HEAD" {
        assert!(answer.is_empty(), "HEAD with a body: {}", shown());
        return;
    }
    if kind != Some("application/json") {
        assert!(head.status.is_success(), "an error without its JSON: {}", shown());
        return;
    }
    let value: Value = serde_json::from_slice(answer).unwrap_or_else(|_| panic!("{}", shown()));
    if !head.status.is_success() {
        assert!(is_error(path, &value), "not an error of this API: {}", shown());
        return;
    }
    if method != "POST" {
        return;
    }
    let sent: Value = serde_json::from_slice(sent).unwrap_or_default();
    let vectors = match path {
        "/v1/embeddings" | "/embeddings" => {
            assert!(value["object"] == "list" && value["usage"]["total_tokens"].is_u64());
            let data = value["data"].as_array().unwrap().iter().enumerate();
            data.map(|(place, item)| {
                assert!(item["index"] == place && item["object"] == "embedding", "{}", shown());
                numbers(&item["embedding"])
            })
            .collect()
        }
        "/embed" => matrix(&value),
        "/api/embed" => matrix(&value["embeddings"]),
        "/v2/embed" if value["embeddings"]["float"].is_array() => {
            matrix(&value["embeddings"]["float"])
        }
        "/vectors" | "/vectors/" if value["vectors"].is_array() => matrix(&value["vectors"]),
        "/vectors" | "/vectors/" => vec![numbers(&value["vector"])],
        _ => return,
    };
    assert!(vectors.iter().flatten().all(|number| number.is_finite()), "{}", shown());
    if let Some(wanted) = wanted(models, path, &sent) {
        let bits = |rows: &[Vec<f32>]| -> Vec<u32> {
            rows.iter().flatten().map(|number| number.to_bits()).collect()
        };
        assert_eq!(bits(&vectors), bits(&wanted), "{}", shown());
    }
}

fn is_error(path: &str, value: &Value) -> bool {
    match path.split('/').nth(1).unwrap_or_default() {
        "v1" | "embeddings" => {
            let error = &value["error"];
            error["message"].is_string()
                && ["type", "param", "code"].iter().all(|key| error.get(*key).is_some())
        }
        "v2" => value["message"].is_string(),
        "api" | "vectors" | "meta" | ".well-known" => value["error"].is_string(),
        _ => value["error"].is_string() && value["error_type"].is_string(),
    }
}

fn matrix(value: &Value) -> Vec<Vec<f32>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// A vector, as numbers or as base64.
fn numbers(value: &Value) -> Vec<f32> {
    if let Some(text) = value.as_str() {
        let bytes = STANDARD.decode(text).unwrap();
        assert!(bytes.len().is_multiple_of(4));
        return bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    }
    // The text of the number was that of a float32.
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

/// The vectors of the texts of a request that asks for nothing else; None if it does.
fn wanted(models: &Models, path: &str, sent: &Value) -> Option<Vec<Vec<f32>>> {
    let (texts, known, named): (&str, &[&str], bool) = match path {
        "/v1/embeddings" | "/embeddings" => ("input", &["model", "encoding_format"], true),
        "/embed" => ("inputs", &[], false),
        "/vectors" | "/vectors/" if sent.get("texts").is_some() => ("texts", &[], false),
        "/vectors" | "/vectors/" => ("text", &[], false),
        _ => return None,
    };
    let fields = sent.as_object()?;
    if !fields.keys().all(|key| key == texts || known.contains(&key.as_str())) {
        return None;
    }
    let model = models.find(if named { fields.get("model").and_then(Value::as_str) } else { None });
    let model = model.expect("a request for a model that is not served was answered");
    match &fields[texts] {
        Value::String(text) => Some(vec![encode(model, text)]),
        Value::Array(list) => list.iter().map(|text| Some(encode(model, text.as_str()?))).collect(),
        _ => None,
    }
}

fn encode(model: &Model, text: &str) -> Vec<f32> {
    let mut out = vec![0.0; model.dim()];
    model.encode_counted(text, model.default_options(), &mut out).unwrap();
    out
}
