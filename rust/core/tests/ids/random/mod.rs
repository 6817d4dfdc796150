//! Random small models, of random parts, on random texts.

mod bpe;
mod unigram;
mod words;

use serde_json::Value;

use crate::oracle::Oracle;
use crate::shards::is_mine;
use crate::table::added::added;
use crate::table::normalizers::{bert, normalizers, others, spaced_punctuation};
use crate::table::pretokenizers::{byte_level, metaspace, pre_tokenizers, sequence};
use crate::table::{Part, file, plain};
use crate::texts::{self, Random};

#[rustfmt::skip]
const ADDED: &[&str] = &[
    "[M]", "[MASK]", "<mask>", "<|endoftext|>", "<|e", "<x>", "new york", "New York", "york x", "e-", "-e", "the", "THE", "ab",
    "abc", "b", "a b", "a  b", "a\tb", "c.", "s'", "'s", "x", "x1", "abca", "bcab", "and the x", "é", "e\u{301}x", "İ", "i̇", "ж",
    "жж", "а-б", "中", "中国", "日", "が", "データ", "あ", "각", "\u{1d165}", "。a", "1", "12", "(", "...", "->", "#", "##a", "Ġ",
    "Ġa", "▁", "▁a", "a▁b", "<unk>", "<0x41>", "\r",
];
const BLANKS: &[&str] =
    &[" ", "  ", " a", "a ", "\t", "\n", "\n\n", "\u{3000}", "- ", " [M]", " <x>"];

/// The parts that models of random files may have.
struct Parts {
    normalizers: Vec<Part>,
    pre_tokenizers: Vec<Part>,
}

/// What a model is like, for its parts to be like it.
#[derive(Clone, Copy, PartialEq)]
enum Like {
    Bert,
    Words,
    Bytes,
    Sentences,
}

impl Parts {
    fn normalizer(&self, random: &mut Random, like: Like) -> Value {
        if random.chance(2) {
            let others = others();
            return others[random.below(others.len())].clone();
        }
        match (like, random.below(10)) {
            (_, 0..=3) => self.normalizers[random.below(self.normalizers.len())].json.clone(),
            (Like::Bert, 4..=8) => {
                let accents = [None, Some(true), Some(false)][random.below(3)];
                bert(random.chance(50), random.chance(50), accents, random.chance(50))
            }
            (Like::Sentences, 4) => spaced_punctuation(),
            (Like::Sentences, 5) => plain("NFKC"),
            _ => Value::Null,
        }
    }

    fn pre_tokenizer(&self, random: &mut Random, like: Like) -> Value {
        if random.chance(50) {
            return self.pre_tokenizers[random.below(self.pre_tokenizers.len())].json.clone();
        }
        match like {
            Like::Bert => plain("BertPreTokenizer"),
            Like::Words => plain(random.pick(&["Whitespace", "WhitespaceSplit"])),
            Like::Bytes => byte_level(random.chance(50), random.chance(80)),
            Like::Sentences => {
                let scheme = random.pick(&["always", "always", "never", "first"]);
                let mut cut = metaspace(scheme, random.chance(50));
                if random.chance(10) {
                    cut["replacement"] = random.pick(&["_", " ", "a", "é"]).into();
                }
                if random.chance(10) {
                    cut.as_object_mut().unwrap().remove("prepend_scheme");
                    cut["add_prefix_space"] = true.into();
                }
                if random.chance(10) {
                    cut.as_object_mut().unwrap().remove("split");
                }
                match random.below(5) {
                    0 => sequence(&[plain("WhitespaceSplit"), cut]),
                    1 => sequence(&[cut]),
                    _ => cut,
                }
            }
        }
    }
}

fn tokens(random: &mut Random) -> (Vec<Value>, Vec<&'static str>) {
    let (mut tokens, mut fragments) = (Vec::new(), vec!["<unk>", "<s>", "<0x41>", "▁", "<unk>x"]);
    for _ in 0..[0, 0, 1, 3, 20][random.below(5)] {
        let blank = random.chance(12);
        let content = random.pick(if blank { BLANKS } else { ADDED });
        let mut flags = String::new();
        for flag in ["w", "l", "r", "n", "n"] {
            if random.chance(30) {
                flags.push_str(flag);
            }
        }
        tokens.push(added(content, &flags));
        fragments.push(content);
    }
    (tokens, fragments)
}

fn random_file(random: &mut Random, parts: &Parts) -> (String, Vec<&'static str>) {
    let (added, fragments) = tokens(random);
    let (like, model) = match random.below(8) {
        0 | 1 => (Like::Bert, words::word_piece(random)),
        2 => (Like::Words, words::word_level(random)),
        3 => (Like::Words, bpe::model(random, false)),
        4 | 5 => (Like::Bytes, bpe::model(random, true)),
        _ => (Like::Sentences, unigram::model(random)),
    };
    let normalizer = parts.normalizer(random, like);
    let pre_tokenizer = parts.pre_tokenizer(random, like);
    (file(&normalizer, &pre_tokenizer, &added, &model), fragments)
}

fn sweep(seeds: std::ops::Range<u64>, texts_each: usize) {
    let parts = Parts { normalizers: normalizers(), pre_tokenizers: pre_tokenizers() };
    let (mut covered, mut refused) = (0, 0);
    for seed in seeds.filter(|&seed| is_mine(seed as usize)) {
        let mut random = Random::new(seed);
        let (json, fragments) = random_file(&mut random, &parts);
        let Some(mut oracle) = Oracle::new(&json) else {
            refused += 1;
            continue;
        };
        covered += 1;
        for _ in 0..texts_each {
            let parts = [4, 12, 12, 40, 200][random.below(5)];
            let text = texts::text(&mut random, parts, &fragments);
            let limit = random.chance(30).then(|| random.below(20));
            if let Err(difference) = oracle.compare(&text, limit) {
                panic!("seed {seed}: {difference}\n{json}");
            }
        }
    }
    println!("{covered} covered, {refused} refused");
    assert!(covered > 3 * refused, "{covered} covered, {refused} refused");
}

#[test]
fn small_models() {
    sweep(0..800, 40);
}

#[test]
#[ignore = "an hour: part of the exhaustive run"]
fn many_small_models() {
    // More would not fit into the memory of most machines: the reference keeps what it has cached
    // for a model without a pre-tokenizer when the model is gone.
    sweep(1_000..17_000, 100);
}
