//! The road that every model stands at the end of: a text is cut into segments, these into units or
//! words, and each of them becomes ids, looked up where it was seen before.

pub(in crate::tokenize) mod cache;
pub(in crate::tokenize) mod run;
pub(in crate::tokenize) mod segments;
pub(in crate::tokenize) mod units;
mod words;

use super::hash::Key;
use super::models::Model;
use super::output::{NO_ID, Output};
use super::refusals::Problem;
use super::scan;
use super::text::normalizers::{self, Normalizer, Open};
use super::text::pretokenizers::PreTokenizer;
use crate::backend::Runnable;
use cache::{Cache, Kind};
use run::{Stop, Taker};
use segments::Segments;
use units::{LONGEST_KEPT, Units};
use words::{Tools, Words};

/// An immutable tokenizer of any model.
#[derive(Debug)]
pub(in crate::tokenize) struct Road {
    segments: Segments,
    words: Words,
    /// How raw texts are cut into units, if they can be.
    units: Option<Units>,
}

/// Working memory of one worker.
#[derive(Debug)]
pub(crate) struct Worker {
    normalizer: normalizers::Buffers,
    scan: scan::Units,
    /// The ids of units, or of words where there are none.
    cache: Cache,
    tools: Tools,
    /// The ids of a unit.
    list: Vec<u32>,
}

impl Worker {
    /// With so many lines in its cache: a power of two, or zero for none.
    fn new(lines: usize) -> Self {
        Self {
            normalizer: normalizers::Buffers::default(),
            scan: scan::Units::default(),
            cache: Cache::with_lines(lines),
            tools: Tools::default(),
            list: Vec::new(),
        }
    }
}

impl Road {
    pub(in crate::tokenize) fn new(
        segments: Segments,
        pre_tokenizer: PreTokenizer,
        model: Model,
        unk_id: Option<u32>,
    ) -> Self {
        let units = if segments.is_open() {
            pre_tokenizer.apart().and_then(|apart| Units::new(segments.normalizer(), apart))
        } else {
            None
        };
        let spells = pre_tokenizer.is_byte_level() && !model.takes_bytes();
        let may_fail = model.may_fail();
        let kind = if units.is_some() { Kind::Word } else { Kind::Whole };
        let unk_id = unk_id.unwrap_or(NO_ID);
        let words = Words { pre_tokenizer, model, unk_id, kind, spells, may_fail };
        Self { segments, words, units }
    }

    pub(in crate::tokenize) fn model(&self) -> &Model {
        &self.words.model
    }

    pub(in crate::tokenize) fn kind(&self) -> &'static str {
        self.words.model.kind()
    }

    /// The memory of a worker, with so many lines in its cache unless it is to have the usual
    /// number.
    pub(in crate::tokenize) fn worker(&self, lines: Option<usize>) -> Worker {
        // Two megabytes, and one for what is long: 5,000 English paragraphs have some 30,000 units,
        // punctuation and all. A lattice costs as much as some twenty look-ups beyond the
        // second-level cache, so that with a quarter of this the same paragraphs took twice as long.
        let usual = if self.words.model.is_costly() { 1 << 16 } else { 1 << 15 };
        Worker::new(lines.unwrap_or(usual))
    }

    /// Appends the first ids of a text, as many as there is room for.
    pub(in crate::tokenize) fn ids_into(
        &self,
        text: &str,
        backend: Runnable,
        worker: &mut Worker,
        out: &mut Output<'_>,
    ) -> Result<(), Problem> {
        if self.words.may_fail {
            // What fails, fails wherever in the text that is.
            let room = out.take_room();
            self.all(text, backend, worker, out);
            out.give_room(room);
        } else {
            self.all(text, backend, worker, out);
        }
        // Both, whichever is told: neither may be left for the next text.
        let failed = std::mem::take(&mut worker.tools.work.failed);
        match (worker.normalizer.take_overflow(), failed) {
            (true, _) => Err(Problem::Grows),
            (false, true) => Err(Problem::NoUnknown),
            (false, false) => Ok(()),
        }
    }

    fn all(&self, text: &str, backend: Runnable, worker: &mut Worker, out: &mut Output<'_>) {
        let Worker { normalizer: buffers, scan, cache, tools, list } = worker;
        let words = &self.words;
        let Some(units) = &self.units else {
            self.segments.each(text, buffers, out, |text, first, out| {
                words.segment(text, first, cache, tools, out)
            });
            return;
        };
        self.segments.raw(text, out, |text, first, normalizer, out| {
            let mut taker = ByUnit { units, normalizer, words, buffers, cache, tools, list };
            match units.ids(text, first, normalizer, backend, scan, &mut taker, out) {
                None => true,
                Some(Stop::Limit) => false,
                Some(Stop::Whole) => {
                    let text = normalizer.normalize(text, buffers);
                    words.segment(text, usize::from(first), cache, tools, out)
                }
            }
        });
    }
}

