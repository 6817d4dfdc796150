//! Sets of ASCII bytes, as two tables of sixteen: the form in which vectors look them up.

/// A set of bytes below 0x80.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tokenize) struct Set {
    /// By the lower half of a byte: a bit for each upper half with which it is in the set.
    pub(super) rows: [u8; 16],
}

/// By the upper half of a byte: its bit. Bytes beyond ASCII have none.
pub(super) const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0];

impl Set {
    /// The bytes of ASCII for which this is true.
    pub(in crate::tokenize) fn new(is: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::default();
        for byte in (0..128_u8).filter(|&byte| is(byte)) {
            set.rows[usize::from(byte & 15)] |= BITS[usize::from(byte >> 4)];
        }
        set
    }

    #[inline]
    pub(in crate::tokenize) fn has(&self, byte: u8) -> bool {
        self.rows[usize::from(byte & 15)] & BITS[usize::from(byte >> 4)] != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_was_made_of() {
        for is in [|byte: u8| byte.is_ascii_digit(), |byte| byte % 7 == 3, |_| true, |_| false] {
            let set = Set::new(is);
            assert!((0..=255).all(|byte: u8| set.has(byte) == (byte < 128 && is(byte))));
        }
    }
}
