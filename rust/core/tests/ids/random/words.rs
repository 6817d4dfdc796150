//! Random WordPiece and WordLevel models.

use crate::texts::{IDEOGRAPHS, LETTERS, MARKS, NUMBERS, PUNCTUATION, Random, SCRIPTS, WORDS};
use crate::words;

const POOLS: &[&[&str]] = &[WORDS, PUNCTUATION, MARKS, LETTERS, IDEOGRAPHS, NUMBERS, SCRIPTS];

fn some_run(random: &mut Random) -> String {
    let mut run = String::new();
    for _ in 0..1 + random.below(3) {
        let pool = POOLS[random.below(POOLS.len())];
        run.extend(random.pick(pool).chars().flat_map(char::to_lowercase));
    }
    run
}

/// Gaps between ids, and repeated keys.
fn with_gaps(random: &mut Random, tokens: Vec<String>) -> Vec<(String, u32)> {
    let mut id = 0;
    tokens
        .into_iter()
        .map(|token| {
            id += 1 + u32::from(random.chance(3));
            (token, id)
        })
        .collect()
}

pub(super) fn word_piece(random: &mut Random) -> String {
    let prefix = random.pick(&["##", "##", "##", "", "@@", "a", "é"]).to_owned();
    let unk_token = random.pick(&["[UNK]", "[UNK]", "[UNK]", "unk", "a", "-", "中"]).to_owned();
    let max_chars = [100, 100, 6, 3, 1, 0][random.below(6)];
    let mut tokens = if random.chance(3) { vec![] } else { vec![unk_token.clone()] };
    for _ in 0..random.below(150) {
        let continues = random.chance(50);
        tokens.push(format!("{}{}", if continues { &prefix } else { "" }, some_run(random)));
    }
    if random.chance(60) {
        // Every letter and mark as itself, so that words are rarely unknown.
        let letters = POOLS.iter().copied().flatten().flat_map(|part| part.chars());
        let letters = letters.chain("\u{1100}\u{1161}\u{11a8}かカ".chars()).chain('a'..='z');
        for c in letters.flat_map(char::to_lowercase) {
            tokens.extend([c.to_string(), format!("{prefix}{c}")]);
        }
    }
    let vocab = with_gaps(random, tokens);
    words::WordPiece { prefix, unk_token, max_chars, vocab }.json()
}

pub(super) fn word_level(random: &mut Random) -> String {
    let unk = random.pick(&["[UNK]", "a", "-"]);
    let mut tokens = if random.chance(3) { vec![] } else { vec![unk.to_owned()] };
    for _ in 0..random.below(300) {
        let word = some_run(random);
        tokens.push(if random.chance(10) { word.repeat(8) } else { word });
    }
    tokens.extend([".", "'", "s", "1", "12", "...", "the", "", "_", "ab"].map(String::from));
    let vocab = with_gaps(random, tokens);
    words::word_level(unk, &vocab)
}
