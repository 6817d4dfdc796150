//! From a normalized text to ids: words, each looked up where it was seen before.

use super::cache::{Cache, Kind, Query};
use super::units::LONGEST_KEPT;
use crate::tokenize::hash::Key;
use crate::tokenize::models::{Model, Parted, Word, Work};
use crate::tokenize::output::{NO_ID, Output, Sink};
use crate::tokenize::text::pretokenizers::{Buffer, Classes, Pattern, PreTokenizer};
use crate::tokenize::text::stand_ins;

/// From a normalized text to ids.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) pre_tokenizer: PreTokenizer,
    pub(super) model: Model,
    /// The unknown token's id, or `NO_ID`.
    pub(super) unk_id: u32,
    /// What words are looked up as.
    pub(super) kind: Kind,
    /// Whether words of bytes have to be spelled out for the model.
    pub(super) spells: bool,
    /// Whether some text can need an unknown token that does not exist.
    pub(super) may_fail: bool,
}

/// What words are made and looked up with.
#[derive(Debug, Default)]
pub(super) struct Tools {
    buffer: Buffer,
    pub(super) work: Work,
    /// The ids of a word.
    list: Vec<u32>,
    /// A unit and the space before it.
    text: String,
}

impl Words {
    /// Appends the ids of a normalized unit, `spaced` if the space before it counts.
    pub(super) fn unit(
        &self,
        text: &str,
        spaced: bool,
        cache: &mut Cache,
        tools: &mut Tools,
        ids: &mut Vec<u32>,
    ) {
        let Tools { buffer, work, list, text: own } = tools;
        let text = if spaced {
            own.clear();
            own.push(' ');
            own.push_str(text);
            own
        } else {
            text
        };
        self.pre_tokenizer.split(text.as_bytes(), 0, buffer, |text, start, end| {
            if self.model.parted().is_some() && end - start > Key::LONGEST {
                return self.long(&text[start..end], cache, work, list, ids);
            }
            self.word(&text[start..end], work, ids);
            true
        });
    }

    /// Keeps ids that were made, unless they are not all.
    pub(super) fn keep(&self, query: &Query<'_>, ids: &[u32], cache: &mut Cache, work: &Work) {
        if !work.failed {
            cache.put(query, ids, self.has_unknown(ids));
        }
    }

    fn has_unknown(&self, ids: &[u32]) -> bool {
        self.unk_id != NO_ID && ids.contains(&self.unk_id)
    }

    /// Appends the ids of a word.
    #[inline]
    fn word(&self, word: &[u8], work: &mut Work, ids: &mut Vec<u32>) {
        if !self.spells {
            self.model.word(word, work, ids);
            return;
        }
        let mut spelled = std::mem::take(work.stand_ins());
        spelled.clear();
        stand_ins::append(word, &mut spelled);
        self.model.word(&spelled, work, ids);
        *work.stand_ins() = spelled;
    }

    /// Puts out the ids of a normalized text of which so many bytes count as the start of the whole.
    /// Returns false when the limit is reached.
    pub(super) fn segment(
        &self,
        text: &str,
        first: usize,
        cache: &mut Cache,
        tools: &mut Tools,
        out: &mut Output<'_>,
    ) -> bool {
        let Tools { buffer, work, list, .. } = tools;
        let text = text.as_bytes();
        match self.pre_tokenizer.pattern() {
            // One loop for the pattern of most files, so that it is compiled for it.
            Some(&Pattern::Gpt2) => {
                let text = self.pre_tokenizer.prefixed(text, buffer);
                self.matches(&Pattern::Gpt2, text, cache, work, list, out)
            }
            Some(pattern) => {
                let text = self.pre_tokenizer.prefixed(text, buffer);
                self.matches(pattern, text, cache, work, list, out)
            }
            None if self.model.is_a_look_up() && !self.spells => {
                self.pre_tokenizer.split(text, first, buffer, |text, start, end| {
                    list.clear();
                    self.word(&text[start..end], work, list);
                    out.extend(list)
                })
            }
            None => self.pre_tokenizer.split(text, first, buffer, |text, start, end| {
                let query = cache.query(text, start, end, self.kind);
                self.look_up(&query, cache, work, list, out)
            }),
        }
    }

    /// Puts out the ids of all matches of a pattern. Returns false when the limit is reached.
    #[inline]
    fn matches(
        &self,
        pattern: &Pattern,
        text: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut Output<'_>,
    ) -> bool {
        let classes = Classes::get();
        let mut start = 0;
        while start < text.len() {
            let end = pattern.end(classes, text, start);
            let query = cache.query(text, start, end, self.kind);
            if !self.look_up(&query, cache, work, list, out) {
                return false;
            }
            start = end;
        }
        true
    }

    /// Puts out the ids of one word. Returns false when no more are wanted.
    #[inline(always)]
    fn look_up(
        &self,
        query: &Query<'_>,
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        if query.bytes.len() > Key::LONGEST {
            return self.long(query.bytes, cache, work, list, out);
        }
        match cache.few(query) {
            Some((ids, count)) => out.few(ids, count),
            None => self.rare(query, cache, work, list, out, |word, work, ids| {
                self.word(word, work, ids);
            }),
        }
    }

    /// What has many ids, or is not known to the cache: `make` then appends its ids.
    #[cold]
    fn rare<S: Sink>(
        &self,
        query: &Query<'_>,
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut S,
        make: impl FnOnce(&[u8], &mut Work, &mut Vec<u32>),
    ) -> bool {
        if let Some(known) = cache.get(query) {
            return known.put_out(out);
        }
        list.clear();
        make(query.bytes, work, list);
        self.keep(query, list, cache, work);
        out.many(list, self.has_unknown(list))
    }

    /// A long word, which is seldom seen again: what it is made of is, if it can be taken apart.
    fn long(
        &self,
        word: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        if let Some(model) = self.model.parted() {
            return self.parts(model, word, cache, work, list, out);
        }
        if word.len() <= LONGEST_KEPT {
            let query = cache.query(word, 0, word.len(), self.kind);
            return self.rare(&query, cache, work, list, out, |word, work, ids| {
                self.word(word, work, ids);
            });
        }
        list.clear();
        self.word(word, work, list);
        out.many(list, self.has_unknown(list))
    }

    /// A long word, part by part.
    fn parts(
        &self,
        model: &impl Parted,
        word: &[u8],
        cache: &mut Cache,
        work: &mut Work,
        list: &mut Vec<u32>,
        out: &mut impl Sink,
    ) -> bool {
        if let Some(id) = model.whole(word) {
            return out.one(id);
        }
        let bytes = model.bytes();
        // Where words are not taken whole, a part is what a word of the same bytes is.
        let kind =
            if model.takes_whole() || self.kind == Kind::Word { Kind::Part } else { self.kind };
        let mut start = 0;
        while start < word.len() {
            let end = model.part_end(word, start);
            let goes_on = if end == start + 1
                && let Some(bytes) = bytes
            {
                out.one(bytes[usize::from(word[start])])
            } else {
                let query = cache.query(word, start, end, kind);
                match cache.few(&query) {
                    Some((ids, count)) => out.few(ids, count),
                    None => self.rare(&query, cache, work, list, out, |part, work, ids| {
                        model.part(part, work, ids);
                    }),
                }
            };
            if !goes_on {
                return false;
            }
            start = end;
        }
        true
    }
}
