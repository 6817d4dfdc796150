//! Units of a text one after the other; where one is open, the shortest stretch around it that is
//! not.

use super::units::{Spaces, Units, is_head};
use crate::backend::Runnable;
use crate::tokenize::output::Output;
use crate::tokenize::scan;
use crate::tokenize::scan::{Step, Window};
use crate::tokenize::text::normalizers::{Buffers, Normalizer, Open, Parts, Place};
use crate::tokenize::text::pretokenizers::Prepend;

/// How many units ahead of the one that is taken the next are asked for. Rows that are pooled between
/// two texts drive what is known of units out of the near caches, and where a machine's last cache is
/// shared by many, out of that, too.
const AHEAD: usize = 16;

/// Why the units of a text were not all used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Stop {
    /// The limit is reached.
    Limit,
    /// The text has to be taken as a whole.
    Whole,
}

/// What makes ids of units: with what came before them in mind, or not.
pub(in crate::tokenize) trait Taker {
    /// What came before.
    type State: Copy;

    fn state(&self) -> Self::State;

    fn restore(&mut self, state: Self::State);

    fn buffers(&mut self) -> &mut Buffers;

    /// Puts out the ids of the unit `text[start..end]`, which has white space before it, or what is
    /// as good as that. Returns whether the limit is not reached. Of one that is open, nothing is put
    /// out.
    fn unit(
        &mut self,
        text: &str,
        start: usize,
        end: usize,
        out: &mut Output<'_>,
    ) -> Result<bool, Open>;

    /// Asks for what is known of a unit that is to come.
    fn expect(&self, text: &str, start: usize, end: usize);

    /// The same for some normalized text, spaces and all; `first` if nothing came before it.
    fn normalized(&mut self, text: &str, first: bool, out: &mut Output<'_>) -> bool;
}

impl Units {
    /// Puts out the ids of a text, `first` if nothing came before it. If it has to stop, says why;
    /// nothing is put out if the text has to be taken as a whole.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the working memory, in parts")]
    pub(in crate::tokenize) fn ids<T: Taker>(
        &self,
        text: &str,
        first: bool,
        normalizer: &Normalizer,
        backend: Runnable,
        scan: &mut scan::Units,
        taker: &mut T,
        out: &mut Output<'_>,
    ) -> Option<Stop> {
        let mut run = Run::new(self, text, first, normalizer, taker, out);
        let whole = run.checkpoint;
        let stop = scan.each(backend, &self.cutting, text.as_bytes(), |window| {
            run.begin();
            let mut at = 0;
            while at < window.len() {
                let (next, taken) =
                    if run.is_plain() { run.plain(window, at) } else { run.careful(window, at) };
                at = next;
                match taken {
                    Ok(true) => {}
                    Ok(false) => return Step::Stop(run.limit(window.unit(at).1)),
                    Err(open) => match run.stretch(open, window, at) {
                        Ok(next) => at = next,
                        Err(step) => return step,
                    },
                }
            }
            Step::Next
        });
        scan.trim();
        let stop = match stop {
            None if run.is_first && !text.is_empty() => Some(Stop::Whole),
            None => run.end(),
            stop => stop,
        };
        if stop == Some(Stop::Whole) {
            run.back_to(&whole);
        }
        stop
    }
}

/// A place between two units, to come back to.
#[derive(Debug, Clone, Copy)]
struct Checkpoint<S> {
    /// The number of the unit behind it in its window.
    at: usize,
    /// The end of the unit before it.
    from: usize,
    /// Whether there is none.
    is_first: bool,
    mark: (usize, usize),
    state: S,
}

/// A text on its way.
struct Run<'a, 'o, T: Taker> {
    units: &'a Units,
    text: &'a str,
    /// Whether nothing came before the text.
    first: bool,
    normalizer: &'a Normalizer,
    taker: &'a mut T,
    out: &'a mut Output<'o>,
    /// Whether each space before a unit but one is a word.
    spaces_add: bool,
    /// The end of the last unit.
    from: usize,
    /// Whether there was none yet.
    is_first: bool,
    /// Since when all units were taken one by one.
    checkpoint: Checkpoint<T::State>,
    /// The number of the first unit of the window that was not asked for yet.
    expected: usize,
}

impl<'a, 'o, T: Taker> Run<'a, 'o, T> {
    fn new(
        units: &'a Units,
        text: &'a str,
        first: bool,
        normalizer: &'a Normalizer,
        taker: &'a mut T,
        out: &'a mut Output<'o>,
    ) -> Self {
        let (mark, state) = (out.mark(), taker.state());
        let checkpoint = Checkpoint { at: 0, from: 0, is_first: true, mark, state };
        let spaces_add = units.spaces.is_some() && !units.parts.joins;
        Self {
            units,
            text,
            first,
            normalizer,
            taker,
            out,
            spaces_add,
            from: 0,
            is_first: true,
            checkpoint,
            expected: 0,
        }
    }

