//! Where no merge can ever happen.
//!
//! A merge joins two symbols at a place between two bytes. If no merge of the vocabulary has the
//! one byte at the end of its left part and the other at the start of its right part, then nothing
//! is ever joined there, and what lies before and behind are tokenized as if each were alone. This
//! cuts a run of Chinese or Japanese, of which nearly all are new, into parts of a character or
//! two, of which nearly none are.

/// Pairs of bytes between which some merge may happen.
#[derive(Debug)]
pub(super) struct Cuts {
    joined: Box<[u64; 1024]>,
}

impl Cuts {
    /// From the bytes at the seams of all merges: the last one of the left part and the first one
    /// of the right part.
    pub(super) fn new(seams: impl Iterator<Item = (u8, u8)>) -> Self {
        let mut joined = Box::new([0; 1024]);
        for (left, right) in seams {
            let bit = usize::from(left) << 8 | usize::from(right);
            joined[bit / 64] |= 1 << (bit % 64);
        }
        Self { joined }
    }

    /// The first cut behind `start`, or the end.
    #[inline]
    pub(super) fn next(&self, piece: &[u8], start: usize) -> usize {
        let seams = piece[start..].windows(2);
        let joined = |seam: &[u8]| {
            let bit = usize::from(seam[0]) << 8 | usize::from(seam[1]);
            self.joined[bit / 64] >> (bit % 64) & 1 != 0
        };
        seams.into_iter().position(|seam| !joined(seam)).map_or(piece.len(), |at| start + at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_where_nothing_joins() {
        let cuts = Cuts::new([(b'a', b'b'), (b'b', b'c'), (0xff, 0)].into_iter());
        let parts = |piece: &[u8]| {
            let (mut start, mut parts) = (0, Vec::new());
            while start < piece.len() {
                let end = cuts.next(piece, start);
                parts.push(piece[start..end].to_vec());
                start = end;
            }
            parts
        };
        assert_eq!(parts(b"abcab"), [b"abc".to_vec(), b"ab".to_vec()]);
        assert_eq!(parts(b"ba"), [b"b", b"a"]);
        assert_eq!(parts(b"\xff\x00"), [b"\xff\x00"]);
        assert!(parts(b"").is_empty());
    }
}
