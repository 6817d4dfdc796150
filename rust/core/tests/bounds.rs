//! No tokenizer.json takes more memory to load, or to use, than its size and the text's account
//! for, and none needs a deep stack. Memory is counted by the allocator of this test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/charsmap.rs"]
mod charsmap;
#[path = "support/counting.rs"]
mod counting;

use std::thread;
use std::time::Instant;

use counting::Counting;
use m2v_fast::probe::Probe;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

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
        turns(charsmap::charsmap(&[("z", "yy")]), replace("y", "z"), 40),
        turns(replace("z", "ﬁ"), charsmap::charsmap(&[("ﬁ", "zz")]), 40),
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
            assert!(grown.clone().count() > 0, "{kind} {:.200}", normalizer.to_string());
            for error in grown {
                assert!(error.contains("longer than") && error.contains("shorten"), "{error}");
            }
        }
    }
}

#[test]
fn a_text_between_added_tokens_has_one_bound() {
    // Each part of the text grows to less than what any text may, and all together do not.
    let normalizer = sequence(vec![replace("z", "zz"); 14]);
    let mut added = token("[X]");
    added["normalized"] = json!(false);
    for kind in KINDS {
        let json = file(&normalizer, &pre_tokenizer(kind), std::slice::from_ref(&added), kind);
        // Without the fallback not all of them load.
        let Ok(mut probe) = Probe::new(json.as_bytes()) else { continue };
        probe.ids_into("z[X]z[X]", None, &mut Vec::new()).unwrap();
        let error = probe.ids_into(&"z[X]".repeat(100), None, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("longer than"), "{kind}: {error}");
        // It counts for each text anew.
        probe.ids_into("z[X]z[X]", None, &mut Vec::new()).unwrap();
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

/// Expressions that go back more often the longer the text is, and a piece of text that makes them.
const BACKTRACKING: [(&str, &str); 10] = [
    ("(a+)+b", "a"),
    (r"\s+$", " "),
    ("(a|a)*c", "a"),
    ("(.*)*x", "zz "),
    ("a*a*a*a*b", "a"),
    ("(?:a?){25}a{25}b", "a"),
    ("(x+x+)+y", "xx"),
    (r"(\w+\s?)+!", "a b "),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "aaaa"),
    (r"(?<=a+b?)c|(a*)*$", "ab"),
];

#[test]
fn expressions_that_go_back_too_often_are_refused() {
    if !Probe::HAS_FALLBACK {
        return;
    }
    for (pattern, piece) in BACKTRACKING {
        let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
            "invert": false});
        let replace = replace_regex(pattern, "z");
        // An expression that the engine behind it does not have is no file that it could load.
        let files = [
            file(&replace, &json!({"type": "Whitespace"}), &[], "WordLevel"),
            file(&Value::Null, &split, &[], "WordLevel"),
            file(
                &sequence(vec![json!({"type": "Lowercase"}), replace]),
                &json!({"type": "Sequence", "pretokenizers": [
                    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always",
                        "split": false}, split]}),
                &[],
                "BPE",
            ),
        ];
        for file in files {
            let mut probe = match Probe::new(file.as_bytes()) {
                Ok(probe) => probe,
                Err(error) => {
                    assert!(error.to_string().contains("invalid pattern"), "{pattern} {error}");
                    continue;
                }
            };
            let reference = Tokenizer::from_bytes(&file).unwrap();
            for count in [1, 20, 10_000, 300_000] {
                let text = piece.repeat(count);
                let start = Instant::now();
                let mut ids = Vec::new();
                let result = probe.ids_into(&text, None, &mut ids);
                let seconds = start.elapsed().as_secs_f64();
                assert!(seconds < 20.0, "{pattern} on {} bytes: {seconds} s", text.len());
                if count == 1 {
                    result.as_ref().unwrap_or_else(|error| panic!("{pattern}: {error}"));
                    let expected = reference.encode_fast(text.as_str(), false).unwrap();
                    let unknown = probe.tokenizer().vocabulary().unk_id;
                    let known = expected.get_ids().iter().filter(|&&id| Some(id) != unknown);
                    assert!(ids.iter().eq(known), "{pattern}");
                } else if let Err(error) = result {
                    assert!(error.to_string().contains("takes too long"), "{pattern} {error}");
                }
            }
        }
    }
}

