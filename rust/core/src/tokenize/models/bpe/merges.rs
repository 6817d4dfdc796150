//! The merge table, and merging: always the pair of lowest rank, the leftmost of them first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::tokenize::hash::is_table;

/// Ids and ranks are below this, so that two ids and a rank fit into one word, which is not that of a
/// free slot.
pub(super) const BOUND: u32 = (1 << 21) - 1;

const NONE: u32 = u32::MAX;
const FREE: u64 = u64::MAX;
const RANK: u64 = (1 << 22) - 1;

/// From a pair of ids to the rank of its merge and the id that it becomes.
#[derive(Debug)]
pub(super) struct Merges {
    /// Left id, right id, rank: 21, 21 and 22 bits; open addressing, at most half full.
    slots: Vec<u64>,
    shift: u32,
    /// What the merge of each rank makes.
    made: Vec<u32>,
}

impl Merges {
    /// Merges in the order of their ranks; of a repeated pair the last counts. All ids, and the
    /// number of merges, must be below `BOUND`.
    pub(super) fn new(merges: &[(u32, u32, u32)]) -> Self {
        let len = (2 * merges.len()).next_power_of_two().max(2);
        let mut table = Self {
            slots: vec![FREE; len],
            shift: 64 - len.trailing_zeros(),
            made: merges.iter().map(|&(.., made)| made).collect(),
        };
        for (&(left, right, _), rank) in merges.iter().zip(0_u64..) {
            let pair = pair(left, right);
            let mut at = table.home(pair);
            while table.slots[at] != FREE && table.slots[at] >> 22 != pair {
                at = (at + 1) & (len - 1);
            }
            table.slots[at] = pair << 22 | rank;
        }
        table
    }

    /// The table as it was stored, of merges to these ids; `None` if it cannot be one.
    pub(super) fn from_parts(slots: Vec<u64>, made: Vec<u32>) -> Option<Self> {
        let fits = |slot: u64| ((slot & RANK) as usize) < made.len();
        is_table(&slots, FREE, fits).then(|| Self {
            shift: 64 - slots.len().trailing_zeros(),
            slots,
            made,
        })
    }

    pub(super) fn parts(&self) -> (&[u64], &[u32]) {
        (&self.slots, &self.made)
    }

