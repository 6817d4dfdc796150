//! The table of states, and a text's way through it.

use std::collections::HashMap;

use super::class::Class;
use super::program::Place;
use super::symbols::Symbols;

/// The next state in the low bits; whether a match ends before the symbol in the highest.
type Entry = u16;
const ENDS: Entry = 1 << 15;
/// The state that nothing comes of.
const DEAD: usize = 0;
const START: usize = 1;

/// More states are not taken: a table of a megabyte at the most.
const MOST: usize = 4000;
const MOST_ENTRIES: usize = 1 << 19;

#[derive(Debug)]
pub(super) struct States {
    symbols: Symbols,
    /// Entries of a state: one for each symbol, and the last for the end of the text.
    width: usize,
    table: Vec<Entry>,
    covers: bool,
}

impl States {
    pub(super) fn new(classes: &[Class], program: &[Place]) -> Result<Self, String> {
        let (symbols, members) = Symbols::new(classes)?;
        let width = members.len() + 1;
        let mut maker = Maker { program, members: &members, seen: vec![false; program.len()] };
        let mut lists = vec![Vec::new(), maker.closure(&[0])];
        let mut known: HashMap<Vec<usize>, usize> =
            lists.iter().cloned().zip([DEAD, START]).collect();
        let mut table: Vec<Entry> = vec![DEAD as Entry; width];
        let mut at = START;
        while at < lists.len() {
            for symbol in 0..width {
                let list = lists[at].clone();
                let (next, ends) = maker.step(&list, symbol);
                let next = match known.get(&next) {
                    Some(&next) => next,
                    None => {
                        let number = lists.len();
                        if number >= MOST || (number + 1) * width > MOST_ENTRIES {
                            return Err("too many states".to_owned());
                        }
                        known.insert(next.clone(), number);
                        lists.push(next);
                        number
                    }
                };
                if ends && at == START {
                    return Err("an expression that matches nothing".to_owned());
                }
                table.push(next as Entry | if ends { ENDS } else { 0 });
            }
            at += 1;
        }
        let mut states = Self { symbols, width, table, covers: false };
        if states.wanders() {
            return Err("an expression that looks ahead without bound".to_owned());
        }
        states.covers = states.always_match();
        Ok(states)
    }

    fn entry(&self, state: usize, symbol: usize) -> (usize, bool) {
        let entry = self.table[state * self.width + symbol];
        (usize::from(entry & !ENDS), entry & ENDS != 0)
    }

    /// Whether a long text could be read again and again. That takes a circle of states without a
    /// match that ends on the way; and what was read there must not be taken by the matches that
    /// follow, each character by one of them, as it is where matches of nothing but such symbols go
    /// on for as long as these do.
    fn wanders(&self) -> bool {
        let circling = self.circling();
        let symbols = || (0..self.width - 1).filter(|&symbol| circling[symbol]);
        let mut seen = vec![false; self.table.len() / self.width];
        let mut open: Vec<usize> = symbols().map(|symbol| self.entry(START, symbol).0).collect();
        while let Some(state) = open.pop() {
            if std::mem::replace(&mut seen[state], true) {
                continue;
            }
            for symbol in symbols() {
                let (next, ends) = self.entry(state, symbol);
                if next != DEAD {
                    if !ends {
                        return true;
                    }
                    open.push(next);
                }
            }
        }
        false
    }

