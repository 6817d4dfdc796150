//! From a piece to the symbols that merging starts with.

use crate::tokenize::output::NO_ID;

/// What stands for every byte in the strings of a byte-level vocabulary: itself if it is a visible
/// Latin-1 character, else the next free one from U+0100 on.
pub(super) fn byte_char(byte: u8) -> char {
    let visible = |byte: u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    if visible(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&other| !visible(other)).count() as u32;
    char::from_u32(0x100 + before).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that a character stands for in a byte-level vocabulary.
pub(super) fn char_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => Some(u32::from(c) as u8),
        0x100..=0x143 => (0..=255).find(|&byte| byte_char(byte) == c),
        _ => None,
    }
}

/// The symbols of single characters, or of single bytes.
#[derive(Debug)]
pub(super) struct Alphabet {
    kind: Kind,
    /// Ids of `<0x00>` to `<0xFF>`, where `byte_fallback` uses them.
    fallback: Option<Box<[u32; 256]>>,
    unk: Option<u32>,
    fuse_unk: bool,
}

#[derive(Debug)]
enum Kind {
    /// Byte-level, and every byte is known.
    AllBytes(Box<[u32; 256]>),
    /// Byte-level.
    Bytes(Box<[u32; 256]>),
    /// Characters: those of ASCII by code, the others in order.
    Chars { ascii: Box<[u32; 128]>, others: Vec<(char, u32)> },
}

/// The settings of a model that decide about unknown characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unknown {
    pub(super) byte_fallback: bool,
    /// The unknown token, if the model names one.
    pub(super) unk: Unk,
    pub(super) fuse_unk: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unk {
    Unset,
    Known(u32),
    /// Named but not in the vocabulary: the reference fails where it would be needed.
    Missing,
}

impl Alphabet {
    /// Reads the alphabet out of a vocabulary; `None` if a character could need an unknown token
    /// that does not exist.
    pub(super) fn new<'a>(
        byte_level: bool,
        unknown: Unknown,
        id: impl Fn(&str) -> Option<u32>,
        tokens: impl Iterator<Item = (&'a str, u32)>,
    ) -> Option<Self> {
        let kind = if byte_level {
            let mut ids = Box::new([NO_ID; 256]);
            for (byte, slot) in (0..=255).zip(ids.iter_mut()) {
                *slot = id(byte_char(byte).encode_utf8(&mut [0; 4])).unwrap_or(NO_ID);
            }
            if ids.contains(&NO_ID) { Kind::Bytes(ids) } else { Kind::AllBytes(ids) }
        } else {
            let mut ascii = Box::new([NO_ID; 128]);
            let mut others = Vec::new();
            for (token, id) in tokens {
                let mut chars = token.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) if c.is_ascii() => ascii[c as usize] = id,
                    (Some(c), None) => others.push((c, id)),
                    _ => {}
                }
            }
            others.sort_unstable();
            Kind::Chars { ascii, others }
        };
        let mut fallback = Box::new([NO_ID; 256]);
        if unknown.byte_fallback {
            for (byte, slot) in fallback.iter_mut().enumerate() {
                *slot = id(&format!("<0x{byte:02X}>")).unwrap_or(NO_ID);
            }
        }
        let unk = match unknown.unk {
            Unk::Known(id) => Some(id),
            Unk::Unset | Unk::Missing => None,
        };
        let fallback = unknown.byte_fallback.then_some(fallback);
        let alphabet = Self { kind, fallback, unk, fuse_unk: unknown.fuse_unk };
        (unknown.unk != Unk::Missing || alphabet.is_complete()).then_some(alphabet)
    }

    /// The symbols of bytes, if every byte has one of its own.
    #[inline]
    pub(super) fn all_bytes(&self) -> Option<&[u32; 256]> {
        match &self.kind {
            Kind::AllBytes(ids) => Some(ids),
            _ => None,
        }
    }

    /// Whether no character can be unknown.
    fn is_complete(&self) -> bool {
        let bytes_fall_back = |text: &str| {
            let known = |byte: u8| self.fallback.as_ref().map(|ids| ids[usize::from(byte)]);
            text.bytes().all(|byte| known(byte).is_some_and(|id| id != NO_ID))
        };
        match &self.kind {
            Kind::AllBytes(_) => true,
            Kind::Bytes(ids) => (0..=255).zip(ids.iter()).all(|(byte, &id)| {
                id != NO_ID || bytes_fall_back(byte_char(byte).encode_utf8(&mut [0; 4]))
            }),
            Kind::Chars { .. } => self.fallback.as_ref().is_some_and(|ids| !ids.contains(&NO_ID)),
        }
    }

    /// Puts the symbols of a piece in place of what is there.
    #[inline]
    pub(super) fn symbols(&self, piece: &[u8], symbols: &mut Vec<u32>) {
        symbols.clear();
        match &self.kind {
            Kind::AllBytes(ids) => {
                symbols.extend(piece.iter().map(|&byte| ids[usize::from(byte)]));
            }
            Kind::Bytes(ids) => {
                let chars = piece.iter().map(|&byte| (byte_char(byte), ids[usize::from(byte)]));
                self.with_unknowns(chars, symbols);
            }
            Kind::Chars { ascii, others } => {
                let id = |c: char| match ascii.get(c as usize) {
                    Some(&id) => id,
                    None => match others.binary_search_by_key(&c, |&(other, _)| other) {
                        Ok(at) => others[at].1,
                        Err(_) => NO_ID,
                    },
                };
                let chars = std::str::from_utf8(piece).unwrap_or_default().chars();
                self.with_unknowns(chars.map(|c| (c, id(c))), symbols);
            }
        }
    }

    fn with_unknowns(&self, chars: impl Iterator<Item = (char, u32)>, symbols: &mut Vec<u32>) {
        // An unknown symbol waits until it is clear that nothing fuses with it.
        let mut pending = None;
        for (c, id) in chars {
            if id != NO_ID {
                symbols.extend(pending.take());
                symbols.push(id);
                continue;
            }
            if let Some(fallback) = &self.fallback {
                let mut buffer = [0; 4];
                let bytes = c.encode_utf8(&mut buffer).bytes();
                let ids = bytes.map(|byte| fallback[usize::from(byte)]);
                if ids.clone().all(|id| id != NO_ID) {
                    // As in the reference, these overtake one that waits.
                    symbols.extend(ids);
                    continue;
                }
            }
            if let Some(unk) = self.unk {
                if !self.fuse_unk {
                    symbols.extend(pending);
                }
                pending = Some(unk);
            }
        }
        symbols.extend(pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_characters_of_their_own() {
        let chars: std::collections::BTreeSet<char> = (0..=255).map(byte_char).collect();
        assert_eq!(chars.len(), 256);
        assert_eq!(byte_char(b' '), 'Ġ');
        assert_eq!(byte_char(b'\n'), 'Ċ');
        assert_eq!(byte_char(0xad), 'Ń');
        assert_eq!(byte_char(b'a'), 'a');
        for byte in 0..=255 {
            assert_eq!(char_byte(byte_char(byte)), Some(byte));
        }
        let no_bytes = ['\u{a0}', '\u{ad}', ' ', '\n', '\u{144}', '中'];
        assert!(no_bytes.into_iter().all(|c| char_byte(c).is_none()));
    }
}
