//! The steps as a table: one look-up for each character, whatever the expression.
//!
//! A state is a list of steps in the order in which they are preferred. What a state does with a
//! symbol is known before the symbol is taken, so that a look at the next character costs nothing:
//! an entry says whether a match ends *before* the symbol, and which state comes after it. Steps
//! that are preferred less than a match are dropped with it; hence the last match on the way to
//! the dead state is the one that trying each step in turn would find first.

use std::collections::{HashMap, HashSet};

use super::program::{Pc, Program, Step};
use super::symbols::SymbolSet;

/// The next state's row above two bits.
pub(super) type Entry = u32;

/// A match ends before the symbol.
pub(super) const ENDS: Entry = 1;
/// In the next state every letter of ASCII leads back to it, all in the same way.
pub(super) const LETTERS: Entry = 2;
/// Where the row begins.
pub(super) const ROW: u32 = 2;

/// More entries are not taken: 256 KB.
const ENTRIES: usize = 1 << 16;
/// More work is not done.
const WORK: usize = 1_000_000;
/// A match must be known after at most so many characters past its end.
const AHEAD: usize = 100;

/// The table.
#[derive(Debug)]
pub(super) struct Automaton {
    /// A row for each state: the entries of all symbols, the last of them that of the text's end.
    /// The first row is that of the dead state, the second that of the start.
    pub(super) table: Vec<Entry>,
    /// Entries in a row.
    pub(super) width: usize,
}

/// What is under way while the states are made.
struct Builder<'a> {
    program: &'a Program,
    sets: &'a [SymbolSet],
    end: usize,
    numbers: HashMap<Vec<Pc>, u32>,
    states: Vec<Vec<Pc>>,
    seen: Vec<bool>,
    work: usize,
}

impl Automaton {
    /// `end` is the symbol of the text's end.
    pub(super) fn of(program: &Program, sets: &[SymbolSet], end: usize) -> Result<Self, String> {
        let mut builder = Builder {
            program,
            sets,
            end,
            numbers: HashMap::from([(Vec::new(), 0)]),
            states: vec![Vec::new()],
            seen: vec![false; program.steps.len()],
            work: 0,
        };
        let width = end + 1;
        let start = builder.listed(&[program.start]);
        builder.number(start);
        let mut table: Vec<Entry> = Vec::new();
        while table.len() < builder.states.len() * width {
            if builder.states.len() * width > ENTRIES || builder.work > WORK {
                return Err("an expression of too many states".to_owned());
            }
            let state = builder.states[table.len() / width].clone();
            for symbol in 0..width {
                let (ends, next) = builder.step(&state, symbol);
                let next = builder.number(next) * width as u32;
                table.push(next << ROW | Entry::from(ends));
            }
        }
        let mut automaton = Self { table, width };
        automaton.trim();
        automaton.bounded()?;
        Ok(automaton)
    }

    #[inline]
    pub(super) fn start(&self) -> usize {
        self.width
    }

