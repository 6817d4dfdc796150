//! Ids of the chunks seen last. Not the road's cache: an entry also says what added tokens may
//! begin at its end, and holds the unknown id like any other, so that the hot loop has nothing to
//! tell apart. What the two together gain is at the top of [`super`].
//!
//! Two entries to a set; a new chunk takes the first place of its set and the one there moves to
//! the second. Nothing grows: what a text can cost is bounded, whatever is in it.

use std::hint::select_unpredictable;

/// Ids that an entry holds itself.
pub(super) const INLINE: usize = 3;

/// Ids that lists of more than `INLINE` may take together for each entry of a cache of keys of
/// sixteen bytes, in which few are lists, and for each sixteen bytes of longer keys, most of which
/// are. When they are full, the cache starts anew: Japanese did at every thousandth paragraph with
/// a quarter of this.
const LISTED_PER_ENTRY: [usize; 2] = [1, 4];

/// What is known of a chunk: up to three ids, or the place of a list.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(16))]
pub(super) struct Value {
    ids: [u32; INLINE],
    /// Ids that count and ids that are kept in 8 bits each (count 255: a list), what
    /// [`super::follow`] knows of the chunk in 16.
    meta: u32,
}

const LISTED: u32 = 255;

impl Value {
    /// The value of the unknown id alone, which counts and is mostly not kept.
    pub(super) fn unknown(unk_id: u32) -> Self {
        Self { ids: [unk_id, 0, 0], meta: 1 }
    }

    /// A value of at most `INLINE` known ids.
    pub(super) fn inline(ids: &[u32]) -> Self {
        let mut value = Self::default();
        value.ids[..ids.len()].copy_from_slice(ids);
        value.meta = ids.len() as u32 | (ids.len() as u32) << 8;
        value
    }

    /// All slots, of which `kept` count.
    #[inline]
    pub(super) fn slots(&self) -> [u32; INLINE + 1] {
        [self.ids[0], self.ids[1], self.ids[2], self.meta]
    }

    #[inline]
    pub(super) fn counted(&self) -> usize {
        (self.meta & 255) as usize
    }

    #[inline]
    pub(super) fn kept(&self) -> usize {
        (self.meta >> 8 & 255) as usize
    }

    #[inline]
    pub(super) fn is_listed(&self) -> bool {
        self.counted() == LISTED as usize
    }

    /// What [`super::follow`] knows of the chunk.
    #[inline]
    pub(super) fn follow(&self) -> u16 {
        (self.meta >> 16) as u16
    }

    #[must_use]
    pub(super) fn with_follow(mut self, follow: u16) -> Self {
        self.meta = self.meta & 0xffff | u32::from(follow) << 16;
        self
    }
}

/// A chunk as a key: its bytes, and behind them bytes that no text holds. So the length needs no
/// look of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<const N: usize> {
    /// Sixteen bytes each, in halves: pairs of registers, not vectors, which would have to be taken
    /// apart again for the hash.
    words: [[u64; 2]; N],
}

/// What stands behind the first `n` bytes of sixteen: 0xFF, which UTF-8 does not use.
const PADDING: [[u64; 2]; 17] = {
    let mut padding = [[0; 2]; 17];
    let mut n = 0;
    while n < 16 {
        let all = u128::MAX << (8 * n);
        padding[n] = [all as u64, (all >> 64) as u64];
        n += 1;
    }
    padding
};

impl<const N: usize> Key<N> {
    /// The longest chunk that such a key can hold.
    pub(super) const BYTES: usize = 16 * N;

    /// No chunk's key.
    const NONE: Self = Self { words: [[u64::MAX; 2]; N] };

