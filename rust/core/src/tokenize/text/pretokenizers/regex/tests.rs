//! Against the reference's engine.

use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{
    OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, SplitDelimiterBehavior,
};

use super::class::{self, Class};
use super::*;

/// Expressions of files in use, and some of each kind of part.
const PATTERNS: &[&str] = &[
    // GPT-2, GPT-4 in three spellings, Qwen 2, Qwen 3.5.
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    r"(?:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // o200k, tekken.
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // DeepSeek V3, V2; Kimi's words.
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
    "[\r\n]",
    r"\s?\p{L}+",
    r"\s?\p{P}+",
    r"[一-龥ࠀ-一가-퟿]+",
    r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    // CLIP, BLOOM, Falcon, digits.
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r"[0-9][0-9][0-9]",
    r"\d{1,2}",
    r"\p{N}{2,}",
    r"\p{Nd}{,2}x|\p{Nd}",
    r"\s+",
    r" {2,}",
    r"\s{2}$|\s",
    // Parts.
    r"a+?b?|a",
    r"(a|ab)(c|bcd)?",
    r"ab??|.",
    r"x*+y|x+|z(?=\d)|z(?!\w)|.",
    r"[^\W\d_]+|\W",
    r"\S+\n?|\P{^Zs}",
    r"(?i:k[ab]|'T|\x{41}\u2019?)|\t",
    r"[[a-c][^\p{L}]]+|\p{Lu}\z",
];

const FRAGMENTS: &[&str] = &[
    "a",
    "b",
    "ab",
    "abc",
    "bcd",
    "x",
    "y",
    "z",
    "T",
    "S",
    "ſ",
    "K",
    "\u{212a}",
    "é",
    "ß",
    "ﬆ",
    "'s",
    "'S",
    "'ſ",
    "'ll",
    "'Re",
    "'",
    "don't",
    "1",
    "12",
    "1234",
    "٣",
    "²",
    "Ⅷ",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    "\n\n ",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{3000}",
    ".",
    "!!",
    "…",
    "-",
    "(",
    ")",
    "[",
    "|",
    "/",
    "_",
    "$",
    "+",
    "日本語",
    "かな",
    "ー",
    "한국",
    "ह",
    "ि",
    "\u{301}",
    "\u{200d}",
    "👩",
    "\u{fe0f}",
    "\u{e000}",
    "\u{378}",
    "\u{10ffff}",
    "<|startoftext|>",
    "Ǆ",
    "ʰ",
    "।",
    "۔",
    "،",
    "。",
    "，",
    "龥",
    "龦",
    "一",
    "ࠀ",
    "퟿",
];

/// What an expression matches, by the reference.
struct Reference(Split);

impl Reference {
    fn new(pattern: &str) -> Option<Self> {
        let behavior = SplitDelimiterBehavior::Removed;
        Split::new(SplitPattern::Regex(pattern.to_owned()), behavior, true).ok().map(Self)
    }

    fn matches(&self, text: &str) -> Vec<(usize, usize)> {
        let mut pretokenized = PreTokenizedString::from(text);
        self.0.pre_tokenize(&mut pretokenized).unwrap();
        let splits = pretokenized.get_splits(OffsetReferential::Original, OffsetType::Byte);
        splits.iter().map(|&(_, offsets, _)| offsets).collect()
    }
}

fn check(pattern: &str, regex: &Regex, reference: &Reference, text: &str) {
    let found: Vec<_> = regex.matches(text.as_bytes()).collect();
    assert_eq!(found, reference.matches(text), "{pattern} {text:?}");
    if regex.covers() {
        let ends = found.iter().map(|&(_, end)| end);
        let starts = found.iter().map(|&(start, _)| start);
        assert!(starts.eq(std::iter::once(0).chain(ends).take(found.len())), "{pattern} {text:?}");
        assert_eq!(found.last().map_or(0, |&(_, end)| end), text.len());
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self) -> String {
        (0..=self.below(12)).map(|_| FRAGMENTS[self.below(FRAGMENTS.len())]).collect()
    }
}

#[test]
fn expressions_in_use_on_every_pair_and_random_texts() {
    let mut random = Random(1);
    let mut covering = 0;
    for pattern in PATTERNS {
        let Some(reference) = Reference::new(pattern) else { panic!("{pattern}") };
        let regex = match Regex::new(pattern) {
            Ok(regex) => regex,
            // The one that repeats a repetition means another thing in this syntax.
            Err(part) => {
                assert!(pattern.contains("}+"), "{pattern}: {part}");
                continue;
            }
        };
        covering += usize::from(regex.covers());
        for a in FRAGMENTS {
            check(pattern, &regex, &reference, a);
            for b in FRAGMENTS {
                check(pattern, &regex, &reference, &format!("{a}{b}"));
            }
        }
        for _ in 0..400 {
            check(pattern, &regex, &reference, &random.text());
        }
    }
    assert!(covering >= 8, "{covering}");
}

