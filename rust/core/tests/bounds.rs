//! No tokenizer.json takes more memory to load, or to use, than its size and the text's account
//! for, and none needs a deep stack. Memory is counted by the allocator of this test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/counting.rs"]
mod counting;

use std::thread;

use counting::Counting;
use m2v_core::probe::Probe;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a file may take whatever it holds, and what for each byte of it: on an engine of ours, and
/// where the `tokenizers` crate has a part in it, which keeps places and copies of each byte of a
/// text, and a compiled expression for each `Replace`.
const OURS: (usize, usize) = (24 << 20, 64);
const THEIRS: (usize, usize) = (96 << 20, 512);

const TEXTS: [&str; 5] = ["", "a b, c! 12 é z", "zz top", "日本 \u{fdfa} ½", "no such letter: abc"];

/// The errors of the texts, and the engine's name; or the error of loading.
fn texts(file: &str) -> Result<(Vec<Option<String>>, &'static str), String> {
    let mut probe = Probe::new(file.as_bytes()).map_err(|error| error.to_string())?;
    let one = |text: &str| {
        probe.ids_into(text, None, &mut Vec::new()).err().map(|error| error.to_string())
    };
    let errors = TEXTS.map(one).to_vec();
    Ok((errors, probe.tokenizer().engine()))
}

/// Loads the file and takes the texts through it, in a thread with a small stack. Gives the error
/// of loading, or the errors of the texts.
fn run(file: &str) -> Result<Vec<Option<String>>, String> {
    let (result, peak) = thread::scope(|scope| {
        let work = || counting::count(|| texts(file));
        thread::Builder::new().stack_size(512 << 10).spawn_scoped(scope, work).unwrap().join()
    })
    .expect("nothing panics");
    let ours = result.as_ref().is_ok_and(|&(_, engine)| engine != "fallback");
    let (always, times) = if ours { OURS } else { THEIRS };
    let room = always + times * file.len();
    assert!(peak <= room, "{peak} bytes for a file of {}: {file:.200}", file.len());
    result.map(|(errors, _)| errors)
}

fn file(normalizer: &Value, pre_tokenizer: &Value, added: &[Value], kind: &str) -> String {
    let vocab = json!({"a": 0, "b": 1, "z": 2, "[UNK]": 3, "top": 4, "zz": 5});
    let scores: Vec<_> =
        ["<unk>", "a", "▁", "z"].iter().map(|piece| json!([piece, -1.5])).collect();
    let model = match kind {
        "WordPiece" => json!({"type": kind, "unk_token": "[UNK]", "vocab": vocab,
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}),
        "WordLevel" => json!({"type": kind, "unk_token": "[UNK]", "vocab": vocab}),
        "BPE" => json!({"type": kind, "vocab": vocab, "merges": ["z z"], "unk_token": "[UNK]",
            "dropout": null, "fuse_unk": false, "continuing_subword_prefix": null,
            "end_of_word_suffix": null}),
        _ => json!({"type": "Unigram", "unk_id": 0, "vocab": scores}),
    };
    json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null,
        "decoder": null, "model": model})
    .to_string()
}

const KINDS: [&str; 4] = ["WordPiece", "WordLevel", "BPE", "Unigram"];

fn pre_tokenizer(kind: &str) -> Value {
    match kind {
        "Unigram" => json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
            "split": true}),
        _ => json!({"type": "Whitespace"}),
    }
}

fn sequence(steps: Vec<Value>) -> Value {
    json!({"type": "Sequence", "normalizers": steps})
}

fn replace(pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {"String": pattern}, "content": content})
}

fn replace_regex(pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {"Regex": pattern}, "content": content})
}