    /// Makes this the place to come back to, before the first unit of a window.
    fn begin(&mut self) {
        self.expected = 0;
        self.check(0);
    }

    fn check(&mut self, at: usize) {
        let Self { from, is_first, .. } = *self;
        let (mark, state) = (self.out.mark(), self.taker.state());
        self.checkpoint = Checkpoint { at, from, is_first, mark, state };
    }

    fn back_to(&mut self, checkpoint: &Checkpoint<T::State>) {
        self.out.rewind(checkpoint.mark);
        self.taker.restore(checkpoint.state);
        (self.from, self.is_first) = (checkpoint.from, checkpoint.is_first);
    }

    /// Whether no unit takes a closer look at what is before it.
    #[inline(always)]
    fn is_plain(&self) -> bool {
        !(self.is_first || self.spaces_add)
    }

    /// Takes units of a window until one ends it or is not to be taken so. Returns the number of
    /// that one, or how many there are.
    // A loop of its own: with the question whether a unit is special in it, ids of a Unigram model
    // took 6 % longer.
    #[inline(always)]
    fn plain(&mut self, window: &Window<'_>, from: usize) -> (usize, Result<bool, Open>) {
        let mut at = from;
        let mut taken = Ok(true);
        // Not once more those that were asked for before a stretch was taken.
        for next in from.max(self.expected)..window.len().min(from + AHEAD) {
            let (start, end) = window.unit(next);
            self.taker.expect(self.text, start, end);
        }
        while at < window.len() {
            if at + AHEAD < window.len() {
                let (start, end) = window.unit(at + AHEAD);
                self.taker.expect(self.text, start, end);
            }
            let (start, end) = window.unit(at);
            taken = self.taker.unit(self.text, start, end, self.out);
            if taken != Ok(true) {
                break;
            }
            at += 1;
        }
        self.expected = at + AHEAD;
        if at > from {
            self.from = window.unit(at - 1).1;
        }
        (at, taken)
    }

    /// The same, where spaces count or a text begins, for one unit.
    fn careful(&mut self, window: &Window<'_>, at: usize) -> (usize, Result<bool, Open>) {
        let (start, end) = window.unit(at);
        let is_special = self.is_first || start > self.from + 1;
        let taken = if is_special {
            self.special(start, end)
        } else {
            self.taker.unit(self.text, start, end, self.out)
        };
        if taken == Ok(true) {
            self.from = end;
            return (at + 1, taken);
        }
        (at, taken)
    }

    /// The first unit, or one behind several spaces that count.
    #[inline(never)]
    fn special(&mut self, start: usize, end: usize) -> Result<bool, Open> {
        if self.is_first && !self.begins(start, end) {
            return Err(Open::Before);
        }
        let (mark, state) = (self.out.mark(), self.taker.state());
        if self.spaces_add && start > self.from + 1 {
            if self.units.parts.strips_right {
                // They are stripped as well if nothing else comes.
                return Err(Open::Before);
            }
            let spaces = " ".repeat(start - self.from - 1);
            if !self.taker.normalized(&spaces, false, self.out) {
                return Ok(false);
            }
        }
        let taken = self.taker.unit(self.text, start, end, self.out);
        match taken {
            Ok(_) => self.is_first = false,
            Err(_) => {
                self.out.rewind(mark);
                self.taker.restore(state);
            }
        }
        taken
    }

