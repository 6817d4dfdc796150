//! Unit by unit of the raw text: a unit's words are replayed together.

use super::cache::{self, FEW, LONG, SHORT};
use super::line::{Line, Replacement};
use super::sentence::{Cache, LongNode, Past, Sentence};
use crate::tokenize::models::unigram::Unigram;
use crate::tokenize::models::unigram::lattice::Lattice;
use crate::tokenize::output::Output;
use crate::tokenize::road::run::Taker;
use crate::tokenize::road::units::Units;
use crate::tokenize::text::normalizers::{Buffers, Normalizer, Open};

/// Makes ids of units that follow each other.
#[derive(Debug)]
pub(super) struct ByUnit<'a> {
    pub(super) units: &'a Units,
    pub(super) normalizer: &'a Normalizer,
    pub(super) replacement: &'a Replacement,
    /// Of pieces that hold the mark at their start only, and simple unknown characters.
    pub(super) model: &'a Unigram,
    /// Whether the first word of a text that is the first itself has a mark set before it, and that
    /// of others.
    pub(super) prefix: [bool; 2],
    pub(super) buffers: &'a mut Buffers,
    pub(super) line: &'a mut Line,
    pub(super) lattice: &'a mut Lattice,
    pub(super) cache: &'a mut Cache,
    pub(super) past: Past,
}

/// Whether the limit is not reached.
type Outcome = Result<bool, Open>;

impl Taker for ByUnit<'_> {
    type State = Past;

    fn state(&self) -> Past {
        self.past
    }

    fn restore(&mut self, past: Past) {
        self.past = past;
    }

    fn buffers(&mut self) -> &mut Buffers {
        self.buffers
    }

    #[inline]
    fn unit(&mut self, text: &str, start: usize, end: usize, out: &mut Output<'_>) -> Outcome {
        if end - start <= SHORT
            && let Some(path) = self.cache.get(cache::raw_key(text.as_bytes(), start, end))
        {
            let mut sentence = Sentence::new(self.model, self.line, self.past);
            if sentence.stands(path.stands()) {
                let goes_on = sentence.replay(path, 0, out);
                self.past = sentence.past;
                return Ok(goes_on);
            }
        }
        self.rare(&text[start..end], out)
    }

    #[inline(always)]
    fn expect(&self, text: &str, start: usize, end: usize) {
        if end - start <= SHORT {
            self.cache.expect(cache::raw_key(text.as_bytes(), start, end));
        }
    }

    fn normalized(&mut self, text: &str, first: bool, out: &mut Output<'_>) -> bool {
        self.line.set(text, self.replacement, self.prefix[usize::from(first)]);
        let mut sentence = Sentence::new(self.model, self.line, self.past);
        let goes_on = sentence.words(self.cache, self.lattice, out);
        self.past = sentence.past;
        goes_on
    }
}

impl ByUnit<'_> {
    /// Ends the text: puts out what is still open. Returns false when the limit is reached.
    pub(super) fn close(&mut self, out: &mut Output<'_>) -> bool {
        Sentence::new(self.model, self.line, self.past).close(0, out)
    }

    /// A unit that is long, or not known, or does not stand here.
    #[inline(never)]
    fn rare(&mut self, unit: &str, out: &mut Output<'_>) -> Outcome {
        match self.units.may_part(unit) {
            true => self.parts(unit, out),
            false => self.run(unit, out),
        }
    }

    /// A unit without isolated characters.
    fn run(&mut self, unit: &str, out: &mut Output<'_>) -> Outcome {
        let Self { units, normalizer, replacement, model, buffers, line, lattice, cache, .. } =
            self;
        let known = (unit.len() <= LONG).then(|| cache.get_long(unit.as_bytes(), true));
        if let Some(Ok([LongNode { score: stands, .. }, nodes @ ..])) = known {
            let mut sentence = Sentence::new(model, line, self.past);
            if sentence.stands(*stands) {
                let goes_on = nodes.iter().all(|node| sentence.node(node.id, node.score, 0, out));
                self.past = sentence.past;
                return Ok(goes_on);
            }
        }
        let place = match known {
            Some(Err(place)) => Some(place),
            _ => None,
        };
        line.set_behind_space(units.normalized(unit, normalizer, buffers)?, replacement);
        let mut sentence = Sentence::new(model, line, self.past);
        let goes_on = match place {
            Some(place) => {
                lattice.codes.clear();
                model.codes.extend(line.bytes(line.start(), line.end()), &mut lattice.codes);
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
        self.past = sentence.past;
        Ok(goes_on)
    }

    /// A unit that may hold isolated characters: each is one by itself.
    fn parts(&mut self, unit: &str, out: &mut Output<'_>) -> Outcome {
        let (mark, past) = (out.mark(), self.past);
        let mut rest = unit;
        while !rest.is_empty() {
            let part = self.units.part(rest, self.normalizer, self.buffers);
            rest = &rest[part.len()..];
            let goes_on = match self.units.may_part(part) {
                true => self.run(part, out),
                false => self.unit(part, 0, part.len(), out),
            };
            match goes_on {
                Ok(true) => {}
                // What is left of the unit was not looked at.
                Ok(false) if self.normalizer.is_untouched_by(rest, self.buffers) => {
                    return Ok(false);
                }
                _ => {
                    // One of them is open: the unit as a whole may be closed.
                    out.rewind(mark);
                    self.past = past;
                    return self.run(unit, out);
                }
            }
        }
        Ok(true)
    }
}
