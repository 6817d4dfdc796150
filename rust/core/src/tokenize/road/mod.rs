//! The road that every model stands at the end of: a text is cut into segments, these into units or
//! words, and each of them becomes ids, looked up where it was seen before.

pub(in crate::tokenize) mod cache;
pub(in crate::tokenize) mod segments;
pub(in crate::tokenize) mod units;

use super::hash::Key;
use super::models::bpe::Bpe;
use super::models::{Model, Word, Work};
use super::output::{NO_ID, Output, Sink};
use super::refusals::Problem;
use super::scan;
use super::text::normalizers::{self, Normalizer, Open};
use super::text::pretokenizers::{Buffer, Classes, Pattern, PreTokenizer};
use super::text::stand_ins;
use crate::backend::Runnable;
use cache::{Cache, Kind, Query};
use segments::Segments;
use units::{LONGEST_KEPT, Stop, Taker, Units};

/// An immutable tokenizer of any model.
#[derive(Debug)]
pub(in crate::tokenize) struct Road {
    segments: Segments,
    words: Words,
    /// How raw texts are cut into units, if they can be.
    units: Option<Units>,
}

/// From a normalized text to ids.
#[derive(Debug)]
struct Words {
    pre_tokenizer: PreTokenizer,
    model: Model,
    /// The unknown token's id, or `NO_ID`.
    unk_id: u32,
    /// What words are looked up as.
    kind: Kind,
    /// Whether words of bytes have to be spelled out for the model.
    spells: bool,
    /// Whether some text can need an unknown token that does not exist.
    may_fail: bool,
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

/// What words are made and looked up with.
#[derive(Debug, Default)]
struct Tools {
    buffer: Buffer,
    work: Work,
    /// The ids of a word.
    list: Vec<u32>,
    /// A unit and the space before it.
    text: String,
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
        let usual = match self.words.model {
            Model::Unigram(_) => 1 << 16,
            _ => 1 << 15,
        };
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
        if worker.normalizer.take_overflow() {
            return Err(Problem::Grows);
        }
        if std::mem::take(&mut worker.tools.work.failed) {
            return Err(Problem::NoUnknown);
        }
        Ok(())
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

impl Words {
    /// Appends the ids of a normalized unit, `spaced` if the space before it counts.
    fn unit(
        &self,
        text: &str,
        spaced: bool,
        cache: &mut Cache,
        tools: &mut Tools,
        ids: &mut Vec<u32>,
    ) {
        let Tools { buffer, work, list, text: own } = tools;
        let text = if spaced {
            own.clear();
            own.push(' ');
            own.push_str(text);
            own
        } else {
            text
        };
        self.pre_tokenizer.split(text.as_bytes(), 0, buffer, |text, start, end| {
            if self.has_parts() && end - start > Key::LONGEST {
                return self.long(&text[start..end], cache, work, list, ids);
            }
            self.word(&text[start..end], work, ids);
            true
        });
    }

    /// Keeps ids that were made, unless they are not all.
    fn keep(&self, query: &Query<'_>, ids: &[u32], cache: &mut Cache, work: &Work) {
        if !work.failed {
            cache.put(query, ids, self.has_unknown(ids));
        }
    }

    fn has_unknown(&self, ids: &[u32]) -> bool {
        self.unk_id != NO_ID && ids.contains(&self.unk_id)
    }

    /// Whether long words can be cut into parts.
    fn has_parts(&self) -> bool {
        matches!(&self.model, Model::Bpe(bpe) if bpe.has_parts())
    }
    /// Appends the ids of a word.
    #[inline]
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        if !self.spells {
            self.model.word(word, work, ids);
            return;
        }
        let mut spelled = std::mem::take(work.stand_ins());
        spelled.clear();
        stand_ins::append(word, &mut spelled);
        self.model.word(&spelled, work, ids);
        *work.stand_ins() = spelled;
    }

