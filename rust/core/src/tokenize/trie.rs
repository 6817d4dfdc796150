//! A double-array trie over bytes.
//!
//! The children of a node lie at `base ^ byte`, so they share the node's aligned block of 256 slots
//! and no look-up can leave the array. Built from sorted keys in one pass; 30,000 WordPiece tokens
//! make about 90,000 nodes.

use super::index::arrays::{ArraysIn, ArraysOut};
use super::index::store::Plain;

/// Position of a node; the root is 0.
pub(super) type Node = u32;

const FREE: u32 = u32::MAX;
/// Parent of the root: no node, but not free either.
const NONE: u32 = u32::MAX - 1;
const NO_VALUE: u32 = u32::MAX;
const BLOCK: usize = 256;

#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Slot {
    base: u32,
    /// The parent, or `FREE`.
    check: u32,
    value: u32,
}

// SAFETY: three numbers of four bytes without a gap.
unsafe impl Plain for Slot {}

const EMPTY: Slot = Slot { base: 0, check: FREE, value: NO_VALUE };

/// A map from byte strings to values below `u32::MAX`.
#[derive(Debug)]
pub(super) struct Trie {
    slots: Vec<Slot>,
}

impl Trie {
    pub(super) const ROOT: Node = 0;

    /// Builds the trie of `keys`, which must be sorted by key and free of repetitions.
    pub(super) fn new<K: AsRef<[u8]>>(keys: &[(K, u32)]) -> Self {
        debug_assert!(keys.is_sorted_by(|a, b| a.0.as_ref() < b.0.as_ref()));
        let mut builder = Builder::new();
        let mut labels = Vec::new();
        // (node, keys below it, their common length)
        let mut open = vec![(Self::ROOT, 0..keys.len(), 0)];
        while let Some((node, mut range, depth)) = open.pop() {
            if let Some((key, value)) = keys.get(range.start)
                && !range.is_empty()
                && key.as_ref().len() == depth
            {
                builder.slots[node as usize].value = *value;
                range.start += 1;
            }
            labels.clear();
            let first = open.len();
            while let Some((key, _)) = keys.get(range.start).filter(|_| !range.is_empty()) {
                let label = key.as_ref()[depth];
                let same = keys[range.clone()].partition_point(|(k, _)| k.as_ref()[depth] <= label);
                labels.push(label);
                open.push((0, range.start..range.start + same, depth + 1));
                range.start += same;
            }
            if !labels.is_empty() {
                let base = builder.place(node, &labels);
                for (child, label) in open[first..].iter_mut().zip(&labels) {
                    child.0 = base ^ u32::from(*label);
                }
            }
        }
        Self { slots: builder.slots }
    }

    pub(super) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) {
        arrays.put(&self.slots);
    }

    /// The trie of an index, with values below `bound`; `None` if it cannot be one.
    pub(super) fn load(arrays: &mut ArraysIn<'_>, bound: u32) -> Option<Self> {
        let slots: Vec<Slot> = arrays.owned()?;
        let stays = |slot: &Slot| (slot.base as usize | (BLOCK - 1)) < slots.len();
        let fits = |slot: &Slot| slot.value < bound || slot.value == NO_VALUE;
        let whole = !slots.is_empty() && slots.iter().all(|slot| stays(slot) && fits(slot));
        whole.then_some(Self { slots })
    }

    /// The node one byte further, if any key goes on that way.
    #[inline]
    pub(super) fn step(&self, node: Node, byte: u8) -> Option<Node> {
        let next = self.slots[node as usize].base ^ u32::from(byte);
        (self.slots[next as usize].check == node).then_some(next)
    }

    /// The value of the key that ends at this node.
    #[inline]
    pub(super) fn value(&self, node: Node) -> Option<u32> {
        let value = self.slots[node as usize].value;
        (value != NO_VALUE).then_some(value)
    }

    /// The node at the end of `bytes`, if some key begins with them.
    pub(super) fn descend(&self, node: Node, bytes: &[u8]) -> Option<Node> {
        bytes.iter().try_fold(node, |node, &byte| self.step(node, byte))
    }

    /// The value of exactly these bytes.
    pub(super) fn get(&self, bytes: &[u8]) -> Option<u32> {
        self.value(self.descend(Self::ROOT, bytes)?)
    }

    /// The longest key below `node` that `bytes` begins with: its length and value.
    #[inline]
    pub(super) fn longest(&self, node: Node, bytes: &[u8]) -> Option<(usize, u32)> {
        let mut longest = None;
        let mut node = node;
        for (at, &byte) in bytes.iter().enumerate() {
            let next = self.slots[node as usize].base ^ u32::from(byte);
            let slot = &self.slots[next as usize];
            if slot.check != node {
                break;
            }
            if slot.value != NO_VALUE {
                longest = Some((at + 1, slot.value));
            }
            node = next;
        }
        longest
    }

    /// Every node above the root with the byte that leads to it and its parent, in no useful order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (Node, u8, Node)> {
        self.slots.iter().enumerate().skip(1).filter(|(_, slot)| slot.check != FREE).map(
            |(at, slot)| {
                let base = self.slots[slot.check as usize].base;
                (slot.check, (at as u32 ^ base) as u8, at as Node)
            },
        )
    }

    /// One more than the largest node.
    pub(super) fn bound(&self) -> usize {
        self.slots.len()
    }
}

