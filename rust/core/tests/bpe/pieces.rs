//! The pieces of one pre-tokenizer, here and in the reference.

use m2v_core::probe;
use serde_json::Value;
use tokenizers::{
    OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, PreTokenizerWrapper,
};

use crate::models::{self, byte_char};
use crate::texts::{self, Random};

pub(crate) struct Pieces {
    json: String,
    reference: PreTokenizerWrapper,
    byte_level: bool,
}

impl Pieces {
    pub(crate) fn new(pre_tokenizer: &Value) -> Self {
        let json = pre_tokenizer.to_string();
        let reference = serde_json::from_str(&json).unwrap();
        Self { byte_level: json.contains("ByteLevel"), json, reference }
    }

    pub(crate) fn check(&self, text: &str) {
        let mut reference = PreTokenizedString::from(text);
        self.reference.pre_tokenize(&mut reference).unwrap();
        let expected: Vec<&str> = reference
            .get_splits(OffsetReferential::Original, OffsetType::None)
            .into_iter()
            .map(|(piece, ..)| piece)
            .filter(|piece| !piece.is_empty())
            .collect();
        let pieces: Vec<String> = probe::pieces(&self.json, text)
            .expect("covered")
            .into_iter()
            .map(|piece| match self.byte_level {
                true => piece.into_iter().map(byte_char).collect(),
                false => String::from_utf8(piece).unwrap(),
            })
            .collect();
        assert_eq!(pieces, expected, "{text:?} ({}), {}", text.escape_unicode(), self.json);
    }
}

fn sweep(seeds: std::ops::Range<u64>) {
    let all: Vec<Pieces> = models::of_bytes()
        .iter()
        .chain(models::of_chars().iter().skip(1))
        .map(Pieces::new)
        .collect();
    for seed in seeds {
        let mut random = Random::new(seed);
        let parts = [4, 12, 40, 100][random.below(4)];
        let text = texts::text(&mut random, parts, &[]);
        for pieces in &all {
            pieces.check(&text);
        }
    }
}

#[test]
fn random_texts() {
    sweep(0..3_000);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn many_random_texts() {
    sweep(10_000..200_000);
}
