//! A double-array trie over character codes, with the score of each piece beside its node. Not the
//! trie over bytes that the others share: a lattice counts in characters, and of a Chinese one
//! each step would be three.
//!
//! The children of a node lie at `base + code`. No two nodes have the same base, so a slot needs
//! to know only its own code, not its parent, and sixteen bytes hold all that a step asks for.

use crate::tokenize::index::store::{Plain, Store};

/// No code is this large.
const FREE: u16 = 0xffff;

/// A node.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(in crate::tokenize) struct Slot {
    /// Score of the piece that ends here; not a number if none does.
    pub(in crate::tokenize) score: f64,
    /// Where the children lie.
    pub(in crate::tokenize) base: u32,
    /// The code that leads here, or `FREE`.
    pub(in crate::tokenize) label: u16,
    /// Bit `code % 16` is set for each child: most steps that lead nowhere need not look.
    pub(in crate::tokenize) children: u16,
}

// SAFETY: eight, four, two and two bytes without a gap; any bits are numbers.
unsafe impl Plain for Slot {}

const EMPTY: Slot = Slot { score: f64::NAN, base: 0, label: FREE, children: 0 };

/// A map from strings of codes to ids and scores.
#[derive(Debug)]
pub(in crate::tokenize) struct Trie {
    slots: Store<Slot>,
    /// Id of the piece that ends at each slot.
    ids: Store<u32>,
    /// No id is larger: true of what was built, and made true of what is only mapped.
    last: u32,
}

/// A piece on its way into the trie.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Key<'a> {
    pub(in crate::tokenize) codes: &'a [u16],
    pub(in crate::tokenize) id: u32,
    pub(in crate::tokenize) score: f64,
}

/// A node whose children have no place yet: the keys below it, and their common length.
#[derive(Debug, Clone, Copy)]
struct Open {
    slot: u32,
    start: usize,
    end: usize,
    depth: usize,
}

/// Nodes are placed by the score of their best piece, in so many steps.
const RANKS: usize = 24;

impl Trie {
    /// Builds the trie of keys in ascending order, none empty and none twice.
    pub(in crate::tokenize) fn new(keys: &[Key<'_>]) -> Self {
        let mut builder = Builder::new(keys.iter().map(|key| key.codes.len()).sum());
        let mut labels: Vec<u16> = Vec::new();
        let mut children: Vec<(usize, Open)> = Vec::new();
        // What is probable lies together at the front: there, nearly every step is to a slot that
        // the processor has at hand. So nodes are placed in the order of their best piece.
        let scores = keys.iter().map(|key| key.score);
        let (low, high) = scores
            .fold((0.0_f64, f64::MIN), |(low, high), score| (low.min(score), high.max(score)));
        let rank = |score: f64| {
            let part = (score - low) / (high - low).max(f64::MIN_POSITIVE);
            ((part * RANKS as f64) as usize).min(RANKS - 1)
        };
        let mut open: Vec<Vec<Open>> = vec![Vec::new(); RANKS];
        open[RANKS - 1].push(Open { slot: 0, start: 0, end: keys.len(), depth: 0 });
        let mut best = RANKS - 1;
        loop {
            let Some(Open { slot, mut start, end, depth }) = open[best].pop() else {
                if best == 0 {
                    break;
                }
                best -= 1;
                continue;
            };
            if depth > 0
                && let Some(key) = keys.get(start).filter(|key| key.codes.len() == depth)
            {
                builder.slots[slot as usize].score = key.score;
                builder.ids[slot as usize] = key.id;
                start += 1;
            }
            if end - start == 1 {
                // Most nodes lie on such a way to the end of a single piece.
                builder.tail(slot, &keys[start], depth);
                continue;
            }
            labels.clear();
            children.clear();
            while start < end {
                let label = keys[start].codes[depth];
                let mut score = f64::MIN;
                let mut next = start;
                while let Some(key) = keys[..end].get(next).filter(|k| k.codes[depth] == label) {
                    score = score.max(key.score);
                    next += 1;
                }
                labels.push(label);
                children.push((rank(score), Open { slot: 0, start, end: next, depth: depth + 1 }));
                start = next;
            }
            if !labels.is_empty() {
                let base = builder.place(slot, &labels);
                for (&label, &(rank, child)) in labels.iter().zip(&children) {
                    // Not better than its parent, so the rank never rises again.
                    let rank = rank.min(best);
                    open[rank].push(Open { slot: base + u32::from(label), ..child });
                }
            }
        }
        builder.slots.shrink_to_fit();
        builder.ids.shrink_to_fit();
        let last = keys.iter().map(|key| key.id).max().unwrap_or(0);
        Self { slots: builder.slots.into(), ids: builder.ids.into(), last }
    }

    /// The arrays as they were stored, of ids up to `last`; `None` if they cannot be such.
    pub(in crate::tokenize) fn from_parts(
        slots: Store<Slot>,
        ids: Store<u32>,
        last: u32,
    ) -> Option<Self> {
        let fits = !slots.is_empty() && slots.len() == ids.len();
        fits.then_some(Self { slots, ids, last })
    }

    pub(in crate::tokenize) fn parts(&self) -> (&[Slot], &[u32], u32) {
        (&self.slots, &self.ids, self.last)
    }

    #[inline]
    pub(in crate::tokenize) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The id of the piece that ends at a slot.
    #[inline]
    pub(in crate::tokenize) fn id(&self, slot: u32) -> u32 {
        self.ids.get(slot as usize).copied().unwrap_or(0).min(self.last)
    }

    /// The slot of exactly these codes, if they are a piece.
    pub(in crate::tokenize) fn get(&self, codes: &[u16]) -> Option<u32> {
        let mut slot = 0;
        for &code in codes {
            slot = step(&self.slots, self.slots.get(slot as usize)?, code)?;
        }
        (!self.slots.get(slot as usize)?.score.is_nan()).then_some(slot)
    }
}

/// The child of a node, as a slot.
#[inline]
pub(in crate::tokenize) fn step(slots: &[Slot], from: &Slot, code: u16) -> Option<u32> {
    if from.children >> (code & 15) & 1 == 0 {
        return None;
    }
    let next = from.base.wrapping_add(u32::from(code));
    let slot = slots.get(next as usize)?;
    (slot.label == code && code != 0).then_some(next)
}

struct Builder {
    slots: Vec<Slot>,
    ids: Vec<u32>,
    /// Which slots are taken, and which bases.
    taken: Bits,
    bases: Bits,
    /// Where to look for the next single child, and for several.
    single: usize,
    several: usize,
}

impl Builder {
    fn new(nodes: usize) -> Self {
        // Never more than that, but for gaps. What is not used is never touched.
        let mut slots = Vec::with_capacity(nodes + usize::from(u16::MAX));
        let mut ids = Vec::with_capacity(slots.capacity());
        slots.push(EMPTY);
        ids.push(0);
        let mut taken = Bits::default();
        taken.set(0);
        Self { slots, ids, taken, bases: Bits::default(), single: 1, several: 1 }
    }

