//! Metaspace and Unigram, ids only.

mod build;
mod cache;
mod chars;
mod lattice;
mod line;
mod model;
mod plan;
mod sentence;
mod stored;
mod trie;
mod words;

use std::sync::atomic::{AtomicU64, Ordering};

use super::added::Part;
use super::index::{Parts, Sections};
use super::normalizers::Buffers;
use super::output::Output;
use super::spec::Spec;
use super::{NotCovered, Vocabulary};
use lattice::Lattice;
use line::Line;
use plan::{Plan, Prepend};

/// Short words that a worker remembers. The words of ten thousand English paragraphs fit, and the
/// table stays within the second-level cache.
const CACHED_WORDS: usize = 1 << 15;

/// An immutable Unigram tokenizer.
#[derive(Debug)]
pub(crate) struct Unigram {
    plan: Plan,
    /// Tells this engine's scratches from those of others.
    owner: u64,
    cached_words: usize,
}

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The engine that this is for, from 1.
    owner: u64,
    buffers: Buffers,
    rest: Rest,
}

#[derive(Debug, Default)]
struct Rest {
    line: Line,
    lattice: Lattice,
    ids: Vec<u32>,
    words: words::Cache,
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
        Self { plan, owner, cached_words: CACHED_WORDS }
    }

    /// Makes workers remember so many words, a power of two or none. Ids do not depend on it.
    pub(crate) fn set_cached_words(&mut self, words: usize) {
        self.cached_words = words;
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(&self, text: &str, scratch: &mut Scratch, out: &mut Output<'_>) {
        if scratch.owner != self.owner {
            *scratch = Scratch { owner: self.owner, ..Scratch::default() };
            if self.plan.cutting.split {
                scratch.rest.words.resize(self.cached_words);
            } else {
                scratch.rest.sentences.resize(self.cached_words);
            }
        }
        let Some(raw) = &self.plan.raw else {
            self.piece(text, true, scratch, out);
            return;
        };
        raw.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => {
                let first = range.start == 0;
                self.piece(&text[range], first, scratch, out)
            }
        });
    }

    /// Ids of a text without raw added tokens; `first` if nothing came before it. Returns false
    /// when the limit is reached.
    fn piece(&self, text: &str, first: bool, scratch: &mut Scratch, out: &mut Output<'_>) -> bool {
        let Scratch { buffers, rest, .. } = scratch;
        let text = self.plan.normalizer.normalize(text, buffers);
        let Some(normalized) = &self.plan.normalized else {
            return self.cut(text, first, rest, out);
        };
        normalized.split(text, |part| match part {
            Part::Token(id) => out.push(id),
            Part::Text(range) => {
                let first = first && range.start == 0;
                self.cut(&text[range], first, rest, out)
            }
        })
    }

    /// Ids of a normalized text without added tokens.
    fn cut(&self, text: &str, first: bool, rest: &mut Rest, out: &mut Output<'_>) -> bool {
        let cutting = &self.plan.cutting;
        let prefix = |first: bool| match cutting.prepend {
            Prepend::Always => true,
            Prepend::First => first,
            Prepend::Never => false,
        };
        if !cutting.whitespace {
            rest.line.set(text, &self.plan.replacement, prefix(first));
            return self.line(rest, out);
        }
        let words = text.split(super::unicode::is_whitespace);
        if cutting.prepend == Prepend::Always && cutting.split {
            // Marks are then where the words begin, and nowhere else.
            rest.line.set_words(words, &self.plan.replacement);
            return self.line(rest, out);
        }
        for word in words {
            let first = first && word.as_ptr() == text.as_ptr();
            rest.line.set(word, &self.plan.replacement, prefix(first));
            if !self.line(rest, out) {
                return false;
            }
        }
        true
    }

    fn line(&self, rest: &mut Rest, out: &mut Output<'_>) -> bool {
        let Rest { line, lattice, ids, words, sentences } = rest;
        if self.plan.cutting.split {
            words::line(&self.plan.model, line, words, lattice, ids, out)
        } else {
            sentence::line(&self.plan.model, line, sentences, lattice, out)
        }
    }
}