/// Expressions made of random parts, most of which are taken.
#[test]
fn random_expressions() {
    fn atom(random: &mut Random, depth: usize) -> String {
        const SETS: &[&str] = &[
            "a",
            "b",
            "x",
            r"\s",
            r"\S",
            r"\d",
            r"\w",
            r"\p{L}",
            r"\p{Lu}",
            r"\p{N}",
            r"\P{L}",
            "[ab]",
            "[^a]",
            r"[^\s\p{L}\p{N}]",
            r"[\r\n]",
            " ",
            "1",
            ".",
            "'",
            r"[a-z&&[^b]]",
            "(?i:s)",
            "(?i:'t)",
            r"\p{M}",
            "日",
        ];
        if depth > 0 && random.below(4) == 0 {
            return format!("(?:{})", expression(random, depth - 1));
        }
        SETS[random.below(SETS.len())].to_owned()
    }
    fn expression(random: &mut Random, depth: usize) -> String {
        const TIMES: &[&str] =
            &["", "", "", "", "?", "*", "+", "??", "+?", "++", "?+", "*+", "{1,3}", "{2}", "{,2}"];
        const LOOKS: &[&str] = &["", "", "", "", "", r"(?!\S)", r"(?=\p{L})", r"(?!a)", "$", r"\z"];
        let mut alternatives = Vec::new();
        for _ in 0..=random.below(4) {
            let mut all = String::new();
            for _ in 0..=random.below(3) {
                all.push_str(&atom(random, depth));
                all.push_str(TIMES[random.below(TIMES.len())]);
            }
            all.push_str(LOOKS[random.below(LOOKS.len())]);
            alternatives.push(all);
        }
        alternatives.join("|")
    }
    let mut random = Random(7);
    let mut taken = 0;
    for _ in 0..4000 {
        let pattern = expression(&mut random, 2);
        let Ok(regex) = Regex::new(&pattern) else { continue };
        let Some(reference) = Reference::new(&pattern) else { panic!("{pattern}") };
        taken += 1;
        for _ in 0..12 {
            check(&pattern, &regex, &reference, &random.text());
        }
    }
    assert!(taken > 400, "{taken}");
}

#[test]
fn what_is_not_of_the_family_is_said() {
    for (pattern, part) in [
        ("", "matches nothing"),
        ("a*", "matches nothing"),
        (r"\bx", r"\b"),
        ("^x", "'^'"),
        ("(?<=a)b", "(?<"),
        ("(?>a)b", "(?>"),
        ("x(?!ab)", "more than one character"),
        ("(?i:ss)", "without regard to case"),
        ("(?i:é)", "without regard to case"),
        (r"\p{Greek}", "the property Greek"),
        ("(a*)*b", "can be nothing"),
        ("a{1,1000}", "more than 64"),
        ("(a", "without its"),
        ("a)", "bracket"),
        ("[a", "unfinished"),
        (r"\p{L}+1|\p{L}", "looks ahead without bound"),
        (r"\p{Lu}*\p{Ll}+|\p{Lu}", "looks ahead without bound"),
        ("a{2}+", "repetition of a repetition"),
        ("[[:alpha:]]", "POSIX"),
        (r"(a)\1", r"\1"),
    ] {
        let error = Regex::new(pattern).err();
        let error = error.unwrap_or_else(|| panic!("{pattern} is taken"));
        assert!(error.contains(part), "{pattern}: {error}");
    }
    assert!(Regex::new(&"(".repeat(3000)).is_err());
    assert!(Regex::new(&"(?:a|b){64}".repeat(200)).is_err());
}

/// As long as a text is, it is read a bounded number of times.
#[test]
fn a_long_text_is_no_quadratic_matter() {
    for pattern in PATTERNS {
        let Ok(regex) = Regex::new(pattern) else { continue };
        for fragment in FRAGMENTS {
            let text = fragment.repeat(200_000 / fragment.len());
            let count = regex.matches(text.as_bytes()).count();
            assert!(count <= text.len());
        }
    }
}

#[test]
fn properties_of_every_scalar_are_the_references() {
    let text: String = ('\0'..=char::MAX).collect();
    for name in ["L", "Lu", "M", "N", "Nd", "P", "S", "Z", "Cf", "Cn", "Co", "Han"] {
        let class = Class::named(name).unwrap();
        let reference = Reference::new(&format!(r"\p{{{name}}}+")).unwrap();
        let mut within = vec![false; text.len()];
        for (start, end) in reference.matches(&text) {
            within[start..end].fill(true);
        }
        for (at, c) in text.char_indices() {
            let code = u32::from(c);
            assert_eq!(class.has(code, class::properties(code)), within[at], "{name} {c:?}");
        }
    }
}