fn token(content: &str) -> Value {
    json!({"id": 9, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": false})
}

/// Normalizers that make a `z` longer than any memory, each from the ground up.
fn explosions() -> Vec<Value> {
    let times = |step: Value, count: usize| sequence(vec![step; count]);
    let turns = |first: Value, second: Value, count: usize| {
        sequence((0..count).flat_map(|_| [first.clone(), second.clone()]).collect())
    };
    vec![
        times(replace("z", "zz"), 36),
        times(replace("z", "zz"), 2000),
        times(replace("z", &"z".repeat(10_000)), 4),
        turns(json!({"type": "NFKD"}), replace("z", "zzz"), 40),
        turns(
            json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true}),
            replace("z", "ZZ"),
            40,
        ),
        times(replace_regex("z", "zz"), 40),
        times(replace_regex(r"\s+", "  z  z "), 40),
        times(replace("zz", "zzzz"), 60),
        sequence([vec![replace("z", "zz zz")], vec![replace("z", "zz"); 50]].concat()),
        sequence([vec![json!({"type": "Nmt"})], vec![replace_regex("[z]+", "z z"); 60]].concat()),
    ]
}

#[test]
fn replacements_that_feed_each_other_stop() {
    for normalizer in explosions() {
        for kind in KINDS {
            let errors = run(&file(&normalizer, &pre_tokenizer(kind), &[], kind));
            let errors = match errors {
                Ok(errors) => errors,
                Err(error) => {
                    assert!(!Probe::HAS_FALLBACK && error.contains("no fallback"), "{error}");
                    continue;
                }
            };
            assert_eq!(errors[0], None);
            let grown = errors.iter().flatten();
            assert!(grown.clone().count() > 0, "{kind} {normalizer:.200}");
            for error in grown {
                assert!(error.contains("longer than") && error.contains("shorten"), "{error}");
            }
        }
    }
}

#[test]
fn full_width_letters_and_ligatures_that_are_made_again_stop() {
    let normalizer = sequence(
        (0..30).flat_map(|_| [json!({"type": "NFKD"}), replace("ل", "\u{fdfa}")]).collect(),
    );
    for kind in KINDS {
        let errors = match run(&file(&normalizer, &pre_tokenizer(kind), &[], kind)) {
            Ok(errors) => errors,
            Err(error) => {
                assert!(error.contains("no fallback"), "{error}");
                continue;
            }
        };
        assert!(
            errors[3].as_ref().is_some_and(|error| error.contains("longer than")),
            "{errors:?}"
        );
        assert_eq!(errors[1], None);
    }
}

#[test]
fn added_tokens_under_growing_normalizers_are_refused() {
    for normalizer in explosions() {
        for kind in KINDS {
            {
                let tokens = [token("a"), token("z  zz")];
                let error = run(&file(&normalizer, &pre_tokenizer(kind), &tokens, kind));
                let error = error.expect_err("no pattern can be made");
                let known = ["added token", "no fallback"];
                assert!(known.iter().any(|known| error.contains(known)), "{error}");
            }
        }
    }
}

#[test]
fn what_goes_to_the_fallback_is_checked_first() {
    if !Probe::HAS_FALLBACK {
        return;
    }
    // A trie of two gigabytes in a table of 3 kB.
    let damaged = format!("/////{}", "A".repeat(4091));
    let precompiled = json!({"type": "Precompiled", "precompiled_charsmap": damaged});
    for kind in KINDS {
        let error = run(&file(&precompiled, &pre_tokenizer(kind), &[], kind)).unwrap_err();
        assert!(error.contains("Precompiled") && error.contains("damaged"), "{error}");
        for (normalizer, long) in [
            (sequence(vec![json!({"type": "ByteLevel"}); 40]), 3),
            (sequence(vec![replace("", "z"); 40]), 1),
            (sequence(vec![replace_regex("z?", "zz"); 40]), 1),
        ] {
            let errors = run(&file(&normalizer, &pre_tokenizer(kind), &[], kind)).unwrap();
            assert!(errors[long].is_some(), "{normalizer:.100} {errors:?}");
        }
    }
}

