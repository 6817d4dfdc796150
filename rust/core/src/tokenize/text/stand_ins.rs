//! The characters that stand for bytes in byte-level vocabularies.
//!
//! A visible Latin-1 character stands for the byte of its own code; the other bytes have the
//! characters from U+0100 on, in order.

/// The character that stands for a byte.
pub(in crate::tokenize) const fn char_of(byte: u8) -> char {
    CHARS[byte as usize]
}

/// The byte that a character stands for, if it does.
pub(in crate::tokenize) fn byte_of(c: char) -> Option<u8> {
    match u32::from(c) {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => Some(u32::from(c) as u8),
        0x100..=0x143 => (0..=255).find(|&byte| char_of(byte) == c),
        _ => None,
    }
}

/// Appends the stand-ins of some bytes.
pub(in crate::tokenize) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(2 * bytes.len());
    for &byte in bytes {
        match ENCODED[usize::from(byte)] {
            [one, 0] => out.push(one),
            two => out.extend_from_slice(&two),
        }
    }
}

const fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)
}

static CHARS: [char; 256] = chars();

const fn chars() -> [char; 256] {
    let mut chars = ['\0'; 256];
    let (mut byte, mut next) = (0, 0x100);
    while byte < 256 {
        let code = if is_visible(byte as u8) {
            byte as u32
        } else {
            next += 1;
            next - 1
        };
        if let Some(c) = char::from_u32(code) {
            chars[byte] = c;
        }
        byte += 1;
    }
    chars
}

/// In UTF-8: one byte and a zero, or two bytes.
static ENCODED: [[u8; 2]; 256] = encoded();

const fn encoded() -> [[u8; 2]; 256] {
    let chars = chars();
    let mut encoded = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        chars[byte].encode_utf8(&mut encoded[byte]);
        byte += 1;
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_characters_of_their_own() {
        let chars: std::collections::BTreeSet<char> = (0..=255).map(char_of).collect();
        assert_eq!(chars.len(), 256);
        assert_eq!(char_of(b' '), 'Ġ');
        assert_eq!(char_of(b'\n'), 'Ċ');
        assert_eq!(char_of(0xad), 'Ń');
        assert_eq!(char_of(b'a'), 'a');
        for byte in 0..=255 {
            assert_eq!(byte_of(char_of(byte)), Some(byte));
            let mut out = Vec::new();
            append(&[byte], &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), char_of(byte).to_string());
        }
        let no_bytes = ['\u{a0}', '\u{ad}', ' ', '\n', '\u{144}', '中'];
        assert!(no_bytes.into_iter().all(|c| byte_of(c).is_none()));
    }
}
