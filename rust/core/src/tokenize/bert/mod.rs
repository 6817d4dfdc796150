//! BertNormalizer, BertPreTokenizer and WordPiece, ids only: a special case beside the road, for
//! speed. A file that says BertPreTokenizer twice, in a Sequence, is the same tokenizer by way of
//! the road: English took 13.9 ns a token there and takes 9.0 here (`examples/stages`, AVX-512).
//!
//! A text is cut at the raw added tokens; every segment between them goes through the fast path
//! ([`walk`]): one look at each byte to find words and punctuation ([`scan`](super::scan)), then one look
//! into a cache for each of them ([`cache`]). What the caches do not know is made with a table of
//! characters ([`charmap`]) and a trie of tokens ([`pieces`]). A few settings, and marks that have
//! to be sorted, go step by step ([`exact`]).

mod cache;
mod charmap;
mod chunks;
mod exact;
mod follow;
mod known;
mod parts;
pub(super) mod plan;
mod walk;

use serde::{Deserialize, Serialize};

use super::index::arrays::{ArraysIn, ArraysOut};
use super::models::wordpiece::{Pieces, Settings, WordPiece};
use super::models::{Facts, Known};
use super::refusals::{NotCovered, not_covered};
use super::vocabulary::Vocabulary;
use crate::backend::Runnable;
use crate::tokenize::file::spec::Spec;
use crate::tokenize::output::Output;
use crate::tokenize::scan::{Cutting, Rewrite, Set};
use crate::tokenize::text::added::Part;
use crate::tokenize::text::normalizers::bert::Normalizer;
use charmap::CharMap;
use follow::Follow;
use parts::Walk;
use plan::{ID_BOUND, Plan};
use walk::Memory;

/// Chunks that a worker's cache holds unless told otherwise: 32 bytes each. English text of 5,000
/// paragraphs has about 10,000 different words, German 20,000.
const CACHE_ENTRIES: usize = 1 << 16;

/// An immutable tokenizer of these parts.
#[derive(Debug)]
pub(in crate::tokenize) struct Bert {
    plan: Plan,
    map: CharMap,
    follow: Option<Follow>,
    cutting: Cutting,
}

/// What an index holds of it that is no array.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::tokenize) struct Stored {
    pieces: Settings,
    /// Of the table of characters.
    several: Vec<String>,
}

/// Working memory of one worker.
#[derive(Debug)]
pub(crate) struct Worker {
    memory: Memory,
    exact: exact::Buffers,
}

impl Worker {
    /// With about so many entries in its cache unless it is to have the usual number.
    pub(in crate::tokenize) fn new(entries: Option<usize>) -> Self {
        let memory = Memory::new(entries.unwrap_or(CACHE_ENTRIES));
        Self { memory, exact: exact::Buffers::default() }
    }
}

impl Bert {
    /// The engine for a tokenizer.json that has its parts, if it takes all else in it.
    pub(in crate::tokenize) fn plan(
        spec: &Spec<'_>,
    ) -> Result<(Self, Vocabulary, Known), NotCovered> {
        let normalizer = Plan::normalizer(spec)?;
        let (WordPiece { pieces, unk_id }, facts) = WordPiece::read(spec)?;
        let Some(unk_id) = unk_id else {
            return not_covered("unk_token that is not in the vocabulary");
        };
        let Facts { mut lengths, id_bound, known, .. } = facts;
        let (plan, new_lengths, added) = Plan::new(spec, normalizer, pieces, unk_id, &known)?;
        lengths.extend(&new_lengths);
        let id_bound = id_bound.max(added);
        if id_bound > ID_BOUND {
            return not_covered("ids of half a billion and more");
        }
        let map = CharMap::new(walked(&plan), &plan.pieces);
        let vocabulary = Vocabulary::new(lengths, id_bound, Some(unk_id));
        Ok((Self::of(plan, map), vocabulary, known))
    }

    fn of(plan: Plan, map: CharMap) -> Self {
        let follow = plan.normalized.as_ref().map(Follow::new);
        Self { map, follow, cutting: cutting(), plan }
    }

    pub(in crate::tokenize) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) -> Stored {
        Stored { pieces: self.plan.pieces.store(arrays), several: self.map.store(arrays) }
    }

    /// The engine of an index, of the rest of its tokenizer.json; `None` if it cannot be one.
    pub(in crate::tokenize) fn load(
        stored: Stored,
        spec: &Spec<'_>,
        vocabulary: &Vocabulary,
        known: &Known,
        arrays: &mut ArraysIn<'_>,
    ) -> Option<Self> {
        let (id_bound, unk_id) = (vocabulary.id_bound, vocabulary.unk_id?);
        let normalizer = Plan::normalizer(spec).ok()?;
        let pieces = Pieces::load(stored.pieces, id_bound, arrays)?;
        let map = CharMap::load(stored.several, id_bound, arrays)?;
        let (plan, _, added) = Plan::new(spec, normalizer, pieces, unk_id, known).ok()?;
        let fits = id_bound <= ID_BOUND && unk_id < id_bound && added <= id_bound;
        fits.then(|| Self::of(plan, map))
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(in crate::tokenize) fn ids_into(
        &self,
        text: &str,
        backend: Runnable,
        worker: &mut Worker,
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
                &mut worker.exact,
                out,
            );
            return;
        }
        let memory = &mut worker.memory;
        let walk = Walk {
            pieces: &plan.pieces,
            map: &self.map,
            normalizer: walked(plan),
            before: plan.normalizer,
            unk_id: plan.unk_id,
            backend,
            cutting: &self.cutting,
            rewrite: Rewrite {
                lower: plan.normalizer.lowercase,
                spaces: plan.normalizer.clean_text,
            },
            added: plan.normalized.as_ref().zip(self.follow.as_ref()),
        };
        match &plan.raw {
            None => {
                walk.segment(text, memory, out);
            }
            Some(raw) => {
                raw.split(text, |part| match part {
                    Part::Token(id) => out.push(id),
                    Part::Text(range) => walk.segment(&text[range], memory, out),
                });
            }
        }
    }
}

/// Space, tab, line feed and carriage return separate, ASCII punctuation stands alone, and what the
/// normalizer may treat as it likes is *odd*: characters beyond ASCII, and those that control. A
/// *chunk* is a unit that is no punctuation. The same for every normalizer.
fn cutting() -> Cutting {
    let separates = |byte: u8| b" \t\n\r".contains(&byte);
    let space = Set::new(separates);
    let odd = Set::new(|byte| byte.is_ascii_control() && !separates(byte));
    Cutting::new(space, Set::new(|byte| byte.is_ascii_punctuation()), odd, false)
}

/// The normalizer that the fast path applies as it walks: none where added tokens have to be found
/// in normalized text, which is then made first.
fn walked(plan: &Plan) -> Normalizer {
    if plan.normalized.is_some() { Normalizer::default() } else { plan.normalizer }
}
