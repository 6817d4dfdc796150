//! How raw texts are cut into units, so that the ids of a text are those of its units, one after the
//! other.
//!
//! Where each unit of a text is closed, which is nearly everywhere, the text's normalized form is
//! that of its units put together, and if white space, or punctuation that is set apart, lies
//! between any two of them, so are its words. Units are then looked up as they stand in the raw
//! text, and what would have to be done to them is done once. A unit that is open is taken together
//! with its neighbours; only where that does not help is a text given back, to be taken as a whole.

use crate::tokenize::hash::Key;
use crate::tokenize::scan::{Cutting, Set};
use crate::tokenize::text::normalizers::{Buffers, Normalizer, Open, Parts, Place};
use crate::tokenize::text::pretokenizers::{Apart, Metaspace, Prepend, Words};
use crate::tokenize::text::unicode;

/// Longer units are not kept: they hardly come again.
pub(in crate::tokenize) const LONGEST_KEPT: usize = 64;

/// How raw texts are cut into units.
#[derive(Debug)]
pub(in crate::tokenize) struct Units {
    pub(super) cutting: Cutting,
    pub(super) parts: Parts,
    /// What spaces are for, if they count.
    pub(super) spaces: Option<Spaces>,
    /// What drops white space, where it is dropped.
    words: Option<Words>,
    /// Whether ideographs become units of their own.
    isolates: bool,
}

/// Spaces that begin words.
#[derive(Debug)]
pub(super) struct Spaces {
    pub(super) prepend: Prepend,
    pub(super) replacement: char,
    /// The characters of ASCII that have the replacement set before them if they begin a text.
    pub(super) heads: Set,
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
pub(super) fn is_head(head: &str, joins: bool, replacement: char) -> bool {
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
        fits.then_some(Self { cutting, parts, spaces, words: None, isolates })
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
        fits.then_some(Self { cutting, parts, spaces: None, words: Some(words), isolates })
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
        if self.turns(unit, text) {
            return Err(Open::Before);
        }
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
    /// the text also if there is no unit before it. If spaces count, it begins with one. `before` is
    /// what lies before all that: what a stretch begins with may have been told apart by itself, and
    /// no more with the marks behind it.
    pub(super) fn stretch(
        &self,
        part: &str,
        before: Option<u8>,
        place: Place,
        normalizer: &Normalizer,
        buffers: &mut Buffers,
    ) -> Result<String, Open> {
        let mut text = normalizer.between(part, place, buffers)?;
        let starts = matches!(place, Place::Start | Place::Whole);
        if !starts && !self.is_separate(part, before, text) {
            return Err(Open::Before);
        }
        if self.spaces.is_none() {
            return Ok(text.to_owned());
        }
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

    /// Whether what a stretch was normalized to has nothing to do with what is before it.
    fn is_separate(&self, part: &str, before: Option<u8>, text: &str) -> bool {
        let is_behind = before.is_some_and(|byte| self.cutting.is_apart(byte));
        let Some(words) = self.words else { return is_behind || text.starts_with(' ') };
        match words.begins_apart(text) {
            None => true,
            _ if part.bytes().next().is_some_and(|byte| self.cutting.is_space(byte)) => false,
            Some(is_apart) if self.cutting.runs() => is_apart != is_behind,
            Some(is_apart) => is_apart || is_behind,
        }
    }

    /// Whether a unit that punctuation is before, or that it begins with, is no more told apart once
    /// it is normalized, or only then.
    fn turns(&self, unit: &str, text: &str) -> bool {
        let Some(words) = self.words.filter(|_| self.cutting.runs()) else { return false };
        // What else a unit begins with is never cut off.
        let Some(is_apart) = unit.bytes().next().and_then(|byte| self.cutting.apart(byte)) else {
            return false;
        };
        words.begins_apart(text).is_some_and(|begins| begins != is_apart)
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
}
