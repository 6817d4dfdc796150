//! Any bytes as config.json.

use std::path::Path;

use m2v_fast::{Config, DEFAULT_MAX_LENGTH};
use serde_json::{Value, json};

use crate::input::{Input, text};

/// If the first byte is even, the others are the file; else they say what is in it.
pub fn config(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() { made(input) } else { raw(input.rest()) }
}

fn read(bytes: &[u8]) -> Result<Config, String> {
    let read = Config::from_json(bytes, Path::new("some/config.json"));
    read.map_err(|error| {
        let message = error.to_string();
        let problem = message.strip_prefix("some/config.json: ").expect("the file's name");
        assert!(problem.len() > 8, "an error that does not say what is wrong: {message:?}");
        message
    })
}

fn raw(bytes: &[u8]) {
    let found = read(bytes);
    // What is JSON and no object is nothing for us; of what is no JSON Python takes some.
    let no_object = serde_json::from_slice::<Value>(bytes).is_ok_and(|value| !value.is_object());
    assert!(!no_object || found.is_err(), "{found:?} of {}", text(bytes));
}

fn made(mut input: Input<'_>) {
    let kind = usize::from(input.byte() % 5);
    let mut file = json!({"dtype": "float32", "model_type": ["x", {"normalize": 3}]});
    let (normalize, expected_normalize) = match input.byte() % 6 {
        0 => (None, Some(false)),
        1 => (Some(Value::Null), Some(false)),
        2 => (Some(json!(true)), Some(true)),
        3 => (Some(json!(false)), Some(false)),
        4 => (Some(json!(text(input.short()))), None),
        _ => {
            let number = input.byte();
            (Some(json!(number)), Some(number != 0))
        }
    };
    let (max_length, expected_length) = match input.byte() % 8 {
        0 => (None, Some(Some(DEFAULT_MAX_LENGTH))),
        1 => (Some(Value::Null), Some(None)),
        2 | 3 => {
            let length = input.number();
            (Some(json!(length)), Some(Some(length as usize)))
        }
        4 => (Some(json!(-i64::from(input.byte()) - 1)), None),
        5 => (Some(json!(f64::from(input.byte()) + 0.5)), None),
        6 => (Some(json!(text(input.short()))), None),
        _ => (Some(json!([input.byte()])), None),
    };
    for (key, value) in [("normalize", normalize), ("max_length", max_length)] {
        if let Some(value) = value {
            file[key] = value;
        }
    }
    let key = format!("extra {}", text(input.short()));
    file[key] = json!(text(input.rest()));
    // What Python's `json` takes beyond JSON.
    let deep = format!(r#","x":{}{}"#, "[".repeat(300), "]".repeat(300));
    let more =
        ["", r#","x":NaN"#, r#","x":[-Infinity,Infinity,1e999]"#, r#","\ud800":"\udfff""#, &deep]
            [kind];
    let file = file.to_string();
    let file = format!("{}{more}}}", &file[..file.len() - 1]);
    let expected = match (expected_normalize, expected_length) {
        (Some(normalize), Some(max_length)) => {
            let mut config = Config::default();
            (config.normalize, config.max_length) = (normalize, max_length);
            Some(config)
        }
        _ => None,
    };
    assert_eq!(read(file.as_bytes()).ok(), expected, "{file}");
}
