//! The special road of Unigram models whose words are not cut apart: Metaspace without `split`, and
//! nothing else before the model. On the road for all a text would be one word, of which none is
//! seen twice: a lattice for the whole of it took 430 ns a token in English and 890 in German, where
//! this takes 22 and 32 (`examples/stages` on texts of letters that are all known, AVX-512, a model
//! without `unk_id` against itself).

mod cache;
mod line;
mod sentence;
mod units;

use super::models::unigram::Unigram;
use super::models::unigram::lattice::Lattice;
use super::output::Output;
use super::refusals::Problem;
use super::road::run::Stop;
use super::road::segments::Segments;
use super::road::units::Units;
use super::scan;
use super::text::normalizers::Buffers;
use super::text::pretokenizers::{Metaspace, Prepend};
use crate::backend::Runnable;
use line::{Line, Replacement};
use sentence::Past;
use units::ByUnit;

/// An immutable tokenizer of whole sentences.
#[derive(Debug)]
pub(in crate::tokenize) struct Sentences {
    segments: Segments,
    prepend: Prepend,
    replacement: Replacement,
    model: Unigram,
    /// How raw texts are cut into units, if they can be.
    units: Option<Units>,
}

/// Working memory of one worker.
#[derive(Debug)]
pub(crate) struct Worker {
    buffers: Buffers,
    scan: scan::Units,
    line: Line,
    lattice: Lattice,
    cache: sentence::Cache,
}

impl Sentences {
    pub(in crate::tokenize) fn new(
        segments: Segments,
        metaspace: &Metaspace,
        model: Unigram,
    ) -> Self {
        // No piece may go on from one unit into the next, and what is unknown must not either.
        let apart = !model.inner_marks && model.unknowns_are_simple() && segments.is_open();
        let units = if apart { Units::marked(segments.normalizer(), metaspace) } else { None };
        let replacement = Replacement::new(metaspace.replacement);
        Self { segments, prepend: metaspace.prepend, replacement, model, units }
    }

    pub(in crate::tokenize) fn model(&self) -> &Unigram {
        &self.model
    }

    /// The memory of a worker, which remembers so many words unless it is to remember the usual
    /// number.
    pub(in crate::tokenize) fn worker(&self, words: Option<usize>) -> Worker {
        // As many as the road does for Unigram models.
        let mut cache = sentence::Cache::default();
        cache.resize(words.unwrap_or(1 << 17));
        Worker {
            buffers: Buffers::default(),
            scan: scan::Units::default(),
            line: Line::default(),
            lattice: Lattice::default(),
            cache,
        }
    }

    /// Appends the first ids of a text, as many as there is room for.
    pub(in crate::tokenize) fn ids_into(
        &self,
        text: &str,
        backend: Runnable,
        worker: &mut Worker,
        out: &mut Output<'_>,
    ) -> Result<(), Problem> {
        let Worker { buffers, scan, line, lattice, cache } = worker;
        let Self { segments, replacement, model, .. } = self;
        let prefix = [self.prepend == Prepend::Always, self.prepend != Prepend::Never];
        let sentence = |text: &str, first: usize, out: &mut Output<'_>| {
            line.set(text, replacement, prefix[usize::from(first > 0)]);
            sentence::line(model, line, cache, lattice, out)
        };
        let Some(units) = &self.units else {
            segments.each(text, buffers, out, sentence);
            return if buffers.take_overflow() { Err(Problem::Grows) } else { Ok(()) };
        };
        segments.raw(text, out, |text, first, normalizer, out| {
            let mut taker = ByUnit {
                units,
                normalizer,
                replacement,
                model,
                prefix,
                buffers,
                line,
                lattice,
                cache,
                past: Past::default(),
            };
            match units.ids(text, first, normalizer, backend, scan, &mut taker, out) {
                None => taker.close(out),
                Some(Stop::Limit) => false,
                Some(Stop::Whole) => {
                    let text = normalizer.normalize(text, buffers);
                    line.set(text, replacement, prefix[usize::from(first)]);
                    sentence::line(model, line, cache, lattice, out)
                }
            }
        });
        if buffers.take_overflow() { Err(Problem::Grows) } else { Ok(()) }
    }
}
