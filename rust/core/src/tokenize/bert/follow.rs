//! Where an added token may have begun: a filter that mostly costs a test of one bit per chunk.
//!
//! An added token of several words is rarely there, but its first word often is. So with each
//! cached chunk goes what may follow it where such a token goes on: classes of the *two bytes behind
//! it*. Mostly a chunk is the beginning of tokens in one way only; then the node of their trie is
//! kept instead, from which the trie is followed further when the bytes are of its class.

use crate::tokenize::text::added::Matcher;
use crate::tokenize::trie::{Node, Trie};

/// The class of two bytes, as one of fifteen bits. Mostly the first is a space, and seven classes
/// tell apart what comes after it; anything else has eight that do not look at the second byte, so
/// that a token such as `e-` does not set every bit of every word that ends in `e`.
#[inline(always)]
fn class(first: u8, second: u8) -> u16 {
    if first == b' ' { 1 << (second % 7) } else { 1 << (7 + first % 8) }
}

/// The classes of a first byte with any second one.
fn class_of_first(first: u8) -> u16 {
    if first == b' ' { (1 << 7) - 1 } else { class(first, 0) }
}

/// The bytes of which chunks are made.
fn is_of_chunk(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x7f || byte < 0x20 && !b"\t\n\r".contains(&byte)
}

/// With this bit, what is kept is a set of classes; without it, the number of a node.
const SET: u16 = 1 << 15;

/// For each node of a matcher's trie, the classes of what follows where patterns go on from there.
#[derive(Debug)]
pub(super) struct Follow {
    sets: Vec<u16>,
}

impl Follow {
    pub(super) fn new(matcher: &Matcher) -> Self {
        let trie = matcher.trie();
        // The byte that leads to each node, and the node it leads from.
        let mut parents: Vec<Option<(Node, u8)>> = vec![None; trie.bound()];
        for (parent, byte, node) in trie.nodes() {
            parents[node as usize] = Some((parent, byte));
        }
        // No chunk ends where another byte of a chunk follows.
        let ends_chunk = |node: Node, behind: u8| {
            !is_of_chunk(behind)
                || parents[node as usize].is_some_and(|(_, last)| !is_of_chunk(last))
        };
        let mut sets = vec![0; trie.bound()];
        for (node, byte, child) in trie.nodes() {
            if let Some((parent, first)) = parents[node as usize]
                && ends_chunk(parent, first)
            {
                sets[parent as usize] |= class(first, byte);
            }
            if trie.value(child).is_some() && ends_chunk(node, byte) {
                // The pattern ends one byte behind the chunk: any second byte will do.
                sets[node as usize] |= class_of_first(byte);
            }
        }
        // A chunk is not empty; the root stands for "no node".
        sets[Trie::ROOT as usize] = 0;
        Self { sets }
    }

    /// What to keep with a chunk.
    pub(super) fn of(&self, chunk: &[u8], trie: &Trie) -> u16 {
        let mut nodes = 0;
        let mut last = Trie::ROOT;
        let mut set = SET;
        for start in 0..chunk.len() {
            let mut node = Trie::ROOT;
            let mut rest = chunk[start..].iter();
            let end = loop {
                let Some(&byte) = rest.next() else {
                    break node;
                };
                match trie.step(node, byte) {
                    // One lies within the chunk, whatever follows.
                    Some(next) if trie.value(next).is_some() => return !0,
                    Some(next) => node = next,
                    None => break Trie::ROOT,
                }
            };
            if self.sets[end as usize] != 0 {
                nodes += 1;
                last = end;
                set |= self.sets[end as usize];
            }
        }
        match u16::try_from(last) {
            Ok(node) if nodes <= 1 && node & SET == 0 => node,
            _ => set,
        }
    }

    /// Whether an added token may begin in a chunk, given what is kept with it and the text behind
    /// it, which `buffer` holds from `end` on, up to `len` and, of anything, two bytes further.
    #[inline(always)]
    pub(super) fn may_begin(
        &self,
        kept: u16,
        trie: &Trie,
        buffer: &[u8],
        end: usize,
        len: usize,
    ) -> bool {
        let class = class(buffer[end], buffer[end + 1]);
        if kept & SET != 0 {
            return kept & class != 0;
        }
        self.sets.get(usize::from(kept)).is_some_and(|set| set & class != 0)
            && trie.longest(kept.into(), &buffer[end..len]).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::text::added::AddedToken;

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
        let words =
            ["-", "new", "anew", "york", "e", "the", "id", "a", "b", "c", "ax", "ё", "#", "xy"];
        let mut certain = 0;
        for word in words {
            for behind in
                [" york", " jersey", "-x", "- ", "' ", " b c", " й", "#", " x", " ", "", "e", "ex"]
            {
                let text = format!("{word}{behind}");
                let kept = follow.of(word.as_bytes(), matcher.trie());
                let padded = format!("{text}  ");
                let (buffer, len) = (padded.as_bytes(), text.len());
                let may = follow.may_begin(kept, matcher.trie(), buffer, word.len(), len);
                let found = matcher.find(text.as_bytes(), 0, word.len());
                assert!(found.is_none() || may, "{text:?}");
                certain += usize::from(may == found.is_some());
            }
        }
        assert!(certain > 100, "it says nothing: {certain}");
        assert_eq!(follow.of(b"nothing", matcher.trie()), Trie::ROOT as u16);
    }
}
