//! Steps that map character by character, done in one pass.
//!
//! What becomes of a character is worked out by the steps themselves the first time it occurs, and
//! kept in the worker's [`Table`]. A character that depends on its neighbours (a combining mark,
//! say) is not in the table: it goes through the steps together with as many plain characters on
//! either side as there are steps that look around, so that what one step makes of the outermost
//! cannot be changed by what another made of their neighbours.

use super::step::{Step, Work};
use super::table::{Entry, LONG, LONG_OPEN, SAME, SLOW, Table, UNKNOWN};
use super::{Open, Place, charsmap};
use crate::tokenize::text::unicode;

/// Longest replacement that the table holds. What a character becomes is not followed any further
/// than this when it is looked at by itself: steps that double it one after the other would fill
/// all memory.
const LONGEST: usize = 255;
/// A character may become as many times its own bytes without being checked against the limit of
/// the text: what Unicode's own forms can do, and more.
const GROWTH: usize = 12;

/// The kinds of ASCII bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ascii {
    /// One byte, not a space.
    Byte(u8),
    Space,
    Dropped,
    /// Anything else: as for other characters.
    Other,
}

#[derive(Debug)]
pub(super) struct Fused {
    steps: Vec<Step>,
    /// `\s+` to one space follows.
    collapse: bool,
    /// How many plain characters are enough to go with one that is not.
    guard: usize,
    /// Whether all that looks around is a character map that sees the text first.
    maps: bool,
    ascii: [Ascii; 128],
    /// What the ASCII bytes of one byte become; 0 for all others.
    bytes: [u8; 256],
}

impl Fused {
    /// Takes as many leading steps as can be done together; the others are left over.
    pub(super) fn new(mut steps: Vec<Step>) -> (Option<Self>, Vec<Step>) {
        let mut rest = steps.split_off(steps.iter().take_while(|step| step.is_local()).count());
        if steps.is_empty() {
            return (None, rest);
        }
        let collapses =
            |step: &Step| matches!(step, Step::Whitespace { content } if content == " ");
        let collapse = rest.first().is_some_and(collapses);
        if collapse {
            rest.remove(0);
        }
        let guard = steps.iter().filter(|step| step.is_sensitive()).count();
        let maps = guard == 1 && matches!(steps[0], Step::Charsmap(_));
        let mut fused =
            Self { steps, collapse, guard, maps, ascii: [Ascii::Other; 128], bytes: [0; 256] };
        let mut work = Work::default();
        for byte in 0..128 {
            let alone = fused.alone(char::from(byte), false, &mut work);
            let Some(text) = alone else { continue };
            fused.ascii[usize::from(byte)] = match *text.as_bytes() {
                [] => Ascii::Dropped,
                [b' '] => Ascii::Space,
                [one] => Ascii::Byte(one),
                _ => Ascii::Other,
            };
            if let [one] = *text.as_bytes()
                && one != 0
                && !(collapse && one == b' ')
            {
                fused.bytes[usize::from(byte)] = one;
            }
        }
        (Some(fused), rest)
    }

