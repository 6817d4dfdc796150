//! Compiled expressions against the reference's own engine.

#![allow(clippy::unwrap_used)]

use std::panic::AssertUnwindSafe;

use tokenizers::utils::SysRegex;

use super::charset::CharSet;
use super::properties::{NAMES, Properties};
use super::{Regex, parse};

/// Expressions of tokenizer.json files.
const TAKEN: &[&str] = &[
    // GPT-2, which is also ByteLevel's own
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    // GPT-4 and Llama 3
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    // Qwen 2, Qwen 3.5
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // digits in twos
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // o200k: GPT-4o and gpt-oss
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // tekken: Mistral Nemo
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // Kimi
    r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // DeepSeek: coder, V2, V3
    r"[\r\n]",
    r"\s?\p{L}+",
    r"\s?\p{P}+",
    r"[一-龥ࠀ-一가-퟿]+",
    r"\p{N}",
    r"\p{N}+",
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    // CLIP
    r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r"(?i)<\|end\|>|'s|'t|'re|'ve|'m|'d|[0-9]",
    // BLOOM
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    // Falcon, StarCoder, and others of few characters
    r"[0-9][0-9][0-9]",
    r"\d{1,2}",
    r"\p{N}{1,2}",
    r"\d{3}",
    r"\d",
    r"\s+",
    r"\s",
    r" {2,}",
    r" +",
    r"\n+",
    r"\r?\n",
    r"\p{Han}",
    r"\p{Han}+|[^\p{Han}]+",
    r"[\p{Han}\p{Hiragana}\p{Katakana}]",
    r"\w+|[^\w\s]+",
    r"\W",
    r"[^\w\s]|\w+",
    r"[a-zA-Z]+|[^a-zA-Z\s]+",
    r"\S+",
    r"\S+\s*",
    r" ?\S+",
    r"\s*\S+",
    "▁*[^▁]+",
    r"\s*[\r\n]+",
    r"x?\s+$",
    r"\s+(?=\d)",
    r"▁",
    r".",
    r".+",
    r"[^\n]+|\n+",
    r"\s+$",
    r"[\p{P}\$\+<=>\^~\|`]+",
    r"\p{L}(?=\p{N})|\p{N}+(?=\P{N}|$)|.",
    r"\x20|\x{4e00}|\u4e8c|\t",
    r"(?>\s+)x?|\S",
    r"a{2}|a{3,}b?|a",
    r"(\p{Lu}\p{Ll}*|\p{Ll}+)|\P{L}",
    r"\p{^L}+|\p{Letter}+",
    r"a+?b?|.",
    r"a{1,3}?b?|.",
    r"[^\r\n]{1,8}|\s",
    r"<[^>\n]{1,20}>|.",
    r"[-_.]+|[a\-z]+|[0-9-]+",
    r"[a-z&&[^aeiou]]+|[aeiou]",
    r"(?i:don't|can't)|(?i:[a-dk])|\S",
    r"[^\r\n\p{L}\p{N}]?((?=[\p{L}])([^a-z]))*((?=[\p{L}])([^A-Z]))+|\p{N}|\s+",
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+|[\r\n]|\\s+(?!\\S)|\\s+",
    r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-Ⴥ]+",
    r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
];

/// Expressions of which a part is not taken.
const REFUSED: &[&str] = &[
    // Each letter of a long word would be followed to the word's end.
    r"\p{L}+(?=\p{N})|.",
    "",
    "a*",
    "(?:)",
    "a|",
    "(?<=a)b",
    "(?<!a)b",
    r"\bword\b",
    "^a",
    r"\Ga",
    r"(a)\1",
    "a(?=bc)",
    r"\p{N}{1,3}(?=(?:\p{N}{3})*\b)",
    "(?i:ss)",
    "(?i:ß)",
    "(?i:é)",
    r"(?i:\p{Lu})",
    "(?i:[^a])",
    "(?i:fi)",
    "(?i:st)",
    "(?:a*)*b",
    "(?>ab|a)c",
    "a{2}?",
    "a**",
    "[]a]",
    "[a",
    "(a",
    "a)",
    "[b-a]",
    "a{",
    "a{2,1}",
    "(?:ab)*c",
    "a[ab]*c",
    "a*b|a",
    r"\R",
    r"\X",
    r"\K",
    "(?<n>a)",
    "(?#c)a",
    "(?x: a)",
    r"[\b]",
    "[a-c-e]",
    r"[\d-x]",
    r"\p{Klingon}",
    r"\xff",
    r"\u12",
    r"\1",
    "\\",
    "[[:alpha:]]",
    "+a",
    "(?=a)",
    r"(?=a)+b",
    "[a&&]",
    r"[^\s\S]a*",
    r"\p{L}{1,9999}",
];

