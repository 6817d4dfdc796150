//! Files that are left to the fallback, each for a reason, and files that the reference does not
//! load either.

use std::panic::catch_unwind;

use m2v_fast::probe::Probe;
use serde_json::Value;

use crate::oracle::Oracle;
use crate::table::added::added;
use crate::table::normalizers::{bert, others, replace, sequence, strip};
use crate::table::pretokenizers::{self, byte_level, metaspace, split};
use crate::table::{file, plain};
use crate::unigram::Model;
use crate::words::{WordPiece, numbered, word_level};

const SMALL: &str = r#""vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]"#;

fn bpe(pre_tokenizer: &Value, model: &str) -> String {
    file(&Value::Null, pre_tokenizer, &[], &format!(r#"{{"type":"BPE",{model}}}"#))
}

/// What is not certain, or made of what a table of classes can't say.
#[test]
fn what_is_left_to_the_fallback() {
    let bytes = byte_level(false, true);
    let usual = bert(true, true, None, true);
    let small = format!(r#"{{"type":"BPE",{SMALL}}}"#);
    let pieces = WordPiece::new(["a", "b"]).json();
    let around = |normalizer: &Value, added: &[Value], model: &str| {
        file(normalizer, &plain("BertPreTokenizer"), added, model)
    };
    let files = [
        // Merges by chance.
        bpe(&bytes, &format!(r#""dropout":0.1,{SMALL}"#)),
        // Two tokens of one id.
        bpe(&bytes, r#""vocab":{"a":0,"b":0},"merges":[]"#),
        // Expressions that remember, or look behind.
        bpe(&split(r"(.)\1", "Isolated", false), SMALL),
        bpe(&split(r"(?<=a)b", "Isolated", false), SMALL),
        // Of two tokens that normalization makes one, the reference takes any.
        file(&usual, &bytes, &[added("Ab", "n"), added("AB", "n")], &small),
        around(&usual, &[added("Ab", "n"), added("AB", "n")], &pieces),
        around(&usual, &[added("\u{301}", "n")], &pieces),
        around(&usual, &[added("  ", "ln"), added("x", "rn")], &pieces),
        Model { normalizer: plain("Lowercase"), ..Model::default() }
            .with_added("a", "n")
            .with_added("A", "n")
            .json(),
        Model { normalizer: strip(true, true), ..Model::default() }.with_added(" ", "n").json(),
        // What is first would have to be followed through another change of the text.
        Model {
            pre_tokenizer: pretokenizers::sequence(&[
                byte_level(true, true),
                metaspace("first", true),
            ]),
            ..Model::default()
        }
        .json(),
    ];
    let others = others().into_iter().map(|other| around(&other, &[], &pieces));
    for file in files.into_iter().chain(others) {
        assert!(Oracle::refusal(&file).is_some(), "{file}");
    }
}

#[test]
fn what_the_reference_does_not_load_is_an_error() {
    let bytes = byte_level(false, true);
    let models = [
        r#""vocab":{"a":0},"merges":["a b"]"#,
        r#""vocab":{"a":0,"b":1},"merges":["a b"]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":["a b", ["a","b"]]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":["ab"]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":["a b "]"#,
        r#""vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b","c"]]"#,
        r#""vocab":{"a":0}"#,
    ];
    let mut files: Vec<String> = models.iter().map(|model| bpe(&bytes, model)).collect();
    let json = Model::default().json();
    let changed = [
        ("\"byte_fallback\":false", "\"byte_fallback\":null"),
        ("\"byte_fallback\":false", "\"byte_fallback\":0"),
        ("\"vocab\":[", "\"vocab\":[[\"a\"],"),
        ("\"unk_id\":0", "\"unk_id\":-1"),
        ("\"unk_id\":0", "\"unk_id\":1"),
        ("\"replacement\":", "\"str_rep\":[],\"replacement\":"),
    ];
    for (from, to) in changed {
        let wrong = json.replace(from, to);
        assert_ne!(wrong, json);
        files.push(wrong);
    }
    files.push(Model { normalizer: sequence(&[Value::Null]), ..Model::default() }.json());
    for file in files {
        // On some it panics.
        let theirs = catch_unwind(|| tokenizers::Tokenizer::from_bytes(&file).is_err());
        assert!(theirs.unwrap_or(true), "{file}");
        assert!(Probe::new(file.as_bytes()).is_err(), "{file}");
    }
}

/// Of an empty pattern beside others the crate finds matches without end.
#[cfg(feature = "fallback")]
#[test]
fn added_tokens_that_vanish_beside_others() {
    let model = word_level("u", &numbered(["u", "a"]));
    let vanishing = [
        (plain("StripAccents"), "\u{301}"),
        (strip(true, true), " "),
        (bert(true, true, None, true), "\u{1}"),
        (replace("Regex", "x(?=y)|xx", ""), "xx"),
    ];
    for (normalizer, content) in vanishing {
        let load = |tokens: &[Value]| {
            Probe::new(file(&normalizer, &Value::Null, tokens, &model).as_bytes()).err()
        };
        let (gone, other) = (added(content, "n"), added("ab", "n"));
        for tokens in [[gone.clone(), other.clone()], [other, gone.clone()]] {
            let error = load(&tokens).expect("it is refused").to_string();
            assert!(error.contains("leaves nothing of the added token"), "{error}");
        }
        // Alone, or beside those that are found in raw text, it does no harm.
        assert!(load(std::slice::from_ref(&gone)).is_none());
        assert!(load(&[gone, added("ab", "")]).is_none());
    }
}

/// The fallback's own look at a text is one at the whole text, on which the crate may panic where it
/// does not once added tokens are taken out.
#[cfg(feature = "fallback")]
#[test]
fn a_look_that_panics_is_no_error() {
    let model = word_level("u", &numbered(["u", "a"]));
    let cuts = pretokenizers::sequence(&[
        byte_level(true, false),
        split(r"\p{N}{1,3}", "MergedWithNext", false),
    ]);
    let normalizer = replace("Regex", r"\p{P}?|b", "a");
    let json = file(&normalizer, &cuts, &[added("1", "rn")], &model);
    let mut probe = Probe::new(json.as_bytes()).unwrap();
    let mut ids = Vec::new();
    probe.ids_into("1", None, &mut ids).unwrap();
    let reference = tokenizers::Tokenizer::from_bytes(&json).unwrap();
    assert_eq!(ids, reference.encode_fast("1", false).unwrap().get_ids());
    assert_eq!(ids, [2]);
}

/// What made one text fail is not held against the next.
#[test]
fn an_error_ends_with_its_text() {
    let model = word_level("u", &numbered(["a", "b"]));
    let grows = replace("Regex", "[^x]", &"a".repeat(60));
    let json = file(
        &sequence(&[grows.clone(), grows.clone(), grows]),
        &plain("WhitespaceSplit"),
        &[added("[M]", "")],
        &model,
    );
    let mut probe = Probe::new(json.as_bytes()).unwrap();
    let mut ids_of = |text: &str| {
        let mut ids = Vec::new();
        probe.ids_into(text, None, &mut ids).map(|()| ids).map_err(|error| error.to_string())
    };
    assert_eq!(ids_of("[M]"), Ok(vec![2]));
    let wrong = format!("x[M]{}", "q".repeat(1000));
    assert!(ids_of(&wrong).is_err());
    assert_eq!(ids_of("[M]"), Ok(vec![2]));
    assert!(ids_of("x").is_err_and(|error| error.contains("unknown")));
    assert_eq!(ids_of("[M]"), Ok(vec![2]));
}

/// Ids are below a bound, which is a number of 32 bits itself. The engine leaves it to the fallback.
#[cfg(feature = "fallback")]
#[test]
fn the_largest_number_is_no_id() {
    let with_id = |id: u32| {
        let model = word_level("a", &[("a".to_owned(), 0), ("the last".to_owned(), id)]);
        file(&Value::Null, &Value::Null, &[], &model)
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
    let tokens = [added("a longer one", "n"), added("a", "n")];
    let model = r#"{"type":"BPE","unk_token":null,"vocab":{"a":0,"b":1,"ab":2,"a":7},"merges":[]}"#;
    let file = file(&Value::Null, &byte_level(false, true), &tokens, model);
    let probe = Probe::new(file.as_bytes()).unwrap();
    assert_eq!(probe.tokenizer().engine(), "bpe");
    let vocabulary = probe.tokenizer().vocabulary();
    assert_eq!((vocabulary.tokens, vocabulary.id_bound, vocabulary.unk_id), (4, 8, None));
    assert_eq!(vocabulary.median_token_length, 1);
}

/// The order in which the reference tries kinds where a model says none.
#[test]
fn the_kind_of_a_model_follows_from_its_fields() {
    let vocab = numbered(["[UNK]", "a", "b", "ab"]);
    let word_level = word_level("[UNK]", &vocab).replace(r#""type":"WordLevel","#, "");
    let piece = WordPiece { vocab, ..WordPiece::new(["a"]) };
    let piece = piece.json().replace(r#""type":"WordPiece","#, "");
    let unigram = Model::default().model().replace(r#""type":"Unigram","#, "");
    let merges = format!("{{{SMALL}}}");
    for (model, kind) in
        [(word_level, "wordlevel"), (piece, "wordpiece"), (unigram, "unigram"), (merges, "bpe")]
    {
        let file = file(&Value::Null, &plain("Whitespace"), &[], &model);
        let mut oracle = Oracle::new(&file).unwrap_or_else(|| panic!("{kind}"));
        oracle.check("a ab b", None);
        assert_eq!(Probe::new(file.as_bytes()).unwrap().tokenizer().engine(), kind);
    }
}
