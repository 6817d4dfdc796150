//! Ids of the chunks seen last.
//!
//! Two entries to a set; a new chunk takes the first place of its set and the one there moves to
//! the second. Nothing grows: what a text can cost is bounded, whatever is in it.

/// Ids that an entry holds itself.
pub(super) const INLINE: usize = 3;

/// Ids that the lists of more than `INLINE` may take together; when they are full, the cache
/// starts anew.
const POOL: usize = 1 << 15;

/// What is known of a chunk: up to three ids, or the place of a list.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(16))]
pub(super) struct Value {
    ids: [u32; INLINE],
    /// Length of the key (0: no entry) in 8 bits, ids that count and ids that are kept in 4 each
    /// (15: a list), the bytes after which an added token may have begun here in 16.
    meta: u32,
}

const LISTED: u32 = 15;

impl Value {
    pub(super) const UNKNOWN: Self = Self { ids: [0; INLINE], meta: 1 << 8 };

    /// A value of at most `INLINE` known ids.
    pub(super) fn inline(ids: &[u32]) -> Self {
        let mut value = Self::default();
        value.ids[..ids.len()].copy_from_slice(ids);
        value.meta = (ids.len() as u32) << 8 | (ids.len() as u32) << 12;
        value
    }

    /// All slots, of which `kept` count.
    #[inline]
    pub(super) fn slots(&self) -> [u32; INLINE + 1] {
        [self.ids[0], self.ids[1], self.ids[2], self.meta]
    }

    #[inline]
    pub(super) fn counted(&self) -> usize {
        (self.meta >> 8 & 15) as usize
    }

    #[inline]
    pub(super) fn kept(&self) -> usize {
        (self.meta >> 12 & 15) as usize
    }

    #[inline]
    pub(super) fn is_listed(&self) -> bool {
        self.counted() == LISTED as usize
    }

    /// One bit for each class of the two bytes behind the chunk with which an added token that
    /// begins in it would go on.
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

/// A chunk as a key: its bytes, padded with zeros, and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<const N: usize> {
    words: [u128; N],
    len: u32,
}

/// Masks of the first `n` bytes of sixteen.
const MASKS: [u128; 17] = {
    let mut masks = [0; 17];
    let mut n = 1;
    while n <= 16 {
        masks[n] = u128::MAX >> (128 - 8 * n);
        n += 1;
    }
    masks
};

impl<const N: usize> Key<N> {
    /// The longest chunk that such a key can hold.
    pub(super) const BYTES: usize = 16 * N;

    /// The key of `buffer[start..end]`, not longer than `BYTES`; `buffer` goes on behind it for at
    /// least as long.
    #[inline]
    pub(super) fn read(buffer: &[u8], start: usize, end: usize) -> Option<Self> {
        let len = end - start;
        let mut words = [0; N];
        for (i, word) in words.iter_mut().enumerate() {
            let bytes = buffer.get(start + 16 * i..)?.first_chunk::<16>()?;
            let kept = if N == 1 { len } else { len.saturating_sub(16 * i).min(16) };
            *word = u128::from_le_bytes(*bytes) & MASKS.get(kept)?;
        }
        Some(Self { words, len: len as u32 })
    }

    #[inline]
    fn hash(&self) -> usize {
        // Multiply and fold: two words in, all bits mixed, for the price of one multiplication.
        const A: u64 = 0x2d35_8dcc_aa6c_78a5;
        const B: u64 = 0x8bb8_4b93_962e_acc9;
        let mut hash = 0;
        for word in self.words {
            let (low, high) = (word as u64 ^ A ^ hash, (word >> 64) as u64 ^ B);
            let product = u128::from(low) * u128::from(high);
            hash = product as u64 ^ (product >> 64) as u64;
        }
        (hash ^ hash >> 32) as usize
    }
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct Entry<const N: usize> {
    words: [u128; N],
    value: Value,
}

/// A cache of chunks of up to `16 * N` bytes.
#[derive(Debug)]
pub(super) struct Cache<const N: usize> {
    sets: Vec<[Entry<N>; 2]>,
    mask: usize,
    on: bool,
    pool: Vec<u32>,
}

impl<const N: usize> Cache<N> {
    /// A cache of about `entries` entries; none at all for 0.
    pub(super) fn new(entries: usize) -> Self {
        let sets = (entries / 2).max(1).next_power_of_two();
        let empty = Entry { words: [0; N], value: Value::default() };
        Self { sets: vec![[empty; 2]; sets], mask: sets - 1, on: entries > 0, pool: Vec::new() }
    }

    #[inline]
    pub(super) fn get(&self, key: &Key<N>) -> Option<&Value> {
        let set = self.sets.get(key.hash() & self.mask)?;
        let is = |entry: &Entry<N>| {
            // Not `==` of the arrays, which the compiler makes a call of memcmp.
            let differ = entry.words.iter().zip(&key.words).fold(0, |all, (a, b)| all | (a ^ b));
            differ == 0 && entry.value.meta & 0xff == key.len
        };
        if is(&set[0]) {
            Some(&set[0].value)
        } else if is(&set[1]) {
            Some(&set[1].value)
        } else {
            None
        }
    }

    /// The list of a value that has one.
    pub(super) fn list(&self, value: &Value) -> &[u32] {
        &self.pool[value.ids[0] as usize..][..value.ids[1] as usize]
    }

    /// Appends the ids of a chunk to a list, the unknown one included. Returns whether it is known.
    pub(super) fn append(&self, key: &Key<N>, unk_id: u32, list: &mut Vec<u32>) -> bool {
        let Some(value) = self.get(key) else {
            return false;
        };
        if value.is_listed() {
            list.extend_from_slice(self.list(value));
        } else if value.counted() > value.kept() {
            list.push(unk_id);
        } else {
            list.extend_from_slice(&value.ids[..value.kept()]);
        }
        true
    }

    /// Keeps the ids of a chunk.
    pub(super) fn put(&mut self, key: &Key<N>, ids: &[u32], unk_id: u32, follow: u16) {
        if !self.on {
            return;
        }
        let value = if ids == [unk_id] {
            Value::UNKNOWN
        } else if ids.len() <= INLINE && !ids.contains(&unk_id) {
            Value::inline(ids)
        } else {
            if self.pool.len() + ids.len() > POOL {
                self.pool.clear();
                self.sets.fill([Entry { words: [0; N], value: Value::default() }; 2]);
            }
            let place = self.pool.len() as u32;
            self.pool.extend_from_slice(ids);
            Value { ids: [place, ids.len() as u32, 0], meta: LISTED << 8 }
        };
        let mut value = value.with_follow(follow);
        value.meta |= key.len;
        let set = &mut self.sets[key.hash() & self.mask];
        set[1] = set[0];
        set[0] = Entry { words: key.words, value };
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
        let mut list = Vec::new();
        cache.append(&key(chunk), UNK, &mut list).then_some(list)
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
        for (chunk, id) in [("a", 1), ("b", 2), ("c", 3)] {
            small.put(&key(chunk), &[id], UNK, 0);
        }
        assert_eq!(get(&small, "a"), None);
        assert_eq!(get(&small, "b"), Some(vec![2]));
        assert_eq!(get(&small, "c"), Some(vec![3]));
    }

    #[test]
    fn a_full_pool_starts_anew() {
        let mut cache = Cache::<1>::new(16);
        for round in 0..POOL as u32 {
            cache.put(&key(&round.to_string()), &[round, 1, 2, 3], UNK, 0);
            assert_eq!(get(&cache, &round.to_string()), Some(vec![round, 1, 2, 3]));
        }
        assert!(cache.pool.len() <= POOL);
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
