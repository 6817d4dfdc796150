//! Every limit on a set of texts.

use serde_json::Value;

use crate::models;
use crate::oracle::Oracle;
use crate::texts::{self, Random};

#[test]
fn every_limit() {
    let model = models::bytes_and(&["the", " the", " ab", "中国", "か", "123", "  "]);
    let model = model.replace(r#""type":"BPE""#, r#""type":"BPE","unk_token":"Ġ""#);
    let words =
        r#"{"type":"WordLevel","unk_token":"a","vocab":{"a":3,"ab":1,"the":0,".":2,"1":9}}"#;
    let added =
        [models::added("[M]", "s"), models::added("new york", "n"), models::added("ab", "n")];
    let files = [
        models::file(&Value::Null, &models::byte_level(false, true), &added, &model),
        models::file(&Value::Null, &models::byte_level(true, true), &[], &model),
        models::file(&Value::Null, &models::byte_level(false, false), &[], &model),
        models::file(&Value::Null, &models::plain("Whitespace"), &added, words),
    ];
    for file in files {
        let mut oracle = Oracle::new(&file).unwrap();
        let mut random = Random::new(5);
        let mut texts: Vec<String> =
            (0..60).map(|_| texts::text(&mut random, 30, &["[M]", "new york"])).collect();
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