    /// Places the rest of a piece that shares it with no other.
    fn tail(&mut self, parent: u32, key: &Key<'_>, depth: usize) {
        let mut slot = parent;
        for &code in &key.codes[depth..] {
            slot = self.place(slot, &[code]) + u32::from(code);
        }
        self.slots[slot as usize].score = key.score;
        self.ids[slot as usize] = key.id;
    }

    /// Finds room for the children of a node. Labels ascend.
    fn place(&mut self, parent: u32, labels: &[u16]) -> u32 {
        let base = if parent == 0 { 0 } else { self.room(labels) };
        let mut children = 0;
        let end = base + usize::from(labels[labels.len() - 1]) + 1;
        if end > self.slots.len() {
            self.slots.resize(end, EMPTY);
            self.ids.resize(end, 0);
        }
        for &label in labels {
            children |= 1 << (label & 15);
            self.slots[base + usize::from(label)].label = label;
            self.taken.set(base + usize::from(label));
        }
        self.bases.set(base);
        let slot = &mut self.slots[parent as usize];
        slot.base = base as u32;
        slot.children = children;
        base as u32
    }

    fn room(&mut self, labels: &[u16]) -> usize {
        let first = usize::from(labels[0]);
        if let [_] = labels {
            // The great majority: they fill the gaps that the others leave.
            let mut at = self.taken.clear_from(self.single.max(first + 1));
            while self.bases.get(at - first) {
                at = self.taken.clear_from(at + 1);
            }
            self.single = self.taken.clear_from(self.single.max(1));
            if at > self.single + 4096 {
                // Slots that never fit are given up.
                self.single += 512;
            }
            return at - first;
        }
        // A full search would be quadratic: after some tries the place to look moves on.
        let mut at = self.taken.clear_from(self.several.max(first + 1));
        let mut tries = 0;
        loop {
            let base = at - first;
            let free = |label: &u16| !self.taken.get(base + usize::from(*label));
            if !self.bases.get(base) && labels.iter().all(free) {
                return base;
            }
            tries += 1;
            if tries % 32 == 0 {
                self.several = self.several.max(at.saturating_sub(64)) + 32;
            }
            at = self.taken.clear_from(at + 1);
        }
    }
}

/// A set of numbers that grows as needed.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn get(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn set(&mut self, at: usize) {
        if at / 64 >= self.0.len() {
            self.0.resize(at / 64 + 1024, 0);
        }
        self.0[at / 64] |= 1 << (at % 64);
    }

    /// The first number from `at` on that is not in the set.
    fn clear_from(&self, at: usize) -> usize {
        let mut word = at / 64;
        let mut mask = u64::MAX << (at % 64);
        while let Some(bits) = self.0.get(word) {
            let clear = !bits & mask;
            if clear != 0 {
                return word * 64 + clear.trailing_zeros() as usize;
            }
            word += 1;
            mask = u64::MAX;
        }
        at.max(word * 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let mut state = 1_u64;
        let mut random = move |bound: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % bound) as u16
        };
        for spread in [3, 40, 60_000] {
            let mut map = BTreeMap::new();
            for id in 0..20_000 {
                let codes: Vec<u16> = (0..=random(6)).map(|_| 1 + random(spread)).collect();
                map.insert(codes, id);
            }
            let keys: Vec<_> =
                map.iter().map(|(codes, &id)| Key { codes, id, score: f64::from(id) }).collect();
            let trie = Trie::new(&keys);
            for (codes, &id) in &map {
                let slot = trie.get(codes).unwrap();
                assert_eq!(trie.id(slot), id);
                assert_eq!(trie.slots()[slot as usize].score, f64::from(id));
            }
            for _ in 0..50_000 {
                let codes: Vec<u16> = (0..=random(6)).map(|_| random(spread + 2)).collect();
                assert_eq!(trie.get(&codes).map(|slot| trie.id(slot)), map.get(&codes).copied());
            }
        }
    }

    #[test]
    fn no_keys() {
        let trie = Trie::new(&[]);
        assert_eq!(trie.get(&[1]), None);
        assert_eq!(trie.get(&[]), None);
    }
}
