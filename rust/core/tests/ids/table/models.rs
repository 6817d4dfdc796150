//! Every kind of model, with its settings.

use serde_json::json;

use super::bpe;
use super::vocabulary::{Runs, byte_tokens, number, runs};

/// A model with one set of settings.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    /// JSON, with the vocabulary for texts as they are.
    plain: String,
    /// With the vocabulary for texts that ByteLevel writes.
    of_bytes: String,
}

impl Setting {
    /// The JSON of the model for a file that has ByteLevel in it, or none.
    pub(crate) fn json(&self, of_bytes: bool) -> &str {
        if of_bytes { &self.of_bytes } else { &self.plain }
    }
}

/// An object of tokens numbered in this order.
fn vocab(tokens: &[String]) -> String {
    let tokens: Vec<(String, u32)> = tokens.iter().cloned().zip(0..).collect();
    vocab_of(&tokens)
}

/// An object of tokens in this order, repeated ones included.
pub(crate) fn vocab_of(tokens: &[(String, u32)]) -> String {
    let entries: Vec<String> =
        tokens.iter().map(|(token, id)| format!("{}:{id}", json!(token))).collect();
    format!("{{{}}}", entries.join(","))
}

/// Runs at the start of words and within, told apart by their own number.
fn word_piece(runs: &Runs, prefix: &str, unk: &str, max_chars: usize) -> String {
    let mut tokens = vec!["[UNK]".to_owned()];
    for token in runs.chars.iter().chain(&runs.runs) {
        let number = number(token);
        let is_char = token.chars().nth(1).is_none();
        if is_char || number.is_multiple_of(2) {
            tokens.push(token.clone());
        }
        if (is_char && !number.is_multiple_of(8)) || !number.is_multiple_of(2) {
            tokens.push(format!("{prefix}{token}"));
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    format!(
        r#"{{"type":"WordPiece","unk_token":{},"continuing_subword_prefix":{},
        "max_input_chars_per_word":{max_chars},"vocab":{}}}"#,
        json!(unk),
        json!(prefix),
        vocab(&tokens)
    )
}

fn word_level(runs: &Runs, unk: &str) -> String {
    let mut tokens = vec!["[UNK]".to_owned(), String::new()];
    tokens.extend(runs.chars.iter().chain(&runs.runs).chain(&runs.words).cloned());
    tokens.sort_unstable();
    tokens.dedup();
    format!(r#"{{"type":"WordLevel","unk_token":{},"vocab":{}}}"#, json!(unk), vocab(&tokens))
}

/// What a Unigram model is beside its pieces.
#[derive(Clone, Copy, Default)]
struct Unigram {
    unk: bool,
    byte_fallback: bool,
    /// How many of 16 characters are known.
    known: u32,
    /// Pieces with the replacement within them.
    inner: bool,
    /// Distinct scores.
    scores: u32,
}

fn unigram(runs: &Runs, settings: Unigram) -> String {
    let mut pieces = vec!["<unk>".to_owned(), "<s>".to_owned(), "▁the".to_owned()];
    pieces.extend(runs.chars.iter().filter(|c| number(c) % 16 < settings.known).cloned());
    for run in &runs.runs {
        let number = number(run);
        let inner = run.chars().skip(1).any(|c| c == '▁');
        if inner && !settings.inner || number % 16 >= settings.known {
            continue;
        }
        if number.is_multiple_of(3) && !run.starts_with('▁') {
            pieces.push(format!("▁{run}"));
        }
        pieces.push(run.clone());
    }
    if settings.inner {
        pieces.extend(["a▁b", "▁▁", "▁a▁", "e▁x▁y", "qq", "<unk>q"].map(String::from));
    }
    if settings.byte_fallback {
        pieces.extend(byte_tokens());
    }
    let vocab: Vec<String> = pieces
        .iter()
        .map(|piece| {
            let len = piece.chars().count() as f64;
            let score = -7.0 + len / 2.0 - f64::from(number(piece) % settings.scores) * 0.37;
            format!("[{},{score:?}]", json!(piece))
        })
        .collect();
    format!(
        r#"{{"type":"Unigram","unk_id":{},"byte_fallback":{},"vocab":[{}]}}"#,
        if settings.unk { "0" } else { "null" },
        settings.byte_fallback,
        vocab.join(",")
    )
}

/// All of them.
pub(crate) fn settings() -> Vec<Setting> {
    let runs = [runs(false), runs(true)];
    let mut all = Vec::new();
    let mut add = |kind, name, make: &dyn Fn(&Runs) -> String| {
        let [plain, of_bytes] = [&runs[0], &runs[1]].map(make);
        all.push(Setting { kind, name, plain, of_bytes });
    };
    let untyped = |json: String, kind: &str| json.replace(&format!(r#""type":"{kind}","#), "");
    let piece = word_piece;
    add("WordPiece", "##", &|runs| piece(runs, "##", "[UNK]", 100));
    add("WordPiece", "7 characters", &|runs| piece(runs, "##", "[UNK]", 7));
    // Ids tell where words begin.
    add("WordPiece", "each character", &|runs| {
        piece(&Runs { runs: Vec::new(), ..runs.clone() }, "##", "[UNK]", 1000)
    });
    add("WordPiece", "no prefix", &|runs| piece(runs, "", "[UNK]", 100));
    add("WordPiece", "another prefix", &|runs| piece(runs, "a@", "a", 30));
    add("WordPiece", "no unknown token", &|runs| piece(runs, "##", "nowhere", 100));
    add("WordPiece", "no type", &|runs| untyped(piece(runs, "##", "[UNK]", 100), "WordPiece"));
    add("WordLevel", "usual", &|runs| word_level(runs, "[UNK]"));
    add("WordLevel", "no unknown token", &|runs| word_level(runs, "nowhere"));
    add("WordLevel", "no type", &|runs| untyped(word_level(runs, "[UNK]"), "WordLevel"));
    let usual = Unigram { unk: true, byte_fallback: false, known: 15, inner: false, scores: 1000 };
    add("Unigram", "usual", &|runs| unigram(runs, usual));
    add("Unigram", "bytes", &|runs| unigram(runs, Unigram { byte_fallback: true, ..usual }));
    add("Unigram", "no unknown id", &|runs| unigram(runs, Unigram { unk: false, ..usual }));
    add("Unigram", "no unknown id, bytes", &|runs| {
        unigram(runs, Unigram { unk: false, byte_fallback: true, ..usual })
    });
    add("Unigram", "signs within pieces", &|runs| unigram(runs, Unigram { inner: true, ..usual }));
    add("Unigram", "signs within pieces, bytes", &|runs| {
        unigram(runs, Unigram { inner: true, byte_fallback: true, ..usual })
    });
    add("Unigram", "much unknown", &|runs| unigram(runs, Unigram { known: 5, ..usual }));
    add("Unigram", "few scores", &|runs| unigram(runs, Unigram { scores: 3, ..usual }));
    add("Unigram", "no type", &|runs| untyped(unigram(runs, usual), "Unigram"));
    for (name, settings) in bpe::SETTINGS {
        add("BPE", name, &|runs| bpe::model(runs, settings));
    }
    add("BPE", "no type", &|runs| untyped(bpe::model(runs, &bpe::SETTINGS[0].1), "BPE"));
    all
}
