//! Precompiled: the character map of a sentencepiece model, as the reference applies it.
//!
//! A blob of a double-array trie over bytes, then replacements that end in a zero byte. The
//! reference looks up whole grapheme clusters of fewer than six bytes by their *shortest* prefix
//! that is a key, and what is left of such a cluster is lost; all else goes character by character.

use unicode_segmentation::UnicodeSegmentation;

/// Clusters of this many bytes and more are never looked up whole.
const LONG: usize = 6;

/// A parsed map.
#[derive(Debug)]
pub(super) struct Charsmap {
    units: Vec<u32>,
    replacements: String,
}

fn has_leaf(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}

fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

impl Charsmap {
    /// Reads the map, in base 64; none if anything about it is odd.
    pub(super) fn new(base64: &str) -> Option<Self> {
        let blob = decode(base64.as_bytes())?;
        let (size, rest) = blob.split_first_chunk::<4>()?;
        let (trie, replacements) =
            rest.split_at_checked(u32::from_le_bytes(*size) as usize / 4 * 4)?;
        let units: Vec<u32> =
            trie.as_chunks::<4>().0.iter().map(|&unit| u32::from_le_bytes(unit)).collect();
        let replacements = String::from_utf8(replacements.to_vec()).ok()?;
        // Whatever the trie leads to must be there: the reference would panic.
        units.first()?;
        for (at, &unit) in units.iter().enumerate() {
            if has_leaf(unit) && unit >> 31 == 0 {
                let leaf = *units.get(at ^ offset(unit))?;
                replacements.get((leaf & 0x7fff_ffff) as usize..)?;
            }
        }
        Some(Self { units, replacements })
    }

    /// The replacement of the shortest key that the bytes begin with.
    fn find(&self, key: &[u8]) -> Option<&str> {
        let mut at = offset(*self.units.first()?);
        for &byte in key {
            if byte == 0 {
                return None;
            }
            at ^= usize::from(byte);
            let unit = *self.units.get(at)?;
            if unit & (1 << 31 | 0xff) != u32::from(byte) {
                return None;
            }
            at ^= offset(unit);
            if has_leaf(unit) {
                let start = (self.units.get(at)? & 0x7fff_ffff) as usize;
                return self.replacements.get(start..)?.split('\0').next();
            }
        }
        None
    }

    /// Appends the normalized text, until that is longer than `limit`.
    pub(super) fn normalize(&self, text: &str, limit: usize, out: &mut String) {
        if all_are_long(text) {
            // Whatever clusters they form: one of two characters is too long to be looked for. To
            // find them took a third of the time of Thai texts.
            for (at, c) in text.char_indices() {
                if out.len() > limit {
                    return;
                }
                let c = &text[at..at + c.len_utf8()];
                out.push_str(self.find(c.as_bytes()).unwrap_or(c));
            }
            return;
        }
        for cluster in text.graphemes(true) {
            if out.len() > limit {
                return;
            }
            self.cluster(cluster, |old, new| out.push_str(new.unwrap_or(old)));
        }
    }

    /// Calls `part` for all parts of a text in order, with what they become if that is in the map.
    pub(super) fn each<'t>(&self, text: &'t str, mut part: impl FnMut(&'t str, Option<&str>)) {
        text.graphemes(true).for_each(|cluster| self.cluster(cluster, &mut part));
    }

    /// The same for a cluster: it is looked for as a whole, or else its characters are.
    #[inline]
    fn cluster<'t>(&self, cluster: &'t str, mut part: impl FnMut(&'t str, Option<&str>)) {
        if cluster.len() < LONG
            && let Some(replacement) = self.find(cluster.as_bytes())
        {
            part(cluster, Some(replacement));
            return;
        }
        for (at, c) in cluster.char_indices() {
            let c = &cluster[at..at + c.len_utf8()];
            part(c, self.find(c.as_bytes()));
        }
    }

