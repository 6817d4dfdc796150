//! From a word to the symbols that merging starts with.

use serde::{Deserialize, Serialize};

use crate::tokenize::output::NO_ID;
use crate::tokenize::refusals::LONGEST_TOKEN;
use crate::tokenize::text::stand_ins;

/// The symbols of single characters, or of single bytes.
#[derive(Debug)]
pub(super) struct Alphabet {
    pub(super) kind: Kind,
    /// Ids of `<0x00>` to `<0xFF>`, where `byte_fallback` uses them.
    pub(super) fallback: Option<Box<[u32; 256]>>,
    pub(super) unk: Unk,
    pub(super) fuse_unk: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Byte-level, every byte is known, and none has a prefix or suffix.
    AllBytes(Box<[u32; 256]>),
    /// Characters, or the stand-ins of bytes.
    Chars { byte_level: bool, chars: Chars },
    /// The same, with a prefix or suffix by their place in the word.
    Affixed(Box<Affixed>),
}

#[derive(Debug)]
pub(super) struct Affixed {
    pub(super) byte_level: bool,
    /// Of characters that begin a word or not, and that end it or not: by these as two bits.
    pub(super) chars: [Chars; 4],
    pub(super) affixes: Affixes,
}

/// What the settings of a model add to the characters of a word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Affixes {
    /// Before each but the first: `continuing_subword_prefix`.
    pub(super) prefix: String,
    /// Behind the last: `end_of_word_suffix`.
    pub(super) suffix: String,
}

impl Affixes {
    pub(super) fn is_none(&self) -> bool {
        self.prefix.is_empty() && self.suffix.is_empty()
    }

    /// Whether one is so long that what is unknown, which may become its bytes, is a matter of
    /// memory.
    pub(super) fn is_long(&self) -> bool {
        self.prefix.len().max(self.suffix.len()) > LONGEST_TOKEN
    }

    /// What comes before and behind a character.
    fn of(&self, first: bool, last: bool) -> (&str, &str) {
        (if first { "" } else { &self.prefix }, if last { &self.suffix } else { "" })
    }
}

/// From characters to ids: those of ASCII by code, the others in order.
#[derive(Debug)]
pub(super) struct Chars {
    pub(super) ascii: Box<[u32; 128]>,
    /// Characters, each with its id.
    pub(super) others: Vec<[u32; 2]>,
}

impl Chars {
    /// Of the tokens that are one character between what comes before and behind it.
    fn new<'a>(
        tokens: impl Iterator<Item = (&'a str, u32)>,
        (before, behind): (&str, &str),
    ) -> Self {
        let mut ascii = Box::new([NO_ID; 128]);
        let mut others = Vec::new();
        for (token, id) in tokens {
            let inner =
                token.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind)).unwrap_or("");
            let mut chars = inner.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if c.is_ascii() => ascii[c as usize] = id,
                (Some(c), None) => others.push([u32::from(c), id]),
                _ => {}
            }
        }
        others.sort_unstable();
        Self { ascii, others }
    }

    /// The id of a character, or `NO_ID`.
    #[inline]
    fn get(&self, c: char) -> u32 {
        match self.ascii.get(c as usize) {
            Some(&id) => id,
            None => match self.others.binary_search_by_key(&u32::from(c), |&[other, _]| other) {
                Ok(at) => self.others[at][1],
                Err(_) => NO_ID,
            },
        }
    }
}

/// The settings of a model that decide about unknown characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unknown {
    pub(super) byte_fallback: bool,
    /// The unknown token, if the model names one.
    pub(super) unk: Unk,
    pub(super) fuse_unk: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Unk {
    Unset,
    Known(u32),
    /// Named but not in the vocabulary: the reference fails where it would be needed.
    Missing,
}

impl Alphabet {
    /// Reads the alphabet out of a vocabulary.
    pub(super) fn new<'a>(
        byte_level: bool,
        unknown: Unknown,
        affixes: Affixes,
        id: impl Fn(&str) -> Option<u32>,
        tokens: impl Iterator<Item = (&'a str, u32)> + Clone,
    ) -> Self {
        let mut bytes = Box::new([NO_ID; 256]);
        if byte_level && affixes.is_none() {
            for (byte, slot) in (0..=255).zip(bytes.iter_mut()) {
                let stand_in = stand_ins::char_of(byte);
                *slot = id(stand_in.encode_utf8(&mut [0; 4])).unwrap_or(NO_ID);
            }
        }
        let kind = if !bytes.contains(&NO_ID) {
            Kind::AllBytes(bytes)
        } else if affixes.is_none() {
            Kind::Chars { byte_level, chars: Chars::new(tokens, ("", "")) }
        } else {
            let chars = [0, 1, 2, 3].map(|place| {
                Chars::new(tokens.clone(), affixes.of(place & 1 != 0, place & 2 != 0))
            });
            Kind::Affixed(Box::new(Affixed { byte_level, chars, affixes }))
        };
        let fallback = unknown.byte_fallback.then(|| {
            let mut ids = Box::new([NO_ID; 256]);
            for (byte, slot) in ids.iter_mut().enumerate() {
                *slot = id(&format!("<0x{byte:02X}>")).unwrap_or(NO_ID);
            }
            ids
        });
        Self { kind, fallback, unk: unknown.unk, fuse_unk: unknown.fuse_unk }
    }

