//! BertNormalizer, BertPreTokenizer and WordPiece, ids only.
//!
//! A text is cut at the raw added tokens; every piece between them goes through the fast path
//! ([`walk`]): one look at each byte to find words and punctuation ([`classify`]), then one look
//! into a cache for each of them ([`cache`]). What the caches do not know is made with a table of
//! characters ([`charmap`]) and a trie of tokens ([`pieces`]). A few settings, and marks that have
//! to be sorted, go step by step ([`exact`]).

mod cache;
mod charmap;
mod chunks;
mod exact;
mod follow;
mod known;
pub(super) mod plan;
mod walk;

use std::sync::atomic::{AtomicU64, Ordering};

use super::{NotCovered, Vocabulary};
use crate::backend::Runnable;
use crate::tokenize::file::spec::Spec;
use crate::tokenize::output::Output;
use crate::tokenize::scan::classify::Rewrite;
use crate::tokenize::text::added::Part;
use crate::tokenize::text::normalizers::bert::Normalizer;
use charmap::CharMap;
use follow::Follow;
use plan::Plan;
use walk::{Memory, Walk};

/// Chunks that a worker's cache holds unless told otherwise: 32 bytes each. English text of 5,000
/// paragraphs has about 10,000 different words, German 20,000.
const CACHE_ENTRIES: usize = 1 << 16;

/// An immutable WordPiece tokenizer.
#[derive(Debug)]
pub(crate) struct WordPiece {
    plan: Plan,
    map: CharMap,
    follow: Option<Follow>,
    /// Which engine it is: a scratch must not bring the ids of another.
    serial: u64,
}

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    entries: Option<usize>,
    /// The engine that the memory belongs to, and its memory.
    fast: Option<(u64, Box<Memory>)>,
    exact: exact::Buffers,
}

impl Scratch {
    /// A scratch whose cache has about this many entries; 0 for no cache.
    pub(crate) fn with_cache(entries: usize) -> Self {
        Self { entries: Some(entries), ..Self::default() }
    }

    fn memory(&mut self, serial: u64) -> &mut Memory {
        if self.fast.as_ref().is_none_or(|(owner, _)| *owner != serial) {
            self.fast = None;
        }
        let entries = self.entries.unwrap_or(CACHE_ENTRIES);
        let (_, memory) = self.fast.get_or_insert_with(|| (serial, Box::new(Memory::new(entries))));
        memory
    }
}

impl WordPiece {
    /// The engine for a tokenizer.json, if it is one of its family.
    pub(crate) fn plan(spec: &Spec<'_>) -> Result<(Self, Vocabulary), NotCovered> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let mut plan = Plan::new(spec)?;
        let lengths = std::mem::take(&mut plan.lengths);
        let vocabulary = Vocabulary::new(lengths, plan.id_bound, Some(plan.unk_id));
        let follow = plan.normalized.as_ref().map(Follow::new);
        let engine = Self {
            map: CharMap::new(walked(&plan), &plan.pieces),
            follow,
            plan,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        };
        Ok((engine, vocabulary))
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        backend: Runnable,
        scratch: &mut Scratch,
        out: &mut Output<'_>,
    ) {
        let plan = &self.plan;
        if plan.strips_matter {
            exact::text(
                text,
                plan.raw.as_ref(),
                plan.normalizer,
                plan.normalized.as_ref(),
                &plan.pieces,
                &mut scratch.exact,
                out,
            );
            return;
        }
        let memory = scratch.memory(self.serial);
        let walk = Walk {
            pieces: &plan.pieces,
            map: &self.map,
            normalizer: walked(plan),
            before: plan.normalizer,
            unk_id: plan.unk_id,
            backend,
            rewrite: Rewrite {
                lower: plan.normalizer.lowercase,
                spaces: plan.normalizer.clean_text,
            },
            added: plan.normalized.as_ref().zip(self.follow.as_ref()),
        };
        match &plan.raw {
            None => {
                walk.piece(text, memory, out);
            }
            Some(raw) => {
                raw.split(text, |part| match part {
                    Part::Token(id) => out.push(id),
                    Part::Text(range) => walk.piece(&text[range], memory, out),
                });
            }
        }
    }
}

/// The normalizer that the fast path applies as it walks: none where added tokens have to be found
/// in normalized text, which is then made first.
fn walked(plan: &Plan) -> Normalizer {
    if plan.normalized.is_some() { Normalizer::default() } else { plan.normalizer }
}
