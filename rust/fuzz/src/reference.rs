//! The `tokenizers` crate, which may panic on odd files.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use serde_json::Value;
use tokenizers::{ModelWrapper, Tokenizer};

pub(crate) struct Reference {
    tokenizer: Tokenizer,
    /// The id that model2vec removes.
    pub(crate) unk_id: Option<u32>,
}

impl Reference {
    /// As model2vec sets it up: without truncation and padding.
    pub(crate) fn new(json: &[u8]) -> Result<Self, String> {
        quietly(|| {
            let mut tokenizer = Tokenizer::from_bytes(json)?;
            tokenizer.with_padding(None);
            tokenizer.with_truncation(None)?;
            let token = |token: &String| tokenizer.token_to_id(token);
            let unk_id = match tokenizer.get_model() {
                ModelWrapper::WordPiece(model) => token(&model.unk_token),
                ModelWrapper::WordLevel(model) => token(&model.unk_token),
                ModelWrapper::BPE(model) => model.unk_token.as_ref().and_then(token),
                ModelWrapper::Unigram(_) => {
                    let file: Value = serde_json::from_slice(json)?;
                    file["model"]["unk_id"].as_u64().and_then(|id| u32::try_from(id).ok())
                }
            };
            Ok(Self { tokenizer, unk_id })
        })
    }

    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        quietly(|| Ok(self.tokenizer.encode_fast(text, false)?.get_ids().to_vec()))
    }

    /// Number of tokens, largest id + 1, and median length in code points.
    pub(crate) fn facts(&self) -> (usize, u32, usize) {
        let vocabulary = self.tokenizer.get_vocab(true);
        let bound = vocabulary.values().max().map_or(0, |id| id.saturating_add(1));
        let mut lengths: Vec<usize> =
            vocabulary.keys().map(|token| token.chars().count()).collect();
        lengths.sort_unstable();
        let median = match lengths.len() {
            0 => 0,
            n => (lengths[(n - 1) / 2] + lengths[n / 2]) / 2,
        };
        (lengths.len(), bound, median)
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics of the reference from being reported and fatal: where it is asked by itself
/// ([`quietly`]), and where the fallback asks it, which makes an error of them.
pub(crate) fn keep_quiet() {
    /// What the reference is made of.
    const CRATES: [&str; 4] = ["/tokenizers-", "/spm_precompiled-", "/onig-", "/daachorse-"];
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        // Under libFuzzer this is the hook that ends the process.
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let theirs = info
                .location()
                .is_some_and(|place| CRATES.iter().any(|it| place.file().contains(it)));
            if !theirs && !QUIET.get() {
                before(info);
            }
        }));
    });
}

/// Runs the reference; its panics are its own affair.
pub(crate) fn quietly<T>(run: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    keep_quiet();
    QUIET.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("panicked".to_owned()),
    }
}
