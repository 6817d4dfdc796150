//! The best path through the pieces of a text.
//!
//! Exactly the reference's arithmetic: a piece's score is added to the running total in f64, ends
//! are visited in the order of their starts, and only a strictly better total replaces another. A
//! tie is thus decided by the rounding of everything before it, so the total may begin at any sum.

use super::trie::{Slot, Trie, step};

/// Stands for a character that is no piece, in place of a slot.
pub(in crate::tokenize) const UNKNOWN: u32 = u32::MAX;

/// The best way to one position.
#[derive(Debug, Clone, Copy)]
struct Cell {
    score: f64,
    /// Where the last piece starts, and its slot.
    link: u64,
}

const UNREACHED: Cell = Cell { score: f64::NEG_INFINITY, link: 0 };

/// One piece of the best path, or one unknown character: positions count characters.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Node {
    pub(in crate::tokenize) slot: u32,
    pub(in crate::tokenize) start: u32,
    pub(in crate::tokenize) end: u32,
}

/// Working memory: the text in codes, and what is known of it so far.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Lattice {
    pub(in crate::tokenize) codes: Vec<u16>,
    pub(in crate::tokenize) path: Vec<Node>,
    cells: Vec<Cell>,
    /// The best total that lost, by position.
    losers: Vec<f64>,
}

impl Lattice {
    /// Makes room for the text in `codes`, after a text that came to `sum`.
    fn begin<const TRACK: bool>(&mut self, sum: f64) {
        self.cells.clear();
        self.extend::<TRACK>();
        self.cells[0] = Cell { score: sum, ..UNREACHED };
    }

    /// Makes room for codes that were appended.
    fn extend<const TRACK: bool>(&mut self) {
        self.cells.resize(self.codes.len() + 1, UNREACHED);
        if TRACK {
            self.losers.clear();
            self.losers.resize(self.codes.len() + 1, f64::NEG_INFINITY);
        }
    }

    /// Follows all pieces that start at `start`; returns the furthest end of one.
    // Inlined by force: where no one asks for the end, it is not worked out.
    #[inline(always)]
    fn visit<const TRACK: bool>(&mut self, slots: &[Slot], unk_score: f64, start: usize) -> usize {
        let Self { codes, cells, losers, .. } = self;
        let (before, after) = cells.split_at_mut(start + 1);
        let here = before[start].score;
        let mut offer = |cell: &mut Cell, end: usize, slot: u32, score: f64| {
            // In this order, as the reference adds.
            let total = score + here;
            if TRACK {
                let loser = if total > cell.score { cell.score } else { total };
                if loser > losers[end] {
                    losers[end] = loser;
                }
            }
            // Written so as to become a conditional move: no one can foretell which is better.
            let link = (start as u64) << 32 | u64::from(slot);
            let better = total > cell.score;
            cell.link = if better { link } else { cell.link };
            cell.score = if better { total } else { cell.score };
        };
        let mut reach = start + 1;
        let (Some((&code, codes)), Some((cell, after))) =
            (codes[start..].split_first(), after.split_first_mut())
        else {
            return reach;
        };
        let first = step(slots, &slots[0], code);
        let mut known = false;
        if let Some(first) = first {
            let mut node = &slots[first as usize];
            known = !node.score.is_nan();
            offer(cell, start + 1, first, node.score);
            for ((&code, cell), end) in codes.iter().zip(after).zip(start + 2..) {
                let Some(next) = step(slots, node, code) else { break };
                node = &slots[next as usize];
                // Not a number, which is never greater, where no piece ends.
                offer(cell, end, next, node.score);
                reach = if node.score.is_nan() { reach } else { end };
            }
        }
        if !known {
            offer(cell, start + 1, UNKNOWN, unk_score);
        }
        reach
    }

    /// Leaves the best path through `codes` in `path`; returns its total.
    pub(in crate::tokenize) fn best<const TRACK: bool>(
        &mut self,
        trie: &Trie,
        unk_score: f64,
        sum: f64,
    ) -> f64 {
        self.begin::<TRACK>(sum);
        let slots = trie.slots();
        for start in 0..self.codes.len() {
            self.visit::<TRACK>(slots, unk_score, start);
        }
        self.trace(self.codes.len())
    }

    /// As `best`, but only up to the first `mark` from position 1 on that no piece spans; returns
    /// that position as well. `more` appends codes, of some more characters at a time, and says
    /// whether there were any; `longest` is the length of the longest piece.
    pub(in crate::tokenize) fn best_until(
        &mut self,
        trie: &Trie,
        unk_score: f64,
        sum: f64,
        mark: u16,
        longest: usize,
        mut more: impl FnMut(&mut Vec<u16>) -> bool,
    ) -> (usize, f64) {
        self.begin::<false>(sum);
        let slots = trie.slots();
        let (mut start, mut reach) = (0_usize, 0);
        loop {
            while start.saturating_add(longest) > self.codes.len() && more(&mut self.codes) {}
            self.extend::<false>();
            if start == self.codes.len()
                || (start > 0 && reach <= start && self.codes[start] == mark)
            {
                return (start, self.trace(start));
            }
            reach = reach.max(self.visit::<false>(slots, unk_score, start));
            start += 1;
        }
    }

    /// Collects the best path that ends at a position; returns its total.
    fn trace(&mut self, end: usize) -> f64 {
        self.path.clear();
        let mut at = end;
        while at > 0 {
            let link = self.cells[at].link;
            let start = (link >> 32) as u32;
            self.path.push(Node { slot: link as u32, start, end: at as u32 });
            at = start as usize;
        }
        self.path.reverse();
        self.cells[end].score
    }

    /// Whether the best way to some place is by an unknown character: nothing is offered to a place
    /// after that.
    pub(in crate::tokenize) fn meets_unknown(&self) -> bool {
        self.cells.iter().any(|cell| cell.link as u32 == UNKNOWN)
    }

    /// By how much the closest decision on the path was won; only after tracking.
    pub(in crate::tokenize) fn margin(&self) -> f64 {
        let lead = |node: &Node| {
            let end = node.end as usize;
            self.cells[end].score - self.losers[end]
        };
        self.path.iter().map(lead).fold(f64::INFINITY, f64::min)
    }
}