    /// The symbols that lead around in circles of states without a match that ends on the way.
    fn circling(&self) -> Vec<bool> {
        let count = self.table.len() / self.width;
        let next = |state: usize, symbol: usize| {
            let (next, ends) = self.entry(state, symbol);
            Some(next).filter(|&next| !ends && next != DEAD && state != DEAD)
        };
        // Kosaraju: in the order in which states are done with, then against the arrows.
        let mut done = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); count];
        for root in START..count {
            let mut path = vec![(root, 0)];
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            while let Some((state, symbol)) = path.last_mut() {
                let (state, at) = (*state, *symbol);
                if at + 1 == self.width {
                    done.push(state);
                    path.pop();
                    continue;
                }
                *symbol += 1;
                if let Some(next) = next(state, at) {
                    before[next].push(state as u32);
                    if !std::mem::replace(&mut seen[next], true) {
                        path.push((next, 0));
                    }
                }
            }
        }
        let mut circle = vec![usize::MAX; count];
        for &root in done.iter().rev() {
            let mut open = vec![root];
            while let Some(state) = open.pop() {
                if circle[state] == usize::MAX {
                    circle[state] = root;
                    open.extend(before[state].iter().map(|&state| state as usize));
                }
            }
        }
        let within = |symbol: usize| {
            (START..count)
                .any(|state| next(state, symbol).is_some_and(|next| circle[next] == circle[state]))
        };
        (0..self.width - 1).map(within).collect()
    }

    /// Whether there is a match at every character of every text.
    fn always_match(&self) -> bool {
        // States from which a match is certain, found from those that are nearest to it.
        let count = self.table.len() / self.width;
        let mut certain = vec![false; count];
        loop {
            let mut changed = false;
            for state in START..count {
                let sure = |symbol: usize| {
                    let (next, ends) = self.entry(state, symbol);
                    ends || (symbol + 1 < self.width && certain[next])
                };
                if !certain[state] && (0..self.width).all(sure) {
                    certain[state] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
        (0..self.width - 1).all(|symbol| certain[self.entry(START, symbol).0])
    }

    pub(super) fn covers(&self) -> bool {
        self.covers
    }

    pub(super) fn len_at(&self, text: &[u8], at: usize) -> usize {
        self.symbols.at(text, at).1
    }

    #[inline]
    pub(super) fn match_at(&self, text: &[u8], start: usize) -> Option<usize> {
        let (mut state, mut at) = (START, start);
        let mut end = None;
        loop {
            if at == text.len() {
                let last = self.table[state * self.width + self.width - 1];
                return if last & ENDS != 0 { Some(at) } else { end };
            }
            let (symbol, len) = self.symbols.at(text, at);
            let entry = self.table[state * self.width + usize::from(symbol)];
            if entry & ENDS != 0 {
                end = Some(at);
            }
            state = usize::from(entry & !ENDS);
            if state == DEAD {
                return end;
            }
            at += len;
        }
    }
}

/// Makes states: lists of places that wait for the next symbol, in order of preference.
struct Maker<'a> {
    program: &'a [Place],
    /// For each symbol, the classes that it is in.
    members: &'a [Vec<bool>],
    seen: Vec<bool>,
}

impl Maker<'_> {
    /// The places that some places lead to without a symbol.
    fn closure(&mut self, places: &[usize]) -> Vec<usize> {
        self.seen.fill(false);
        let mut list = Vec::new();
        // The next one is the last of these.
        let mut open: Vec<usize> = places.iter().rev().copied().collect();
        while let Some(place) = open.pop() {
            if std::mem::replace(&mut self.seen[place], true) {
                continue;
            }
            match self.program[place] {
                Place::Fork(first, second) => open.extend([second, first]),
                Place::Set(..) | Place::Look(..) | Place::Match => list.push(place),
            }
        }
        list
    }

    /// What becomes of a list at a symbol, and whether a match ends before it.
    fn step(&mut self, list: &[usize], symbol: usize) -> (Vec<usize>, bool) {
        let members = self.members.get(symbol);
        self.seen.fill(false);
        let mut next = Vec::new();
        let mut ends = false;
        let mut open: Vec<usize> = list.iter().rev().copied().collect();
        while let Some(place) = open.pop() {
            if std::mem::replace(&mut self.seen[place], true) {
                continue;
            }
            match self.program[place] {
                Place::Fork(first, second) => open.extend([second, first]),
                Place::Set(class, then) => {
                    if members.is_some_and(|classes| classes[class]) {
                        next.push(then);
                    }
                }
                Place::Look(look, then) => {
                    let holds = match members {
                        Some(classes) => classes[look.class] != look.negated,
                        None => look.end,
                    };
                    if holds {
                        open.push(then);
                    }
                }
                Place::Match => {
                    // All that comes later would only be tried if this one failed.
                    ends = true;
                    break;
                }
            }
        }
        (self.closure(&next), ends)
    }
}