    /// The symbols of bytes, if every byte has one of its own.
    #[inline]
    pub(super) fn all_bytes(&self) -> Option<&[u32; 256]> {
        match &self.kind {
            Kind::AllBytes(ids) => Some(ids),
            _ => None,
        }
    }

    /// The symbol of a character wherever it stands, if it has one.
    pub(super) fn get(&self, c: char) -> Option<u32> {
        match &self.kind {
            Kind::Chars { chars, .. } => Some(chars.get(c)).filter(|&id| id != NO_ID),
            _ => None,
        }
    }

    /// Whether some character may have no symbol at all.
    pub(super) fn may_leave_out(&self) -> bool {
        let falls_back = self.fallback.as_ref().is_some_and(|ids| !ids.contains(&NO_ID));
        self.unk == Unk::Unset && !falls_back
    }

    /// Whether some character may need an unknown token that does not exist.
    pub(super) fn may_fail(&self) -> bool {
        let falls_back = self.fallback.as_ref().is_some_and(|ids| !ids.contains(&NO_ID));
        let all = matches!(self.kind, Kind::AllBytes(_));
        self.unk == Unk::Missing && !falls_back && !all
    }

    /// Puts the symbols of a word in place of what is there, and says whether no unknown token was
    /// needed that does not exist.
    #[inline]
    pub(super) fn symbols(&self, word: &[u8], symbols: &mut Vec<u32>) -> bool {
        symbols.clear();
        match &self.kind {
            Kind::AllBytes(ids) => {
                symbols.extend(word.iter().map(|&byte| ids[usize::from(byte)]));
                true
            }
            Kind::Chars { byte_level: true, chars } => {
                let each = word.iter().map(|&byte| stand_ins::char_of(byte));
                self.with_unknowns(each.map(|c| (c, chars.get(c), ("", ""))), symbols)
            }
            Kind::Chars { byte_level: false, chars } => {
                let each = std::str::from_utf8(word).unwrap_or_default().chars();
                self.with_unknowns(each.map(|c| (c, chars.get(c), ("", ""))), symbols)
            }
            Kind::Affixed(affixed) => self.affixed(affixed, word, symbols),
        }
    }

    fn affixed(&self, affixed: &Affixed, word: &[u8], symbols: &mut Vec<u32>) -> bool {
        let each = |(c, first, last): (char, bool, bool)| {
            let place = usize::from(first) | usize::from(last) << 1;
            (c, affixed.chars[place].get(c), affixed.affixes.of(first, last))
        };
        if affixed.byte_level {
            let last = word.len().wrapping_sub(1);
            let chars = word.iter().enumerate();
            let chars = chars.map(|(at, &byte)| (stand_ins::char_of(byte), at == 0, at == last));
            self.with_unknowns(chars.map(each), symbols)
        } else {
            let chars = std::str::from_utf8(word).unwrap_or_default().char_indices();
            let chars = chars.map(|(at, c)| (c, at == 0, at + c.len_utf8() == word.len()));
            self.with_unknowns(chars.map(each), symbols)
        }
    }

    /// Appends the symbols of characters, each with its id or `NO_ID`, and what comes before and
    /// behind it.
    fn with_unknowns<'a>(
        &self,
        chars: impl Iterator<Item = (char, u32, (&'a str, &'a str))>,
        symbols: &mut Vec<u32>,
    ) -> bool {
        // An unknown symbol waits until it is clear that nothing fuses with it.
        let mut pending = None;
        for (c, id, (before, behind)) in chars {
            if id != NO_ID {
                symbols.extend(pending.take());
                symbols.push(id);
                continue;
            }
            if let Some(fallback) = &self.fallback {
                let mut buffer = [0; 4];
                let parts = [before, c.encode_utf8(&mut buffer), behind];
                let ids = parts.iter().flat_map(|part| part.bytes());
                let ids = ids.map(|byte| fallback[usize::from(byte)]);
                if ids.clone().all(|id| id != NO_ID) {
                    // As in the reference, these overtake one that waits.
                    symbols.extend(ids);
                    continue;
                }
            }
            match self.unk {
                Unk::Unset => {}
                Unk::Missing => return false,
                Unk::Known(unk) => {
                    if !self.fuse_unk {
                        symbols.extend(pending);
                    }
                    pending = Some(unk);
                }
            }
        }
        symbols.extend(pending);
        true
    }
}
