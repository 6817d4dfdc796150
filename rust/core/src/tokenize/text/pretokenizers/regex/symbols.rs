//! The classes of characters that an expression tells apart.

use std::collections::HashMap;

use super::charset::CharSet;

const PAGE: usize = 128;

/// Number of a class of characters.
pub(super) type Symbol = u8;
/// More symbols than this are not taken; one of them stands for the end of the text.
pub(super) const MOST: usize = 192;

/// Some of the symbols.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SymbolSet([u64; MOST / 64]);

impl SymbolSet {
    pub(super) fn add(&mut self, symbol: usize) {
        self.0[symbol / 64] |= 1 << (symbol % 64);
    }

    pub(super) fn has(&self, symbol: usize) -> bool {
        self.0[symbol / 64] >> (symbol % 64) & 1 == 1
    }
}

/// The symbol of every character.
pub(super) struct Symbols {
    pub(super) ascii: [Symbol; 128],
    /// For each page of code points, where its part starts, in pages.
    pages: Vec<u16>,
    parts: Vec<Symbol>,
    /// That of the end of the text, above all others.
    pub(super) end: usize,
}

impl Symbols {
    /// The fewest classes with which each of the sets is one or several of them, and the sets.
    pub(super) fn of(sets: &[CharSet]) -> Result<(Self, Vec<SymbolSet>), String> {
        // Where a set begins or ends, and which.
        let mut edges: Vec<(u32, usize)> = Vec::new();
        for (at, set) in sets.iter().enumerate() {
            for &(first, last) in set.ranges() {
                edges.extend([(first, at), (last + 1, at)]);
            }
        }
        edges.sort_unstable();
        let mut known: HashMap<Vec<u64>, Symbol> = HashMap::new();
        let mut within = vec![0_u64; sets.len().div_ceil(64)];
        let mut starts = Vec::new();
        let mut edges = edges.into_iter().peekable();
        let mut from = 0;
        loop {
            while let Some(&(code, set)) = edges.peek()
                && code == from
            {
                within[set / 64] ^= 1 << (set % 64);
                edges.next();
            }
            // Surrogates are no characters: they are counted to those before them.
            if from == 0xd800 && edges.peek().is_some_and(|&(code, _)| code == 0xe000) {
                from = 0xe000;
                continue;
            }
            let next = known.len();
            let symbol = match known.get(&within) {
                Some(&symbol) => symbol,
                // One number stays free for the end of the text.
                None if next + 1 < MOST => {
                    known.insert(within.clone(), next as Symbol);
                    next as Symbol
                }
                None => return Err(format!("more than {MOST} classes of characters")),
            };
            starts.push((from, symbol));
            match edges.peek() {
                Some(&(code, _)) if code < 0x11_0000 => from = code,
                _ => break,
            }
        }
        let mut members = vec![SymbolSet::default(); sets.len()];
        for (within, &symbol) in &known {
            for (set, members) in members.iter_mut().enumerate() {
                if within[set / 64] >> (set % 64) & 1 == 1 {
                    members.add(usize::from(symbol));
                }
            }
        }
        Ok((Self::paged(&starts, known.len()), members))
    }

    fn paged(starts: &[(u32, Symbol)], end: usize) -> Self {
        let mut numbers: HashMap<[Symbol; PAGE], u16> = HashMap::new();
        // Of pages that hold one symbol only, as most do: by that symbol.
        let mut even: [Option<u16>; MOST] = [None; MOST];
        let (mut pages, mut parts) = (Vec::new(), Vec::new());
        let mut run = 0;
        for first in (0..0x11_0000_u32).step_by(PAGE) {
            while starts.get(run + 1).is_some_and(|&(start, _)| start <= first) {
                run += 1;
            }
            let is_even =
                starts.get(run + 1).is_none_or(|&(start, _)| start >= first + PAGE as u32);
            let known = &mut even[usize::from(starts[run].1)];
            if let (true, Some(number)) = (is_even, *known) {
                pages.push(number);
                continue;
            }
            let page: [Symbol; PAGE] = std::array::from_fn(|at| {
                while starts.get(run + 1).is_some_and(|&(start, _)| start <= first + at as u32) {
                    run += 1;
                }
                starts[run].1
            });
            let next = numbers.len() as u16;
            let number = *numbers.entry(page).or_insert_with(|| {
                parts.extend_from_slice(&page);
                next
            });
            if is_even {
                *known = Some(number);
            }
            pages.push(number);
        }
        let mut ascii = [0; 128];
        ascii.copy_from_slice(&parts[..PAGE]);
        Self { ascii, pages, parts, end }
    }

    /// Symbol and length of the character at `at`, which must be the first byte of one.
    #[inline(always)]
    pub(super) fn at(&self, text: &[u8], at: usize) -> (Symbol, usize) {
        let byte = text[at];
        if byte < 0x80 {
            return (self.ascii[usize::from(byte)], 1);
        }
        self.beyond_ascii(text, at)
    }

    #[inline]
    pub(super) fn beyond_ascii(&self, text: &[u8], at: usize) -> (Symbol, usize) {
        let bits = |offset: usize| usize::from(text[at + offset] & 0x3f);
        let lead = usize::from(text[at]);
        match lead {
            ..0xe0 => (self.wide((lead & 0x1f) << 6 | bits(1)), 2),
            0xe0..0xf0 => (self.wide((lead & 0x0f) << 12 | bits(1) << 6 | bits(2)), 3),
            _ => (self.wide((lead & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3)), 4),
        }
    }

    #[inline(always)]
    fn wide(&self, code: usize) -> Symbol {
        self.parts[usize::from(self.pages[code / PAGE]) * PAGE + code % PAGE]
    }

    /// A character of each symbol, in order of the symbols.
    #[cfg(all(test, feature = "fallback"))]
    pub(super) fn representatives(&self) -> Vec<Vec<char>> {
        let mut all = vec![Vec::new(); self.end];
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let (symbol, _) = self.at(c.encode_utf8(&mut buffer).as_bytes(), 0);
            all[usize::from(symbol)].push(c);
        }
        all
    }
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Symbols({})", self.end)
    }
}
