//! Any file as tokenizer.json: it is loaded with the reference's ids, or it is an error that says
//! why, and then it is one for the reference as well.

use m2v_fast::Backend;
use m2v_fast::probe::Probe;
use serde_json::Value;

use crate::input::{self, Input};
use crate::json_tree;
use crate::models::SMALL;
use crate::reference::{Reference, keep_quiet};

/// Texts that touch much of what the files speak of.
const TEXTS: &[&str] = &[
    "",
    " a",
    "The vector search in New York, 中国 データ!",
    "ab abc  aab x1 12\t[M] <unk> é e\u{301} ﬁ ① İ ß\r\n 's 'S ...",
    "new york▁a ▁ <0x41> 😀\u{0}\u{301}\u{200d}각ж[UNK] ##a",
];

/// The bytes are the file.
pub fn tokenizer_bytes(data: &[u8]) {
    check(data, "a b");
}

/// A small file, changed in some places of its tree, and a text.
pub fn tokenizer_tree(data: &[u8]) {
    thread_local! {
        static TREES: Vec<Value> =
            SMALL.iter().map(|(_, json)| serde_json::from_str(json).unwrap()).collect();
    }
    let mut input = Input::new(data);
    TREES.with(|trees| {
        let mut tree = trees[input.below(trees.len())].clone();
        let other = &trees[input.below(trees.len())];
        for _ in 0..1 + input.byte() % 6 {
            if !input.is_empty() {
                json_tree::mutate(&mut tree, other, &mut input);
            }
        }
        let text = input::text(input.rest());
        check(tree.to_string().as_bytes(), &text);
    });
}

fn check(json: &[u8], text: &str) {
    keep_quiet();
    // Small caches: big ones take longer to make than such files to load. The target `text` has them.
    let mut ours = match Probe::with(json, Backend::detect(), Some(64)) {
        Ok(ours) => ours,
        Err(error) => {
            let message = error.to_string();
            assert!(
                message.strip_prefix("tokenizer.json: ").is_some_and(|problem| problem.len() > 8),
                "an error that does not say what is wrong: {message:?}"
            );
            // No model can have a row for the largest number of 32 bits, which bounds ids.
            let bounded = |reference: Reference| reference.facts().1 < u32::MAX;
            // Of a key it does not know the reference skips the colon and the value, if there are
            // any: it loads files that are no JSON.
            let is_json = serde_json::from_slice::<Value>(json).is_ok();
            // What we refuse and the reference tries: it would not come back.
            let grows =
                ["longer than", "too long", "damaged"].iter().any(|it| message.contains(it));
            if is_json && !grows && Reference::new(json).is_ok_and(bounded) {
                panic!("the reference loads it, but: {message}\n{}", input::text(json));
            }
            return;
        }
    };
    let engine = ours.tokenizer().engine();
    let reference = Reference::new(json).or_else(|problem| match engine {
        "fallback" => Err(problem),
        _ => Reference::new(&without_unread_parts(json)),
    });
    if reference.is_err() && engine != "fallback" && serde_json::from_slice::<Value>(json).is_err()
    {
        // Nested too deep for it, in a part that neither reads.
        return;
    }
    let reference = reference.unwrap_or_else(|problem| {
        panic!("engine {engine}; the reference says: {problem}\n{}", input::text(json))
    });
    // With dropout ids are another matter each time.
    let drops = serde_json::from_slice::<Value>(json)
        .is_ok_and(|file| file["model"]["dropout"].as_f64().is_some_and(|dropout| dropout > 0.0));
    let vocabulary = ours.tokenizer().vocabulary().clone();
    assert_eq!(
        (vocabulary.tokens, vocabulary.id_bound, vocabulary.median_token_length),
        reference.facts(),
        "engine {engine}, tokens, id bound and median length of\n{}",
        input::text(json)
    );
    assert_eq!(vocabulary.unk_id, reference.unk_id, "{engine}, of\n{}", input::text(json));
    if drops {
        return;
    }
    let mut small = Probe::with(json, Backend::Portable, Some(1)).expect("it loaded before");
    for text in TEXTS.iter().copied().chain([text]) {
        // What a normalizer makes too long, or takes too long, must not be asked of the reference.
        let grows = |error: &m2v_fast::Error| {
            let error = error.to_string();
            error.contains("longer than") || error.contains("takes too long")
        };
        if ours.ids_into(text, None, &mut Vec::new()).is_err_and(|error| grows(&error)) {
            continue;
        }
        let expected = reference.ids(text);
        for limit in [None, Some(3), None] {
            for probe in [&mut ours, &mut small] {
                let mut ids = Vec::new();
                let found = probe.ids_into(text, limit, &mut ids);
                let same = match (&found, &expected) {
                    (Ok(()), Ok(expected)) => {
                        let limit = limit.unwrap_or(usize::MAX).min(expected.len());
                        let known =
                            expected[..limit].iter().filter(|&&id| Some(id) != reference.unk_id);
                        ids.iter().eq(known)
                    }
                    (Err(_), Err(_)) => true,
                    // A damaged map, say: any ids are right where the reference dies.
                    (Ok(()), Err(problem)) => problem == "panicked",
                    _ => false,
                };
                assert!(
                    same,
                    "engine {engine}, {}, limit {limit:?}, {text:?}:\n reference {expected:?}\n \
                     engine    {found:?} {ids:?}\n{}",
                    probe.name(),
                    input::text(json)
                );
                assert!(ids.iter().all(|&id| id < vocabulary.id_bound), "{ids:?}");
            }
        }
    }
}

/// The file with parts that no id depends on as they should be. The reference refuses a file for
/// what is wrong with them; fast engines do not read them.
fn without_unread_parts(json: &[u8]) -> Vec<u8> {
    let Ok(mut file) = serde_json::from_slice::<Value>(json) else { return json.to_vec() };
    if let Some(parts) = file.as_object_mut() {
        let read = ["added_tokens", "normalizer", "pre_tokenizer", "model"];
        parts.retain(|part, _| read.contains(&part.as_str()));
    }
    let tokens = file.get_mut("added_tokens").and_then(Value::as_array_mut);
    for token in tokens.into_iter().flatten().filter_map(Value::as_object_mut) {
        token.insert("special".to_owned(), false.into());
        token.insert("id".to_owned(), 0.into());
    }
    file.to_string().into_bytes()
}
