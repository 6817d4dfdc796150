//! Every limit on a set of texts, with a model of each kind.

use serde_json::Value;

use crate::oracle::Oracle;
use crate::table::added::added;
use crate::table::normalizers::bert;
use crate::table::pretokenizers::{byte_level, metaspace, split_at};
use crate::table::{file, plain};
use crate::texts::{self, Random};
use crate::unigram::Model;
use crate::words::{WordPiece, bytes_and, numbered, word_level};

fn files() -> Vec<String> {
    let none = Value::Null;
    let tokens = [added("[M]", "s"), added("new york", "n")];
    let more = [added("[M]", "s"), added("new york", "n"), added("ab", "n")];
    let mut files = Vec::new();

    let letters = ('a'..='z').flat_map(|c| [c.to_string(), format!("##{c}")]);
    let others = ["the", "##abc", ".", "-", "中", "か", "##か", "ж", "new"].map(String::from);
    let pieces = WordPiece::new(letters.chain(others)).json();
    let usual = bert(true, true, None, true);
    for tokens in [&tokens[..], &[]] {
        files.push(file(&usual, &plain("BertPreTokenizer"), tokens, &pieces));
        files.push(file(&plain("NFKC"), &plain("Whitespace"), tokens, &pieces));
    }

    let bytes = bytes_and(&["the", " the", " ab", "中国", "か", "123", "  "]);
    let bytes = bytes.replace(r#""type":"BPE""#, r#""type":"BPE","unk_token":"Ġ""#);
    let words = numbered(["the", "ab", ".", "a", "1", "Ġ"]);
    files.push(file(&none, &byte_level(false, true), &more, &bytes));
    files.push(file(&none, &byte_level(true, true), &[], &bytes));
    files.push(file(&none, &byte_level(false, false), &[], &bytes));
    files.push(file(&none, &split_at(" ", "MergedWithNext", false), &more, &bytes));
    files.push(file(&none, &plain("Whitespace"), &more, &word_level("a", &words)));

    let letters = ('a'..='z').map(|c| (c.to_string(), -3.0));
    let pieces = ["the", "▁the", "abc", "▁", ".", "-", "中", "か", "ж", "▁new", "york", "<0xC3>"];
    let base = Model::default()
        .with_pieces(letters)
        .with_pieces(pieces.map(|piece| (piece, -2.5)))
        .with_added("[M]", "s")
        .with_added("new york", "n");
    let bytes = Model {
        byte_fallback: true,
        ..base.clone().with_pieces((0..=255).map(|byte| (format!("<0x{byte:02X}>"), -5.0)))
    };
    let spanning = base.clone().with_pieces([("e▁x", -2.0), ("s▁▁", -1.5), ("▁the▁the", -3.0)]);
    for model in [base, bytes, spanning] {
        for pre_tokenizer in [metaspace("always", true), metaspace("always", false), Value::Null] {
            files.push(Model { pre_tokenizer, ..model.clone() }.json());
        }
    }
    files
}

#[test]
fn every_limit() {
    for json in files() {
        let mut oracle = Oracle::new(&json).expect("covered");
        let mut random = Random::new(5);
        let mut texts: Vec<String> = (0..40)
            .map(|_| texts::text(&mut random, 30, &["[M]", "new york", "the x", "the the"]))
            .collect();
        texts.push("the abcabcabc 5 ж中中 か. ".repeat(20));
        for text in texts {
            let all = oracle.all_ids(&text);
            for limit in (0..=all.len() + 1).map(Some).chain([None]) {
                if let Err(difference) = oracle.agrees(&text, &all, limit) {
                    panic!("{difference}\n{json}");
                }
            }
        }
    }
}
