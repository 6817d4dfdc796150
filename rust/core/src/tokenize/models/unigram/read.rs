//! From a tokenizer.json to a Unigram model, if it is one of those covered.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::{Facts, Known};
use super::build;
use super::model::{MARK, Unigram};
use crate::tokenize::file::spec::{Spec, Vocab};
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::{LONGEST_TOKEN, check_lengths, not_covered};
use crate::tokenize::text::pretokenizers::PreTokenizer;

/// Characters of the longest piece that the reference can give back on any thread.
const LONGEST_PIECE: usize = 4096;

/// Refuses pieces that the reference does not survive either: its trie calls itself for each
/// character of a piece when it is given back, and ends the process at two million of them.
pub(in crate::tokenize) fn check_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a str>,
) -> Result<(), String> {
    let long = pieces.into_iter().filter(|piece| piece.len() > LONGEST_PIECE);
    match long.map(|piece| piece.chars().count()).max() {
        Some(length) if length > LONGEST_PIECE => {
            Err(format!("a piece of {length} characters: none may be longer than {LONGEST_PIECE}"))
        }
        _ => Ok(()),
    }
}

impl Unigram {
    pub(in crate::tokenize::models) fn read(
        spec: &Spec<'_>,
        pre_tokenizer: &mut PreTokenizer,
    ) -> Result<(Self, Facts), NotCovered> {
        let Vocab::Scores(vocab) = &spec.model.vocab else {
            return not_covered("Unigram model without a list of pieces");
        };
        if vocab.is_empty() || spec.model.unk_id.is_some_and(|id| id >= vocab.len()) {
            return not_covered("Unigram model whose unk_id is no piece");
        }
        let byte_fallback = match spec.model.byte_fallback {
            None => false,
            Some(Some(byte_fallback)) => byte_fallback,
            Some(None) => return not_covered("Unigram model whose byte_fallback is null"),
        };
        let pieces = || vocab.iter().map(|(piece, _)| piece.as_ref());
        check_pieces(pieces()).map_err(NotCovered::Anywhere)?;
        let long = pieces().filter(|piece| piece.len() > LONGEST_TOKEN);
        check_lengths(long.map(|piece| piece.chars().count() as u32))?;
        let replacement = Self::fold(pre_tokenizer);
        let byte_level = pre_tokenizer.is_byte_level();
        let unk_id = spec.model.unk_id;
        let (model, lengths) = build::model(vocab, unk_id, byte_fallback, replacement, byte_level)?;
        let facts = Facts {
            known: known(spec, vocab),
            unk_id: unk_id.map(|id| id as u32),
            lengths,
            id_bound: vocab.len() as u32,
        };
        Ok((model, facts))
    }

    /// Has a Metaspace right before the model write the mark for its replacement, which is
    /// returned; the mark itself if there is no such Metaspace.
    pub(in crate::tokenize) fn fold(pre_tokenizer: &mut PreTokenizer) -> char {
        match pre_tokenizer.metaspace() {
            Some((metaspace, _)) => {
                let replacement = metaspace.replacement;
                pre_tokenizer.fold(MARK);
                replacement
            }
            None => char::from(MARK),
        }
    }
}

/// Looks up the added tokens.
fn known(spec: &Spec<'_>, vocab: &[(Cow<'_, str>, f64)]) -> Known {
    let wanted: HashSet<&str> =
        spec.added_tokens.iter().map(|token| token.content.as_ref()).collect();
    // Nearly all pieces are told by their first byte and length not to be wanted.
    let mut shapes = [0_u64; 256];
    let shape = |text: &str| (text.bytes().next().map(usize::from), 1_u64 << (text.len() % 64));
    for text in &wanted {
        if let (Some(first), length) = shape(text) {
            shapes[first] |= length;
        }
    }
    let mut known = Known { len: vocab.len(), ..Known::default() };
    for (id, (piece, _)) in (0..).zip(vocab) {
        if let (Some(first), length) = shape(piece)
            && shapes[first] & length != 0
            && wanted.contains(piece.as_ref())
        {
            // Of a piece that occurs twice the last one counts.
            known.ids.insert(piece.clone().into_owned(), id);
        }
    }
    known
}