struct Builder {
    slots: Vec<Slot>,
    /// The first slot that may be free.
    cursor: usize,
}

impl Builder {
    fn new() -> Self {
        let mut slots = vec![EMPTY; BLOCK];
        slots[0].check = NONE;
        Self { slots, cursor: 1 }
    }

    /// Finds room for the children of `node`.
    fn place(&mut self, node: Node, labels: &[u8]) -> u32 {
        while self.slots.get(self.cursor).is_some_and(|slot| slot.check != FREE) {
            self.cursor += 1;
        }
        // Single children, the great majority, fill the gaps that the others leave. Those with
        // many look only at the end of the array, where the blocks are still loose: a full search
        // would be quadratic.
        let mut at = self.cursor;
        if labels.len() > 1 {
            let window = BLOCK * if labels.len() > 8 { 2 } else { 8 };
            at = at.max(self.slots.len().saturating_sub(window));
        }
        loop {
            if at >= self.slots.len() {
                self.slots.resize(self.slots.len() + BLOCK, EMPTY);
            }
            if self.slots[at].check == FREE {
                let base = at ^ usize::from(labels[0]);
                let free = |label: &u8| self.slots[base ^ usize::from(*label)].check == FREE;
                if labels.iter().all(free) {
                    for &label in labels {
                        self.slots[base ^ usize::from(label)].check = node;
                    }
                    self.slots[node as usize].base = base as u32;
                    return base as u32;
                }
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let words = ["", "a", "ab", "abc", "b", "bc", "\0", "\0\0", "\u{ff}", "zebra", "abcdefgh"];
        let mut keys: Vec<_> = words.iter().zip(0..).map(|(w, i)| (w.as_bytes(), i)).collect();
        keys.sort();
        let trie = Trie::new(&keys);
        for (key, value) in &keys {
            assert_eq!(trie.get(key), Some(*value), "{key:?}");
        }
        for absent in ["ac", "abcd", "\0\0\0", "zebr", "c"] {
            assert_eq!(trie.get(absent.as_bytes()), None);
        }
        assert_eq!(trie.longest(Trie::ROOT, b"abcdefg"), Some((3, 3)));
        assert_eq!(trie.longest(Trie::ROOT, b"abcdefghi"), Some((8, 10)));
        assert_eq!(trie.longest(Trie::ROOT, b"q"), None);
    }

    #[test]
    fn many_random_keys() {
        let mut state = 1_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        };
        let mut map = BTreeMap::new();
        for value in 0..20_000 {
            let len = random() % 7;
            let key: Vec<u8> = (0..len).map(|_| (random() % 256) as u8 & 0x9f).collect();
            map.insert(key, value);
        }
        let keys: Vec<_> = map.clone().into_iter().collect();
        let trie = Trie::new(&keys);
        for (key, value) in &map {
            assert_eq!(trie.get(key), Some(*value));
        }
        for _ in 0..50_000 {
            let key: Vec<u8> = (0..random() % 7).map(|_| (random() % 256) as u8).collect();
            assert_eq!(trie.get(&key), map.get(&key).copied());
            let longest = (1..=key.len()).rev().find_map(|n| map.get(&key[..n]).map(|&v| (n, v)));
            assert_eq!(trie.longest(Trie::ROOT, &key), longest);
        }
    }

    #[test]
    fn no_keys() {
        let trie = Trie::new::<&[u8]>(&[]);
        assert_eq!(trie.get(b""), None);
        assert_eq!(trie.longest(Trie::ROOT, b"abc"), None);
    }
}
