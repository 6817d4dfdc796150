//! Hashing of short byte strings, for the tables of this crate. Not meant to resist an attacker:
//! what collides costs time, never a wrong id.

/// Factors without a pattern: the first digits of pi in base 16, made odd.
const A: u64 = 0x243f_6a88_85a3_08d3;
const B: u64 = 0x1319_8a2e_0370_7345;

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Up to sixteen bytes as two numbers; the missing ones are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub(crate) struct Key {
    pub(crate) low: u64,
    pub(crate) high: u64,
}

/// Masks of the first so many bytes of sixteen. A shift of so many bits takes longer.
const MASKS: [u128; 32] = {
    let mut masks = [u128::MAX; 32];
    let mut len = 0;
    while len < 16 {
        masks[len] = (1 << (8 * len)) - 1;
        len += 1;
    }
    masks
};

impl Key {
    pub(crate) const LONGEST: usize = 16;

    /// The bytes of `text[start..end]`, one to sixteen of them.
    #[inline(always)]
    pub(crate) fn load(text: &[u8], start: usize, end: usize) -> Self {
        let len = end - start;
        debug_assert!((1..=Self::LONGEST).contains(&len));
        let load = |at: usize| Some(u128::from_le_bytes(*text.get(at..)?.first_chunk()?));
        let all = if let Some(bytes) = load(start) {
            bytes
        } else if let Some(bytes) = text.len().checked_sub(16).and_then(load) {
            // The last sixteen bytes of the text, less those before the key.
            bytes >> (8 * ((start + 16 - text.len()) & 15))
        } else {
            let mut bytes = [0; 16];
            bytes[..len].copy_from_slice(&text[start..end]);
            u128::from_le_bytes(bytes)
        };
        // What follows the key does not matter.
        let all = all & MASKS[len & 31];
        Self { low: all as u64, high: (all >> 64) as u64 }
    }

    /// A hash of the key and of whatever else tells it from others.
    #[inline]
    pub(crate) fn hash(self, more: u64) -> u64 {
        fold(self.low ^ A, self.high ^ B.wrapping_add(more << 32))
    }
}

/// A hash of any bytes.
#[inline]
pub(crate) fn bytes(text: &[u8]) -> u64 {
    let len = text.len();
    let mut hash = len as u64;
    let mut start = 0;
    while start + 16 < len {
        hash = fold(hash, A) ^ Key::load(text, start, start + 16).hash(0);
        start += 16;
    }
    if start < len {
        hash = fold(hash, A) ^ Key::load(text, start, len).hash((len - start) as u64);
    }
    fold(hash ^ B, A)
}

/// Whether slots can be those of a table with open addressing that this crate made: at least half of
/// them are free, or a look-up would not end soon, and what is in the others `fits`.
pub(crate) fn is_table(slots: &[u64], free: u64, fits: impl Fn(u64) -> bool) -> bool {
    let taken = slots.iter().filter(|&&slot| slot != free).count();
    slots.len() >= 2
        && slots.len().is_power_of_two()
        && 2 * taken <= slots.len()
        && slots.iter().all(|&slot| slot == free || fits(slot))
}

/// Open addressing over the entries of a list that the owner keeps: from a hash to candidates.
#[derive(Debug)]
pub(crate) struct Index {
    /// High half: part of the hash. Low half: the entry's number, or `FREE`.
    slots: Vec<u64>,
}

const FREE: u64 = u64::MAX;

impl Index {
    /// Room for this many entries, at most half full.
    pub(crate) fn with_room(entries: usize) -> Self {
        Self { slots: vec![FREE; (2 * entries).next_power_of_two().max(2)] }
    }

    /// The slots as they were stored, over a list of so many entries; `None` if they cannot be such.
    pub(crate) fn from_slots(slots: Vec<u64>, entries: usize) -> Option<Self> {
        let fits = |slot: u64| (slot as u32 as usize) < entries;
        is_table(&slots, FREE, fits).then_some(Self { slots })
    }

    pub(crate) fn slots(&self) -> &[u64] {
        &self.slots
    }

    /// The entries that are in it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().filter(|&&slot| slot != FREE).map(|&slot| slot as u32)
    }

    /// The entry of this hash for which `same` is true, or the slot where it would be.
    #[inline]
    fn probe(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == FREE {
                return Err(at);
            }
            if slot >> 32 == hash >> 32 && same(slot as u32) {
                return Ok(slot as u32);
            }
            at = (at + 1) & mask;
        }
    }

    /// The entry of this hash for which `same` is true.
    #[inline]
    pub(crate) fn get(&self, hash: u64, same: impl FnMut(u32) -> bool) -> Option<u32> {
        self.probe(hash, same).ok()
    }

    /// Adds an entry, unless one of this hash is the `same`: then that one is returned. No more
    /// may be added than there is room for.
    pub(crate) fn insert(
        &mut self,
        hash: u64,
        entry: u32,
        same: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        match self.probe(hash, same) {
            Ok(known) => Some(known),
            Err(slot) => {
                self.slots[slot] = hash >> 32 << 32 | u64::from(entry);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_the_bytes_and_nothing_else() {
        let text = b"abcdefghijklmnopqrstuvwxyz";
        for len in 1..=16 {
            for start in 0..text.len() - len {
                let alone = text[start..start + len].to_vec();
                let key = Key::load(text, start, start + len);
                assert_eq!(key, Key::load(&alone, 0, len));
                for end in start + len..text.len() {
                    assert_eq!(key, Key::load(&text[..end], start, start + len));
                }
            }
        }
        assert_eq!(Key::load(b"ab", 0, 2), Key { low: 0x6261, high: 0 });
    }

    #[test]
    fn index_finds_its_entries() {
        let words: Vec<Vec<u8>> =
            (0..5000_u32).map(|n| n.to_string().repeat(n as usize % 7).into_bytes()).collect();
        let mut index = Index::with_room(words.len());
        let mut first = std::collections::HashMap::new();
        for (word, entry) in words.iter().zip(0..) {
            let known = index.insert(bytes(word), entry, |e| words[e as usize] == *word);
            assert_eq!(known, first.get(word).copied());
            first.entry(word).or_insert(entry);
        }
        for (word, entry) in &first {
            assert_eq!(index.get(bytes(word), |e| words[e as usize] == **word), Some(*entry));
        }
        assert_eq!(index.get(bytes(b"none"), |_| false), None);
    }
}
