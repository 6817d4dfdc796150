//! BPE models of the table.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::models::vocab_of;
use super::vocabulary::{Runs, byte_tokens, number};

/// What a BPE model is beside its merges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    unk: Option<&'static str>,
    fuse_unk: bool,
    /// How many of 256 bytes there are to fall back to, if it does.
    byte_fallback: Option<usize>,
    ignore_merges: bool,
    prefix: &'static str,
    suffix: &'static str,
}

const PLAIN: Settings = Settings {
    unk: None,
    fuse_unk: false,
    byte_fallback: None,
    ignore_merges: false,
    prefix: "",
    suffix: "",
};
const UNK: Settings = Settings { unk: Some("[UNK]"), ..PLAIN };

pub(crate) const SETTINGS: &[(&str, Settings)] = &[
    ("usual", PLAIN),
    ("unknown token", UNK),
    ("fused unknown tokens", Settings { fuse_unk: true, ..UNK }),
    ("unknown token of no vocabulary", Settings { unk: Some("nowhere"), ..PLAIN }),
    ("bytes", Settings { byte_fallback: Some(256), ..PLAIN }),
    ("bytes, fused", Settings { byte_fallback: Some(256), fuse_unk: true, ..UNK }),
    ("some bytes, fused", Settings { byte_fallback: Some(200), fuse_unk: true, ..UNK }),
    ("some bytes", Settings { byte_fallback: Some(200), ..UNK }),
    ("whole words", Settings { ignore_merges: true, ..PLAIN }),
    ("prefix", Settings { prefix: "##", ..UNK }),
    ("suffix", Settings { suffix: "</w>", ..UNK }),
    ("suffix, no unknown token", Settings { suffix: "</w>", ..PLAIN }),
    (
        "all at once",
        Settings {
            unk: Some("[UNK]"),
            fuse_unk: true,
            byte_fallback: Some(256),
            ignore_merges: true,
            prefix: "##",
            suffix: "</w>",
        },
    ),
    (
        "all at once, some bytes",
        Settings {
            unk: Some("[UNK]"),
            fuse_unk: false,
            byte_fallback: Some(200),
            ignore_merges: true,
            prefix: "é",
            suffix: "a",
        },
    ),
];

/// Merges letter by letter, from the left for some runs and from the right for others.
fn merge(run: &[String], prefix: &str, vocabulary: &mut BTreeSet<String>, merges: &mut Vec<Value>) {
    let from_left = number(&run.concat()).is_multiple_of(2);
    let mut parts = run.to_vec();
    while let [.., _, _] = &parts[..] {
        let at = if from_left { 0 } else { parts.len() - 2 };
        let right = parts.remove(at + 1);
        let whole = format!("{}{}", parts[at], &right[prefix.len()..]);
        if vocabulary.insert(whole.clone()) {
            merges.push(json!([parts[at], right]));
        }
        parts[at] = whole;
    }
}

pub(crate) fn model(runs: &Runs, settings: &Settings) -> String {
    let Settings { prefix, suffix, .. } = *settings;
    let mut vocabulary = BTreeSet::from(["[UNK]".to_owned()]);
    for c in &runs.chars {
        // Not every form of every character.
        vocabulary.insert(c.clone());
        for (number, form) in [format!("{prefix}{c}"), format!("{c}{suffix}")].iter().enumerate() {
            if number as u32 != self::number(c) % 24 {
                vocabulary.insert(form.clone());
            }
        }
        vocabulary.insert(format!("{prefix}{c}{suffix}"));
    }
    let mut merges = Vec::new();
    let endings: &[&str] = if suffix.is_empty() { &[""] } else { &[suffix, ""] };
    for run in runs.runs.iter().filter(|run| number(run) % 4 < 2) {
        for ending in endings {
            let mut parts: Vec<String> = run.chars().map(String::from).collect();
            for part in &mut parts[1..] {
                part.insert_str(0, prefix);
            }
            parts.last_mut().unwrap().push_str(ending);
            if parts.iter().all(|part| vocabulary.contains(part)) {
                merge(&parts, prefix, &mut vocabulary, &mut merges);
            }
        }
    }
    if settings.ignore_merges {
        vocabulary.extend(runs.runs.iter().filter(|run| number(run) % 4 == 3).cloned());
    }
    if let Some(count) = settings.byte_fallback {
        vocabulary.extend(byte_tokens().take(count));
    }
    let vocabulary: Vec<(String, u32)> = vocabulary.into_iter().zip(0..).collect();
    let optional = |part: &str| if part.is_empty() { Value::Null } else { json!(part) };
    format!(
        r#"{{"type":"BPE","dropout":null,"unk_token":{},"continuing_subword_prefix":{},
        "end_of_word_suffix":{},"fuse_unk":{},"byte_fallback":{},"ignore_merges":{},"vocab":{},
        "merges":{}}}"#,
        json!(settings.unk),
        optional(prefix),
        optional(suffix),
        settings.fuse_unk,
        settings.byte_fallback.is_some(),
        settings.ignore_merges,
        vocab_of(&vocabulary),
        json!(merges)
    )
}