    /// Puts out the ids of a normalized text of which so many bytes count as the start of the whole.
    /// Returns false when the limit is reached.
    fn segment(
        &self,
        text: &str,
        first: usize,
        cache: &mut Cache,
        tools: &mut Tools,
        out: &mut Output<'_>,
    ) -> bool {
        let Tools { buffer, work, list, .. } = tools;
        let text = text.as_bytes();
        match (self.pre_tokenizer.pattern(), &self.model) {
            // One loop for the pattern of most files, so that it is compiled for it.
            (Some(&Pattern::Gpt2), _) => {
                let text = self.pre_tokenizer.prefixed(text, buffer);
                self.matches(&Pattern::Gpt2, text, cache, work, list, out)
            }
            (Some(pattern), _) => {
                let text = self.pre_tokenizer.prefixed(text, buffer);
                self.matches(pattern, text, cache, work, list, out)
            }
            // Which looks a word up as fast as the cache would.
            (None, Model::WordLevel(_)) if !self.spells => {
                self.pre_tokenizer.split(text, first, buffer, |text, start, end| {
                    list.clear();
                    self.word(&text[start..end], work, list);
                    out.extend(list)
                })
            }
            (None, _) => self.pre_tokenizer.split(text, first, buffer, |text, start, end| {
                let query = cache.query(text, start, end, self.kind);
                self.look_up(&query, cache, work, list, out)
            }),
        }
    }

    /// Puts out the ids of all matches of a pattern. Returns false when the limit is reached.
    #[inline]
    fn matches(
        &self,
        pattern: &Pattern,
        text: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut Output<'_>,
    ) -> bool {
        let classes = Classes::get();
        let mut start = 0;
        while start < text.len() {
            let end = pattern.end(classes, text, start);
            let query = cache.query(text, start, end, self.kind);
            if !self.look_up(&query, cache, work, list, out) {
                return false;
            }
            start = end;
        }
        true
    }

    /// Puts out the ids of one word. Returns false when no more are wanted.
    #[inline(always)]
    fn look_up(
        &self,
        query: &Query<'_>,
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        if query.bytes.len() > Key::LONGEST {
            return self.long(query.bytes, cache, work, list, out);
        }
        match cache.few(query) {
            Some((ids, count)) => out.few(ids, count),
            None => self.rare(query, cache, work, list, out),
        }
    }

    /// A short word of many ids, or one that the cache does not know.
    #[cold]
    fn rare(
        &self,
        query: &Query<'_>,
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        if let Some(known) = cache.get(query) {
            return known.put_out(out);
        }
        list.clear();
        self.word(query.bytes, work, list);
        self.keep(query, list, cache, work);
        out.many(list, self.has_unknown(list))
    }

    /// A long word, which is seldom seen again: what it is made of is, if it can be taken apart.
    fn long(
        &self,
        word: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        match &self.model {
            Model::Bpe(bpe) if bpe.has_parts() => {
                return self.parts(bpe, word, cache, work, list, out);
            }
            _ if word.len() <= LONGEST_KEPT => {
                let query = cache.query(word, 0, word.len(), self.kind);
                return self.rare(&query, cache, work, list, out);
            }
            _ => {}
        }
        list.clear();
        self.word(word, work, list);
        out.many(list, self.has_unknown(list))
    }

    /// A long word, part by part.
    fn parts(
        &self,
        bpe: &Bpe,
        word: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        if let Some(id) = bpe.whole(word) {
            return out.one(id);
        }
        let bytes = bpe.bytes();
        // Where words are not taken whole, a part is what a word of the same bytes is.
        let kind =
            if bpe.takes_whole() || self.kind == Kind::Word { Kind::Part } else { self.kind };
        let mut start = 0;
        while start < word.len() {
            let end = bpe.part_end(word, start);
            let goes_on = if end == start + 1
                && let Some(bytes) = bytes
            {
                out.one(bytes[usize::from(word[start])])
            } else {
                let query = cache.query(word, start, end, kind);
                if let Some((ids, count)) = cache.few(&query) {
                    out.few(ids, count)
                } else if let Some(known) = cache.get(&query) {
                    known.put_out(out)
                } else {
                    list.clear();
                    bpe.part(query.bytes, work, list);
                    self.keep(&query, list, cache, work);
                    out.many(list, self.has_unknown(list))
                }
            };
            if !goes_on {
                return false;
            }
            start = end;
        }
        true
    }
}