    #[inline]
    fn home(&self, pair: u64) -> usize {
        // The upper bits of a product depend on all bits of the factor.
        (pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// The rank of the merge of two neighbours, or `NONE`.
    #[inline]
    fn rank(&self, left: u32, right: u32) -> u32 {
        let pair = pair(left, right);
        let mut at = self.home(pair);
        loop {
            let slot = self.slots[at];
            if slot >> 22 == pair {
                return (slot & RANK) as u32;
            }
            if slot == FREE {
                return NONE;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }
}

#[inline]
fn pair(left: u32, right: u32) -> u64 {
    u64::from(left) << 21 | u64::from(right)
}

/// Up to this many symbols are merged by looking at all of them each time.
const FEW: usize = 32;

/// Working memory for merging.
#[derive(Debug, Default)]
pub(in crate::tokenize::models) struct Work {
    /// Before merging the ids of the characters, after it those of the piece.
    pub(super) symbols: Vec<u32>,
    /// Rank and position of pairs that are neighbours, or were when they were put in.
    heap: BinaryHeap<Reverse<u64>>,
    /// Distances to the neighbours of each symbol: the one before, the one after.
    links: Vec<(u32, u32)>,
}

impl Merges {
    /// Merges all symbols.
    pub(super) fn apply(&self, work: &mut Work) {
        if work.symbols.len() <= FEW {
            self.apply_few(&mut work.symbols);
        } else {
            self.apply_many(work);
        }
    }

    fn apply_few(&self, symbols: &mut Vec<u32>) {
        let mut len = symbols.len();
        if len < 2 {
            return;
        }
        // Rank and position of the pair that starts at each symbol, in one number, so that the
        // smallest is the next merge: the rank has 22 bits.
        let mut pairs = [NONE; FEW];
        let pair = |symbols: &[u32], at: usize| match self.rank(symbols[at], symbols[at + 1]) {
            NONE => NONE,
            rank => rank << 5 | at as u32,
        };
        for (at, slot) in pairs[..len - 1].iter_mut().enumerate() {
            *slot = pair(symbols, at);
        }
        loop {
            let next = pairs[..len - 1].iter().copied().min().unwrap_or(NONE);
            if next == NONE {
                break;
            }
            let at = (next & 31) as usize;
            symbols[at] = self.made[(next >> 5) as usize];
            len -= 1;
            for i in at + 1..len {
                symbols[i] = symbols[i + 1];
                // The pair moves one to the left, and its position with it.
                let moved = pairs[i + 1];
                pairs[i] = if moved == NONE { NONE } else { moved - 1 };
            }
            pairs[len - 1] = NONE;
            if at + 1 < len {
                pairs[at] = pair(symbols, at);
            }
            if at > 0 {
                pairs[at - 1] = pair(symbols, at - 1);
            }
            if len < 2 {
                break;
            }
        }
        symbols.truncate(len);
    }

    fn apply_many(&self, work: &mut Work) {
        let Work { symbols, heap, links } = work;
        let entry = |rank: u32, at: usize| Reverse(u64::from(rank) << 32 | at as u64);
        links.clear();
        links.resize(symbols.len(), (1, 1));
        let mut entries = std::mem::take(heap).into_vec();
        entries.clear();
        for at in 0..symbols.len() - 1 {
            let rank = self.rank(symbols[at], symbols[at + 1]);
            if rank != NONE {
                entries.push(entry(rank, at));
            }
        }
        *heap = BinaryHeap::from(entries);
        while let Some(Reverse(entry_)) = heap.pop() {
            let (rank, at) = ((entry_ >> 32) as u32, entry_ as u32 as usize);
            let right = at + links[at].1 as usize;
            // The pair may have changed since: then its rank is another, for a rank names a pair.
            if symbols[at] == NONE
                || right >= symbols.len()
                || self.rank(symbols[at], symbols[right]) != rank
            {
                continue;
            }
            symbols[at] = self.made[rank as usize];
            symbols[right] = NONE;
            let after = right + links[right].1 as usize;
            links[at].1 = (after - at) as u32;
            if after < symbols.len() {
                links[after].0 = (after - at) as u32;
                let rank = self.rank(symbols[at], symbols[after]);
                if rank != NONE {
                    heap.push(entry(rank, at));
                }
            }
            if let Some(before) = at.checked_sub(links[at].0 as usize) {
                let rank = self.rank(symbols[before], symbols[at]);
                if rank != NONE {
                    heap.push(entry(rank, before));
                }
            }
        }
        symbols.retain(|&symbol| symbol != NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition: look for the best pair, merge it, start again.
    fn slow(merges: &[(u32, u32, u32)], symbols: &mut Vec<u32>) {
        let rank = |a, b| merges.iter().rposition(|&(l, r, _)| (l, r) == (a, b));
        while let Some((rank, at)) = symbols
            .windows(2)
            .enumerate()
            .filter_map(|(at, pair)| Some((rank(pair[0], pair[1])?, at)))
            .min()
        {
            symbols[at] = merges[rank].2;
            symbols.remove(at + 1);
        }
    }

    #[test]
    fn few_and_many_are_the_definition() {
        let mut state = 3_u64;
        let mut random = move |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % bound
        };
        for round in 0..300 {
            // Merges of any two known ids, in any order, so that ranks go up and down. Each makes
            // an id of its own, as in the files the engine takes.
            let letters = 2 + random(3);
            let mut merges = Vec::new();
            for made in 0..random(40) {
                let known = letters + made;
                let (a, b) = (random(known) as u32, random(known) as u32);
                merges.push((a, b, known as u32));
            }
            if round % 2 == 0 {
                for i in (1..merges.len()).rev() {
                    merges.swap(i, random(i + 1));
                }
            }
            let table = Merges::new(&merges);
            for _ in 0..20 {
                let len = [2, 5, 31, 32, 33, 80][random(6)];
                let symbols: Vec<u32> = (0..len).map(|_| random(letters) as u32).collect();
                let mut expected = symbols.clone();
                slow(&merges, &mut expected);
                let mut few = symbols.clone();
                if few.len() <= FEW {
                    table.apply_few(&mut few);
                    assert_eq!(few, expected);
                }
                let mut work = Work { symbols, ..Work::default() };
                if work.symbols.len() > 1 {
                    table.apply_many(&mut work);
                    assert_eq!(work.symbols, expected);
                }
            }
        }
    }

    #[test]
    fn a_long_run_is_no_quadratic_matter() {
        let merges: Vec<(u32, u32, u32)> = (0..16).map(|n| (n, n, n + 1)).collect();
        let table = Merges::new(&merges);
        let mut work = Work { symbols: vec![0; 1_000_003], ..Work::default() };
        table.apply(&mut work);
        assert_eq!(
            work.symbols.len(),
            1_000_003 / 65536 + (1_000_003_u32 % 65536).count_ones() as usize
        );
    }
}