    /// What a character becomes among plain ones; none if it is not plain itself, which for the
    /// first step may be known not to matter.
    fn alone<'w>(&self, c: char, first: bool, work: &'w mut Work) -> Option<&'w str> {
        let (mut text, mut next) =
            (std::mem::take(&mut work.first), std::mem::take(&mut work.second));
        text.clear();
        text.push(c);
        let mut plain = true;
        for (number, step) in self.steps.iter().enumerate() {
            plain &= (first && number == 0) || text.chars().all(|c| step.is_plain(c));
            next.clear();
            plain &= step.apply(&text, LONGEST, work, &mut next);
            std::mem::swap(&mut text, &mut next);
            if !plain {
                break;
            }
        }
        if plain && self.collapse {
            next.clear();
            collapse(&text, &mut next);
            std::mem::swap(&mut text, &mut next);
        }
        (work.first, work.second) = (text, next);
        plain.then_some(work.first.as_str())
    }

    /// Whether a character that is not plain becomes what it becomes alone, if those on both sides
    /// of it are long as well.
    ///
    /// Only the character map looks around, and all it sees are clusters, of which it looks for
    /// none of two long characters ([`charsmap::LONG`]): not for the character's own, unless that is
    /// the character alone, nor for what a neighbour is in.
    fn is_long(&self, c: char) -> bool {
        self.maps && charsmap::is_long(c) && !self.steps[0].is_plain(c)
    }

    #[cold]
    fn learn(&self, c: char, table: &mut Table, work: &mut Work) -> Entry {
        let is_long = self.is_long(c);
        let flags = match is_long {
            true if table.closes(c) => LONG,
            true => LONG | LONG_OPEN,
            false => 0,
        };
        let entry = match self.alone(c, is_long, work) {
            Some(text) if text == c.encode_utf8(&mut [0; 4]) && !is_long => SAME,
            Some(text) if text.len() <= GROWTH * c.len_utf8() => {
                table.keep(text).map_or(SLOW, |entry| entry | flags)
            }
            _ => SLOW,
        };
        table.set(c, entry);
        entry
    }

    #[inline]
    fn entry(&self, c: char, table: &mut Table, work: &mut Work) -> Entry {
        match table.get(c) {
            UNKNOWN => self.learn(c, table, work),
            entry => entry,
        }
    }

    /// Whether a plain character becomes something between two spaces.
    #[inline]
    pub(super) fn isolates(&self, c: char, table: &mut Table, work: &mut Work) -> bool {
        match self.entry(c, table, work) {
            SLOW | SAME => false,
            entry => entry & LONG == 0 && matches!(table.text(entry), [b' ', _, .., b' ']),
        }
    }

    /// Whether plain characters before and after a part, or the ends of the text, neither change it
    /// nor are changed by it, whatever stands within: it begins with a plain character that leaves
    /// something behind, and does not end in one that takes in the next, as a prepended mark takes
    /// any, a joiner an emoji and a virama a consonant.
    ///
    /// One step that looks around is as far as that reaches: what it made of the first character
    /// could be what a second one changes. With more of them, as many characters at either end must
    /// be plain and leave something behind: the same that [`Self::ahead`] asks for to cut a text.
    #[cold]
    pub(super) fn openness(
        &self,
        part: &str,
        place: Place,
        table: &mut Table,
        work: &mut Work,
    ) -> Result<(), Open> {
        let ends = (part.chars().next(), part.chars().next_back());
        let (Some(first), Some(last)) = ends else { return Ok(()) };
        let starts = matches!(place, Place::Start | Place::Whole);
        let stops = matches!(place, Place::End | Place::Whole);
        if place == Place::Alone {
            return Err(Open::Always);
        }
        if self.guard > 1 {
            let mut all_solid = |near: &mut dyn Iterator<Item = char>| {
                let solid = near.take(self.guard).filter(|&c| self.is_solid(c, table, work));
                solid.count() == self.guard
            };
            return match place {
                _ if !starts && !all_solid(&mut part.chars()) => Err(Open::Before),
                _ if !stops && !all_solid(&mut part.chars().rev()) => Err(Open::Behind),
                _ => Ok(()),
            };
        }
        if !starts && !self.is_solid(first, table, work) {
            return Err(Open::Before);
        }
        let closed = stops || table.closes(last);
        if closed { Ok(()) } else { Err(Open::Behind) }
    }

    pub(super) fn collapses(&self) -> bool {
        self.collapse
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(super) fn guard(&self) -> usize {
        self.guard
    }

    /// Replaces `out` by the normalized text, if no character depends on its neighbours, and says so.
    /// Only if the part is taken to lie between plain characters, it may depend on some of its own
    /// that are not.
    pub(super) fn alone_into(
        &self,
        text: &str,
        place: Place,
        table: &mut Table,
        work: &mut Work,
        out: &mut String,
    ) -> bool {
        let mut bytes = std::mem::take(out).into_bytes();
        bytes.clear();
        let within = place != Place::Alone;
        let end = self.plain(text, 0, within, table, work, &mut bytes);
        *out = into_string(bytes);
        end == text.len()
    }

    /// Replaces `out` by the normalized text, and says whether that is no longer than `limit`: if
    /// not, it is not whole.
    pub(super) fn normalize(
        &self,
        text: &str,
        limit: usize,
        table: &mut Table,
        work: &mut Work,
        out: &mut String,
    ) -> bool {
        let mut bytes = std::mem::take(out).into_bytes();
        bytes.clear();
        let mut from = 0;
        let mut fits = true;
        while from < text.len() {
            let begun = bytes.len();
            let end = self.plain(text, from, true, table, work, &mut bytes);
            if end == text.len() {
                break;
            }
            // Some plain characters go the slow way as well.
            let start = self.back(text, from, end, table, work);
            bytes.truncate(begun);
            self.plain(&text[..start], from, true, table, work, &mut bytes);
            from = self.ahead(text, end, table, work);
            fits = self.slow(&text[start..from], limit, work, &mut bytes);
            if !fits {
                break;
            }
        }
        *out = into_string(bytes);
        fits && out.len() <= limit
    }

    /// Appends what becomes of plain characters, and where the text lies `within` plain ones of long
    /// ones; returns where the first other one is.
    fn plain(
        &self,
        text: &str,
        from: usize,
        within: bool,
        table: &mut Table,
        work: &mut Work,
        out: &mut Vec<u8>,
    ) -> usize {
        let until = text.len();
        let mut at = from;
        while at < until {
            let rest = &text.as_bytes()[at..];
            if let Some(kind) = self.ascii.get(usize::from(rest[0])) {
                let run = self.run(rest, out);
                if run > 0 {
                    at += run;
                    continue;
                }
                match *kind {
                    Ascii::Byte(byte) => out.push(byte),
                    Ascii::Space => {
                        if !(self.collapse && out.last() == Some(&b' ')) {
                            out.push(b' ');
                        }
                    }
                    Ascii::Dropped => {}
                    Ascii::Other => {
                        let entry = self.entry(char::from(rest[0]), table, work);
                        if entry == SLOW {
                            return at;
                        }
                        self.push(table.text(entry), out);
                    }
                }
                at += 1;
                continue;
            }
            let Some(c) = text[at..].chars().next() else { return until };
            let next = at + c.len_utf8();
            match self.entry(c, table, work) {
                SLOW => return at,
                // Of a known length: no call to copy three bytes.
                SAME => match rest {
                    &[a, b, c, ..] if next - at == 3 => out.extend_from_slice(&[a, b, c]),
                    _ => out.extend_from_slice(&rest[..next - at]),
                },
                entry if entry & LONG == 0 => self.push(table.text(entry), out),
                entry => {
                    let is_long = |byte: &u8| *byte >= 0xe0;
                    let bytes = text.as_bytes();
                    let after = match bytes.get(next) {
                        Some(byte) => is_long(byte) || (byte.is_ascii() && entry & LONG_OPEN == 0),
                        None => entry & LONG_OPEN == 0,
                    };
                    // Only long characters have two bytes that go on.
                    let before = at >= 2 && bytes[at - 2] & 0xc0 == 0x80;
                    if !(within && before && after) {
                        return at;
                    }
                    match *table.text(entry) {
                        [a, b, c] => out.extend_from_slice(&[a, b, c]),
                        ref all => self.push(all, out),
                    }
                }
            }
            at = next;
        }
        until
    }

    /// Appends what becomes of leading bytes that stay single; returns how many there are.
    #[inline]
    fn run(&self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let mut done = 0;
        while let Some(eight) = text[done..].first_chunk::<8>() {
            // All eight at once, and back again: a loop would have to guess where the run ends.
            let mapped = eight.map(|byte| self.bytes[usize::from(byte)]);
            let word = u64::from_le_bytes(mapped);
            let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
            let good = zeros.trailing_zeros() as usize / 8;
            out.extend_from_slice(&mapped);
            out.truncate(out.len() - (8 - good));
            done += good;
            if good < 8 {
                return done;
            }
        }
        let rest = text[done..].iter().map(|&byte| self.bytes[usize::from(byte)]);
        let before = out.len();
        out.extend(rest.take_while(|&byte| byte != 0));
        done + out.len() - before
    }

    /// Appends one replacement.
    #[inline]
    fn push(&self, replacement: &[u8], out: &mut Vec<u8>) {
        let joins = self.collapse && out.last() == Some(&b' ');
        match replacement {
            [b' ', rest @ ..] if joins => out.extend_from_slice(rest),
            all => out.extend_from_slice(all),
        }
    }

    /// Whether a character is plain and leaves something behind.
    fn is_solid(&self, c: char, table: &mut Table, work: &mut Work) -> bool {
        match self.entry(c, table, work) {
            SLOW => false,
            SAME => true,
            entry => entry & LONG == 0 && entry & 0xff != 0,
        }
    }

    /// Where a slow stretch must begin, for a character at `end` that is not plain; all from
    /// `from` on is plain.
    fn back(
        &self,
        text: &str,
        from: usize,
        end: usize,
        table: &mut Table,
        work: &mut Work,
    ) -> usize {
        let mut solid = 0;
        let mut start = end;
        for (at, c) in text[from..end].char_indices().rev() {
            solid = if self.is_solid(c, table, work) { solid + 1 } else { 0 };
            if solid > self.guard {
                return start;
            }
            start = from + at;
        }
        from
    }

    /// Where a slow stretch ends: after enough plain characters, with as many more behind them.
    fn ahead(&self, text: &str, from: usize, table: &mut Table, work: &mut Work) -> usize {
        let mut solid = 0;
        let mut cut = from;
        for (at, c) in text[from..].char_indices() {
            solid = if self.is_solid(c, table, work) { solid + 1 } else { 0 };
            if solid == self.guard {
                cut = from + at + c.len_utf8();
            }
            if solid == 2 * self.guard {
                return cut;
            }
        }
        text.len()
    }

    /// Appends what the steps themselves make of a stretch, if all is no longer than `limit` then,
    /// and says so.
    fn slow(&self, text: &str, limit: usize, work: &mut Work, out: &mut Vec<u8>) -> bool {
        let (mut current, mut next) =
            (std::mem::take(&mut work.first), std::mem::take(&mut work.second));
        current.clear();
        current.push_str(text);
        let mut fits = true;
        for step in &self.steps {
            next.clear();
            fits = step.apply(&current, limit, work, &mut next);
            std::mem::swap(&mut current, &mut next);
            if !fits {
                break;
            }
        }
        if fits && self.collapse {
            next.clear();
            collapse(&current, &mut next);
            std::mem::swap(&mut current, &mut next);
        }
        fits &= out.len() + current.len() <= limit;
        if fits {
            self.push(current.as_bytes(), out);
        }
        (work.first, work.second) = (current, next);
        fits
    }
}

/// Runs of white space become one space each.
fn collapse(text: &str, out: &mut String) {
    for c in text.chars() {
        if !unicode::is_whitespace(c) {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

fn into_string(bytes: Vec<u8>) -> String {
    debug_assert!(bytes.len() > 1 << 16 || std::str::from_utf8(&bytes).is_ok());
    // SAFETY: only whole characters were appended: of a str, of the strings that the steps made,
    // and single bytes that are strings by themselves; it was only cut back to such a boundary.
    unsafe { String::from_utf8_unchecked(bytes) }
}