    /// Leads what comes to no match any more into the dead state at once.
    fn trim(&mut self) {
        let states = self.table.len() / self.width;
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); states];
        let mut alive = vec![false; states];
        let mut stack = Vec::new();
        for (at, entry) in self.table.iter().enumerate() {
            let (from, to) = (at / self.width, (entry >> ROW) as usize / self.width);
            before[to].push(from);
            if entry & ENDS != 0 && !std::mem::replace(&mut alive[from], true) {
                stack.push(from);
            }
        }
        while let Some(state) = stack.pop() {
            for &from in &before[state] {
                if !std::mem::replace(&mut alive[from], true) {
                    stack.push(from);
                }
            }
        }
        for entry in &mut self.table {
            if !alive[(*entry >> ROW) as usize / self.width] {
                *entry &= ENDS;
            }
        }
    }

    /// Row of the next state, and whether a match ends before the symbol.
    #[inline]
    pub(super) fn next(&self, row: usize, symbol: usize) -> (usize, bool) {
        let entry = self.table[row + symbol];
        ((entry >> ROW) as usize, entry & ENDS != 0)
    }

    /// Marks the entries that lead to a state where letters, of which these are the symbols, lead
    /// to the same state again.
    pub(super) fn mark_letters(&mut self, letters: &[usize]) {
        let loops: Vec<bool> = (0..self.table.len())
            .map(|row| {
                row != 0
                    && row % self.width == 0
                    && letters.iter().all(|&symbol| {
                        let (next, ends) = self.next(row, symbol);
                        next == row && ends == self.next(row, letters[0]).1
                    })
            })
            .collect();
        for entry in &mut self.table {
            if loops[(*entry >> ROW) as usize] {
                *entry |= LETTERS;
            }
        }
    }

    /// Whether no match begins at a character either, if none does at one before it which the
    /// automaton went on from to `row` and has stayed there since.
    #[inline]
    pub(super) fn is_same_again(&self, row: usize, symbol: usize) -> bool {
        row != 0
            && self.next(row, symbol) == (row, false)
            && self.next(self.start(), symbol) == (row, false)
    }

    /// At the start of each row: whether from there some text leads to no match any more. Every
    /// text from any other row does, since it ends.
    fn failing(&self) -> Vec<bool> {
        let mut failing = vec![false; self.table.len()];
        failing[0] = true;
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.table.len()];
        for row in (0..self.table.len()).step_by(self.width) {
            for symbol in 0..self.width {
                if let (next, false) = self.next(row, symbol) {
                    before[next].push(row);
                }
            }
        }
        let mut stack = vec![0];
        while let Some(row) = stack.pop() {
            for &from in &before[row] {
                if !std::mem::replace(&mut failing[from], true) {
                    stack.push(from);
                }
            }
        }
        failing
    }

    /// Whether some match begins at every position of every text.
    pub(super) fn covers(&self) -> bool {
        let failing = self.failing();
        // At the start there is a character.
        (0..self.width - 1).all(|symbol| match self.next(self.start(), symbol) {
            (_, true) => true,
            (next, false) => !failing[next],
        })
    }

    /// That all matches of a text are found in a time that grows with its length only.
    ///
    /// First, where no match begins this is known after so many characters at most, but for those
    /// of which it is known with it that none begins at them (see [`Self::is_same_again`]). Second,
    /// whatever is read past the end of a match, to find no longer one, is part of the next match
    /// but for so many characters: let the automaton run over the same text from there, and the
    /// two together go no circle in which neither meets a match or is sure of one.
    fn bounded(&self) -> Result<(), String> {
        const FAR: &str = "matches that are known far behind their end only";
        let start = self.start();
        let failing = self.failing();
        let mut work = 0;
        longest(vec![start], &mut work, |row, all| {
            all.extend((0..self.width).filter_map(|symbol| match self.next(row, symbol) {
                (next, false) if next != 0 && failing[next] => {
                    (next != row || !self.is_same_again(row, symbol)).then_some(next)
                }
                _ => None,
            }));
        })
        .ok_or(FAR)?;
        // Where the two are, and whether the second has met a match.
        let mut pairs = HashSet::new();
        for row in (self.width..self.table.len()).step_by(self.width) {
            for symbol in 0..self.width {
                if let (next, true) = self.next(row, symbol)
                    && next != 0
                {
                    pairs.insert((next, self.next(start, symbol).0, false));
                }
            }
        }
        // Where they can be before the first meets a match.
        let mut stack: Vec<(usize, usize, bool)> = pairs.iter().copied().collect();
        while let Some((first, second, met)) = stack.pop() {
            work += self.width;
            if work > WORK {
                return Err(FAR.to_owned());
            }
            for symbol in 0..self.width {
                if let (next, false) = self.next(first, symbol)
                    && next != 0
                {
                    let (other, ends) = self.next(second, symbol);
                    let pair = (next, other, met || ends);
                    if pairs.insert(pair) {
                        stack.push(pair);
                    }
                }
            }
        }
        longest(pairs.into_iter().collect(), &mut work, |(first, second, met), all| {
            for symbol in 0..self.width {
                if let (next, false) = self.next(first, symbol)
                    && next != 0
                    && failing[next]
                    && let (other, false) = self.next(second, symbol)
                    && failing[other]
                    // If the second comes to no match, the next one does not begin here either.
                    && (met || !self.is_same_again(second, symbol))
                {
                    all.push((next, other, met));
                }
            }
        })
        .ok_or(FAR)?;
        Ok(())
    }
}

