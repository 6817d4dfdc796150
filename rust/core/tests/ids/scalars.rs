//! Every Unicode scalar value, in many contexts, through every normalizer, every pre-tokenizer and
//! every kind of model.

use serde_json::Value;

use crate::oracle::Oracle;
use crate::shards::is_mine;
use crate::table::normalizers::{berts, normalizers};
use crate::table::pretokenizers::{byte_level, metaspace, pre_tokenizers};
use crate::table::vocabulary::byte_char;
use crate::table::{Part, file, plain};
use crate::unigram::Model;
use crate::words::{WordPiece, bytes_and, numbered, word_level};

/// What stands around a scalar, written `_`, for normalizers.
const NEIGHBOURS: &[&str] = &[
    "_",
    "ab_cd",
    "e_",
    "_\u{301}",
    "e\u{302}_\u{301}",
    "\u{1d16d}_\u{1d165}",
    "中_か",
    "か_\u{3099}",
    "\u{1100}_\u{1161}",
    "\u{ac00}_\u{11a8}",
    "\r_\n",
    " _\u{300}",
    "\u{600}_x",
    "x\u{200d}_\u{302}y",
    "\u{302f}_\u{323}",
    "-_x",
];
/// The same for pre-tokenizers.
#[rustfmt::skip]
const CONTEXTS: &[&str] = &[
    "_", "a_b", " _", "_ ", "  _  ", "'_", "'_e", "'l_", "_'s", "._", "_.", " ._", "1_2", "12_", "\n_", "_\n", " \n _ x",
    "a=_b", "__", "_ _", "\t_a", "_\u{301}", "é_", "中_中", " _a", "a _1", " _ ", "_\u{3000}a", "'_l", "'v_", "A_", "/_", "_/\n",
];

/// Compares the scalars alone and in each of these contexts, many contexts in one text. A text that
/// differs is taken apart.
fn sweep(what: &str, mut oracle: Oracle, scalars: &[char], contexts: &[&str], joints: &[&str]) {
    for scalar in scalars {
        if let Err(difference) = oracle.compare(scalar.encode_utf8(&mut [0; 4]), None) {
            panic!("{what}: {difference}");
        }
    }
    // The reference takes quadratic time over long words, which some pre-tokenizers leave.
    for batch in scalars.chunks(12) {
        for context in contexts {
            let parts: Vec<String> =
                batch.iter().map(|c| context.replace('_', c.encode_utf8(&mut [0; 4]))).collect();
            for joint in joints {
                let Err(difference) = oracle.compare(&parts.join(joint), None) else { continue };
                for part in &parts {
                    if let Err(difference) = oracle.compare(part, None) {
                        panic!("{what}: {difference}");
                    }
                }
                panic!("{what}: {difference}");
            }
        }
    }
}

/// These scalars, what stands around them, and what the forms of Unicode make of them.
fn characters(scalars: &[char]) -> Vec<char> {
    let mut all: Vec<char> = scalars.to_vec();
    all.push('▁');
    all.extend(' '..='~');
    // Marks, jamo and other parts of characters.
    let parts = [
        0x300..=0x36f,
        0x591..=0x5c7,
        0x64b..=0x65f,
        0x900..=0xfff,
        0x1100..=0x11ff,
        0x1ab0..=0x1aff,
        0x302a..=0x302f,
        0x3041..=0x30ff,
        0x1d165..=0x1d172,
    ];
    all.extend(parts.into_iter().flatten().filter_map(char::from_u32));
    all.sort_unstable();
    all.dedup();
    all
}

/// A model that knows every one of these at the start of a word and within, so that ids tell where
/// words begin.
fn word_piece(characters: &[char]) -> String {
    let tokens = characters.iter().flat_map(|c| [c.to_string(), format!("##{c}")]);
    WordPiece { max_chars: 1_000, ..WordPiece::new(tokens) }.json()
}

fn of_bytes(json: &Value) -> bool {
    json.to_string().contains("ByteLevel")
}

/// The characters of byte-level vocabularies.
fn bytes() -> Vec<char> {
    (0..=255).map(byte_char).chain(['▁', '_']).collect()
}

/// All in one word, so that what is dropped or added shows.
fn through_normalizers(normalizers: &[Part], scalars: &[char]) {
    let pieces = |characters: Vec<char>| {
        let pieces = characters.into_iter().map(|c| (c.to_string(), -1.0));
        Model::default().with_pieces(pieces).model()
    };
    let models = [pieces(characters(scalars)), pieces(bytes())];
    for Part { name, json } in normalizers {
        let model = &models[usize::from(of_bytes(json))];
        let json = file(json, &metaspace("always", false), &[], model);
        sweep(name, Oracle::new(&json).expect("covered"), scalars, NEIGHBOURS, &[" ", "-", ""]);
    }
}

fn through_pre_tokenizers(pre_tokenizers: &[Part], scalars: &[char]) {
    let models = [word_piece(&characters(scalars)), word_piece(&bytes())];
    for Part { name, json } in pre_tokenizers {
        let model = &models[usize::from(of_bytes(json))];
        let json = file(&Value::Null, json, &[], model);
        sweep(name, Oracle::few(&json).expect("covered"), scalars, CONTEXTS, &[" "]);
    }
}

fn through_bert(flags: &[Value], scalars: &[char]) {
    let model = word_piece(&characters(scalars));
    for flags in flags {
        let json = file(flags, &plain("BertPreTokenizer"), &[], &model);
        sweep(
            &flags.to_string(),
            Oracle::new(&json).expect("covered"),
            scalars,
            NEIGHBOURS,
            &[" "],
        );
    }
}

