//! Ids from the Hugging Face `tokenizers` crate, for whatever no fast engine covers.
//!
//! Truncation and padding listed in tokenizer.json are switched off: the limit is an argument of
//! each call, so the tokenizer stays immutable and one instance serves all threads (the reference
//! sets the limit on the shared tokenizer and is wrong under concurrency).

use std::panic::{self, AssertUnwindSafe};
use std::thread;

use tokenizers::{ModelWrapper, Tokenizer};

use super::output::{NO_ID, Output};
use super::{Vocabulary, grows};
use parts::Parts;
use watch::{Refusal, Watch};

mod backtracking;
pub(in crate::tokenize) mod fork;
mod growth;
mod model;
mod parts;
mod watch;

pub(super) struct Fallback {
    tokenizer: Tokenizer,
    watch: Option<Watch>,
}

/// Oniguruma calls itself for each group in a group, up to 4,096 of them, when it reads an
/// expression: more than the stack of a thread may have room for.
const DEEP_STACK: usize = 64 << 20;

impl std::fmt::Debug for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fallback")
    }
}

impl Fallback {
    pub(super) fn from_json(json: &[u8]) -> Result<(Self, Vocabulary), String> {
        let parts = Parts::of(json)?;
        if !parts.nest_deeply() {
            return Self::read(json, &parts);
        }
        thread::scope(|scope| {
            let read = || Self::read(json, &parts);
            match thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, read) {
                Ok(reader) => {
                    reader.join().unwrap_or_else(|_| Err("it could not be read".to_owned()))
                }
                Err(error) => Err(format!("no thread to read deep expressions in: {error}")),
            }
        })
    }

    fn read(json: &[u8], parts: &Parts<'_>) -> Result<(Self, Vocabulary), String> {
        let watch = guarded(|| Ok(Watch::check(parts)))??;
        let mut tokenizer = guarded(|| Tokenizer::from_bytes(json))?;
        tokenizer.with_padding(None);
        guarded(|| tokenizer.with_truncation(None).map(|_| ()))?;

        let unk_id = match tokenizer.get_model() {
            ModelWrapper::WordPiece(model) => tokenizer.token_to_id(&model.unk_token),
            ModelWrapper::WordLevel(model) => tokenizer.token_to_id(&model.unk_token),
            ModelWrapper::BPE(model) => {
                model.unk_token.as_ref().and_then(|token| tokenizer.token_to_id(token))
            }
            ModelWrapper::Unigram(_) => unigram_unk_id(json),
        };
        let vocabulary = tokenizer.get_vocab(true);
        let id_bound = vocabulary.values().max().map_or(0, |&id| id.saturating_add(1));
        if let Some((token, id)) = vocabulary.iter().find(|&(_, &id)| id == NO_ID) {
            return Err(format!("the token {token:?} has the id {id}; there is no row for it"));
        }
        let lengths = vocabulary
            .keys()
            .map(|token| u32::try_from(token.chars().count()).unwrap_or(u32::MAX))
            .collect();
        Ok((Self { tokenizer, watch }, Vocabulary::new(lengths, id_bound, unk_id)))
    }

    pub(super) fn ids_into(&self, text: &str, out: &mut Output<'_>) -> Result<(), String> {
        if let Some(watch) = &self.watch {
            match guarded(|| Ok(watch.allows(text))) {
                // It looks at the text with its added tokens in it, on which the crate may panic
                // where it does not once they are taken out.
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(Refusal::Longer)) => return Err(grows(text.len())),
                Ok(Err(Refusal::Slower)) => return Err(slow(text.len())),
            }
        }
        let encoding = guarded(|| self.tokenizer.encode_fast(text, false))?;
        out.extend(encoding.get_ids());
        Ok(())
    }
}

/// A text that the crate would not come back from in any time worth waiting.
fn slow(bytes: usize) -> String {
    format!(
        "what this tokenizer.json asks for takes too long on a text of {bytes} bytes (an expression \
         that goes back too often, or very long pieces): shorten the text"
    )
}

/// Runs a piece of the `tokenizers` crate and turns its panics into errors: a tokenizer.json can
/// make it panic (a `Replace` of a pattern that matches the empty string, for one). What the
/// process does about a panic (it prints a line) is its own to decide, so no hook is set here.
fn guarded<T>(run: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, String> {
    let result = fork::outside(|| panic::catch_unwind(AssertUnwindSafe(run)));
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(format!("the tokenizers crate says: {error}")),
        Err(_) => Err("the tokenizers crate panicked on it".to_owned()),
    }
}

/// The `unk_id` of a Unigram model, which the crate reads but does not show.
fn unigram_unk_id(json: &[u8]) -> Option<u32> {
    #[derive(serde::Deserialize)]
    struct File {
        model: Model,
    }
    #[derive(serde::Deserialize)]
    struct Model {
        unk_id: Option<u32>,
    }
    serde_json::from_slice::<File>(json).ok()?.model.unk_id
}