/// The length of the longest way from any of the nodes; none if there is a circle, if it is longer
/// than `AHEAD`, or if it is too much work.
fn longest<N: Copy + Eq + std::hash::Hash>(
    from: Vec<N>,
    work: &mut usize,
    successors: impl Fn(N, &mut Vec<N>),
) -> Option<usize> {
    /// The length of the way from a node, once it is known.
    type Lengths<N> = HashMap<N, Option<usize>>;
    let mut lengths: Lengths<N> = HashMap::new();
    let mut next = Vec::new();
    let mut most = 0;
    // Nodes to enter, and nodes to leave.
    let mut stack: Vec<(N, bool)> = from.into_iter().map(|node| (node, false)).collect();
    while let Some((node, leave)) = stack.pop() {
        next.clear();
        if leave {
            successors(node, &mut next);
            let length = next.iter().filter_map(|node| lengths.get(node).copied().flatten()).max();
            let length = length.map_or(0, |length| length + 1);
            most = most.max(length);
            lengths.insert(node, Some(length));
            continue;
        }
        match lengths.get(&node) {
            Some(Some(_)) => continue,
            // It is on the way that leads here.
            Some(None) => return None,
            None => {}
        }
        lengths.insert(node, None);
        stack.push((node, true));
        successors(node, &mut next);
        *work += next.len();
        if *work > WORK {
            return None;
        }
        for &node in &next {
            match lengths.get(&node) {
                Some(None) => return None,
                Some(Some(_)) => {}
                None => stack.push((node, false)),
            }
        }
    }
    (most <= AHEAD).then_some(most)
}

impl Builder<'_> {
    /// The number of a state; a new one if it was not met yet.
    fn number(&mut self, state: Vec<Pc>) -> u32 {
        let next = self.states.len() as u32;
        *self.numbers.entry(state).or_insert_with_key(|state| {
            self.states.push(state.clone());
            next
        })
    }

    /// The steps that read a character, look at one or match, in order of preference, that one
    /// comes to from some others without a look at the text.
    fn listed(&mut self, from: &[Pc]) -> Vec<Pc> {
        self.seen.fill(false);
        let mut list = Vec::new();
        let mut stack: Vec<Pc> = from.iter().rev().copied().collect();
        while let Some(pc) = stack.pop() {
            if std::mem::replace(&mut self.seen[usize::from(pc)], true) {
                continue;
            }
            self.work += 1;
            match self.program.steps[usize::from(pc)] {
                Step::Split(one, other) => stack.extend([other, one]),
                Step::Match => {
                    list.push(pc);
                    break;
                }
                Step::Set { .. } | Step::Look { .. } => list.push(pc),
            }
        }
        list
    }

    /// Whether a match ends before the symbol, and the state after it.
    fn step(&mut self, state: &[Pc], symbol: usize) -> (bool, Vec<Pc>) {
        self.seen.fill(false);
        self.work += self.seen.len() / 16;
        let mut ends = false;
        let mut taken = Vec::new();
        let mut stack: Vec<Pc> = state.iter().rev().copied().collect();
        while let Some(pc) = stack.pop() {
            if std::mem::replace(&mut self.seen[usize::from(pc)], true) {
                continue;
            }
            self.work += 1;
            match self.program.steps[usize::from(pc)] {
                Step::Set { set, then, .. } => {
                    if self.sets[usize::from(set)].has(symbol) {
                        taken.push(then);
                    }
                }
                Step::Look { set, end, then } => {
                    let is_end = symbol == self.end;
                    if if is_end { end } else { self.sets[usize::from(set)].has(symbol) } {
                        stack.push(then);
                    }
                }
                Step::Split(one, other) => stack.extend([other, one]),
                Step::Match => {
                    ends = true;
                    break;
                }
            }
        }
        (ends, self.listed(&taken))
    }
}
