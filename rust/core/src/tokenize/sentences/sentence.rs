//! Metaspace without `split`: the running total goes on from word to word.
//!
//! Where no piece spans the beginning of a word, the best path passes through it, and what comes
//! before matters only through the total: a number so large or small that near-ties are rounded
//! one way or the other. A cached word therefore knows up to which total its decisions stand; one
//! that was decided too closely is decided again in its place.

use super::cache::{self, FEW, LONG, SHORT};
use super::line::Line;
use crate::tokenize::models::unigram::Unigram;
use crate::tokenize::models::unigram::lattice::{Lattice, UNKNOWN};
use crate::tokenize::models::unigram::trie::step;
use crate::tokenize::output::Output;

/// The path of a short word, not fused: the unknown id is among the ids as often as it occurs.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tokenize) struct Path {
    scores: [f64; FEW],
    ids: [u32; FEW],
    /// The path stands while totals are smaller than this by magnitude.
    stands: f32,
    /// Where pieces go on behind the word: `CLOSED`, `OPEN`, or the one slot that they go on from.
    open: u32,
    count: u8,
    unknown: bool,
}

impl Path {
    /// It stands while totals are smaller than this by magnitude.
    #[inline]
    pub(in crate::tokenize) fn stands(&self) -> f64 {
        f64::from(self.stands)
    }
}

/// No piece goes on behind the word. The root is no slot that one could go on from.
const CLOSED: u32 = 0;
/// Pieces go on from several slots.
const OPEN: u32 = u32::MAX;

/// A node of a long word's path. The first of a list is no node: it holds, as its score, up to
/// which total the path stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct LongNode {
    pub(in crate::tokenize) score: f64,
    pub(in crate::tokenize) id: u32,
}

pub(in crate::tokenize) type Cache = cache::Cache<Path, LongNode>;

/// Ids of a line. Returns false when the limit is reached.
pub(in crate::tokenize) fn line(
    model: &Unigram,
    line: &Line,
    cache: &mut Cache,
    lattice: &mut Lattice,
    out: &mut Output<'_>,
) -> bool {
    let mut sentence = Sentence::new(model, line, Past::default());
    sentence.words(cache, lattice, out) && sentence.close(line.end(), out)
}

/// What is known of a sentence up to some word.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tokenize) struct Past {
    /// The total of the best path so far.
    sum: f64,
    /// The run of unknown characters that is open: where it starts, and its number of nodes.
    run: Option<(usize, usize)>,
}

/// A sentence up to some word.
pub(in crate::tokenize) struct Sentence<'a> {
    model: &'a Unigram,
    line: &'a Line,
    pub(in crate::tokenize) past: Past,
    /// Whether a run of unknown characters is one id, whatever it is.
    simple: bool,
}

impl<'a> Sentence<'a> {
    pub(in crate::tokenize) fn new(model: &'a Unigram, line: &'a Line, past: Past) -> Self {
        Self { model, line, past, simple: model.unknowns_are_simple() }
    }

    /// Takes all words of the line. Returns false when the limit is reached.
    pub(in crate::tokenize) fn words(
        &mut self,
        cache: &mut Cache,
        lattice: &mut Lattice,
        out: &mut Output<'_>,
    ) -> bool {
        let mut start = self.line.start();
        while start < self.line.end() {
            let end = self.line.word_end(start);
            match self.word(start, end, cache, lattice, out) {
                Some(end) => start = end,
                None => return false,
            }
        }
        true
    }

    /// Takes one word, or several if pieces span them; returns where it ends, or none when the
    /// limit is reached.
    #[inline]
    fn word(
        &mut self,
        start: usize,
        end: usize,
        cache: &mut Cache,
        lattice: &mut Lattice,
        out: &mut Output<'_>,
    ) -> Option<usize> {
        let end = if self.model.inner_marks {
            self.extent(start, end, cache, lattice)
        } else {
            Some(end)
        };
        let Some(end) = end.filter(|end| end - start <= LONG) else {
            return self.in_place(start, lattice, out);
        };
        if end - start <= SHORT {
            let key = cache::key(self.line.window(start), end - start);
            if let Some(path) = cache.get(key) {
                let path = *path;
                return if self.stands(path.stands()) {
                    self.replay(&path, start, out).then_some(end)
                } else {
                    self.in_place(start, lattice, out)
                };
            }
        }
        self.rare(start, end, cache, lattice, out)
    }

