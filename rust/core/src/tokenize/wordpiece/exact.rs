//! The pipeline spelled out step by step, over whole texts: the road for settings and characters
//! that the fast path leaves alone.

use super::super::added::{Matcher, Part};
use super::super::output::Output;
use super::super::unicode;
use super::normalizer::{Normalizer, Run};
use super::pieces::{Pieces, Word};

/// Working memory of the exact road.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) normalized: String,
    pub(super) run: Run,
    pub(super) ids: Vec<u32>,
}

/// Ids of a text: raw added tokens, then every piece normalized and cut on its own. Returns false
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
        return piece(text, normalizer, normalized, pieces, buffers, out);
    };
    raw.split(text, |part| match part {
        Part::Token(id) => out.push(id),
        Part::Text(range) => piece(&text[range], normalizer, normalized, pieces, buffers, out),
    })
}

/// Ids of a text without raw added tokens.
fn piece(
    text: &str,
    normalizer: Normalizer,
    normalized: Option<&Matcher>,
    pieces: &Pieces,
    buffers: &mut Buffers,
    out: &mut Output<'_>,
) -> bool {
    let Buffers {
        normalized: buffer,
        run,
        ids,
    } = buffers;
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

/// Ids of a normalized text without added tokens: BertPreTokenizer and the model.
pub(super) fn words(text: &str, pieces: &Pieces, ids: &mut Vec<u32>, out: &mut Output<'_>) -> bool {
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let properties = unicode::properties(c);
        if properties.is_whitespace() {
            if !word(&text[start..at], pieces, ids, out) {
                return false;
            }
            start = at + c.len_utf8();
        } else if properties.is_punctuation() {
            let end = at + c.len_utf8();
            if !word(&text[start..at], pieces, ids, out) || !word(&text[at..end], pieces, ids, out)
            {
                return false;
            }
            start = end;
        }
    }
    word(&text[start..], pieces, ids, out)
}

/// Ids of one word; of none if it is empty.
pub(super) fn word(word: &str, pieces: &Pieces, ids: &mut Vec<u32>, out: &mut Output<'_>) -> bool {
    ids.clear();
    if word.is_empty() {
        return true;
    }
    match pieces.tokenize(word, ids) {
        Word::Unknown => out.push_unknown(),
        Word::Pieces => out.extend(ids),
    }
}
