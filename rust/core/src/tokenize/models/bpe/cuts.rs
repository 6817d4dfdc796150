//! Where no merge can ever happen.
//!
//! A merge joins two symbols at a place between two characters. If no merge of the vocabulary has
//! the one at the end of its left part and the other at the start of its right part, then nothing
//! is ever joined there, and what lies before and behind are tokenized as if each were alone. This
//! cuts a run of Chinese or Japanese, of which nearly all are new, into parts of a character or
//! two, of which nearly none are; and a whole text, where nothing else cuts it, into its words.

use memchr::memmem;

/// Pairs of neighbours between which some merge may happen.
#[derive(Debug)]
pub(super) enum Cuts {
    /// Of bytes: a bit for each pair.
    Bytes(Box<[u64; 1024]>),
    /// Only before one character, which begins words: behind which others a merge may happen.
    Before { sign: char, finder: Box<memmem::Finder<'static>>, joined: Vec<char> },
}

impl Cuts {
    /// From the bytes at the seams of all merges: the last one of the left part and the first one
    /// of the right part.
    pub(super) fn bytes(seams: impl Iterator<Item = (u8, u8)>) -> Self {
        let mut joined = Box::new([0; 1024]);
        for (left, right) in seams {
            let bit = usize::from(left) << 8 | usize::from(right);
            joined[bit / 64] |= 1 << (bit % 64);
        }
        Self::Bytes(joined)
    }

    /// From the characters at the seams of all merges, those before a sign that words begin with.
    pub(super) fn before(sign: char, seams: impl Iterator<Item = (char, char)>) -> Self {
        let mut joined: Vec<char> =
            seams.filter(|&(_, right)| right == sign).map(|(left, _)| left).collect();
        joined.sort_unstable();
        joined.dedup();
        Self::behind(sign, joined)
    }

    /// The same, of the characters behind which a merge with the sign may happen.
    pub(super) fn behind(sign: char, joined: Vec<char>) -> Self {
        let finder = memmem::Finder::new(sign.encode_utf8(&mut [0; 4]).as_bytes()).into_owned();
        Self::Before { sign, finder: Box::new(finder), joined }
    }

    /// The first cut behind `start`, or the end.
    #[inline]
    pub(super) fn next(&self, word: &[u8], start: usize) -> usize {
        match self {
            Self::Bytes(bits) => {
                let seams = word[start..].windows(2);
                let joined = |seam: &[u8]| {
                    let bit = usize::from(seam[0]) << 8 | usize::from(seam[1]);
                    bits[bit / 64] >> (bit % 64) & 1 != 0
                };
                let cut = seams.into_iter().position(|seam| !joined(seam));
                cut.map_or(word.len(), |at| start + at + 1)
            }
            Self::Before { finder, joined, .. } => before(finder, joined, word, start),
        }
    }
}

/// The first sign behind `start` that nothing is joined to.
// Not in one with the look at pairs of bytes, which takes a few instructions for each part.
#[inline(never)]
fn before(sign: &memmem::Finder<'_>, joined: &[char], word: &[u8], start: usize) -> usize {
    let mut from = start;
    while let Some(at) = sign.find(&word[from..]).map(|at| from + at) {
        if at > start && !joined.contains(&last_char(&word[start..at])) {
            return at;
        }
        from = at + sign.needle().len();
    }
    word.len()
}

/// The last character of a text in UTF-8 that is not empty.
fn last_char(text: &[u8]) -> char {
    let start = text.iter().rposition(|&byte| byte & 0xc0 != 0x80).unwrap_or(0);
    let last = std::str::from_utf8(&text[start..]).ok().and_then(|last| last.chars().next());
    last.unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'w>(cuts: &Cuts, word: &'w [u8]) -> Vec<&'w [u8]> {
        let (mut start, mut parts) = (0, Vec::new());
        while start < word.len() {
            let end = cuts.next(word, start);
            parts.push(&word[start..end]);
            start = end;
        }
        parts
    }

    #[test]
    fn cuts_where_nothing_joins() {
        let cuts = Cuts::bytes([(b'a', b'b'), (b'b', b'c'), (0xff, 0)].into_iter());
        assert_eq!(parts(&cuts, b"abcab"), [b"abc".as_slice(), b"ab"]);
        assert_eq!(parts(&cuts, b"ba"), [b"b", b"a"]);
        assert_eq!(parts(&cuts, b"\xff\x00"), [b"\xff\x00"]);
        assert!(parts(&cuts, b"").is_empty());
    }

    #[test]
    fn cuts_before_words() {
        let cuts = Cuts::before('▁', [('▁', '▁'), ('.', '▁'), ('a', 'b')].into_iter());
        let text = "▁▁ab▁é▁c.▁d▁";
        let parts: Vec<_> = parts(&cuts, text.as_bytes())
            .into_iter()
            .map(str::from_utf8)
            .map(Result::unwrap)
            .collect();
        assert_eq!(parts, ["▁▁ab", "▁é", "▁c.▁d", "▁"]);
    }
}