#[test]
fn long_flat_lists_need_no_stack() {
    let digits = json!({"type": "Digits", "individual_digits": true});
    let gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    let split = json!({"type": "Split", "pattern": {"Regex": gpt2}, "behavior": "Isolated",
        "invert": false});
    let kinds =
        [json!({"type": "Whitespace"}), digits.clone(), json!({"type": "BertPreTokenizer"})];
    for steps in [
        vec![digits; 100_000],
        vec![split; 300],
        (0..60_000).map(|n| kinds[n % 3].clone()).collect::<Vec<_>>(),
    ] {
        let list = json!({"type": "Sequence", "pretokenizers": steps});
        for kind in ["WordLevel", "BPE"] {
            assert_eq!(run(&file(&Value::Null, &list, &[], kind)).unwrap(), [const { None }; 5]);
        }
    }
    let steps = sequence(vec![json!({"type": "NFC"}); 20_000]);
    assert_eq!(
        run(&file(&steps, &json!({"type": "Whitespace"}), &[], "WordLevel")).unwrap(),
        [const { None }; 5]
    );
}

#[test]
fn nested_parts_are_as_deep_as_the_reference_takes_them() {
    for (key, list, leaf) in [
        ("normalizer", "normalizers", r#"{"type":"NFC"}"#),
        ("pre_tokenizer", "pretokenizers", r#"{"type":"Whitespace"}"#),
        (
            "post_processor",
            "processors",
            r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#,
        ),
    ] {
        for (levels, fits) in [(1, true), (62, true), (63, false), (130, false), (60_000, false)] {
            let open = format!(r#"{{"type":"Sequence","{list}":["#);
            let part = format!("{}{leaf}{}", open.repeat(levels), "]}".repeat(levels));
            for kind in KINDS {
                let own = if key == "pre_tokenizer" { "Whitespace" } else { kind };
                if kind == "Unigram" && key == "pre_tokenizer" {
                    continue;
                }
                let mut file: serde_json::Map<String, Value> =
                    serde_json::from_str(&file(&Value::Null, &pre_tokenizer(own), &[], kind))
                        .unwrap();
                file.insert(key.to_owned(), json!("@"));
                let file = Value::Object(file).to_string().replace(r#""@""#, &part);
                match run(&file) {
                    Ok(errors) => assert!(fits && errors.iter().all(Option::is_none), "{levels}"),
                    Err(error) => assert!(
                        !Probe::HAS_FALLBACK && error.contains("no fallback")
                            || !fits && error.contains("recursion limit exceeded"),
                        "{key} {levels} {error}"
                    ),
                }
            }
        }
    }
}

/// Letters in an order that does not repeat soon.
fn letters(count: usize) -> String {
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b'a' + (state >> 24) as u8 % 26)
    };
    (0..count).map(|_| letter()).collect()
}

#[test]
fn a_token_of_megabytes_takes_what_its_bytes_do() {
    for content in [letters(2 << 20), "a".repeat(2 << 20)] {
        let added = token(&content);
        for kind in KINDS {
            let mut file: Value =
                serde_json::from_str(&file(&Value::Null, &pre_tokenizer(kind), &[], kind)).unwrap();
            match &mut file["model"]["vocab"] {
                Value::Object(vocab) => {
                    vocab.insert(content.clone(), json!(6));
                }
                vocab => vocab.as_array_mut().unwrap().push(json!([content, -3.5])),
            }
            assert_eq!(run(&file.to_string()).unwrap(), [const { None }; 5], "{kind}");
        }
        for normalizer in [Value::Null, json!({"type": "Lowercase"}), json!({"type": "NFKC"})] {
            for kind in KINDS {
                let file = file(&normalizer, &pre_tokenizer(kind), &[added.clone()], kind);
                assert_eq!(run(&file).unwrap(), [const { None }; 5], "{kind} {normalizer}");
            }
        }
    }
}