/// A model of each kind, with a normalizer and a pre-tokenizer that it often has.
fn through_models(scalars: &[char]) {
    let none = Value::Null;
    let words = characters(scalars).into_iter().map(String::from);
    let words = word_level("[UNK]", &numbered(["[UNK]".to_owned()].into_iter().chain(words)));
    let merged = bytes_and(&["the", " a", "中", "é", "ab", "'s", "\u{301}"]);
    let json = file(&plain("Lowercase"), &plain("Whitespace"), &[], &words);
    sweep("WordLevel", Oracle::new(&json).expect("covered"), scalars, CONTEXTS, &[" ", "."]);
    let json = file(&plain("NFC"), &byte_level(true, true), &[], &merged);
    sweep("BPE", Oracle::new(&json).expect("covered"), scalars, CONTEXTS, &[" ", ""]);
    let json = file(&none, &plain("BertPreTokenizer"), &[], &word_piece(&characters(scalars)));
    sweep("WordPiece", Oracle::new(&json).expect("covered"), scalars, CONTEXTS, &[" ", ""]);
    let pieces = characters(scalars).into_iter().map(|c| (c.to_string(), -1.0));
    let pieces = Model { byte_fallback: true, ..Model::default() }.with_pieces(pieces);
    let pieces = pieces.with_pieces((0..=255).map(|byte| (format!("<0x{byte:02X}>"), -5.0)));
    let json = Model { normalizer: plain("NFKC"), ..pieces }.json();
    sweep("Unigram", Oracle::new(&json).expect("covered"), scalars, CONTEXTS, &[" ", ""]);
}

fn every_scalar() -> Vec<char> {
    let scalars: Vec<char> = ('\0'..=char::MAX).collect();
    assert_eq!(scalars.len(), 1_112_064);
    scalars
}

/// Most of what has a property, and few of the many that are alike.
fn some_scalars(step: usize) -> Vec<char> {
    let mut scalars: Vec<char> = (0..0x180).filter_map(char::from_u32).collect();
    scalars.extend((0x180..0x3500).step_by(step).filter_map(char::from_u32));
    scalars.extend((0x2000..0x2070).chain(0x2ff8..0x3008).filter_map(char::from_u32));
    scalars.extend((0x3500..0x11_0000).step_by(300 * step).filter_map(char::from_u32));
    scalars.extend((0xF900..0xFB50).step_by(7).filter_map(char::from_u32));
    scalars.extend(['\u{1e030}', '\u{fe0f}', '\u{feff}', '\u{212a}', '\u{fb06}', '\u{1680}']);
    scalars.extend(['\u{60c}', '\u{661}', '\u{16ee}', '\u{301}', '\u{64b}', '\u{93f}', '\u{94d}']);
    scalars.sort_unstable();
    scalars.dedup();
    scalars
}

#[test]
fn some_through_normalizers() {
    through_normalizers(&normalizers(), &some_scalars(91));
}

#[test]
fn some_through_pre_tokenizers() {
    through_pre_tokenizers(&pre_tokenizers(), &some_scalars(301));
}

#[test]
fn some_through_bert() {
    let mut scalars: Vec<char> = (0..0x3500).filter_map(char::from_u32).collect();
    scalars.extend((0x3500..0x11_0000).step_by(61).filter_map(char::from_u32));
    scalars.extend((0xF900..0xFB50).chain(0x1D160..0x1D180).filter_map(char::from_u32));
    // Nothing, the usual, all off, and each flag alone.
    let mut flags = vec![Value::Null];
    flags.extend(
        [0, 8 + 7, 16 + 7, 16 + 6, 16 + 5, 16 + 3].map(|number: usize| berts()[number].clone()),
    );
    through_bert(&flags, &scalars);
}

#[test]
fn some_through_each_model() {
    through_models(&some_scalars(3));
}

/// All of them in one text for each of a few contexts, which takes seconds.
#[test]
fn all_through_words() {
    let scalars = every_scalar();
    let words = numbered(["[UNK]", "a", "1", ".", "中"]);
    let words = word_level("[UNK]", &words);
    for name in ["Whitespace", "BertPreTokenizer", "WhitespaceSplit", "UnicodeScripts"] {
        let json = file(&Value::Null, &plain(name), &[], &words);
        let mut oracle = Oracle::few(&json).unwrap();
        for batch in scalars.chunks(4096) {
            for context in ["a_ ", "._.", "1_"] {
                let parts = batch.iter().map(|c| context.replace('_', c.encode_utf8(&mut [0; 4])));
                oracle.check(&parts.collect::<String>(), None);
            }
        }
    }
}

/// All of them, so many at a time that a model can know each.
fn in_shards(through: impl Fn(&[char])) {
    for (number, scalars) in every_scalar().chunks(10_000).enumerate() {
        if is_mine(number) {
            through(scalars);
        }
    }
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn all_through_each_model() {
    in_shards(through_models);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn all_through_bert() {
    let flags: Vec<Value> = [Value::Null].into_iter().chain(berts()).collect();
    in_shards(|scalars| through_bert(&flags, scalars));
}

#[test]
#[ignore = "hours: part of the exhaustive run"]
fn all_through_normalizers() {
    in_shards(|scalars| through_normalizers(&normalizers(), scalars));
}

#[test]
#[ignore = "hours: part of the exhaustive run"]
fn all_through_pre_tokenizers() {
    in_shards(|scalars| through_pre_tokenizers(&pre_tokenizers(), scalars));
}
