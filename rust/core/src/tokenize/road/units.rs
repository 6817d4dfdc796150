//! Texts whose ids are those of their units, one after the other.
//!
//! Where each unit of a text is closed, which is nearly everywhere, the text's normalized form is
//! that of its units put together, and if white space, or punctuation that is set apart, lies
//! between any two of them, so are its words. Units are then looked up as they stand in the raw
//! text, and what would have to be done to them is done once. A unit that is open is taken together
//! with its neighbours; only where that does not help is a text given back, to be taken as a whole.

use crate::backend::Runnable;
use crate::tokenize::hash::Key;
use crate::tokenize::output::Output;
use crate::tokenize::scan;
use crate::tokenize::scan::{Cutting, Set, Step, Window};
use crate::tokenize::text::normalizers::{Buffers, Normalizer, Open, Parts, Place};
use crate::tokenize::text::pretokenizers::{Apart, Metaspace, Prepend, Words};
use crate::tokenize::text::unicode;

/// Longer units are not kept: they hardly come again.
pub(in crate::tokenize) const LONGEST_KEPT: usize = 64;

/// How raw texts are cut into units.
#[derive(Debug)]
pub(in crate::tokenize) struct Units {
    cutting: Cutting,
    parts: Parts,
    /// What spaces are for, if they count.
    spaces: Option<Spaces>,
    /// Whether ideographs become units of their own.
    isolates: bool,
}

/// Spaces that begin words.
#[derive(Debug)]
struct Spaces {
    prepend: Prepend,
    replacement: char,
    /// The characters of ASCII that have the replacement set before them if they begin a text.
    heads: Set,
}

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

    /// The same for some normalized text, spaces and all; `first` if nothing came before it.
    fn normalized(&mut self, text: &str, first: bool, out: &mut Output<'_>) -> bool;
}

/// What becomes of the bytes of ASCII by themselves; empty for those that are not plain.
fn ascii(normalizer: &Normalizer) -> Vec<String> {
    let mut buffers = Buffers::default();
    let alone = |byte: u8| {
        let text = char::from(byte).to_string();
        normalizer.alone(&text, &mut buffers).unwrap_or_default().to_owned()
    };
    (0..128).map(alone).collect()
}

/// Whether a text whose first character became this has a replacement set before it.
fn is_head(head: &str, joins: bool, replacement: char) -> bool {
    let head = if joins { head.trim_start_matches(' ') } else { head };
    head.chars().next().is_some_and(|c| c != replacement && !unicode::is_whitespace(c))
}

/// Whether ideographs are set apart, as far as one tells.
fn isolates(normalizer: &Normalizer) -> bool {
    normalizer.isolates('中', &mut Buffers::default())
}

impl Units {
    /// The units that a pre-tokenizer allows, if the normalizer allows any.
    pub(in crate::tokenize) fn new(normalizer: &Normalizer, apart: Apart<'_>) -> Option<Self> {
        match apart {
            Apart::Words(words) => Self::spaced(normalizer, words),
            Apart::Metaspace(metaspace) => Self::marked(normalizer, metaspace),
        }
    }

    /// Units for Metaspace: each becomes words, of which the first begins with the replacement.
    pub(in crate::tokenize) fn marked(
        normalizer: &Normalizer,
        metaspace: &Metaspace,
    ) -> Option<Self> {
        let parts = normalizer.parts()?;
        let ascii = ascii(normalizer);
        let text = |byte: u8| ascii[usize::from(byte)].as_str();
        let spaced = |byte: u8| {
            let inner = text(byte).trim_matches(' ');
            parts.joins
                && text(byte).starts_with(' ')
                && text(byte).ends_with(' ')
                && !inner.is_empty()
                && !inner.starts_with(metaspace.replacement)
        };
        let space = Set::new(|byte| text(byte) == " ");
        let cutting = Cutting::new(space, Set::new(spaced), Set::default(), false);
        let fits = space.has(b' ');
        let isolates = parts.joins && isolates(normalizer);
        let Metaspace { prepend, replacement, .. } = *metaspace;
        let heads = Set::new(|byte| is_head(text(byte), parts.joins, replacement));
        let spaces = Some(Spaces { prepend, replacement, heads });
        fits.then_some(Self { cutting, parts, spaces, isolates })
    }

    /// Units for a pre-tokenizer that drops white space: each becomes words of its own.
    fn spaced(normalizer: &Normalizer, words: Words) -> Option<Self> {
        let parts = normalizer.parts()?;
        let ascii = ascii(normalizer);
        let text = |byte: u8| ascii[usize::from(byte)].as_str();
        let blank =
            |byte: u8| !text(byte).is_empty() && text(byte).chars().all(unicode::is_whitespace);
        let one = |byte: u8| match text(byte).trim_matches(unicode::is_whitespace).as_bytes() {
            [one] if one.is_ascii() => Some(*one),
            _ => None,
        };
        let space = Set::new(blank);
        let apart = Set::new(|byte| one(byte).is_some_and(|one| words.is_apart(one)));
        let odd = Set::new(|byte| !blank(byte) && (one(byte).is_none() || text(byte).len() != 1));
        let cutting = Cutting::new(space, apart, odd, words == Words::Whitespace);
        let fits = space.has(b' ');
        let isolates = isolates(normalizer);
        fits.then_some(Self { cutting, parts, spaces: None, isolates })
    }

