//! Random small models on random texts.

use m2v_core::probe::Probe;
use serde_json::{Value, json};

use crate::models::{Model, bert, metaspace, replace, sequence, spaced_punctuation, strip};
use crate::oracle::Oracle;
use crate::texts::{self, IDEOGRAPHS, LETTERS, MARKS, PLAIN, PUNCTUATION, Random};

const ADDED: &[&str] = &[
    "[M]",
    "<mask>",
    "<x>",
    "new york",
    "New York",
    "york x",
    "e-",
    "the",
    "THE",
    "ab",
    "abc",
    "b",
    "a b",
    "é",
    "e\u{301}x",
    "中",
    "中国",
    "İ",
    "ж",
    "データ",
    "a  b",
    "▁a",
    "▁",
    "a▁b",
    "1",
    "<unk>",
    "x",
    "  ",
    " a",
];

fn normalizer(random: &mut Random) -> Value {
    let kind = |kind: &str| json!({"type": kind});
    match random.below(14) {
        0..=3 => Value::Null,
        4 => kind("NFC"),
        5 => kind("NFKC"),
        6 => kind("Lowercase"),
        7 => bert(true, true, None, true),
        8 => spaced_punctuation(),
        9 => json!({"type": "Prepend", "prepend": "▁"}),
        10 => replace("String", " ", "▁"),
        11 => strip(random.chance(50), random.chance(50)),
        12 => replace("Regex", " {2,}", random.pick(&[" ", "▁", "", "x"])),
        _ => sequence(
            "normalizers",
            &[kind("Nmt"), kind("NFKD"), kind("StripAccents"), replace("Regex", r"\s+", " ")],
        ),
    }
}

fn pre_tokenizer(random: &mut Random) -> Value {
    let scheme = random.pick(&["always", "always", "never", "first"]);
    let mut cut = metaspace(scheme, random.chance(50));
    if random.chance(10) {
        cut["replacement"] = json!(random.pick(&["_", " ", "a", "é"]));
    }
    if random.chance(10) {
        cut.as_object_mut().unwrap().remove("prepend_scheme");
        cut["add_prefix_space"] = json!(true);
    }
    if random.chance(10) {
        cut.as_object_mut().unwrap().remove("split");
    }
    match random.below(5) {
        0 => sequence("pretokenizers", &[json!({"type": "WhitespaceSplit"}), cut]),
        1 => sequence("pretokenizers", &[cut]),
        _ => cut,
    }
}

fn model(random: &mut Random) -> (Model, Vec<&'static str>) {
    let mut model = Model {
        normalizer: normalizer(random),
        pre_tokenizer: pre_tokenizer(random),
        byte_fallback: random.chance(30),
        ..Model::default()
    };
    model.vocab.clear();
    let inner = random.chance(25);
    let scores = 1 + random.below(300);
    let sign = if random.chance(5) { "" } else { "-" };
    let pools: &[&[&str]] = &[PLAIN, PUNCTUATION, MARKS, LETTERS, IDEOGRAPHS];
    let mut pieces: Vec<String> = Vec::new();
    for _ in 0..random.below(200) {
        let mut piece = String::new();
        if random.chance(50) {
            piece.push('▁');
        }
        for _ in 0..random.below(4) {
            let pool = pools[random.below(pools.len())];
            piece.push_str(random.pick(pool));
            if inner && random.chance(20) {
                piece.push('▁');
            }
        }
        pieces.push(piece);
    }
    if random.chance(60) {
        for part in pools.iter().copied().flatten() {
            pieces.extend(part.chars().flat_map(char::to_lowercase).map(String::from));
        }
        pieces.extend(('a'..='z').map(String::from));
        pieces.push("▁".to_owned());
    }
    if random.chance(60) {
        let missing = random.below(4) * 100;
        pieces
            .extend((0..256).filter(|&byte| byte != missing).map(|byte| format!("<0x{byte:02X}>")));
    }
    for special in ["<unk>", "<s>", "<unk>x", "<unk><unk>", "éé", "жж"] {
        if random.chance(30) {
            pieces.push(special.to_owned());
        }
    }
    pieces.push("<unk>".to_owned());
    for piece in pieces {
        let score = random.below(scores) as f64 * [0.37, 1.0, 0.1][random.below(3)];
        model.vocab.push((piece, format!("{sign}{score:?}")));
    }
    model.unk_id = random.below(model.vocab.len());
    if random.chance(70) {
        model.unk_id = model.vocab.len() - 1;
    }

    let mut fragments = vec!["<unk>", "<s>", "<0x41>", "▁", "<unk>x"];
    for _ in 0..[0, 0, 1, 3, 12][random.below(5)] {
        let content = random.pick(ADDED);
        let mut flags = String::new();
        for flag in ["w", "l", "r", "n"] {
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
    sweep(1_000..6_000, 60);
}

#[test]
fn what_the_reference_does_not_load_is_an_error() {
    let json = Model::default().json();
    let wrong = [
        json.replace("\"byte_fallback\":false", "\"byte_fallback\":null"),
        json.replace("\"byte_fallback\":false", "\"byte_fallback\":0"),
        json.replace("\"vocab\":[", "\"vocab\":[[\"a\"],"),
        json.replace("\"unk_id\":0", "\"unk_id\":-1"),
        Model { normalizer: sequence("normalizers", &[Value::Null]), ..Model::default() }.json(),
        json.replace("\"replacement\":", "\"str_rep\":[],\"replacement\":"),
    ];
    for wrong in wrong {
        assert_ne!(wrong, json);
        assert!(tokenizers::Tokenizer::from_bytes(&wrong).is_err(), "{wrong}");
        assert!(Probe::new(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    let first = metaspace("first", true);
    let refused = [
        Model { pre_tokenizer: Value::Null, ..Model::default() },
        Model { pre_tokenizer: json!({"type": "Whitespace"}), ..Model::default() },
        Model { normalizer: json!({"type": "ByteLevel"}), ..Model::default() },
        Model { normalizer: replace("Regex", "^", "x"), ..Model::default() },
        Model { normalizer: replace("String", "", "x"), ..Model::default() },
        Model { normalizer: strip(true, true), pre_tokenizer: first.clone(), ..Model::default() },
        Model {
            normalizer: replace("Regex", " {2,}", "x"),
            pre_tokenizer: first.clone(),
            ..Model::default()
        },
        Model {
            normalizer: replace("String", "ab", "x"),
            pre_tokenizer: first.clone(),
            ..Model::default()
        },
        Model { normalizer: json!({"type": "NFD"}), pre_tokenizer: first, ..Model::default() }
            .with_added("e", "n"),
        Model { normalizer: strip(true, true), ..Model::default() }.with_added(" ", "n"),
        Model { normalizer: json!({"type": "Lowercase"}), ..Model::default() }
            .with_added("a", "n")
            .with_added("A", "n"),
    ];
    for model in refused {
        assert!(Oracle::new(&model.json()).is_none(), "{}", model.json());
    }
}
