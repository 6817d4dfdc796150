//! Metaspace and Unigram, ids only.

mod build;
pub(in crate::tokenize) mod chars;
pub(in crate::tokenize) mod lattice;
pub(in crate::tokenize) mod model;
mod plan;
mod stored;
pub(in crate::tokenize) mod trie;
mod words;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::Runnable;
use crate::tokenize::file::spec::Spec;
use crate::tokenize::index::{Parts, Sections};
use crate::tokenize::output::Output;
use crate::tokenize::road::cache::Cache;
use crate::tokenize::road::units::{self as apart, Apart, Stop};
use crate::tokenize::sentences::line::Line;
use crate::tokenize::sentences::units::Maker;
use crate::tokenize::sentences::{sentence, units as sentence_units};
use crate::tokenize::text::added::Part;
use crate::tokenize::text::pretokenizers::Words;
use crate::tokenize::text::unicode::is_whitespace;
use crate::tokenize::{NotCovered, Vocabulary};
use lattice::Lattice;
#[cfg(feature = "fallback")]
pub(in crate::tokenize) use plan::check_pieces;
use plan::{Plan, Prepend};

/// Short words that a worker remembers, or short units of raw texts, punctuation and all: 5,000
/// English paragraphs have some 30,000. A lattice costs as much as some twenty look-ups beyond the
/// second-level cache, so that with a quarter of this the same paragraphs took twice as long.
const CACHED_WORDS: usize = 1 << 17;

/// An immutable Unigram tokenizer.
#[derive(Debug)]
pub(crate) struct Unigram {
    plan: Plan,
    /// How raw texts are cut into units, if they can be.
    apart: Option<Apart>,
    /// Tells this engine's scratches from those of others.
    owner: u64,
    cached_words: usize,
}

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The engine that this is for, from 1.
    owner: u64,
    memory: apart::Memory,
    rest: Rest,
}

impl Scratch {
    /// Whether a text became too long since the last time that this was asked.
    #[inline]
    pub(crate) fn take_overflow(&mut self) -> bool {
        self.memory.buffers.take_overflow()
    }
}

#[derive(Debug, Default)]
struct Rest {
    line: Line,
    lattice: Lattice,
    ids: Vec<u32>,
    sentences: sentence::Cache,
}

