//! Long runs of one thing, which have no boundary where work could be cut: blocks of every
//! instruction set, windows, and caches end within them.

use serde_json::Value;

use crate::oracle::Oracle;
use crate::table::added::added;
use crate::table::normalizers::bert;
use crate::table::pretokenizers::{byte_level, metaspace};
use crate::table::{file, plain};
use crate::unigram::Model;
use crate::words::{self, WordPiece, bytes_and, numbered};

const UNITS: &[&str] = &[
    "a", "b", "ab", "é", "ж", "中", "中x", "各", "a\u{301}", "-", ".", "1", "\u{1}", " ", " a",
    "b ", "é ", "▁", "\n", "\u{3000}", "क्", "\u{301}",
];
const LENGTHS: &[usize] =
    &[1, 2, 8, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 300];

fn runs(json: &str, units: &[&str], lengths: &[usize]) {
    let mut oracle = Oracle::new(json).expect("covered");
    for unit in units {
        for &len in lengths {
            let text = unit.repeat(len);
            let around = format!("b{text} a");
            for (text, limit) in [(&text, None), (&text, Some(len / 3)), (&around, None)] {
                if let Err(difference) = oracle.compare(text, limit) {
                    panic!("{unit:?} {len} times: {difference:.2000}\n{json}");
                }
            }
        }
    }
}

#[test]
fn word_piece() {
    let tokens = ["a", "##a", "b", "##b", "##ab", "é", "##e", "##\u{436}", "ж", "中"];
    let added = [added("aab", "n"), added("a b", "n")];
    for max_chars in [100, 1_000_000] {
        let model = WordPiece { max_chars, ..WordPiece::new(tokens) }.json();
        for added in [&added[..], &[]] {
            let usual = bert(true, true, None, true);
            let bert = file(&usual, &plain("BertPreTokenizer"), added, &model);
            runs(&bert, UNITS, LENGTHS);
            // The reference takes quadratic time over pre-tokens, cubic time within a word.
            if max_chars == 100 {
                runs(&bert, &["a", "é", "a\u{301}", "\u{1}", " "], &[10_000]);
            }
            runs(&file(&plain("NFC"), &plain("Whitespace"), added, &model), UNITS, &[16, 65, 300]);
        }
    }
}

#[test]
fn word_level() {
    let words = numbered(["[UNK]", "a", "aa", "b", "1", "---", "中", "中x"]);
    let model = words::word_level("[UNK]", &words);
    for pre_tokenizer in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"] {
        runs(&file(&plain("Lowercase"), &plain(pre_tokenizer), &[], &model), UNITS, LENGTHS);
    }
}

#[test]
fn bpe() {
    let model = bytes_and(&["aaaaaaaaaaaaaaaa", "abab", " a", "éé", "中中", "--------"]);
    for pre_tokenizer in [byte_level(false, true), byte_level(true, false)] {
        let json = file(&Value::Null, &pre_tokenizer, &[], &model);
        runs(&json, UNITS, LENGTHS);
        runs(&json, UNITS, &[500, 1000, 10_000]);
    }
    let json = file(&Value::Null, &metaspace("first", false), &[], &model);
    runs(&json, UNITS, LENGTHS);
    runs(&json, UNITS, &[1000]);
}

#[test]
fn unigram() {
    let pieces =
        [("a", -3.1), ("aa", -4.2), ("▁a", -7.3), ("b", -1.0), ("中", -2.0), ("中中", -3.9)];
    for split in [false, true] {
        let model = Model { pre_tokenizer: metaspace("always", split), ..Model::default() }
            .with_pieces(pieces);
        let inner = model.clone().with_pieces([("a▁", -4.0), ("▁▁", -3.0), ("b▁b▁b", -6.0)]);
        for model in [model, inner] {
            let json = model.json();
            runs(&json, UNITS, LENGTHS);
            runs(&json, UNITS, &[1000, 10_000]);
        }
    }
}