    /// A word that is long, or not known.
    fn rare(
        &mut self,
        start: usize,
        end: usize,
        cache: &mut Cache,
        lattice: &mut Lattice,
        out: &mut Output<'_>,
    ) -> Option<usize> {
        let word = self.line.bytes(start, end);
        let hash = match cache.get_long(word, false) {
            Ok([LongNode { score: stands, .. }, nodes @ ..]) => {
                return if self.stands(*stands) {
                    let all = nodes.iter().all(|node| self.node(node.id, node.score, start, out));
                    all.then_some(end)
                } else {
                    self.in_place(start, lattice, out)
                };
            }
            Ok([]) => return self.in_place(start, lattice, out),
            Err(hash) => hash,
        };
        lattice.codes.clear();
        self.model.codes.extend(self.line.bytes(start, end), &mut lattice.codes);
        let stands = self.learn(lattice);
        let count = lattice.path.len();
        // A single word's entry must also know where pieces go on behind it: `open` makes those.
        let kept = self.model.inner_marks && self.line.word_end(start) == end;
        if end - start <= SHORT && count <= FEW && !kept {
            let path = self.short(stands, CLOSED, lattice);
            cache.put(cache::key(self.line.window(start), end - start), path);
        } else {
            cache.put_long(hash, word, self.long(stands, lattice));
        }
        if !self.stands(stands) {
            return self.in_place(start, lattice, out);
        }
        self.learnt(start, lattice, out).then_some(end)
    }

    /// Adds the path in `lattice`.
    pub(in crate::tokenize) fn learnt(
        &mut self,
        start: usize,
        lattice: &Lattice,
        out: &mut Output<'_>,
    ) -> bool {
        lattice.path.iter().all(|known| {
            let LongNode { id, score } = self.known(known.slot);
            self.node(id, score, start, out)
        })
    }

    /// The path in `lattice` as the pool keeps it.
    pub(in crate::tokenize) fn long(
        &self,
        stands: f64,
        lattice: &Lattice,
    ) -> impl Iterator<Item = LongNode> {
        let nodes = lattice.path.iter().map(|known| self.known(known.slot));
        std::iter::once(LongNode { score: stands, id: 0 }).chain(nodes)
    }

    /// The node of a slot.
    fn known(&self, slot: u32) -> LongNode {
        let model = self.model;
        match slot {
            UNKNOWN => LongNode { id: model.unk_id, score: model.unk_score },
            slot => {
                LongNode { id: model.trie.id(slot), score: model.trie.slots()[slot as usize].score }
            }
        }
    }

    /// The path in `lattice`, which has few nodes, as it is kept.
    pub(in crate::tokenize) fn short(&self, stands: f64, open: u32, lattice: &Lattice) -> Path {
        let mut path = Path { open, ..Path::default() };
        path.count = lattice.path.len().min(FEW) as u8;
        // Rounded down, so as not to promise more than is true.
        path.stands = (stands as f32).next_down();
        for (at, known) in lattice.path.iter().take(FEW).enumerate() {
            let LongNode { id, score } = self.known(known.slot);
            (path.ids[at], path.scores[at]) = (id, score);
            path.unknown |= id == self.model.unk_id;
        }
        path
    }

    /// Finds the path of the text in `lattice.codes` by itself, and up to which total it stands
    /// where no piece reaches out of the text.
    pub(in crate::tokenize) fn learn(&self, lattice: &mut Lattice) -> f64 {
        let model = self.model;
        lattice.best::<true>(&model.trie, model.unk_score, 0.0);
        let unknown = |slot: u32| slot == UNKNOWN || model.trie.id(slot) == model.unk_id;
        if !self.simple && lattice.path.iter().any(|node| unknown(node.slot)) {
            return f64::NEG_INFINITY;
        }
        // All totals within the text are below the total before it plus this.
        let chars = lattice.codes.len() as f64;
        let within = chars * model.largest_score;
        // Each addition is off by at most half a unit in the last place of the largest total, on
        // either side of a comparison, here and in place: this allows for twice as much.
        let unit = f64::EPSILON * 4.0 * (chars + 2.0);
        lattice.margin() / unit - within
    }

    /// The end of the words from `start` on that pieces hold together: behind it, none goes on
    /// from before. None if they are too long to be kept.
    fn extent(
        &self,
        start: usize,
        end: usize,
        cache: &mut Cache,
        lattice: &mut Lattice,
    ) -> Option<usize> {
        let (mut word, mut end) = (start, end);
        let mut reach = end;
        loop {
            if end - start > LONG {
                return None;
            }
            match self.open(word, end, cache, lattice) {
                CLOSED => {}
                OPEN => return None,
                slot => reach = reach.max(self.follow(slot, end)),
            }
            if reach <= end {
                return Some(end);
            }
            (word, end) = (end, self.line.word_end(end));
        }
    }