    /// The key of `buffer[start..end]`, or nothing if that is longer than `16 * N` bytes; `buffer`
    /// goes on behind it for at least as long.
    #[inline(always)]
    pub(super) fn read(buffer: &[u8], start: usize, end: usize) -> Option<Self> {
        let len = end - start;
        let mut words = [[0; 2]; N];
        for (i, word) in words.iter_mut().enumerate() {
            let from = start + 16 * i;
            let (eights, _) = buffer.get(from..from + 16)?.as_chunks::<8>();
            // All but the last word are only cut off if the chunk ends before them.
            let kept = len.saturating_sub(16 * i);
            let padding = PADDING.get(if i + 1 < N { kept.min(16) } else { kept })?;
            *word = [
                u64::from_le_bytes(eights[0]) | padding[0],
                u64::from_le_bytes(eights[1]) | padding[1],
            ];
        }
        Some(Self { words })
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        // The topmost bits of a product depend on all bits of its factors.
        const A: u64 = 0x2d35_8dcc_aa6c_78a5;
        const B: u64 = 0x8bb8_4b93_962e_acc9;
        let mut hash = 0_u64;
        for [low, high] in self.words {
            hash = (low ^ hash).wrapping_mul(A).wrapping_add(high.wrapping_mul(B));
            if N > 1 {
                hash ^= hash >> 32;
            }
        }
        hash
    }