    /// What becomes of a unit; where spaces count, without those at its ends, which are as good as
    /// the ones around it.
    #[inline]
    pub(in crate::tokenize) fn normalized<'b>(
        &self,
        unit: &'b str,
        normalizer: &Normalizer,
        buffers: &'b mut Buffers,
    ) -> Result<&'b str, Open> {
        let text = normalizer.between(unit, Place::Within, buffers)?;
        if self.spaces.is_none() {
            return Ok(text);
        }
        let Parts { joins, strips_right, .. } = self.parts;
        let inner = if joins { text.trim_matches(' ') } else { text };
        // A space at its end is another matter where nothing but white space comes behind it.
        let ends = (joins && (inner.is_empty() || (!strips_right && text.ends_with(' '))))
            || (strips_right && (inner.is_empty() || inner.ends_with(unicode::is_whitespace)));
        if ends { Err(Open::Behind) } else { Ok(inner) }
    }

    /// The same for units together, with the white space before the first of them; at the start of
    /// the text also if there is no unit before it. If spaces count, it begins with one.
    fn stretch(
        &self,
        part: &str,
        place: Place,
        normalizer: &Normalizer,
        buffers: &mut Buffers,
    ) -> Result<String, Open> {
        let mut text = normalizer.between(part, place, buffers)?;
        if self.spaces.is_none() {
            return Ok(text.to_owned());
        }
        let starts = matches!(place, Place::Start | Place::Whole);
        let stops = matches!(place, Place::End | Place::Whole);
        let Parts { joins, strips_left, strips_right } = self.parts;
        if starts && strips_left {
            text = text.trim_start_matches(unicode::is_whitespace);
        }
        if stops && strips_right {
            text = text.trim_end_matches(unicode::is_whitespace);
        }
        if joins && !stops {
            text = text.trim_end_matches(' ');
        }
        if joins && !starts {
            text = text.trim_start_matches(' ');
        }
        if text.is_empty() || (strips_right && text.ends_with(unicode::is_whitespace)) {
            return Err(if stops { Open::Always } else { Open::Behind });
        }
        Ok(if joins && !starts { format!(" {text}") } else { text.to_owned() })
    }

    /// Whether the space before a unit is part of its first word.
    pub(in crate::tokenize) fn spaces_count(&self) -> bool {
        self.spaces.is_some()
    }

    /// Whether a unit is worth another look: ideographs come in runs without end, of which nearly
    /// all are new, but many normalizers set spaces around each.
    #[inline]
    pub(in crate::tokenize) fn may_part(&self, unit: &str) -> bool {
        self.isolates && unit.len() > Key::LONGEST && unit.bytes().any(|byte| byte >= 0xe3)
    }

    /// The first part of a unit: an isolated character, or all before the first one.
    #[inline]
    pub(in crate::tokenize) fn part<'t>(
        &self,
        unit: &'t str,
        normalizer: &Normalizer,
        buffers: &mut Buffers,
    ) -> &'t str {
        let isolated = |&(_, c): &(usize, char)| !c.is_ascii() && normalizer.isolates(c, buffers);
        match unit.char_indices().find(isolated) {
            Some((0, c)) => &unit[..c.len_utf8()],
            Some((at, _)) => &unit[..at],
            None => unit,
        }
    }

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
        }
    }

    /// Makes this the place to come back to, before the first unit of a window.
    fn begin(&mut self) {
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
        while at < window.len() {
            let (start, end) = window.unit(at);
            taken = self.taker.unit(self.text, start, end, self.out);
            if taken != Ok(true) {
                break;
            }
            at += 1;
        }
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
        if self.is_first && !self.begins(start) {
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

    /// Whether the first unit of the text is one like all others: a replacement is set before it, and
    /// it does not begin with one, or with a space.
    fn begins(&mut self, start: usize) -> bool {
        let Some(Spaces { prepend, replacement, heads }) = &self.units.spaces else { return true };
        let prefixed = match prepend {
            Prepend::Always => true,
            Prepend::First => self.first,
            Prepend::Never => false,
        };
        if !prefixed || start != 0 {
            return false;
        }
        match self.text.as_bytes() {
            [byte, ..] if byte.is_ascii() => heads.has(*byte),
            _ => {
                let c = self.text.chars().next();
                let head = &self.text[..c.map_or(0, char::len_utf8)];
                let head = self.normalizer.alone(head, self.taker.buffers());
                head.is_some_and(|head| is_head(head, self.units.parts.joins, *replacement))
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
            // White space is closed on either side.
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
            match self.units.stretch(part, place, self.normalizer, self.taker.buffers()) {
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
