//! Random small models on random texts.

use serde_json::{Value, json};

use crate::models::{self, byte_char};
use crate::oracle::Oracle;
use crate::texts::{self, LETTERS, Random};

#[rustfmt::skip]
const ADDED: &[&str] = &[
    "<|endoftext|>", "<|e", "[M]", "<x>", "new york", "the", "ab", "abc", "b", "a b", "'s", "s'", "é", "中", "中国",
    "1", "12", "(", "...", "Ġ", "Ġa", "<unk>", "<0x41>", "あ", "\r", "->", "x1",
];
const BLANKS: &[&str] = &[" ", "  ", " a", "a ", "\t", "\n", "\n\n", "\u{3000}", " <x>"];

fn added(random: &mut Random) -> (Vec<Value>, Vec<&'static str>) {
    let (mut tokens, mut fragments) = (Vec::new(), Vec::new());
    for _ in 0..[0, 0, 1, 3, 20][random.below(5)] {
        let blank = random.chance(15);
        let content = random.pick(if blank { BLANKS } else { ADDED });
        let mut flags = String::new();
        for flag in ["w", "l", "r", "n", "n"] {
            if random.chance(30) {
                flags.push_str(flag);
            }
        }
        tokens.push(models::added(content, &flags));
        fragments.push(content);
    }
    (tokens, fragments)
}

fn normalizer(random: &mut Random) -> Value {
    if random.chance(80) {
        return Value::Null;
    }
    let mut flag = || random.chance(50);
    json!({"type": "BertNormalizer", "clean_text": flag(), "handle_chinese_chars": flag(),
        "strip_accents": flag(), "lowercase": flag()})
}

/// A BPE model of some characters and of merges of what there is.
fn bpe(random: &mut Random, byte_level: bool) -> String {
    let mut tokens: Vec<String> = Vec::new();
    let all_bytes = byte_level && random.chance(60);
    if byte_level {
        let some = random.below(100);
        for byte in 0..=255 {
            if all_bytes || random.chance(some) {
                tokens.push(byte_char(byte).to_string());
            }
        }
    }
    if !byte_level || random.chance(10) {
        for letters in LETTERS {
            for c in letters.chars() {
                if random.chance(60) {
                    tokens.push(c.to_string());
                }
            }
        }
        tokens.extend(['.', '\'', ' ', '-'].map(String::from));
    }
    let unk = random.pick(&["", "", "<unk>", "a", "Ġ", "zz"]);
    if !unk.is_empty() && (unk != "zz" || random.chance(50)) {
        tokens.push(unk.to_owned());
    }
    let byte_fallback = random.chance(25);
    if byte_fallback {
        let most = [100, 95, 50][random.below(3)];
        tokens.extend((0..=255).filter(|_| random.chance(most)).map(|b| format!("<0x{b:02X}>")));
    }
    // Some that nothing makes.
    tokens.extend(["Ġthe", "日本", "abcabc", "no token"].map(String::from));
    tokens.sort();
    tokens.dedup();
    if random.chance(50) {
        // Neighbours of the same kind in a text should often be known.
        for i in (1..tokens.len()).rev() {
            tokens.swap(i, random.below(i + 1));
        }
    }
    let likely: Vec<String> = [
        "a", "b", "c", "e", "t", "h", "s", "Ġ", "'", "1", ".", "l", "x", "Ã", "©", "ä", "¸", "Ń",
        "ã", "ģ", "<unk>", "Ċ", "é", "中",
    ]
    .map(String::from)
    .into_iter()
    .filter(|token| tokens.contains(token))
    .collect();
    let mut made = if likely.is_empty() { tokens.clone() } else { likely };
    let mut merges = Vec::new();
    for _ in 0..[0, 5, 40, 120][random.below(4)] {
        let (a, b) =
            (made[random.below(made.len())].clone(), made[random.below(made.len())].clone());
        let whole = format!("{a}{b}");
        if whole.chars().count() > 9 {
            continue;
        }
        if !tokens.contains(&whole) {
            tokens.push(whole.clone());
        }
        made.push(whole);
        merges.push((a, b));
        if random.chance(5) {
            merges.push(merges[random.below(merges.len())].clone());
        }
    }
    if random.chance(40) {
        for i in (1..merges.len()).rev() {
            merges.swap(i, random.below(i + 1));
        }
    }
    let mut id = 0;
    let mut vocab: Vec<(String, u32)> = tokens
        .iter()
        .map(|token| {
            // Gaps between ids.
            id += 1 + u32::from(random.chance(3));
            (token.clone(), id)
        })
        .collect();
    if random.chance(10) {
        let repeated = vocab[random.below(vocab.len())].0.clone();
        vocab.push((repeated, id + 1));
    }
    // Strings can say only what has no space in it.
    let as_strings =
        random.chance(50) && !merges.iter().any(|(a, b)| a.contains(' ') || b.contains(' '));
    let merges = if as_strings {
        let mut lines: Vec<String> = merges.iter().map(|(a, b)| format!("{a} {b}")).collect();
        if random.chance(30) {
            lines.insert(0, "#version: 0.2".to_owned());
        }
        json!(lines)
    } else {
        json!(merges)
    };
    let unk = if unk.is_empty() { Value::Null } else { json!(unk) };
    let empty = [Value::Null, json!("")][random.below(2)].clone();
    let dropout = [Value::Null, json!(0.0)][random.below(2)].clone();
    let (fuse_unk, ignore_merges) = (random.chance(50), random.chance(25));
    format!(
        r#"{{"type":"BPE","dropout":{dropout},"unk_token":{unk},"continuing_subword_prefix":{empty},
        "end_of_word_suffix":{empty},"fuse_unk":{fuse_unk},"byte_fallback":{byte_fallback},
        "ignore_merges":{ignore_merges},"vocab":{},"merges":{merges}}}"#,
        models::vocab(&vocab)
    )
}

