//! Random small models on random texts.

use crate::models::{Model, all_flags};
use crate::oracle::Oracle;
use crate::texts::{self, IDEOGRAPHS, LETTERS, MARKS, PLAIN, PUNCTUATION, Random};

const ADDED: &[&str] = &[
    "[M]",
    "[MASK]",
    "<x>",
    "new york",
    "New York",
    "york x",
    "e-",
    "-e",
    "the",
    "THE",
    "ab",
    "abc",
    "b",
    "a b",
    "c.",
    "s'",
    "'s",
    "é",
    "e\u{301}x",
    "中",
    "中国",
    "日",
    "i̇",
    "İ",
    "ж",
    "жж",
    "が",
    "データ",
    "a\tb",
    "a  b",
    "##a",
    "#",
    "1",
    "x1",
    "abca",
    "bcab",
    "\u{1d165}",
    "각",
    "and the x",
    "а-б",
    "。a",
];
const BLANKS: &[&str] = &[" ", "  ", " a", "a ", "\t", "\u{3000}", "- ", " [M]", "\n"];

fn model(random: &mut Random) -> (Model, Vec<&'static str>) {
    let flags = all_flags();
    let flags = flags[random.below(flags.len())].clone();
    let prefix = random.pick(&["##", "##", "##", "", "@@", "a", "é"]).to_owned();
    let unk_token = random.pick(&["[UNK]", "[UNK]", "[UNK]", "unk", "a", "-", "中"]).to_owned();
    let max_chars = [100, 100, 6, 3, 1, 0][random.below(6)];
    let mut model = Model { flags, prefix, unk_token, max_chars, ..Model::default() };
    model.vocab.clear();

    let mut id = 0;
    let mut tokens = vec![model.unk_token.clone()];
    let pools: &[&[&str]] = &[PLAIN, PUNCTUATION, MARKS, LETTERS, IDEOGRAPHS];
    for _ in 0..random.below(150) {
        let mut token = String::new();
        if random.chance(50) {
            token.push_str(&model.prefix);
        }
        for _ in 0..1 + random.below(3) {
            let pool = pools[random.below(pools.len())];
            token.extend(random.pick(pool).chars().flat_map(char::to_lowercase));
        }
        tokens.push(token);
    }
    if random.chance(60) {
        // Every letter and mark as itself, so that words are rarely unknown.
        for part in pools.iter().copied().flatten() {
            for c in part.chars().flat_map(char::to_lowercase) {
                tokens.push(c.to_string());
                tokens.push(format!("{}{c}", model.prefix));
            }
        }
        tokens.extend(
            "abcdefghijklmnopqrstuvwxyz\u{1100}\u{1161}\u{11a8}かカ"
                .chars()
                .flat_map(|c| [c.to_string(), format!("{}{c}", model.prefix)]),
        );
    }
    for token in tokens {
        // Gaps between ids, and repeated keys.
        id += 1 + u32::from(random.chance(3));
        model.vocab.push((token, id));
    }

    let mut fragments = Vec::new();
    for _ in 0..[0, 0, 1, 3, 20][random.below(5)] {
        let blank = random.chance(10);
        let content = random.pick(if blank { BLANKS } else { ADDED });
        let mut flags = String::new();
        for flag in ["w", "l", "r", "n", "n"] {
            if random.chance(40) {
                flags.push_str(flag);
            }
        }
        model = model.with_added(content, &flags);
        fragments.push(content);
    }
    (model, fragments)
}

fn sweep(seeds: std::ops::Range<u64>, texts_each: usize) {
    let (mut covered, mut refused) = (0, 0);
    for seed in seeds {
        let mut random = Random::new(seed);
        let (model, fragments) = model(&mut random);
        let json = model.json();
        let Some(mut oracle) = Oracle::new(&json) else {
            refused += 1;
            continue;
        };
        covered += 1;
        for _ in 0..texts_each {
            let parts = [4, 12, 12, 40, 200][random.below(5)];
            let text = texts::text(&mut random, parts, &fragments);
            let limit = random.chance(30).then(|| random.below(20));
            let all = oracle.all_ids(&text);
            if let Err(difference) = oracle.agrees(&text, &all, limit) {
                panic!("seed {seed}: {difference}\n{}", model.json());
            }
        }
    }
    assert!(covered > 3 * refused, "{covered} covered, {refused} refused");
}

#[test]
fn small_models() {
    sweep(0..400, 60);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn many_small_models() {
    sweep(1_000..6_000, 100);
}

#[test]
fn what_the_reference_decides_at_random_is_refused() {
    let base = || Model::default().with_tokens(["a", "b"]);
    let reasons = [
        base().with_added("Ab", "n").with_added("AB", "n"),
        base().with_added("\u{301}", "n"),
        base().with_added("  ", "ln").with_added("x", "rn"),
        Model { prefix: "##".into(), unk_token: "nowhere".into(), ..base() },
    ];
    for model in reasons {
        assert!(Oracle::refusal(&model.json()).is_some(), "{}", model.json());
    }
}

#[test]
fn long_runs_without_a_boundary() {
    let tokens = ["a", "##a", "b", "##b", "##ab", "é", "##e", "##\u{436}", "ж", "中"];
    for max_chars in [100, 1_000_000] {
        let model = Model { max_chars, ..Model::default() }
            .with_tokens(tokens)
            .with_added("aab", "n")
            .with_added("a b", "n");
        let plain = Model { added: Vec::new(), ..model.clone() };
        for model in [model, plain] {
            let mut oracle = Oracle::new(&model.json()).unwrap();
            for len in [1, 15, 16, 17, 31, 47, 48, 49, 63, 64, 65, 127, 129, 300] {
                for unit in ["a", "b", "é", "ж", "中", "a\u{301}", "ab", ".", " ", "\u{1}", "各"]
                {
                    let text = unit.repeat(len);
                    let all = oracle.all_ids(&text);
                    oracle.agrees(&text, &all, None).unwrap();
                    oracle.agrees(&text, &all, Some(len / 2)).unwrap();
                    oracle.check(&format!("b{text} a"), None);
                }
            }
            // The reference takes quadratic time over pre-tokens, cubic time within a word.
            if max_chars == 100 {
                for unit in ["a", "é", "a\u{301}", "\u{1}", " "] {
                    oracle.check(&unit.repeat(10_000), None);
                }
            }
        }
    }
}