    #[inline(always)]
    fn is(&self, other: &Self) -> bool {
        // Not `==` of the arrays, which the compiler makes a call of memcmp.
        let pairs = self.words.as_flattened().iter().zip(other.words.as_flattened());
        pairs.fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct Entry<const N: usize> {
    key: Key<N>,
    value: Value,
}

impl<const N: usize> Entry<N> {
    const EMPTY: Self = Self { key: Key::NONE, value: Value { ids: [0; INLINE], meta: 0 } };
}

/// A cache of chunks of up to `16 * N` bytes.
#[derive(Debug)]
pub(super) struct Cache<const N: usize> {
    sets: Vec<[Entry<N>; 2]>,
    /// A hash shifted by so many bits is the number of a set.
    shift: u32,
    on: bool,
    pool: Vec<u32>,
    /// Ids that `pool` may hold.
    pool_limit: usize,
}

impl<const N: usize> Cache<N> {
    /// A cache of about `entries` entries; none at all for 0.
    pub(super) fn new(entries: usize) -> Self {
        // At least two sets, so that a hash is shifted by less than its width.
        let sets = (entries / 2).max(2).next_power_of_two();
        let sets_bits = sets.trailing_zeros();
        Self {
            sets: vec![[Entry::EMPTY; 2]; sets],
            shift: u64::BITS - sets_bits,
            on: entries > 0,
            pool: Vec::new(),
            pool_limit: 2 * sets * N * LISTED_PER_ENTRY[usize::from(N > 1)],
        }
    }

    #[inline(always)]
    fn set(&self, key: &Key<N>) -> usize {
        (key.hash() >> self.shift) as usize
    }

    #[inline]
    pub(super) fn get(&self, key: &Key<N>) -> Option<&Value> {
        let set = self.sets.get(self.set(key))?;
        set.iter().find(|entry| entry.key.is(key)).map(|entry| &entry.value)
    }

    /// The value of a chunk, if it is not a list: without a branch on which entry it is.
    #[inline(always)]
    pub(super) fn get_inline(&self, key: &Key<N>) -> Option<&Value> {
        let [first, second] = self.sets.get(self.set(key))?;
        let entry = select_unpredictable(second.key.is(key), second, first);
        (entry.key.is(key) && !entry.value.is_listed()).then_some(&entry.value)
    }

    /// The list of a value that has one.
    pub(super) fn list(&self, value: &Value) -> &[u32] {
        &self.pool[value.ids[0] as usize..][..value.ids[1] as usize]
    }

    /// Keeps the ids of a chunk.
    pub(super) fn put(&mut self, key: &Key<N>, ids: &[u32], unk_id: u32, follow: u16) {
        if !self.on {
            return;
        }
        let value = if ids == [unk_id] {
            Value::unknown(unk_id)
        } else if ids.len() <= INLINE && !ids.contains(&unk_id) {
            Value::inline(ids)
        } else {
            if self.pool.len() + ids.len() > self.pool_limit {
                self.pool.clear();
                self.sets.fill([Entry::EMPTY; 2]);
            }
            let place = self.pool.len() as u32;
            self.pool.extend_from_slice(ids);
            Value { ids: [place, ids.len() as u32, 0], meta: LISTED }
        };
        let place = self.set(key);
        let set = &mut self.sets[place];
        set[1] = set[0];
        set[0] = Entry { key: *key, value: value.with_follow(follow) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNK: u32 = 7;

    fn key<const N: usize>(chunk: &str) -> Key<N> {
        let mut buffer = chunk.as_bytes().to_vec();
        buffer.extend([b'z'; 64]); // what lies behind must not matter
        Key::read(&buffer, 0, chunk.len()).unwrap()
    }

    fn get<const N: usize>(cache: &Cache<N>, chunk: &str) -> Option<Vec<u32>> {
        cache.get(&key(chunk)).map(|value| {
            if value.is_listed() {
                cache.list(value).to_vec()
            } else if value.counted() > value.kept() {
                vec![UNK]
            } else {
                value.slots()[..value.kept()].to_vec()
            }
        })
    }

    #[test]
    fn hot_lookups_find_both_entries_of_a_set_but_no_lists() {
        let mut cache = Cache::<1>::new(1);
        for i in 0..1000 {
            let (older, newer) = (key(&format!("a{i}")), key(&format!("b{i}")));
            cache.put(&older, &[1], UNK, 0);
            cache.put(&newer, &[i], UNK, 0);
            assert_eq!(
                cache.get_inline(&newer).map(Value::slots),
                cache.get(&newer).map(Value::slots)
            );
            assert_eq!(
                cache.get_inline(&older).map(Value::slots),
                cache.get(&older).map(Value::slots)
            );
            assert!(cache.get_inline(&key("other")).is_none());
        }
        cache.put(&key("list"), &[1, 2, 3, 4], UNK, 0);
        assert!(cache.get(&key("list")).is_some() && cache.get_inline(&key("list")).is_none());
    }

    #[test]
    fn gives_back_what_was_put() {
        let mut cache = Cache::<1>::new(64);
        let chunks: [(&str, &[u32]); 7] = [
            ("a", &[1]),
            ("a\0", &[2]),
            ("\0", &[]),
            ("sixteen bytes ok", &[1, 2, 3]),
            ("long", &[1, 2, 3, 4, 5]),
            ("unknown", &[UNK]),
            ("mixed", &[UNK, 1]),
        ];
        for (chunk, ids) in chunks {
            assert_eq!(get(&cache, chunk), None);
            cache.put(&key(chunk), ids, UNK, 0);
            assert_eq!(get(&cache, chunk).as_deref(), Some(ids), "{chunk:?}");
        }
    }

    #[test]
    fn long_keys_count_every_byte() {
        let mut cache = Cache::<3>::new(8);
        let chunk = "0123456789abcdef0123456789abcdef0123456789abcdef";
        for len in [17, 32, 33, 47, 48] {
            cache.put(&key(&chunk[..len]), &[len as u32], UNK, 0);
            assert_eq!(get(&cache, &chunk[..len]), Some(vec![len as u32]));
            let mut other = chunk[..len].to_owned();
            other.replace_range(len - 1..len, "!");
            assert_eq!(get(&cache, &other), None);
        }
    }

    #[test]
    fn nothing_is_kept_when_off_and_little_when_small() {
        let mut off = Cache::<1>::new(0);
        off.put(&key("a"), &[1], UNK, 0);
        assert_eq!(get(&off, "a"), None);

        let mut small = Cache::<1>::new(1);
        let chunks: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        for (chunk, id) in chunks.iter().zip(0..) {
            small.put(&key(chunk), &[id], UNK, 0);
            assert_eq!(get(&small, chunk), Some(vec![id]));
        }
        let kept = chunks.iter().filter(|chunk| get(&small, chunk).is_some()).count();
        assert!((1..=4).contains(&kept), "{kept}");
    }

    #[test]
    fn a_full_pool_starts_anew() {
        let mut cache = Cache::<1>::new(16);
        for round in 0..cache.pool_limit as u32 {
            cache.put(&key(&round.to_string()), &[round, 1, 2, 3], UNK, 0);
            assert_eq!(get(&cache, &round.to_string()), Some(vec![round, 1, 2, 3]));
        }
        assert!(cache.pool.len() <= cache.pool_limit);
    }

    #[test]
    fn follow_is_kept_beside_the_ids() {
        let mut cache = Cache::<1>::new(16);
        for (chunk, ids) in [("a", [1].as_slice()), ("b", &[UNK]), ("c", &[1, 2, 3, 4])] {
            cache.put(&key(chunk), ids, UNK, 0xabcd);
            assert_eq!(cache.get(&key(chunk)).unwrap().follow(), 0xabcd);
            assert_eq!(get(&cache, chunk).as_deref(), Some(ids));
        }
    }
}