    /// Whether there is a cluster boundary between any two characters for which this is true.
    pub(super) fn is_plain(c: char) -> bool {
        let apart = |text: &str| text.graphemes(true).nth(1).is_some();
        // After "a" no extender, before it no prepended mark; twice no jamo and no regional
        // indicator; before a line feed no carriage return. Joined emoji and conjuncts need one of
        // these in between.
        apart(&format!("a{c}"))
            && apart(&format!("{c}a"))
            && apart(&format!("{c}{c}"))
            && apart(&format!("{c}\n"))
    }
}

/// Whether a character is of at least half of [`LONG`] bytes.
pub(super) fn is_long(c: char) -> bool {
    c.len_utf8() >= LONG / 2
}

/// Whether every character is.
fn all_are_long(text: &str) -> bool {
    const { assert!(LONG == 6) };
    text.bytes().fold(true, |all, byte| all & !matches!(byte, 0..0x80 | 0xc0..0xe0))
}

/// The length of the longest replacement in a map, in base 64; none if that cannot be said. An
/// error if the map says that it is longer than it is (the reference asks for the memory before it
/// looks), or is no text.
#[cfg(feature = "fallback")]
pub(in crate::tokenize) fn longest_replacement(base64: &str) -> Result<Option<usize>, String> {
    let text = base64.as_bytes();
    // The reference takes base 64 without its padding, too; how long it is it says at the start.
    let Some(blob) = decode(text).or_else(|| decode(text.get(..8)?)) else { return Ok(None) };
    let is_whole = blob.len() + 3 > text.len() / 4 * 3;
    let Some((size, rest)) = blob.split_first_chunk::<4>() else { return Ok(None) };
    let size = u32::from_le_bytes(*size) as usize;
    let left = if is_whole { rest.len() } else { text.len() };
    if size / 4 * 4 > left {
        return Err(format!(
            "the table of its Precompiled normalizer is damaged: a trie of {size} bytes, where \
             {left} are left"
        ));
    }
    let Some(replacements) = rest.get(size / 4 * 4..) else { return Ok(None) };
    // Not to be left to the reference, which panics.
    if is_whole && std::str::from_utf8(replacements).is_err() {
        return Err("the table of its Precompiled normalizer is damaged: it is no UTF-8".to_owned());
    }
    Ok(replacements.split(|&byte| byte == 0).map(<[u8]>::len).max())
}

/// Standard base 64 with padding; none unless every bit is as it should be.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (groups, []) = text.as_chunks::<4>() else { return None };
    let mut out = Vec::with_capacity(3 * groups.len());
    for (n, group) in groups.iter().enumerate() {
        let padding = match group {
            [.., b'=', b'='] => 2,
            [.., b'='] => 1,
            _ => 0,
        };
        if padding > 0 && n + 1 < groups.len() {
            return None;
        }
        let mut bits = 0;
        for &byte in &group[..4 - padding] {
            let six = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(six);
        }
        bits <<= 6 * padding;
        let [_, bytes @ ..] = bits.to_be_bytes();
        let (kept, dropped) = bytes.split_at(3 - padding);
        if dropped.iter().any(|&byte| byte != 0) {
            return None;
        }
        out.extend_from_slice(kept);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64() {
        assert_eq!(decode(b"").unwrap(), b"");
        assert_eq!(decode(b"AA==").unwrap(), [0]);
        assert_eq!(decode(b"aGk=").unwrap(), b"hi");
        assert_eq!(decode(b"+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        for odd in [&b"A"[..], b"AB==", b"A===", b"AA==AAAA", b"AA-A", b"=AAA"] {
            assert_eq!(decode(odd), None);
        }
    }

    #[test]
    fn plain_characters_are_always_apart() {
        let plain: Vec<char> = (0..0x11_0000_u32)
            .step_by(7)
            .chain(0..0x700)
            .chain(0x1100..0x1200)
            .chain(0xAC00..0xAC40)
            .chain(0x1F1E0..0x1F200)
            .chain(0x2190..0x2700)
            .filter_map(char::from_u32)
            .filter(|&c| Charsmap::is_plain(c))
            .collect();
        let mut state = 1_usize;
        let mut text = String::new();
        for _ in 0..300_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push(plain[(state >> 33) % plain.len()]);
        }
        assert!(text.graphemes(true).all(|cluster| cluster.chars().count() == 1));
    }
}
