//! The few kinds of characters that an expression tells apart.

use std::collections::HashMap;

use super::class::{Class, inhabited, properties};

/// A kind of character, by number.
pub(super) type Symbol = u8;

/// Stands for a page whose characters lie in several intervals.
const MIXED: u16 = u16::MAX;
const PAGE: usize = 128;

/// From characters to symbols.
#[derive(Debug)]
pub(super) struct Symbols {
    ascii: [Symbol; 128],
    /// The interval that each page lies in.
    pages: Vec<u16>,
    /// Where intervals begin.
    bounds: Vec<u32>,
    /// By interval and properties.
    table: Vec<[Symbol; 256]>,
}

impl Symbols {
    /// The symbols of some classes, and for each symbol which classes it is in.
    pub(super) fn new(classes: &[Class]) -> Result<(Self, Vec<Vec<bool>>), String> {
        let mut bounds = vec![0, 0x11_0000];
        classes.iter().for_each(|class| class.bounds(&mut bounds));
        bounds.sort_unstable();
        bounds.dedup();
        bounds.retain(|&bound| bound <= 0x11_0000);
        bounds.pop();
        if bounds.len() >= 2048 {
            return Err("too many ranges".to_owned());
        }
        let mut known: HashMap<Vec<bool>, Symbol> = HashMap::new();
        let mut members = Vec::new();
        let mut table = Vec::new();
        for (at, &from) in bounds.iter().enumerate() {
            let to = bounds.get(at + 1).copied().unwrap_or(0x11_0000);
            let there = inhabited(from, to);
            let mut row = [0; 256];
            for value in 0..=255_u8 {
                if there[usize::from(value / 64)] >> (value % 64) & 1 == 0 {
                    continue;
                }
                let within: Vec<bool> =
                    classes.iter().map(|class| class.has(from, value)).collect();
                row[usize::from(value)] = match known.get(&within) {
                    Some(&symbol) => symbol,
                    None => {
                        let symbol = Symbol::try_from(members.len())
                            .map_err(|_| "too many kinds of characters".to_owned())?;
                        known.insert(within.clone(), symbol);
                        members.push(within);
                        symbol
                    }
                };
            }
            table.push(row);
        }
        let interval = |c: u32| bounds.partition_point(|&bound| bound <= c) - 1;
        let pages = (0..0x11_0000_u32 / PAGE as u32).map(|page| {
            let first = page * PAGE as u32;
            let (from, to) = (interval(first), interval(first + PAGE as u32 - 1));
            if from == to { from as u16 } else { MIXED }
        });
        let pages = pages.collect();
        let mut symbols = Self { ascii: [0; 128], pages, bounds, table };
        for c in 0..128 {
            symbols.ascii[c as usize] = symbols.wide(c);
        }
        Ok((symbols, members))
    }

    fn wide(&self, c: u32) -> Symbol {
        let interval = match self.pages[c as usize / PAGE] {
            MIXED => self.bounds.partition_point(|&bound| bound <= c) - 1,
            interval => usize::from(interval),
        };
        self.table[interval][usize::from(properties(c))]
    }

    /// Symbol and length in bytes of the character at `at`, which must be one's first byte.
    #[inline(always)]
    pub(super) fn at(&self, text: &[u8], at: usize) -> (Symbol, usize) {
        let byte = text[at];
        match self.ascii.get(usize::from(byte)) {
            Some(&symbol) => (symbol, 1),
            None => self.beyond_ascii(text, at),
        }
    }

    #[inline(never)]
    fn beyond_ascii(&self, text: &[u8], at: usize) -> (Symbol, usize) {
        let bits = |offset: usize| u32::from(text[at + offset] & 0x3f);
        let lead = u32::from(text[at]);
        match lead {
            ..0xe0 => (self.wide((lead & 0x1f) << 6 | bits(1)), 2),
            0xe0..0xf0 => (self.wide((lead & 0x0f) << 12 | bits(1) << 6 | bits(2)), 3),
            _ => {
                let code = (lead & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
                (self.wide(code), 4)
            }
        }
    }
}
