//! Random BPE models.

use serde_json::{Value, json};

use crate::table::models::vocab_of;
use crate::table::vocabulary::byte_char;
use crate::texts::{IDEOGRAPHS, LETTERS, Random, SCRIPTS, WORDS};

/// A BPE model of some characters and of merges of what there is.
pub(super) fn model(random: &mut Random, byte_level: bool) -> String {
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
        for letters in [WORDS, LETTERS, IDEOGRAPHS, SCRIPTS].concat() {
            for c in letters.chars() {
                if random.chance(40) {
                    tokens.push(c.to_string());
                }
            }
        }
        tokens.sort();
        tokens.dedup();
        tokens.extend(['.', '\'', ' ', '-'].map(String::from));
    }
    let unk = random.pick(&["", "", "<unk>", "a", "Ġ", "zz"]);
    if !unk.is_empty() && (unk != "zz" || random.chance(50)) {
        tokens.push(unk.to_owned());
    }
    let prefix = random.pick(&["", "", "", "", "##", "é"]);
    let suffix = random.pick(&["", "", "", "", "</w>", "a"]);
    for token in tokens.clone() {
        if random.chance(80) && !(prefix.is_empty() && suffix.is_empty()) {
            tokens.push(format!("{prefix}{token}"));
            tokens.push(format!("{token}{suffix}"));
            tokens.push(format!("{prefix}{token}{suffix}"));
        }
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
    .into_iter()
    .flat_map(|token| [token.to_owned(), format!("{prefix}{token}"), format!("{token}{suffix}")])
    .filter(|token| tokens.contains(token))
    .collect();
    let mut made = if likely.is_empty() { tokens.clone() } else { likely };
    let mut merges = Vec::new();
    for _ in 0..[0, 5, 40, 120][random.below(4)] {
        let (a, b) =
            (made[random.below(made.len())].clone(), made[random.below(made.len())].clone());
        // The prefix of the second goes.
        let Some(rest) = b.strip_prefix(prefix) else { continue };
        let whole = format!("{a}{rest}");
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
    let optional = |part: &str| if part.is_empty() { empty.clone() } else { json!(part) };
    let (prefix, suffix) = (optional(prefix), optional(suffix));
    let dropout = [Value::Null, json!(0.0)][random.below(2)].clone();
    let (fuse_unk, ignore_merges) = (random.chance(50), random.chance(25));
    format!(
        r#"{{"type":"BPE","dropout":{dropout},"unk_token":{unk},"continuing_subword_prefix":{prefix},
        "end_of_word_suffix":{suffix},"fuse_unk":{fuse_unk},"byte_fallback":{byte_fallback},
        "ignore_merges":{ignore_merges},"vocab":{},"merges":{merges}}}"#,
        vocab_of(&vocab)
    )
}
