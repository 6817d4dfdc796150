//! Every limit on a set of texts.

use crate::models::{Model, metaspace};
use crate::oracle::Oracle;
use crate::texts::{self, Random};

#[test]
fn every_limit() {
    let letters = ('a'..='z').map(|c| (c.to_string(), -3.0));
    let words = ["the", "▁the", "abc", "▁", ".", "-", "中", "か", "ж", "▁new", "york", "<0xC3>"];
    let base = Model::default()
        .with_pieces(letters)
        .with_pieces(words.map(|word| (word, -2.5)))
        .with_added("[M]", "s")
        .with_added("new york", "n");
    let bytes = Model {
        byte_fallback: true,
        ..base.clone().with_pieces((0..=255).map(|byte| (format!("<0x{byte:02X}>"), -5.0)))
    };
    let spanning = base.clone().with_pieces([("e▁x", -2.0), ("s▁▁", -1.5), ("▁the▁the", -3.0)]);
    for model in [base, bytes, spanning] {
        for split in [true, false] {
            let model = Model { pre_tokenizer: metaspace("always", split), ..model.clone() };
            let mut oracle = Oracle::new(&model.json()).unwrap();
            let mut random = Random::new(5);
            let mut texts: Vec<String> = (0..40)
                .map(|_| texts::text(&mut random, 40, &["[M]", "new york", "the x", "the the"]))
                .collect();
            texts.push("the abcabcabc 5 ж中中 か. ".repeat(20));
            for text in texts {
                let all = oracle.all_ids(&text);
                for limit in 0..=all.len() + 1 {
                    oracle.agrees(&text, &all, Some(limit)).unwrap();
                }
                oracle.agrees(&text, &all, None).unwrap();
            }
        }
    }
}