    /// From where pieces that start in this word may go on behind it.
    fn open(&self, start: usize, end: usize, cache: &mut Cache, lattice: &mut Lattice) -> u32 {
        let key = (end - start <= SHORT).then(|| cache::key(self.line.window(start), end - start));
        if let Some(path) = key.and_then(|key| cache.get(key)) {
            return path.open;
        }
        let model = self.model;
        let slots = model.trie.slots();
        lattice.codes.clear();
        model.codes.extend(self.line.bytes(start, end), &mut lattice.codes);
        let mut open = CLOSED;
        for from in 0..lattice.codes.len() {
            let mut rest = lattice.codes[from..].iter();
            let last = rest.try_fold(0, |at: u32, &code| step(slots, &slots[at as usize], code));
            if let Some(last) = last
                && step(slots, &slots[last as usize], model.mark_code).is_some()
            {
                open = if open == CLOSED { last } else { OPEN };
            }
        }
        if let Some(key) = key {
            let stands = self.learn(lattice);
            if lattice.path.len() <= FEW {
                cache.put(key, self.short(stands, open, lattice));
            }
        }
        open
    }

    /// The furthest end of a piece that goes on from a slot at a place; that place if there is
    /// none.
    fn follow(&self, slot: u32, place: usize) -> usize {
        let slots = self.model.trie.slots();
        let (mut slot, mut at, mut reach) = (slot, place, place);
        for c in self.line.text(place, self.line.end()).chars() {
            let code = self.model.codes.get(u32::from(c));
            let Some(next) = step(slots, &slots[slot as usize], code) else { break };
            at += c.len_utf8();
            if !slots[next as usize].score.is_nan() {
                reach = at;
            }
            slot = next;
        }
        reach
    }

    /// Whether a path that stands up to some total stands here. Nothing came before the first
    /// word, so it was decided just as it is here; unless it was not to be replayed at all.
    #[inline]
    pub(in crate::tokenize) fn stands(&self, stands: f64) -> bool {
        self.past.sum.abs() < stands || (self.past.sum == 0.0 && stands > f64::NEG_INFINITY)
    }

    /// Adds the path of a word that is known.
    #[inline]
    pub(in crate::tokenize) fn replay(
        &mut self,
        path: &Path,
        start: usize,
        out: &mut Output<'_>,
    ) -> bool {
        let count = usize::from(path.count).min(FEW);
        if path.unknown || self.past.run.is_some() {
            return path.ids[..count]
                .iter()
                .zip(&path.scores)
                .all(|(&id, &score)| self.node(id, score, start, out));
        }
        // Those beyond the last are zero, and change nothing.
        for score in path.scores {
            self.past.sum += score;
        }
        out.extend_few(&path.ids, count)
    }

    /// Adds one node. `start` is where its word starts: if unknown characters are not simple, a
    /// run starts nowhere else, as words with such are never replayed.
    pub(in crate::tokenize) fn node(
        &mut self,
        id: u32,
        score: f64,
        start: usize,
        out: &mut Output<'_>,
    ) -> bool {
        self.past.sum += score;
        if id == self.model.unk_id {
            self.past.run.get_or_insert((start, 0)).1 += 1;
            return true;
        }
        self.close(start, out) && out.push(id)
    }

    /// Decides words in place, up to the first that no piece reaches into.
    #[cold]
    fn in_place(
        &mut self,
        start: usize,
        lattice: &mut Lattice,
        out: &mut Output<'_>,
    ) -> Option<usize> {
        let Self { model, line, .. } = *self;
        let mut read = start;
        lattice.codes.clear();
        let (chars, sum) = lattice.best_until(
            &model.trie,
            model.unk_score,
            self.past.sum,
            model.mark_code,
            if model.inner_marks { model.longest } else { 1 },
            |codes| {
                let from = read;
                if read < line.end() {
                    read = line.word_end(read);
                    model.codes.extend(line.bytes(from, read), codes);
                }
                from < read
            },
        );
        self.past.sum = sum;
        // From positions in characters to places in the line.
        let text = line.text(start, read);
        let mut places = text.char_indices().map(|(at, _)| start + at);
        let mut place = start;
        let mut position = 0;
        for node in &lattice.path {
            let from = place;
            while position < node.end {
                places.next();
                position += 1;
            }
            place = places.clone().next().unwrap_or(read);
            let id = if node.slot == UNKNOWN { model.unk_id } else { model.trie.id(node.slot) };
            if id == model.unk_id {
                self.past.run.get_or_insert((from, 0)).1 += 1;
            } else if !self.close(from, out) || !out.push(id) {
                return None;
            }
        }
        debug_assert_eq!(chars as u32, position);
        Some(place)
    }

    /// Ends a run of unknown characters at a place.
    pub(in crate::tokenize) fn close(&mut self, end: usize, out: &mut Output<'_>) -> bool {
        let Some((start, nodes)) = self.past.run.take() else { return true };
        if self.simple {
            return out.push_unknown();
        }
        self.model.unknown_run(self.line.bytes(start, end), nodes, |id| out.push(id))
    }
}
