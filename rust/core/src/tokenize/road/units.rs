//! Texts whose ids are those of their units, one after the other.
//!
//! Where each unit of a text is closed, which is nearly everywhere, the text's normalized form is
//! that of its units put together, and if white space, or punctuation that is set apart, lies
//! between any two of them, so are its words. Units are then looked up as they stand in the raw
//! text, and what would have to be done to them is done once. A text in which that is not so is
//! given back, to be taken as a whole.

use super::cache::Cache;
use crate::backend::Runnable;
use crate::tokenize::hash::Key;
use crate::tokenize::output::Output;
use crate::tokenize::scan::units::{Cutting, Set, Units};
use crate::tokenize::text::normalizers::{Buffers, Normalizer, Parts};
use crate::tokenize::text::pretokenizers::Words;
use crate::tokenize::text::unicode;

/// Longer units are not kept: they hardly come again.
pub(in crate::tokenize) const LONGEST_KEPT: usize = 64;

/// How raw texts are cut into units.
#[derive(Debug)]
pub(in crate::tokenize) struct Apart {
    pub(in crate::tokenize) cutting: Cutting,
    parts: Parts,
    /// What stands for a space afterwards, if spaces count.
    mark: Option<char>,
    /// Whether ideographs become units of their own.
    isolates: bool,
}

/// Why the units of a text were not all used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Stop {
    /// The limit is reached.
    Limit,
    /// The text has to be taken as a whole.
    Whole,
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

impl Apart {
    /// Units for Metaspace: each becomes words, of which the first begins with the mark.
    pub(in crate::tokenize) fn marked(normalizer: &Normalizer, mark: char) -> Option<Self> {
        let parts = normalizer.parts()?;
        let ascii = ascii(normalizer);
        let text = |byte: u8| ascii[usize::from(byte)].as_str();
        let spaced = |byte: u8| {
            let inner = text(byte).trim_matches(' ');
            parts.joins
                && text(byte).starts_with(' ')
                && text(byte).ends_with(' ')
                && !inner.is_empty()
                && !inner.starts_with(mark)
        };
        let cutting = Cutting {
            space: Set::new(|byte| text(byte) == " "),
            punctuation: Set::new(spaced),
            odd: Set::default(),
            runs: false,
        };
        let fits = cutting.space.has(b' ');
        let isolates = parts.joins && isolates(normalizer);
        fits.then_some(Self { cutting, parts, mark: Some(mark), isolates })
    }

    /// Units for a pre-tokenizer that drops white space: each becomes words of its own.
    pub(in crate::tokenize) fn spaced(normalizer: &Normalizer, words: Words) -> Option<Self> {
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
        fits.then_some(Self { cutting, parts, mark: None, isolates })
    }

    /// Whether a text starts in such a way that its first unit is one like all others; `prefix` if
    /// a mark is set before it.
    pub(in crate::tokenize) fn begins(&self, text: &str, prefix: bool) -> bool {
        let spaced = |first: u8| !self.parts.strips_left && self.cutting.space.has(first);
        prefix || self.mark.is_none() || text.bytes().next().is_none_or(spaced)
    }

    /// What becomes of a unit, without white space around it; none if that depends on what is
    /// around it.
    #[inline]
    pub(in crate::tokenize) fn normalized<'b>(
        &self,
        unit: &'b str,
        normalizer: &Normalizer,
        buffers: &'b mut Buffers,
    ) -> Option<&'b str> {
        let text = normalizer.between(unit, buffers)?;
        let Some(mark) = self.mark else { return Some(text) };
        let inner = text.trim_matches(' ');
        let Parts { joins, strips_left, strips_right } = self.parts;
        let trimmed = inner.len() < text.len();
        // At the end of the text a space that is not stripped is a word.
        let fits = (!trimmed || (joins && (strips_right || !text.ends_with(' '))))
            && (!inner.is_empty() || (joins && strips_right))
            && !inner.starts_with(mark)
            && !(strips_left && inner.starts_with(unicode::is_whitespace))
            && !(strips_right && inner.ends_with(unicode::is_whitespace));
        fits.then_some(inner)
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

    /// Whether the white space before a unit can be left out, and is as good as one space: where
    /// the unit before it ends, if there is one, and where it starts.
    #[inline]
    pub(in crate::tokenize) fn may_skip(&self, before: Option<usize>, start: usize) -> bool {
        let Parts { joins, strips_left, .. } = self.parts;
        let one = || match before {
            Some(end) => start == end + 1,
            None => start == 0 || (start == 1 && !strips_left),
        };
        self.mark.is_none() || joins || one()
    }

    /// Whether the white space behind the last unit can be left out.
    pub(in crate::tokenize) fn may_end(&self, text: &str, last: Option<usize>) -> bool {
        let Parts { joins, strips_right, .. } = self.parts;
        self.mark.is_none() || (joins && strips_right) || last.unwrap_or(0) == text.len()
    }
}

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Memory {
    pub(in crate::tokenize) units: Units,
    pub(in crate::tokenize) buffers: Buffers,
    pub(in crate::tokenize) cache: Cache,
    list: Vec<u32>,
}

