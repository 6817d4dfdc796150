//! The pipeline spelled out step by step, over whole texts: the road for settings and characters
//! that the fast path leaves alone.

use crate::tokenize::models::wordpiece::{Outcome, Pieces};
use crate::tokenize::output::Output;
use crate::tokenize::text::added::{Matcher, Part};
use crate::tokenize::text::normalizers::bert::{Normalizer, Run};
use crate::tokenize::text::unicode;

/// Working memory of the exact road.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) normalized: String,
    pub(super) run: Run,
    pub(super) ids: Vec<u32>,
}

/// Ids of a text: raw added tokens, then every segment normalized and cut on its own. Returns false
/// when the limit is reached.
pub(super) fn text(
    text: &str,
    raw: Option<&Matcher>,
    normalizer: Normalizer,
    normalized: Option<&Matcher>,
    pieces: &Pieces,
    buffers: &mut Buffers,
    out: &mut Output<'_>,
) -> bool {
    let Some(raw) = raw else {
        return segment(text, normalizer, normalized, pieces, buffers, out);
    };
    raw.split(text, |part| match part {
        Part::Token(id) => out.push(id),
        Part::Text(range) => segment(&text[range], normalizer, normalized, pieces, buffers, out),
    })
}

/// Ids of a text without raw added tokens.
fn segment(
    text: &str,
    normalizer: Normalizer,
    normalized: Option<&Matcher>,
    pieces: &Pieces,
    buffers: &mut Buffers,
    out: &mut Output<'_>,
) -> bool {
    let Buffers { normalized: buffer, run, ids } = buffers;
    buffer.clear();
    normalizer.normalize(text, run, buffer);
    let Some(normalized) = normalized else {
        return words(buffer, pieces, ids, out);
    };
    normalized.split(buffer, |part| match part {
        Part::Token(id) => out.push(id),
        Part::Text(range) => words(&buffer[range], pieces, ids, out),
    })
}

/// Ids of a normalized text without added tokens.
fn words(text: &str, pieces: &Pieces, ids: &mut Vec<u32>, out: &mut Output<'_>) -> bool {
    pre_tokens(text, |word| {
        ids.clear();
        let what = pieces.tokenize(word.as_bytes(), ids);
        match what {
            Outcome::Unknown => out.push_unknown(),
            Outcome::Pieces => out.extend(ids),
        }
    })
}

/// BertPreTokenizer: calls `word` with every pre-token, none of them empty, until it returns
/// false; returns whether it never did.
pub(super) fn pre_tokens(text: &str, mut word: impl FnMut(&str) -> bool) -> bool {
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let properties = unicode::properties(c);
        let alone = properties.is_punctuation();
        if !alone && !properties.is_whitespace() {
            continue;
        }
        let end = at + c.len_utf8();
        if start < at && !word(&text[start..at]) || alone && !word(&text[at..end]) {
            return false;
        }
        start = end;
    }
    start == text.len() || word(&text[start..])
}
