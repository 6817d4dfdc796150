//! Metaspace without `split`, unit by unit of the raw text: a unit's words are replayed together.

use super::cache::{self, FEW, LONG, SHORT};
use super::line::{Line, Replacement};
use super::sentence::{Cache, LongNode, Past, Sentence};
use crate::backend::Runnable;
use crate::tokenize::models::unigram::lattice::Lattice;
use crate::tokenize::models::unigram::model::Model;
use crate::tokenize::output::Output;
use crate::tokenize::road::units::{Apart, Stop};
use crate::tokenize::scan::units::Units;
use crate::tokenize::text::normalizers::Buffers;
use crate::tokenize::text::normalizers::Normalizer;

/// What it takes, beside the working memory, to make words of units.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Maker<'a> {
    pub(in crate::tokenize) apart: &'a Apart,
    pub(in crate::tokenize) normalizer: &'a Normalizer,
    pub(in crate::tokenize) replacement: &'a Replacement,
    /// Of pieces that hold the mark at their start only, and simple unknown characters.
    pub(in crate::tokenize) model: &'a Model,
}

/// The working memory.
#[derive(Debug)]
pub(in crate::tokenize) struct Memory<'a> {
    pub(in crate::tokenize) buffers: &'a mut Buffers,
    pub(in crate::tokenize) line: &'a mut Line,
    pub(in crate::tokenize) lattice: &'a mut Lattice,
    pub(in crate::tokenize) cache: &'a mut Cache,
}

/// How a unit came out: whether the limit is not reached; none if the text has to be taken as a
/// whole.
type Outcome = Option<bool>;

impl Maker<'_> {
    /// Ids of a text. If it has to stop, says why; nothing is put out if the text has to be taken
    /// as a whole.
    pub(in crate::tokenize) fn ids(
        self,
        text: &str,
        backend: Runnable,
        units: &mut Units,
        mut memory: Memory<'_>,
        out: &mut Output<'_>,
    ) -> Option<Stop> {
        let mark = out.mark();
        let mut past = Past::default();
        let mut last = None;
        let stop = units.each(backend, &self.apart.cutting, text.as_bytes(), |start, end| {
            if !self.apart.may_skip(last, start) {
                return Some(Stop::Whole);
            }
            last = Some(end);
            match self.unit(text, start, end, &mut past, &mut memory, out) {
                Some(true) => None,
                Some(false) => Some(self.limit(text, end, &mut memory)),
                None => Some(Stop::Whole),
            }
        });
        units.trim();
        let stop = match stop {
            Some(Stop::Limit) => stop,
            None if self.apart.may_end(text, last) => {
                let goes_on = Sentence::new(self.model, memory.line, past).close(0, out);
                (!goes_on).then_some(Stop::Limit)
            }
            _ => Some(Stop::Whole),
        };
        if stop == Some(Stop::Whole) {
            out.rewind(mark);
        }
        stop
    }

    /// What to do when the limit is reached behind a unit.
    fn limit(self, text: &str, end: usize, memory: &mut Memory<'_>) -> Stop {
        match self.normalizer.is_untouched_by(&text[end..], memory.buffers) {
            true => Stop::Limit,
            false => Stop::Whole,
        }
    }

    #[inline]
    fn unit(
        self,
        text: &str,
        start: usize,
        end: usize,
        past: &mut Past,
        memory: &mut Memory<'_>,
        out: &mut Output<'_>,
    ) -> Outcome {
        if end - start <= SHORT
            && let Some(path) = memory.cache.get(cache::raw_key(text.as_bytes(), start, end))
        {
            let mut sentence = Sentence::new(self.model, memory.line, *past);
            if sentence.stands(path.stands()) {
                let goes_on = sentence.replay(path, 0, out);
                *past = sentence.past;
                return Some(goes_on);
            }
        }
        self.rare(&text[start..end], past, memory, out)
    }

    /// A unit that is long, or not known, or does not stand here.
    #[inline(never)]
    fn rare(
        self,
        unit: &str,
        past: &mut Past,
        memory: &mut Memory<'_>,
        out: &mut Output<'_>,
    ) -> Outcome {
        match self.apart.may_part(unit) {
            true => self.parts(unit, past, memory, out),
            false => self.run(unit, past, memory, out),
        }
    }

    /// A unit without isolated characters.
    fn run(
        self,
        unit: &str,
        past: &mut Past,
        memory: &mut Memory<'_>,
        out: &mut Output<'_>,
    ) -> Outcome {
        let Memory { buffers, line, lattice, cache } = memory;
        let known = (unit.len() <= LONG).then(|| cache.get_long(unit.as_bytes(), true));
        if let Some(Ok([LongNode { score: stands, .. }, nodes @ ..])) = known {
            let mut sentence = Sentence::new(self.model, line, *past);
            if sentence.stands(*stands) {
                let goes_on = nodes.iter().all(|node| sentence.node(node.id, node.score, 0, out));
                *past = sentence.past;
                return Some(goes_on);
            }
        }
        let place = match known {
            Some(Err(place)) => Some(place),
            _ => None,
        };
        let normalized = self.apart.normalized(unit, self.normalizer, buffers)?;
        line.set(normalized, self.replacement, true);
        let mut sentence = Sentence::new(self.model, line, *past);
        let goes_on = match place {
            Some(place) => {
                lattice.codes.clear();
                self.model.codes.extend(line.text(line.start(), line.end()), &mut lattice.codes);
                let stands = sentence.learn(lattice);
                if unit.len() <= SHORT && lattice.path.len() <= FEW {
                    let path = sentence.short(stands, 0, lattice);
                    cache.put(cache::raw_key(unit.as_bytes(), 0, unit.len()), path);
                } else {
                    cache.put_long(place, unit.as_bytes(), sentence.long(stands, lattice));
                }
                if sentence.stands(stands) {
                    sentence.learnt(0, lattice, out)
                } else {
                    sentence.words(cache, lattice, out)
                }
            }
            None => sentence.words(cache, lattice, out),
        };
        *past = sentence.past;
        Some(goes_on)
    }

    /// A unit that may hold isolated characters: each is one by itself.
    fn parts(
        self,
        unit: &str,
        past: &mut Past,
        memory: &mut Memory<'_>,
        out: &mut Output<'_>,
    ) -> Outcome {
        let mut rest = unit;
        while !rest.is_empty() {
            let part = self.apart.part(rest, self.normalizer, memory.buffers);
            rest = &rest[part.len()..];
            let outcome = match self.apart.may_part(part) {
                true => self.run(part, past, memory, out),
                false => self.unit(part, 0, part.len(), past, memory, out),
            };
            match outcome {
                Some(true) => {}
                // What is left of the unit was not looked at.
                Some(false) => {
                    let untouched = self.normalizer.is_untouched_by(rest, memory.buffers);
                    return untouched.then_some(false);
                }
                None => return None,
            }
        }
        Some(true)
    }
}