fn ours(regex: &Regex, text: &str) -> Vec<(usize, usize)> {
    let mut at = 0;
    let mut all = Vec::new();
    while at < text.len()
        && let Some((start, end)) = regex.find(text.as_bytes(), at)
    {
        all.push((start, end));
        at = end;
    }
    all
}

/// A number below the bound, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn agrees(pattern: &str, regex: &Regex, reference: &SysRegex, text: &str) {
    let ours = ours(regex, text);
    // It panics where it goes back too often: then it has no matches to be compared with.
    let theirs = std::panic::catch_unwind(AssertUnwindSafe(|| reference.find_iter(text).collect()));
    let theirs: Vec<_> = match theirs {
        Ok(theirs) => theirs,
        Err(panic) => {
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains("retry-limit"), "{message}");
            return;
        }
    };
    assert_eq!(ours, theirs, "{} in {text:?}", pattern.escape_debug());
    if regex.covers() {
        let covered: usize = ours.iter().map(|(start, end)| end - start).sum();
        assert_eq!(covered, text.len(), "{} covers {text:?}", pattern.escape_debug());
    }
    for &(start, end) in &ours {
        assert_eq!(regex.match_at(text.as_bytes(), start), Some(end));
    }
}

/// All pairs and triples of classes, and longer texts of them.
fn check(pattern: &str, regex: &Regex, triples: usize, texts: usize, random: &mut Random) {
    let reference = SysRegex::new(pattern).unwrap();
    let classes = regex.symbols.representatives();
    let firsts: Vec<char> = classes.iter().map(|all| all[0]).collect();
    let mut text = String::new();
    let mut one = |chars: &[char]| {
        text.clear();
        text.extend(chars);
        agrees(pattern, regex, &reference, &text);
    };
    let count = firsts.len();
    for &a in &firsts {
        for &b in &firsts {
            one(&[a, b]);
            if count * count * count <= triples {
                firsts.iter().for_each(|&c| one(&[a, b, c]));
            }
        }
    }
    if count.pow(3) > triples {
        for _ in 0..triples {
            one(&[(); 3].map(|()| *random.pick(&firsts)));
        }
    }
    for _ in 0..texts {
        let few: Vec<&Vec<char>> =
            (0..=random.below(5)).map(|_| random.pick(classes.as_slice())).collect();
        let chars: Vec<char> = (0..random.below(24))
            .map(|_| {
                let class = *random.pick(&few);
                *random.pick(class)
            })
            .collect();
        one(&chars);
    }
}

#[test]
fn expressions_in_use() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for pattern in TAKEN {
        let regex = Regex::new(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
        check(pattern, &regex, 40_000, 20_000, &mut random);
    }
}

#[test]
fn what_is_not_taken() {
    for pattern in REFUSED {
        match Regex::new(pattern) {
            Ok(_) => panic!("{pattern} is taken"),
            Err(reason) => assert!(!reason.is_empty() && reason.len() < 80, "{pattern}: {reason}"),
        }
    }
}