/// Makes ids of units that have nothing to do with each other.
#[derive(Debug)]
struct ByUnit<'a> {
    units: &'a Units,
    normalizer: &'a Normalizer,
    words: &'a Words,
    buffers: &'a mut normalizers::Buffers,
    cache: &'a mut Cache,
    tools: &'a mut Tools,
    list: &'a mut Vec<u32>,
}

impl Taker for ByUnit<'_> {
    type State = ();

    fn state(&self) {}

    fn restore(&mut self, (): ()) {}

    fn buffers(&mut self) -> &mut normalizers::Buffers {
        self.buffers
    }

    #[inline(always)]
    fn unit(
        &mut self,
        text: &str,
        start: usize,
        end: usize,
        out: &mut Output<'_>,
    ) -> Result<bool, Open> {
        if end - start <= Key::LONGEST {
            let query = self.cache.query(text.as_bytes(), start, end, Kind::Whole);
            if let Some((ids, count)) = self.cache.few(&query) {
                return Ok(out.extend_few(ids, count));
            }
        }
        self.rare(&text[start..end], out)
    }

    #[inline(always)]
    fn expect(&self, text: &str, start: usize, end: usize) {
        if end - start <= Key::LONGEST {
            self.cache.expect(&self.cache.query(text.as_bytes(), start, end, Kind::Whole));
        }
    }

    fn normalized(&mut self, text: &str, first: bool, out: &mut Output<'_>) -> bool {
        self.words.segment(text, usize::from(first), self.cache, self.tools, out)
    }
}

impl ByUnit<'_> {
    /// A unit that is long, or not known.
    #[inline(never)]
    fn rare(&mut self, unit: &str, out: &mut Output<'_>) -> Result<bool, Open> {
        let kept = unit.len() <= LONGEST_KEPT;
        let query = kept.then(|| self.cache.query(unit.as_bytes(), 0, unit.len(), Kind::Whole));
        if let Some(query) = &query
            && let Some(known) = self.cache.get(query)
        {
            return Ok(known.put_out(out));
        }
        self.list.clear();
        if !(self.units.may_part(unit) && self.parts(unit)) {
            self.list.clear();
            self.compute(unit)?;
        }
        if let Some(query) = &query {
            self.words.keep(query, self.list, self.cache, &self.tools.work);
        }
        Ok(out.extend(self.list))
    }

    /// A unit that may hold isolated characters: each is one by itself. Returns whether none is open.
    fn parts(&mut self, unit: &str) -> bool {
        let mut rest = unit;
        while !rest.is_empty() {
            let part = self.units.part(rest, self.normalizer, self.buffers);
            rest = &rest[part.len()..];
            let kept = part.len() <= LONGEST_KEPT;
            let query = kept.then(|| self.cache.query(part.as_bytes(), 0, part.len(), Kind::Whole));
            if let Some(query) = &query
                && let Some(known) = self.cache.get(query)
            {
                self.list.extend_from_slice(known.ids.all());
                continue;
            }
            let before = self.list.len();
            if self.compute(part).is_err() {
                return false;
            }
            if let Some(query) = &query {
                self.words.keep(query, &self.list[before..], self.cache, &self.tools.work);
            }
        }
        true
    }

    /// Appends the ids of a unit to the list.
    fn compute(&mut self, unit: &str) -> Result<(), Open> {
        let Self { units, normalizer, words, buffers, cache, tools, list } = self;
        let text = units.normalized(unit, normalizer, buffers)?;
        words.unit(text, units.spaces_count(), cache, tools, list);
        Ok(())
    }
}