    /// Whether the first unit of the text, which ends there, is one like all others: a replacement is
    /// set before it, and it does not begin with one, or with a space.
    fn begins(&mut self, start: usize, end: usize) -> bool {
        let Some(Spaces { prepend, replacement, heads }) = &self.units.spaces else { return true };
        let prefixed = match prepend {
            Prepend::Always => true,
            Prepend::First => self.first,
            Prepend::Never => false,
        };
        if !prefixed || start != 0 {
            return false;
        }
        let (joins, replacement) = (self.units.parts.joins, *replacement);
        let unit = &self.text[..end];
        let mut lengths = unit.chars().map(char::len_utf8);
        let (head, rest) = unit.split_at(lengths.next().unwrap_or(0));
        let next = &rest[..lengths.next().unwrap_or(0)];
        if !next.is_ascii() && self.normalizer.alone(next, self.taker.buffers()).is_none() {
            // Of both together something else may become.
            let text = self.normalizer.between(unit, Place::Within, self.taker.buffers());
            return text.is_ok_and(|text| is_head(text, joins, replacement));
        }
        match head.as_bytes() {
            [byte] => heads.has(*byte),
            _ => {
                let head = self.normalizer.alone(head, self.taker.buffers());
                head.is_some_and(|head| is_head(head, joins, replacement))
            }
        }
    }

    /// What to do when the limit is reached behind a unit that ends here.
    fn limit(&mut self, end: usize) -> Stop {
        match self.normalizer.is_untouched_by(&self.text[end..], self.taker.buffers()) {
            true => Stop::Limit,
            false => Stop::Whole,
        }
    }

    /// The white space behind the last unit.
    #[inline]
    fn end(&mut self) -> Option<Stop> {
        let Parts { joins, strips_right, .. } = self.units.parts;
        let len = self.text.len() - self.from;
        if len == 0 || self.units.spaces.is_none() || strips_right {
            return None;
        }
        let spaces = " ".repeat(if joins { 1 } else { len });
        (!self.taker.normalized(&spaces, false, self.out)).then_some(Stop::Limit)
    }

    /// Takes the shortest stretch around an open unit that is closed: the white space before it, the
    /// unit before it if there is none, and as many as it takes behind it. Returns the number of the
    /// unit behind that, or what else is to be done.
    #[cold]
    fn stretch(
        &mut self,
        mut open: Open,
        window: &Window<'_>,
        at: usize,
    ) -> Result<usize, Step<Stop>> {
        const WHOLE: Result<usize, Step<Stop>> = Err(Step::Stop(Stop::Whole));
        let (mut begin, mut until) = (at, at);
        let gap = self.is_first || self.from < window.unit(at).0;
        if open == Open::Before && gap {
            // White space is closed on either side, or else `stretch` says so.
            open = Open::Behind;
        } else {
            until += usize::from(open == Open::Behind);
        }
        loop {
            match open {
                Open::Behind if until == window.len() && !window.is_last => {
                    return Err(Step::More(begin));
                }
                Open::Behind => {}
                Open::Before if begin == at && at > self.checkpoint.at => {
                    begin -= 1;
                    self.retake(window, begin)?;
                }
                // Further back it hardly ever goes.
                Open::Before | Open::Always => return WHOLE,
            }
            let stops = window.is_last && until + 1 >= window.len();
            let end = if stops { self.text.len() } else { window.unit(until).1 };
            let place = match (self.is_first, stops) {
                (true, true) => Place::Whole,
                (true, false) => Place::Start,
                (false, true) => Place::End,
                (false, false) => Place::Within,
            };
            let part = &self.text[self.from..end];
            let before = self.from.checked_sub(1).map(|at| self.text.as_bytes()[at]);
            match self.units.stretch(part, before, place, self.normalizer, self.taker.buffers()) {
                Ok(text) => {
                    let first = self.is_first && self.first;
                    if !self.taker.normalized(&text, first, self.out) {
                        return Err(Step::Stop(self.limit(end)));
                    }
                    (self.from, self.is_first) = (end, false);
                    self.check(until + 1);
                    return Ok(until + 1);
                }
                Err(next) => open = next,
            }
            until += usize::from(open == Open::Behind);
        }
    }

    /// Comes back to before a unit of the window: takes those before it once more.
    fn retake(&mut self, window: &Window<'_>, at: usize) -> Result<(), Step<Stop>> {
        let checkpoint = self.checkpoint;
        self.back_to(&checkpoint);
        let mut before = checkpoint.at;
        while before < at {
            let (next, taken) = self.careful(window, before);
            // As they were taken the first time.
            match taken {
                Ok(true) => before = next,
                Ok(false) => return Err(Step::Stop(self.limit(window.unit(before).1))),
                Err(_) => return Err(Step::Stop(Stop::Whole)),
            }
        }
        Ok(())
    }
}
