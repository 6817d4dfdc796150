//! Where an added token may have begun: a filter that costs a test of one bit per chunk.
//!
//! An added token of several words is rarely there, but its first word often is. So with each
//! cached chunk goes a set of classes of the *two bytes behind it* with which some added token that
//! begins in the chunk would go on. Only when those bytes are of such a class is the text searched.

use super::added::Matcher;
use super::trie::{Node, Trie};

/// The class of two bytes, as a bit. Mostly the first is a space, and twelve classes tell apart what
/// comes after it; anything else has four classes that do not look at the second byte, so that a
/// token such as `e-` does not set every bit of every word that ends in `e`.
#[inline]
pub(super) fn class(first: u8, second: u8) -> u16 {
    1 << if first == b' ' { second % 12 } else { 12 + first % 4 }
}

/// The classes of a first byte with any second one.
fn class_of_first(first: u8) -> u16 {
    if first == b' ' { (1 << 12) - 1 } else { class(first, 0) }
}

/// For each node of a matcher's trie, how patterns go on from there.
#[derive(Debug)]
pub(super) struct Follow {
    sets: Vec<u16>,
}

impl Follow {
    pub(super) fn new(matcher: &Matcher) -> Self {
        let trie = matcher.trie();
        // The first of the two bytes leads to each child, and with it goes the child's parent.
        let mut parents: Vec<Option<(Node, u8)>> = vec![None; trie.bound()];
        for (parent, byte, node) in trie.nodes() {
            parents[node as usize] = Some((parent, byte));
        }
        let mut sets = vec![0; trie.bound()];
        for (node, byte, child) in trie.nodes() {
            if let Some((parent, first)) = parents[node as usize] {
                sets[parent as usize] |= class(first, byte);
            }
            if trie.value(child).is_some() {
                // The pattern ends one byte behind the chunk: any second byte will do.
                sets[node as usize] |= class_of_first(byte);
            }
        }
        Self { sets }
    }

    /// The set for a chunk; everything if an added token lies within it.
    pub(super) fn of(&self, chunk: &[u8], trie: &Trie) -> u16 {
        let mut set = 0;
        for start in 0..chunk.len() {
            let mut node = Trie::ROOT;
            let mut rest = chunk[start..].iter();
            set |= loop {
                let Some(&byte) = rest.next() else {
                    break self.sets[node as usize];
                };
                match trie.step(node, byte) {
                    Some(next) if trie.value(next).is_some() => return !0,
                    Some(next) => node = next,
                    None => break 0,
                }
            };
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::super::added::AddedToken;
    use super::*;

    #[test]
    fn no_beginning_is_missed() {
        let patterns =
            ["e-", "new york", "new jersey", "a b c", "x", "york x", "id'", "-e", "ё й", "##"];
        let tokens = patterns.iter().zip(0..).map(|(pattern, id)| AddedToken {
            pattern: (*pattern).to_owned(),
            id,
            single_word: false,
            lstrip: false,
            rstrip: false,
        });
        let matcher = Matcher::new(tokens.collect()).unwrap();
        let follow = Follow::new(&matcher);
        let words = ["new", "anew", "york", "e", "the", "id", "a", "b", "c", "ax", "ё", "#", "xy"];
        for word in words {
            for behind in [" york", " jersey", "-x", "- ", "' ", " b c", " й", "#", " x", " ", ""]
            {
                let text = format!("{word}{behind}");
                let set = follow.of(word.as_bytes(), matcher.trie());
                let mut next = text.bytes().skip(word.len()).chain([0, 0]);
                let class = class(next.next().unwrap(), next.next().unwrap());
                let found = matcher.find(text.as_bytes(), 0, word.len());
                assert!(found.is_none() || set & class != 0, "{text:?}");
            }
        }
        assert_eq!(follow.of(b"nothing", matcher.trie()), 0);
    }
}