impl Unigram {
    /// The engine for a tokenizer.json, if it is one of its family. `keep` is called with the
    /// index of a vocabulary of at least so many pieces.
    pub(crate) fn plan(
        spec: &Spec<'_>,
        least: usize,
        keep: impl FnOnce(&Sections<'_>),
    ) -> Result<(Self, Vocabulary), NotCovered> {
        let (plan, vocabulary, known) = Plan::new(spec)?;
        if vocabulary.tokens >= least {
            stored::store(spec, &known, &plan, &vocabulary, keep);
        }
        Ok((Self::of(plan), vocabulary))
    }

    /// The engine of an index, if it is whole.
    pub(crate) fn from_index(parts: &Parts) -> Option<(Self, Vocabulary)> {
        let (plan, vocabulary) = stored::load(parts)?;
        Some((Self::of(plan), vocabulary))
    }

    fn of(plan: Plan) -> Self {
        static OWNERS: AtomicU64 = AtomicU64::new(1);
        let owner = OWNERS.fetch_add(1, Ordering::Relaxed);
        Self { apart: units(&plan), plan, owner, cached_words: CACHED_WORDS }
    }

    /// Makes workers remember so many words, a power of two or none. Ids do not depend on it.
    pub(crate) fn set_cached_words(&mut self, words: usize) {
        self.cached_words = words;
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        backend: Runnable,
        scratch: &mut Scratch,
        out: &mut Output<'_>,
    ) {
        if scratch.owner != self.owner {
            *scratch = Scratch { owner: self.owner, ..Scratch::default() };
            if self.plan.cutting.split {
                scratch.memory.cache = Cache::with_lines(self.cached_words.div_ceil(2));
            } else {
                scratch.rest.sentences.resize(self.cached_words);
            }
        }
        let Some(raw) = &self.plan.raw else {
            self.piece(text, true, backend, scratch, out);
            return;
        };
        raw.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => {
                let first = range.start == 0;
                self.piece(&text[range], first, backend, scratch, out)
            }
        });
    }

    /// Ids of a text without raw added tokens; `first` if nothing came before it. Returns false
    /// when the limit is reached.
    fn piece(
        &self,
        text: &str,
        first: bool,
        backend: Runnable,
        scratch: &mut Scratch,
        out: &mut Output<'_>,
    ) -> bool {
        if let Some(apart) = &self.apart
            && apart.begins(text, self.prefix(first))
        {
            match self.units(apart, text, backend, scratch, out) {
                None => return true,
                Some(Stop::Limit) => return false,
                Some(Stop::Whole) => {}
            }
        }
        let Scratch { memory, rest, .. } = scratch;
        let text = self.plan.normalizer.normalize(text, &mut memory.buffers);
        let cache = &mut memory.cache;
        let Some(normalized) = &self.plan.normalized else {
            return self.cut(text, first, cache, rest, out);
        };
        normalized.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => {
                let first = first && range.start == 0;
                self.cut(&text[range], first, cache, rest, out)
            }
        })
    }

    /// Ids of a text unit by unit.
    fn units(
        &self,
        apart: &Apart,
        text: &str,
        backend: Runnable,
        scratch: &mut Scratch,
        out: &mut Output<'_>,
    ) -> Option<Stop> {
        let Scratch { memory, rest, .. } = scratch;
        let Plan { normalizer, replacement, cutting, model, .. } = &self.plan;
        let Rest { line, lattice, sentences, .. } = rest;
        if !cutting.split {
            let maker = Maker { apart, normalizer, replacement, model };
            let apart::Memory { units, buffers, .. } = memory;
            let memory = sentence_units::Memory { buffers, line, lattice, cache: sentences };
            return maker.ids(text, backend, units, memory, out);
        }
        apart.ids(text, normalizer, backend, memory, out, |normalized, ids| {
            if cutting.whitespace {
                line.set_words(normalized.split(is_whitespace), replacement);
            } else {
                line.set(normalized, replacement, true);
            }
            words::all(model, line, lattice, ids);
        })
    }

    /// Whether a mark is set before a text.
    fn prefix(&self, first: bool) -> bool {
        match self.plan.cutting.prepend {
            Prepend::Always => true,
            Prepend::First => first,
            Prepend::Never => false,
        }
    }

    /// Ids of a normalized text without added tokens.
    fn cut(
        &self,
        text: &str,
        first: bool,
        cache: &mut Cache,
        rest: &mut Rest,
        out: &mut Output<'_>,
    ) -> bool {
        let cutting = &self.plan.cutting;
        if !cutting.whitespace {
            rest.line.set(text, &self.plan.replacement, self.prefix(first));
            return self.line(cache, rest, out);
        }
        let words = text.split(is_whitespace);
        if cutting.prepend == Prepend::Always && cutting.split {
            // Marks are then where the words begin, and nowhere else.
            rest.line.set_words(words, &self.plan.replacement);
            return self.line(cache, rest, out);
        }
        for word in words {
            let first = first && word.as_ptr() == text.as_ptr();
            rest.line.set(word, &self.plan.replacement, self.prefix(first));
            if !self.line(cache, rest, out) {
                return false;
            }
        }
        true
    }

    fn line(&self, cache: &mut Cache, rest: &mut Rest, out: &mut Output<'_>) -> bool {
        let Rest { line, lattice, ids, sentences } = rest;
        if self.plan.cutting.split {
            words::line(&self.plan.model, line, cache, lattice, ids, out)
        } else {
            sentence::line(&self.plan.model, line, sentences, lattice, out)
        }
    }
}

/// How raw texts can be cut into units that have nothing to do with each other.
fn units(plan: &Plan) -> Option<Apart> {
    if plan.normalized.is_some() {
        return None;
    }
    let Plan { normalizer, cutting, model, .. } = plan;
    if cutting.whitespace {
        let simple = cutting.prepend == Prepend::Always && cutting.split;
        return Apart::spaced(normalizer, Words::WhitespaceSplit).filter(|_| simple);
    }
    // No piece may go on from one unit into the next, and what is unknown must not either.
    let cut = cutting.split || (!model.inner_marks && model.unknowns_are_simple());
    Apart::marked(normalizer, cutting.replacement).filter(|_| cut)
}