/// Every property of every scalar.
#[test]
fn properties() {
    let properties = Properties::read();
    let all: String = ('\0'..=char::MAX).collect();
    let escapes = [r"\s", r"\S", r"\d", r"\D", r"\w", r"\W", ".", r"\p{Any}"].map(str::to_owned);
    let groups =
        ["L", "M", "N", "P", "S", "Z", "C", "Letter", "Uppercase_Letter", "Lowercase Letter"];
    let named = NAMES.iter().chain(&groups).map(|name| format!(r"\p{{{name}}}"));
    let inverse = [r"\P{L}", r"\p{^Lu}", r"\P{^Lu}"].map(str::to_owned);
    let bare: Vec<String> = named.chain(escapes).chain(inverse).collect();
    let in_class = bare.iter().filter(|it| *it != "." && !it.contains("Any")).flat_map(|pattern| {
        [format!("[{pattern}]"), format!("[^{pattern}]"), format!("[é{pattern}&&[^a]]")]
    });
    let in_class: Vec<String> = in_class.collect();
    for pattern in bare.into_iter().chain(in_class) {
        let parse::Node::Set { set, .. } = parse::parse(&pattern, &properties).unwrap() else {
            panic!("{pattern} is no set");
        };
        let reference = SysRegex::new(&format!("{pattern}+")).unwrap();
        let theirs = reference
            .find_iter(&all)
            .flat_map(|(start, end)| all[start..end].chars().map(|c| (u32::from(c), u32::from(c))));
        assert_eq!(set, CharSet::of(theirs), "{pattern}");
    }
}

/// What letters of ASCII and signs stand for in any case.
#[test]
fn any_case() {
    let properties = Properties::read();
    let all: String = ('\0'..=char::MAX).collect();
    for c in (' '..='~').chain(['’', '‘', '。', '\u{a0}', '€']) {
        let pattern = format!(r"(?i:\x{{{:x}}})", u32::from(c));
        let parse::Node::Set { set, .. } = parse::parse(&pattern, &properties).unwrap() else {
            panic!("{pattern} is no set");
        };
        let reference = SysRegex::new(&pattern).unwrap();
        let theirs =
            reference.find_iter(&all).map(|(start, _)| all[start..].chars().next().unwrap().into());
        let theirs: Vec<u32> = theirs.collect();
        assert_eq!(set, CharSet::of(theirs.iter().map(|&code| (code, code))), "{c:?}");
    }
    // Each of these is alone in its folding.
    let reference = SysRegex::new("(?i:[a-z])").unwrap();
    let parse::Node::Set { set, .. } = parse::parse("(?i:[a-z])", &properties).unwrap() else {
        panic!("no set");
    };
    let theirs = reference.find_iter(&all).map(|(start, _)| all[start..].chars().next().unwrap());
    assert_eq!(set, CharSet::of(theirs.map(|c| (c.into(), c.into()))));
}

/// Expressions made at random of what is taken.
fn expression(random: &mut Random, depth: usize) -> String {
    const SETS: &[&str] = &[
        "a",
        "b",
        " ",
        "'",
        "1",
        r"\n",
        r"\s",
        r"\S",
        r"\p{L}",
        r"\p{N}",
        r"\P{L}",
        r"[^\s\p{L}]",
        r"[\r\n]",
        r"\d",
        r"\w",
        r"\W",
        ".",
        "[a-c]",
        "[^a]",
        r"[\p{Lu}\p{M}]",
        r"[\p{Ll}\p{M}]",
        "é",
        "一",
        r"\p{Han}",
        r"[\w&&[^\d]]",
        "[^b-d ]",
        "[a[bc]]",
        "(?i:k)",
        "(?i:'s)",
        "ab",
        r"\p{P}",
    ];
    let one = |random: &mut Random| (*random.pick(SETS)).to_owned();
    match if depth == 0 { 0 } else { random.below(12) } {
        0..3 => one(random),
        3..6 => {
            let count = 2 + random.below(2);
            (0..count).map(|_| expression(random, depth - 1)).collect()
        }
        6..8 => {
            let count = 2 + random.below(3);
            let all: Vec<String> = (0..count).map(|_| expression(random, depth - 1)).collect();
            let open = *random.pick(&["(", "(?:", "(?:", "(?i:", "(?>"]);
            format!("{open}{})", all.join("|"))
        }
        8..11 => {
            const TIMES: &[&str] = &[
                "?", "*", "+", "?", "*", "+", "{2}", "{1,3}", "{2,}", "{,2}", "??", "*?", "+?",
                "?+", "*+", "++", "{1,2}?", "{1,2}+", "{2,}?",
            ];
            let inner =
                if random.below(2) == 0 { one(random) } else { expression(random, depth - 1) };
            let times = random.pick(TIMES);
            match random.below(2) {
                0 => format!("(?:{inner}){times}"),
                _ => format!("{inner}{times}"),
            }
        }
        _ => {
            const LOOKS: &[&str] =
                &[r"(?!\S)", r"(?=\S)", "$", r"(?=a|$)", r"(?![a-c]|\s)", r"\z", r"(?=\p{N})"];
            format!("{}{}", expression(random, depth - 1), random.pick(LOOKS))
        }
    }
}

