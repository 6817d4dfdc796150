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
use crate::tokenize::scan::units::{Cutting, Set, Step, Window};
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
    /// as good as that. Returns whether the limit is not reached.
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
        let cutting = Cutting {
            space: Set::new(|byte| text(byte) == " "),
            punctuation: Set::new(spaced),
            odd: Set::default(),
            runs: false,
        };
        let fits = cutting.space.has(b' ');
        let isolates = parts.joins && isolates(normalizer);
        let Metaspace { prepend, replacement, .. } = *metaspace;
        let spaces = Some(Spaces { prepend, replacement });
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
        let cutting = Cutting {
            space: Set::new(blank),
            punctuation: Set::new(|byte| one(byte).is_some_and(|one| words.is_apart(one))),
            odd: Set::new(|byte| !blank(byte) && (one(byte).is_none() || text(byte).len() != 1)),
            runs: words == Words::Whitespace,
        };
        let fits = cutting.space.has(b' ');
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
        scan: &mut scan::units::Units,
        taker: &mut T,
        out: &mut Output<'_>,
    ) -> Option<Stop> {
        let whole = (out.mark(), taker.state());
        // Each space but the one before a unit is a word.
        let all_count = self.spaces.is_some() && !self.parts.joins;
        let mut last: Option<Last<T::State>> = None;
        let stop = scan.each(backend, &self.cutting, text.as_bytes(), |window, at| {
            let (start, end) = window.unit(at);
            let from = last.as_ref().map_or(0, |last| last.end);
            let is_first = last.is_none();
            let (mark, state) = (out.mark(), taker.state());
            let this = Last { from, start, end, is_first, mark, state };
            let taken = if is_first && !self.begins(text, start, first, normalizer, taker) {
                Err(Open::Before)
            } else if all_count && start > from + 1 && self.parts.strips_right {
                // They are stripped as well if nothing else comes.
                Err(Open::Before)
            } else if all_count
                && start > from + 1
                && !taker.normalized(&" ".repeat(start - from - 1), false, out)
            {
                Ok(false)
            } else {
                taker.unit(text, start, end, out)
            };
            match taken {
                Ok(true) => {
                    last = Some(this);
                    Step::Next
                }
                Ok(false) => Step::Stop(self.limit(&text[end..], normalizer, taker)),
                Err(open) => {
                    let stretch = Stretch { units: self, text, window, at, first };
                    stretch.take(open, &mut last, this, normalizer, taker, out)
                }
            }
        });
        scan.trim();
        let stop = match (stop, last) {
            (None, Some(last)) => self.end(text, last.end, taker, out),
            (None, None) if !text.is_empty() => Some(Stop::Whole),
            (stop, _) => stop,
        };
        if stop == Some(Stop::Whole) {
            out.rewind(whole.0);
            taker.restore(whole.1);
        }
        stop
    }

    /// Whether the first unit of a text is one like all others: a replacement is set before it, and
    /// it does not begin with one, or with a space.
    #[inline]
    fn begins<T: Taker>(
        &self,
        text: &str,
        start: usize,
        first: bool,
        normalizer: &Normalizer,
        taker: &mut T,
    ) -> bool {
        let Some(Spaces { prepend, replacement }) = self.spaces else { return true };
        let prefixed = match prepend {
            Prepend::Always => true,
            Prepend::First => first,
            Prepend::Never => false,
        };
        let Some(c) = text.chars().next().filter(|_| prefixed && start == 0) else { return false };
        let Some(text) = normalizer.alone(&text[..c.len_utf8()], taker.buffers()) else {
            return false;
        };
        let text = if self.parts.joins { text.trim_start_matches(' ') } else { text };
        let c = text.chars().next();
        c.is_some_and(|c| c != replacement && !unicode::is_whitespace(c))
    }

    /// What to do when the limit is reached before the rest of a text.
    fn limit<T: Taker>(&self, rest: &str, normalizer: &Normalizer, taker: &mut T) -> Stop {
        match normalizer.is_untouched_by(rest, taker.buffers()) {
            true => Stop::Limit,
            false => Stop::Whole,
        }
    }

    /// The white space behind the last unit.
    #[inline]
    fn end<T: Taker>(
        &self,
        text: &str,
        end: usize,
        taker: &mut T,
        out: &mut Output<'_>,
    ) -> Option<Stop> {
        let Parts { joins, strips_right, .. } = self.parts;
        if end == text.len() || self.spaces.is_none() || strips_right {
            return None;
        }
        let spaces = if joins { 1 } else { text.len() - end };
        let goes_on = taker.normalized(&" ".repeat(spaces), false, out);
        (!goes_on).then_some(Stop::Limit)
    }
}

/// A unit, or several of them together, and how things were before.
#[derive(Debug, Clone, Copy)]
struct Last<S> {
    /// Where the white space before it starts.
    from: usize,
    start: usize,
    end: usize,
    /// Whether it is the first of the text.
    is_first: bool,
    mark: (usize, usize),
    state: S,
}

/// The units around one that is open.
#[derive(Debug)]
struct Stretch<'a> {
    units: &'a Units,
    text: &'a str,
    window: &'a Window<'a>,
    at: usize,
    first: bool,
}

impl Stretch<'_> {
    /// Takes the shortest stretch around an open unit that is closed: the white space before it, the
    /// unit before it if there is none, and as many as it takes behind it. `last` is the unit
    /// before, and `this` the open one.
    #[cold]
    fn take<T: Taker>(
        self,
        mut open: Open,
        last: &mut Option<Last<T::State>>,
        this: Last<T::State>,
        normalizer: &Normalizer,
        taker: &mut T,
        out: &mut Output<'_>,
    ) -> Step<Stop> {
        let Self { units, text, window, at, first } = self;
        let (mut begin, mut until) = (this, at);
        if open == Open::Before && (this.is_first || this.from < this.start) {
            // White space is closed on either side.
            open = Open::Behind;
        } else {
            until += usize::from(open == Open::Behind);
        }
        loop {
            match (open, *last) {
                (Open::Behind, _) if until == window.len() && !window.is_last => {
                    // Back to where this one was met.
                    out.rewind(this.mark);
                    taker.restore(this.state);
                    return Step::More;
                }
                (Open::Behind, _) => {}
                (Open::Before, Some(before)) if begin.start == this.start => begin = before,
                // Further back it hardly ever goes.
                (Open::Before | Open::Always, _) => return Step::Stop(Stop::Whole),
            }
            let stops = window.is_last && until + 1 >= window.len();
            let end = if stops { text.len() } else { window.unit(until).1 };
            let place = match (begin.is_first, stops) {
                (true, true) => Place::Whole,
                (true, false) => Place::Start,
                (false, true) => Place::End,
                (false, false) => Place::Within,
            };
            match units.stretch(&text[begin.from..end], place, normalizer, taker.buffers()) {
                Ok(normalized) => {
                    out.rewind(begin.mark);
                    taker.restore(begin.state);
                    *last = Some(Last { end, ..begin });
                    if taker.normalized(&normalized, begin.is_first && first, out) {
                        return Step::Skip(until + 1);
                    }
                    return Step::Stop(units.limit(&text[end..], normalizer, taker));
                }
                Err(next) => open = next,
            }
            until += usize::from(open == Open::Behind);
        }
    }
}