#[test]
fn expressions_are_small_however_they_are_written() {
    let deep = format!("{}a{}", "(".repeat(4000), ")".repeat(4000));
    let many = "a?".repeat(5000);
    for pattern in [
        "(?:(?:(?:a{1000}){1000}){1000}){1000}",
        "(((.{1,1000}){1,1000}){1,1000}){1,1000}",
        "(?<=a|bc|def|(?:gh|ij){50})(?:x{99999}y{99999})",
        r"[\x{0}-\x{10ffff}&&[^\p{L}]]{3}+",
        "(?i:\u{fb03}+ß*)+",
        r"(?<n>a\g<n>?b)",
        deep.as_str(),
        many.as_str(),
    ] {
        let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
            "invert": false});
        for kind in KINDS {
            for (normalizer, pre_tokenizer) in
                [(replace_regex(pattern, "z"), pre_tokenizer(kind)), (Value::Null, split.clone())]
            {
                // Either is right: what an expression may be is the reference's affair.
                let _ = run(&file(&normalizer, &pre_tokenizer, &[], kind));
            }
        }
    }
}

/// The ids of the texts are the reference's.
fn same_ids(file: &str) {
    let mut probe = Probe::new(file.as_bytes()).unwrap();
    let reference = Tokenizer::from_bytes(file).unwrap();
    for text in TEXTS {
        let mut ids = Vec::new();
        probe.ids_into(text, None, &mut ids).unwrap();
        let expected = reference.encode_fast(text, false).unwrap();
        let unknown = probe.tokenizer().vocabulary().unk_id;
        let known = expected.get_ids().iter().filter(|&&id| Some(id) != unknown);
        assert!(ids.iter().eq(known), "{text} {ids:?} {file:.200}");
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
            let file = file(&Value::Null, &list, &[], kind);
            assert_eq!(run(&file).unwrap(), [const { None }; 5]);
            same_ids(&file);
        }
    }
    let steps = sequence(vec![json!({"type": "NFC"}); 20_000]);
    let file = file(&steps, &json!({"type": "Whitespace"}), &[], "WordLevel");
    assert_eq!(run(&file).unwrap(), [const { None }; 5]);
    same_ids(&file);
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
                if levels < 1000 {
                    // Deeper ones end the reference's own stack.
                    assert_eq!(Tokenizer::from_bytes(&file).is_ok(), fits, "{key} {levels}");
                }
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
    for content in [letters(1 << 20), "a".repeat(1 << 20)] {
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
            match run(&file.to_string()) {
                Ok(errors) => assert_eq!(errors, [const { None }; 5], "{kind}"),
                // The reference dies of it.
                Err(error) if kind == "Unigram" => {
                    assert!(error.contains("longer than"), "{error}")
                }
                Err(error) => assert!(error.contains("no fallback"), "{error}"),
            }
        }
        for normalizer in [Value::Null, json!({"type": "NFKC"})] {
            for kind in KINDS {
                let file =
                    file(&normalizer, &pre_tokenizer(kind), std::slice::from_ref(&added), kind);
                match run(&file) {
                    Ok(errors) => assert_eq!(errors, [const { None }; 5], "{kind} {normalizer}"),
                    Err(error) => assert!(error.contains("no fallback"), "{error}"),
                }
            }
        }
    }
}

#[test]
fn texts_that_almost_are_a_long_token_take_no_longer() {
    for (length, place) in
        [1000, 4000, 100_000].into_iter().flat_map(|n| [(n, "vocabulary"), (n, "added")])
    {
        let long = "a".repeat(length);
        let text = format!("{}b ", &long[1..]).repeat(1_000_000 / length);
        for kind in KINDS {
            let added = if place == "added" { vec![token(&long)] } else { Vec::new() };
            let mut file: Value =
                serde_json::from_str(&file(&Value::Null, &pre_tokenizer(kind), &added, kind))
                    .unwrap();
            if kind == "WordPiece" {
                file["model"]["max_input_chars_per_word"] = json!(1_000_000);
            }
            match &mut file["model"]["vocab"] {
                _ if place == "added" => {}
                Value::Object(vocab) => {
                    vocab.insert(long.clone(), json!(6));
                }
                vocab => vocab.as_array_mut().unwrap().push(json!([long, -3.5])),
            }
            let mut probe = match Probe::new(file.to_string().as_bytes()) {
                Ok(probe) => probe,
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        kind == "Unigram" && error.contains("longer than")
                            || !Probe::HAS_FALLBACK && error.contains("token of"),
                        "{error}"
                    );
                    continue;
                }
            };
            let start = Instant::now();
            let result = probe.ids_into(&text, None, &mut Vec::new());
            let seconds = start.elapsed().as_secs_f64();
            assert!(seconds < 20.0, "{place} {kind}: {seconds} s");
            if let Err(error) = result {
                assert!(error.to_string().contains("takes too long"), "{error}");
            }
            same_ids(&file.to_string());
        }
    }
}