impl Apart {
    /// Puts out the ids of a text: of each unit those that `compute` appends for its normalized
    /// form, the unknown one included. If it has to stop, says why; nothing is put out if the text
    /// has to be taken as a whole.
    #[inline]
    pub(in crate::tokenize) fn ids(
        &self,
        text: &str,
        normalizer: &Normalizer,
        backend: Runnable,
        memory: &mut Memory,
        out: &mut Output<'_>,
        mut compute: impl FnMut(&str, &mut Vec<u32>),
    ) -> Option<Stop> {
        let Memory { units, buffers, cache, list } = memory;
        let mark = out.mark();
        let mut last = None;
        let bytes = text.as_bytes();
        let stop = units.each(backend, &self.cutting, bytes, |start, end| {
            if !self.may_skip(last, start) {
                return Some(Stop::Whole);
            }
            last = Some(end);
            if end - start <= Key::LONGEST
                && let Some((ids, count)) = cache.few(&cache.query(bytes, start, end, false))
            {
                if out.extend_few(ids, count) {
                    return None;
                }
            } else {
                let unit = &text[start..end];
                match self.rare(unit, normalizer, buffers, cache, list, out, &mut compute) {
                    None => return Some(Stop::Whole),
                    Some(true) => return None,
                    Some(false) => {}
                }
            }
            let untouched = normalizer.is_untouched_by(&text[end..], buffers);
            Some(if untouched { Stop::Limit } else { Stop::Whole })
        });
        units.trim();
        let stop = match stop {
            Some(Stop::Limit) => stop,
            None if self.may_end(text, last) => None,
            _ => Some(Stop::Whole),
        };
        if stop == Some(Stop::Whole) {
            out.rewind(mark);
        }
        stop
    }

    /// A unit that is long, or not known. Returns whether the limit is not reached; none if the
    /// unit depends on what is around it.
    #[expect(clippy::too_many_arguments, reason = "the working memory, in parts")]
    #[inline(never)]
    fn rare(
        &self,
        unit: &str,
        normalizer: &Normalizer,
        buffers: &mut Buffers,
        cache: &mut Cache,
        list: &mut Vec<u32>,
        out: &mut Output<'_>,
        compute: &mut impl FnMut(&str, &mut Vec<u32>),
    ) -> Option<bool> {
        let kept = unit.len() <= LONGEST_KEPT;
        let query = kept.then(|| cache.query(unit.as_bytes(), 0, unit.len(), false));
        if let Some(query) = &query
            && let Some(known) = cache.get(query)
        {
            return Some(known.put_out(out));
        }
        list.clear();
        if self.may_part(unit) {
            let mut rest = unit;
            while !rest.is_empty() {
                let part = self.part(rest, normalizer, buffers);
                rest = &rest[part.len()..];
                let kept = part.len() <= LONGEST_KEPT;
                let query = kept.then(|| cache.query(part.as_bytes(), 0, part.len(), false));
                if let Some(query) = &query
                    && let Some(known) = cache.get(query)
                {
                    list.extend_from_slice(known.ids.all());
                    continue;
                }
                let before = list.len();
                compute(self.normalized(part, normalizer, buffers)?, list);
                if let Some(query) = &query {
                    let ids = &list[before..];
                    cache.put(query, ids, out.has_unknown(ids));
                }
            }
        } else {
            compute(self.normalized(unit, normalizer, buffers)?, list);
        }
        if let Some(query) = &query {
            cache.put(query, list, out.has_unknown(list));
        }
        Some(out.extend(list))
    }
}
