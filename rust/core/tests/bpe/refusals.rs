//! Files that are left to the fallback, and files that the reference does not load either.

use m2v_core::probe::Probe;
use serde_json::{Value, json};

use crate::models;
use crate::oracle::Oracle;

const SMALL: &str = r#""vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]"#;

fn bpe(pre_tokenizer: &Value, model: &str) -> String {
    models::file(&Value::Null, pre_tokenizer, &[], &format!(r#"{{"type":"BPE",{model}}}"#))
}

#[test]
fn what_is_not_covered_is_refused() {
    let bytes = models::byte_level(false, true);
    let regex = models::split(r"\s+", "Isolated", false);
    let string = json!({"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": false});
    let files = [
        bpe(&bytes, &format!(r#""dropout":0.1,{SMALL}"#)),
        bpe(
            &bytes,
            &format!(
                r###""continuing_subword_prefix":"#",{}"###,
                r###""vocab":{"a":0,"#b":1,"ab":2},"merges":["a #b"]"###
            ),
        ),
        bpe(&bytes, &format!(r#""end_of_word_suffix":"</w>",{SMALL}"#)),
        bpe(&bytes, &format!(r#""unk_token":"<unk>",{SMALL}"#)),
        bpe(&bytes, r#""vocab":{"a":0,"b":0},"merges":[]"#),
        bpe(&models::sequence(&[bytes.clone(), models::plain("Whitespace")]), SMALL),
        bpe(&regex, SMALL),
        bpe(&string, SMALL),
        bpe(&models::split(models::GPT4, "Removed", false), SMALL),
        bpe(&models::split(models::GPT4, "Contiguous", false), SMALL),
        bpe(&models::punctuation("MergedWithNext"), SMALL),
        models::file(
            &Value::Null,
            &models::plain("Whitespace"),
            &[],
            r#"{"type":"WordLevel","unk_token":"nowhere","vocab":{"a":0}}"#,
        ),
        models::file(
            &Value::Null,
            &bytes,
            &[],
            r#"{"type":"WordLevel","unk_token":"a","vocab":{"a":0}}"#,
        ),
        models::file(
            &json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true}),
            &bytes,
            &[models::added("Ab", "n"), models::added("AB", "n")],
            &format!(r#"{{"type":"BPE",{SMALL}}}"#),
        ),
    ];
    for file in files {
        assert!(Oracle::refusal(&file).is_some(), "{file}");
    }
}

#[test]
fn what_the_reference_does_not_load_is_an_error() {
    let bytes = models::byte_level(false, true);
    let models = [
        r#""vocab":{"a":0},"merges":["a b"]"#,
        r#""vocab":{"a":0,"b":1},"merges":["a b"]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":["a b", ["a","b"]]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":["ab"]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":["a b "]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b","c"]]"#,
        r#""vocab":{"a":0}"#,
    ];
    for model in models {
        assert!(Probe::new(bpe(&bytes, model).as_bytes()).is_err(), "{model}");
    }
}

/// Ids are below a bound, which is a number of 32 bits itself. The engine leaves it to the fallback.
#[cfg(feature = "fallback")]
#[test]
fn the_largest_number_is_no_id() {
    let with_id = |id: u32| {
        let model =
            format!(r#"{{"type":"WordLevel","unk_token":"a","vocab":{{"a":0,"the last":{id}}}}}"#);
        models::file(&Value::Null, &Value::Null, &[], &model)
    };
    assert_eq!(
        Probe::new(with_id(u32::MAX).as_bytes()).unwrap_err().to_string(),
        r#"tokenizer.json: the token "the last" has the id 4294967295; there is no row for it"#
    );
    let probe = Probe::new(with_id(u32::MAX - 1).as_bytes()).unwrap();
    assert_eq!(probe.tokenizer().vocabulary().id_bound, u32::MAX);
}

#[test]
fn facts_of_the_vocabulary() {
    let file = models::file(
        &Value::Null,
        &models::byte_level(false, true),
        &[models::added("a longer one", "n"), models::added("a", "n")],
        r#"{"type":"BPE","unk_token":null,"vocab":{"a":0,"b":1,"ab":2,"a":7},"merges":[]}"#,
    );
    let probe = Probe::new(file.as_bytes()).unwrap();
    assert_eq!(probe.tokenizer().engine(), "bpe");
    let vocabulary = probe.tokenizer().vocabulary();
    assert_eq!((vocabulary.tokens, vocabulary.id_bound, vocabulary.unk_id), (4, 8, None));
    assert_eq!(vocabulary.median_token_length, 1);
}
