//! What words became, kept by one worker: bounded, never shared. Not the road's cache, which holds
//! ids: here it is the path through a word, with the totals up to which it can be replayed behind
//! words that it was not made behind. Without it the road's figures at the top of [`super`] hold.
//!
//! Short words lie whole in a table of sets of two; long ones, and those of many ids, lie in pools
//! that are emptied when they are full.

use crate::prefetch::prefetch;
use crate::tokenize::hash;

/// Most ids that an entry holds.
pub(in crate::tokenize) const FEW: usize = 3;
/// Longest word of the first table, in bytes.
pub(in crate::tokenize) const SHORT: usize = 15;
/// Longest word that is kept at all, in bytes: longer ones hardly come again.
pub(in crate::tokenize) const LONG: usize = 64;

/// A short word, with its length in the last byte.
pub(in crate::tokenize) type Key = u128;

/// The first `len` bytes of a text, which may be followed by any.
#[inline]
pub(in crate::tokenize) fn key(text: &[u8; SHORT + 1], len: usize) -> Key {
    // Never a shift by all the bits there are: no word is longer than all bytes but one.
    let rest = 8 * (SHORT + 1 - len.min(SHORT));
    (u128::from_le_bytes(*text) << rest >> rest) | (len as u128) << 120
}

/// Marks the length of a unit of a raw text, which stands for other words than a normalized text
/// of the same bytes.
const RAW: usize = 1 << 7;

/// The key of a unit of a raw text.
#[inline(always)]
pub(in crate::tokenize) fn raw_key(text: &[u8], start: usize, end: usize) -> Key {
    let bytes = hash::Key::load(text, start, end);
    u128::from(bytes.low) | u128::from(bytes.high) << 64 | (((end - start) | RAW) as u128) << 120
}

#[inline]
fn hash(low: u64, high: u64) -> u64 {
    let product =
        u128::from(low ^ 0x2d35_8dcc_aa6c_78a5) * u128::from(high ^ 0x8bb8_4b93_962e_acc9);
    product as u64 ^ (product >> 64) as u64
}

#[derive(Debug, Clone, Copy)]
struct Entry<V> {
    word: u128,
    value: V,
}

#[derive(Debug, Clone, Copy, Default)]
struct LongEntry {
    hash: u64,
    start: u32,
    len: u32,
    values: u32,
    count: u32,
}

/// Words of one worker, with values of a fixed size for short ones and lists for long ones.
#[derive(Debug)]
pub(in crate::tokenize) struct Cache<V, L> {
    entries: Vec<Entry<V>>,
    long: Vec<LongEntry>,
    bytes: Vec<u8>,
    values: Vec<L>,
    sets: usize,
}

impl<V, L> Default for Cache<V, L> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            long: Vec::new(),
            bytes: Vec::new(),
            values: Vec::new(),
            sets: 0,
        }
    }
}

impl<V: Copy + Default, L: Copy> Cache<V, L> {
    /// Empties the cache and sizes it for so many short words, a power of two or none.
    pub(in crate::tokenize) fn resize(&mut self, words: usize) {
        self.sets = words.div_ceil(2);
        self.entries.clear();
        self.entries.resize(2 * self.sets, Entry { word: 0, value: V::default() });
        self.long.clear();
        self.long.resize(words.div_ceil(2), LongEntry::default());
        self.bytes.clear();
        self.values.clear();
    }

    #[inline]
    fn set(&self, key: Key) -> usize {
        let hash = hash(key as u64, (key >> 64) as u64);
        2 * ((hash >> 20) as usize & self.sets.wrapping_sub(1))
    }

    /// Asks for what may be known of a short word.
    #[inline(always)]
    pub(in crate::tokenize) fn expect(&self, key: Key) {
        let set = self.entries.as_ptr().wrapping_add(self.set(key));
        prefetch(set.cast(), 2 * size_of::<Entry<V>>());
    }

    /// What is known of a short word, which is not empty.
    #[inline]
    pub(in crate::tokenize) fn get(&self, key: Key) -> Option<&V> {
        let set = self.set(key);
        let is = |entry: &&Entry<V>| entry.word == key;
        let own = self.entries.get(set..)?.first_chunk::<2>()?.iter().find(is);
        let beside = || self.entries.get(set ^ 2..)?.first_chunk::<2>()?.iter().find(is);
        Some(&own.or_else(beside)?.value)
    }