#[test]
fn random_expressions() {
    let times = std::env::var("M2V_FUZZ_TIMES").map_or(1, |times| times.parse().unwrap());
    let mut random = Random(0x1234_5678_9abc_def1 + times as u64);
    let (mut taken, mut refused) = (0, std::collections::BTreeMap::<String, usize>::new());
    for _ in 0..3_000 * times {
        let count = 1 + random.below(4);
        let all: Vec<String> = (0..count).map(|_| expression(&mut random, 3)).collect();
        let pattern = all.join("|");
        match Regex::new(&pattern) {
            Ok(regex) => {
                taken += 1;
                check(&pattern, &regex, 300, 300, &mut random);
            }
            Err(reason) => *refused.entry(reason).or_default() += 1,
        }
    }
    assert!(taken > 500 * times, "{taken} taken; {refused:?}");
}

/// `cargo test --release -p m2v-fast --lib expressions_take -- --ignored --nocapture`
#[test]
#[ignore = "prints times"]
fn expressions_take() {
    use super::super::{Classes, Pattern};
    use std::time::Instant;

    let samples = [
        ("English", "The quick brown fox doesn't jump over 13 lazy dogs, or does it?\n"),
        ("German", "Über den Wäldern rauscht's am Abend (um 18:30 Uhr) etwas.\n"),
        ("Chinese", "这是一个用来测量速度的句子，没有别的意思。\n"),
        ("code", "for (int i = 0; i < n; ++i) {\n    total += values[i];\n}\n"),
    ];
    let mut regexes: Vec<(String, Regex)> = Vec::new();
    for (name, at) in [("GPT-2", 0), ("GPT-4", 2), ("o200k", 9), ("tekken", 10)] {
        let started = Instant::now();
        let regex = Regex::new(TAKEN[at]).unwrap();
        let states = regex.automaton.table.len() / regex.automaton.width;
        println!(
            "{name}: compiled in {:?}, {states} states, {} symbols",
            started.elapsed(),
            regex.automaton.width
        );
        regexes.push((name.to_owned(), regex));
    }
    for (language, sample) in samples {
        let text = sample.repeat(1_000_000 / sample.len());
        let text = text.as_bytes();
        let time = |name: &str, run: &mut dyn FnMut() -> usize| {
            let mut times = [0.0; 7].map(|_: f64| {
                let started = Instant::now();
                std::hint::black_box(run());
                started.elapsed().as_secs_f64()
            });
            times.sort_by(f64::total_cmp);
            println!("{language}: {name}: {:.2} ns a byte", times[3] * 1e9 / text.len() as f64);
        };
        for (name, known) in [("GPT-2", Pattern::Gpt2), ("GPT-4", Pattern::Gpt4 { digits: 3 })] {
            time(&format!("{name} by hand"), &mut || {
                let mut count = 0;
                known.split(Classes::get(), text, |_, _| {
                    count += 1;
                    true
                });
                count
            });
        }
        for (name, regex) in &regexes {
            time(&format!("{name} compiled"), &mut || {
                let (mut at, mut count) = (0, 0);
                while let Some((_, end)) = regex.find(text, at) {
                    at = end;
                    count += 1;
                }
                count
            });
        }
    }
}
