//! Metaspace without `split`: the running total goes on from word to word.
//!
//! Where no piece spans the beginning of a word, the best path passes through it, and what comes
//! before matters only through the total: a number so large or small that near-ties are rounded
//! one way or the other. A cached word therefore knows up to which total its decisions stand; one
//! that was decided too closely is decided again in its place.

use super::super::output::Output;
use super::cache::{self, FEW, LONG, SHORT};
use super::lattice::{Lattice, UNKNOWN};
use super::line::Line;
use super::model::Model;
use super::trie::step;

/// The path of a short word, not fused: the unknown id is among the ids as often as it occurs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Path {
    scores: [f64; FEW],
    ids: [u32; FEW],
    /// The path stands while totals are smaller than this by magnitude.
    stands: f32,
    count: u8,
    unknown: bool,
}

/// A node of a long word's path. The first of a list is no node: it holds, as its score, up to
/// which total the path stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongNode {
    score: f64,
    id: u32,
}

pub(super) type Cache = cache::Cache<Path, LongNode>;

/// Ids of a line. Returns false when the limit is reached.
pub(super) fn line(
    model: &Model,
    line: &Line,
    cache: &mut Cache,
    lattice: &mut Lattice,
    out: &mut Output<'_>,
) -> bool {
    let mut sentence =
        Sentence { model, line, sum: 0.0, run: None, simple: model.unknowns_are_simple() };
    let mut start = line.start();
    while start < line.end() {
        let end = line.word_end(start);
        match sentence.word(start, end, cache, lattice, out) {
            Some(end) => start = end,
            None => return false,
        }
    }
    sentence.close(line.end(), out)
}

/// A sentence up to some word.
struct Sentence<'a> {
    model: &'a Model,
    line: &'a Line,
    /// The total of the best path so far.
    sum: f64,
    /// The run of unknown characters that is open: where it starts, and its number of nodes.
    run: Option<(usize, usize)>,
    /// Whether such a run is one id, whatever it is.
    simple: bool,
}

impl Sentence<'_> {
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
        if end - start > LONG {
            return self.in_place(start, lattice, out);
        }
        if end - start <= SHORT {
            let key = cache::key(self.line.window(start), end - start);
            if let Some(path) = cache.get(key) {
                let path = *path;
                return if self.stands(f64::from(path.stands)) {
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
        let hash = match cache.get_long(word) {
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
        self.model.codes.extend(self.line.text(start, end), &mut lattice.codes);
        let stands = self.learn(lattice);
        let model = self.model;
        let node = |slot: u32| match slot {
            UNKNOWN => LongNode { id: model.unk_id, score: model.unk_score },
            slot => {
                LongNode { id: model.trie.id(slot), score: model.trie.slots()[slot as usize].score }
            }
        };
        let count = lattice.path.len();
        if end - start <= SHORT && count <= FEW {
            let mut path = Path { count: count as u8, ..Path::default() };
            // Rounded down, so as not to promise more than is true.
            path.stands = (stands as f32).next_down();
            for (at, known) in lattice.path.iter().enumerate() {
                let LongNode { id, score } = node(known.slot);
                (path.ids[at], path.scores[at]) = (id, score);
                path.unknown |= id == model.unk_id;
            }
            cache.put(cache::key(self.line.window(start), end - start), path);
        } else {
            let nodes = lattice.path.iter().map(|known| node(known.slot));
            let head = LongNode { score: stands, id: 0 };
            cache.put_long(hash, word, std::iter::once(head).chain(nodes));
        }
        if !self.stands(stands) {
            return self.in_place(start, lattice, out);
        }
        let all = lattice.path.iter().all(|known| {
            let LongNode { id, score } = node(known.slot);
            self.node(id, score, start, out)
        });
        all.then_some(end)
    }

    /// Finds the path of the word in `lattice.codes` by itself, and up to which total it stands.
    fn learn(&self, lattice: &mut Lattice) -> f64 {
        let model = self.model;
        lattice.best::<true>(&model.trie, model.unk_score, 0.0);
        let unknown = |slot: u32| slot == UNKNOWN || model.trie.id(slot) == model.unk_id;
        let alone = !(model.inner_marks && self.is_open(&lattice.codes))
            && (self.simple || !lattice.path.iter().any(|node| unknown(node.slot)));
        if !alone {
            return f64::NEG_INFINITY;
        }
        // All totals within the word are below the total before it plus this.
        let chars = lattice.codes.len() as f64;
        let within = chars * model.largest_score;
        // Each addition is off by at most half a unit in the last place of the largest total, on
        // either side of a comparison, here and in place: this allows for twice as much.
        let unit = f64::EPSILON * 4.0 * (chars + 2.0);
        lattice.margin() / unit - within
    }

    /// Whether some piece may start in these codes and go on behind them with a mark.
    fn is_open(&self, codes: &[u16]) -> bool {
        let slots = self.model.trie.slots();
        (0..codes.len()).any(|start| {
            let mut node = Some(0);
            for &code in &codes[start..] {
                node = node.and_then(|node: u32| step(slots, &slots[node as usize], code));
            }
            node.is_some_and(|node| {
                step(slots, &slots[node as usize], self.model.mark_code).is_some()
            })
        })
    }

    /// Whether a path that stands up to some total stands here. Nothing came before the first
    /// word, so it was decided just as it is here; unless it was not to be replayed at all.
    #[inline]
    fn stands(&self, stands: f64) -> bool {
        self.sum.abs() < stands || (self.sum == 0.0 && stands > f64::NEG_INFINITY)
    }

    /// Adds the path of a word that is known.
    #[inline]
    fn replay(&mut self, path: &Path, start: usize, out: &mut Output<'_>) -> bool {
        let count = usize::from(path.count).min(FEW);
        if path.unknown || self.run.is_some() {
            return path.ids[..count]
                .iter()
                .zip(&path.scores)
                .all(|(&id, &score)| self.node(id, score, start, out));
        }
        // Those beyond the last are zero, and change nothing.
        for score in path.scores {
            self.sum += score;
        }
        out.extend_few(&path.ids, count)
    }

    /// Adds one node. `start` is where its word starts: if unknown characters are not simple, a
    /// run starts nowhere else, as words with such are never replayed.
    fn node(&mut self, id: u32, score: f64, start: usize, out: &mut Output<'_>) -> bool {
        self.sum += score;
        if id == self.model.unk_id {
            self.run.get_or_insert((start, 0)).1 += 1;
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
            self.sum,
            model.mark_code,
            if model.inner_marks { model.longest } else { 1 },
            |codes| {
                let from = read;
                if read < line.end() {
                    read = line.word_end(read);
                    model.codes.extend(line.text(from, read), codes);
                }
                from < read
            },
        );
        self.sum = sum;
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
                self.run.get_or_insert((from, 0)).1 += 1;
            } else if !self.close(from, out) || !out.push(id) {
                return None;
            }
        }
        debug_assert_eq!(chars as u32, position);
        Some(place)
    }

    /// Ends a run of unknown characters at a place.
    fn close(&mut self, end: usize, out: &mut Output<'_>) -> bool {
        let Some((start, nodes)) = self.run.take() else { return true };
        if self.simple {
            return out.push_unknown();
        }
        self.model.unknown_run(self.line.text(start, end), nodes, |id| out.push(id))
    }
}