fn wordlevel(random: &mut Random) -> String {
    let unk = random.pick(&["[UNK]", "a", "-"]);
    let mut vocab = vec![(unk.to_owned(), 0)];
    let mut id = 0;
    for _ in 0..random.below(300) {
        let mut word = String::new();
        for _ in 0..1 + random.below(3) {
            word.push_str(random.pick(LETTERS));
        }
        if random.chance(10) {
            word = word.repeat(8);
        }
        id += 1 + u32::from(random.chance(3));
        vocab.push((word, id));
    }
    for word in [".", "'", "s", "1", "12", "...", "the", "", "_", "ab"] {
        id += 1;
        vocab.push((word.to_owned(), id));
    }
    format!(
        r#"{{"type":"WordLevel","unk_token":{},"vocab":{}}}"#,
        json!(unk),
        models::vocab(&vocab)
    )
}

fn file(random: &mut Random) -> (String, Vec<&'static str>) {
    let (added, fragments) = added(random);
    let normalizer = normalizer(random);
    let (pre_tokenizers, model) = match random.below(4) {
        0 => (models::of_chars(), wordlevel(random)),
        1 => (models::of_chars(), bpe(random, false)),
        _ => (models::of_bytes(), bpe(random, true)),
    };
    let pre_tokenizer = &pre_tokenizers[random.below(pre_tokenizers.len())];
    (models::file(&normalizer, pre_tokenizer, &added, &model), fragments)
}

fn sweep(seeds: std::ops::Range<u64>, texts_each: usize) {
    let (mut covered, mut refused) = (0, 0);
    for seed in seeds {
        let mut random = Random::new(seed);
        let (json, fragments) = file(&mut random);
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
                panic!("seed {seed}: {difference}\n{json}");
            }
        }
    }
    assert!(covered > 3 * refused, "{covered} covered, {refused} refused");
}

#[test]
fn small_models() {
    sweep(0..500, 40);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn many_small_models() {
    // More would not fit into the memory of most machines: the reference keeps what it has cached
    // for a model without a pre-tokenizer when the model is gone.
    sweep(1_000..7_000, 150);
}

#[test]
fn long_runs() {
    let model = models::bytes_and(&["aaaaaaaaaaaaaaaa", "abab", " a", "éé", "中中", "--------"]);
    for pre_tokenizer in [models::byte_level(false, true), models::byte_level(true, false)] {
        let mut oracle =
            Oracle::new(&models::file(&Value::Null, &pre_tokenizer, &[], &model)).unwrap();
        for len in [1, 2, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 500, 1000, 10_000] {
            for unit in ["a", "b", "ab", "é", "中", "-", " ", " a", "1", "\n", "\u{3000}"] {
                let text = unit.repeat(len);
                oracle.check(&text, None);
                oracle.check(&text, Some(len / 3));
                oracle.check(&format!("b{text} a"), None);
            }
        }
    }
}