    /// Keeps a short word. The one that has to leave its set goes to the set beside, where there
    /// may be room.
    pub(in crate::tokenize) fn put(&mut self, key: Key, value: V) {
        let set = self.set(key);
        let Some([one, two]) = self.entries.get_mut(set..).and_then(<[_]>::first_chunk_mut::<2>)
        else {
            return;
        };
        let oldest = *two;
        *two = *one;
        *one = Entry { word: key, value };
        if oldest.word != 0
            && let Some([one, two]) =
                self.entries.get_mut(set ^ 2..).and_then(<[_]>::first_chunk_mut::<2>)
        {
            *(if one.word == 0 { one } else { two }) = oldest;
        }
    }

    /// What is known of any word of up to `LONG` bytes, and how to keep it if nothing is; `raw`
    /// if it is a unit of a raw text.
    #[inline]
    pub(in crate::tokenize) fn get_long(&self, word: &[u8], raw: bool) -> Result<&[L], u64> {
        // The lowest bit tells them apart; the place is given by those above.
        let hash = hash::bytes(word) << 1 | u64::from(raw);
        let Some(entry) = self.long.get((hash >> 1) as usize & self.long.len().wrapping_sub(1))
        else {
            return Err(hash);
        };
        let (start, values) = (entry.start as usize, entry.values as usize);
        let same = entry.hash == hash
            && self.bytes.get(start..start + entry.len as usize) == Some(word)
            && entry.len > 0;
        if !same {
            return Err(hash);
        }
        self.values.get(values..values + entry.count as usize).ok_or(hash)
    }

    /// Keeps a word of up to `LONG` bytes.
    pub(in crate::tokenize) fn put_long(
        &mut self,
        hash: u64,
        word: &[u8],
        values: impl Iterator<Item = L>,
    ) {
        if self.long.is_empty() {
            return;
        }
        if self.bytes.len() > 32 * self.long.len() || self.values.len() > 16 * self.long.len() {
            self.long.fill(LongEntry::default());
            self.bytes.clear();
            self.values.clear();
        }
        let place = (hash >> 1) as usize & (self.long.len() - 1);
        let (start, first) = (self.bytes.len() as u32, self.values.len() as u32);
        self.bytes.extend_from_slice(word);
        self.values.extend(values);
        self.long[place] = LongEntry {
            hash,
            start,
            len: word.len() as u32,
            values: first,
            count: self.values.len() as u32 - first,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_word_is() {
        assert_eq!(key(b"abcdefghijklmnop", 3), key(b"abcxxxxxxxxxxxxx", 3));
        assert_ne!(key(b"abcdefghijklmnop", 3), key(b"abcdefghijklmnop", 4));
        assert_eq!(key(b"abcdefghijklmnop", 15), u128::from_le_bytes(*b"abcdefghijklmno\x0f"));
        // Zero bytes are not the end of a word.
        assert_ne!(key(&[0; 16], 1), key(&[0; 16], 2));
    }

    #[test]
    fn words_come_back_or_are_forgotten() {
        for size in [0, 1, 2, 64, 4096] {
            let mut cache = Cache::<u32, u32>::default();
            cache.resize(size);
            for n in 0..10_000_u32 {
                let mut text = [0; 16];
                text[..4].copy_from_slice(&(n % 1500).to_le_bytes());
                let key = key(&text, 4);
                match cache.get(key) {
                    Some(&value) => assert_eq!(value, n % 1500),
                    None => cache.put(key, n % 1500),
                }
                let word = format!("a rather long word, number {}", n % 1500);
                match cache.get_long(word.as_bytes(), false) {
                    Ok(values) => assert_eq!(values, [n % 1500, 7]),
                    Err(hash) => {
                        cache.put_long(hash, word.as_bytes(), [n % 1500, 7].into_iter());
                        assert!(size == 0 || cache.get_long(word.as_bytes(), false).is_ok());
                    }
                }
            }
        }
    }
}
