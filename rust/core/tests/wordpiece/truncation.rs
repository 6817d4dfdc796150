//! Every limit on a set of texts.

use crate::models::Model;
use crate::oracle::Oracle;
use crate::texts::{self, Random};

#[test]
fn every_limit() {
    let letters = ('a'..='z').flat_map(|c| [c.to_string(), format!("##{c}")]);
    let model = Model::default()
        .with_tokens(letters)
        .with_tokens(["the", "##abc", ".", "-", "中", "か", "##か", "ж", "new"])
        .with_added("[M]", "s")
        .with_added("new york", "n");
    let plain = Model { added: Vec::new(), ..model.clone() };
    for model in [model, plain] {
        let mut oracle = Oracle::new(&model.json()).unwrap();
        let mut random = Random::new(5);
        let mut texts: Vec<String> =
            (0..60).map(|_| texts::text(&mut random, 40, &["[M]", "new york"])).collect();
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
