//! What separates, as sets of ASCII bytes in the form in which each instruction set looks them up.

/// A set of bytes below 0x80, as two tables of sixteen: the form in which vectors look them up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tokenize) struct Set {
    /// By the lower half of a byte: a bit for each upper half with which it is in the set.
    pub(super) rows: [u8; 16],
}

/// By the upper half of a byte: its bit. Of bytes beyond ASCII all, which no row has: a vector
/// looks up zero for these.
pub(super) const BITS: [u8; 16] =
    [1, 2, 4, 8, 16, 32, 64, 128, 255, 255, 255, 255, 255, 255, 255, 255];

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
        byte < 0x80 && self.rows[usize::from(byte & 15)] & BITS[usize::from(byte >> 4)] != 0
    }
}

/// What separates units, and what is told apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Cutting {
    /// Separates; holds the space.
    pub(super) space: Set,
    pub(super) punctuation: Set,
    /// Bytes of ASCII that count as those beyond ASCII do. Where punctuation is told apart in
    /// runs, they go with any neighbour: there is no cut on either side of them.
    pub(super) odd: Set,
    pub(super) runs: bool,
    /// By byte: the bits [`SPACE`], [`PUNCTUATION`] and [`ODD`], where bytes are looked up one by
    /// one.
    pub(super) table: [u8; 256],
}

pub(super) const SPACE: u8 = 1;
pub(super) const PUNCTUATION: u8 = 2;
pub(super) const ODD: u8 = 4;

impl Cutting {
    /// Whether a byte of ASCII is told apart.
    pub(in crate::tokenize) fn is_apart(&self, byte: u8) -> bool {
        self.punctuation.has(byte)
    }

    /// The same; `None` for bytes that count as those beyond ASCII do, and for these.
    pub(in crate::tokenize) fn apart(&self, byte: u8) -> Option<bool> {
        (self.table[usize::from(byte)] & ODD == 0).then(|| self.is_apart(byte))
    }

    /// Whether a byte separates.
    pub(in crate::tokenize) fn is_space(&self, byte: u8) -> bool {
        self.space.has(byte)
    }

    /// Whether what is told apart stands in runs.
    pub(in crate::tokenize) fn runs(&self) -> bool {
        self.runs
    }

    /// Units are what is between `space`, cut at `punctuation`: every character by itself, or in
    /// `runs`.
    pub(in crate::tokenize) fn new(space: Set, punctuation: Set, odd: Set, runs: bool) -> Self {
        let mut table = [0; 256];
        for (class, byte) in table.iter_mut().zip(0..=255) {
            let is = [space.has(byte), punctuation.has(byte), odd.has(byte) || byte >= 0x80];
            for (has, bit) in is.into_iter().zip([SPACE, PUNCTUATION, ODD]) {
                *class |= u8::from(has) * bit;
            }
        }
        Self { space, punctuation, odd, runs, table }
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
