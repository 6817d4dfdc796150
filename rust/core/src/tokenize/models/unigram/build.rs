//! From the list of pieces to a model.

use std::borrow::Cow;
use std::collections::HashSet;

use super::chars::Codes;
use super::model::{MARK, Unigram};
use super::trie::{Key, Trie};
use crate::tokenize::output::NO_ID;
use crate::tokenize::refusals::NotCovered;

/// Added to the lowest score for an unknown character.
const PENALTY: f64 = 10.0;
/// Sums of scores below this are never infinite.
const LARGEST: f64 = 1e100;

/// The model of a list of pieces, and the lengths in characters of all that differ.
pub(super) fn model(
    vocab: &[(Cow<'_, str>, f64)],
    unk_id: Option<usize>,
    byte_fallback: bool,
    replacement: char,
    byte_level: bool,
) -> Result<(Unigram, Vec<u32>), NotCovered> {
    if vocab.iter().any(|(_, score)| score.is_nan() || score.abs() > LARGEST) {
        return Err(NotCovered::Here("Unigram model with infinite scores".to_owned()));
    }
    let min_score = vocab.iter().map(|&(_, score)| score).fold(f64::INFINITY, f64::min);
    let unk_score = min_score - PENALTY;

    // Every space in a text becomes the replacement, so a piece with a space never matches.
    let mark = char::from(MARK);
    let folded = |c: char| if c == replacement { mark } else { c };
    let matches = |piece: &str| !piece.is_empty() && (replacement == mark || !piece.contains(mark));

    let mut counts = vec![0_u32; 0x11_0000];
    let mut total = 0;
    let mut never: HashSet<&str> = HashSet::new();
    for (piece, _) in vocab {
        if matches(piece) {
            for c in piece.chars() {
                counts[folded(c) as usize] += 1;
                total += 1;
            }
        } else {
            never.insert(piece);
        }
    }
    let Some(codes) = Codes::new(&counts) else {
        return Err(NotCovered::Here("Unigram model of too many characters".to_owned()));
    };
    drop(counts);

    let mut pool: Vec<u16> = Vec::with_capacity(total);
    let mut places: Vec<(u64, u32, u32, u32)> = Vec::with_capacity(vocab.len());
    for (id, (piece, _)) in (0..).zip(vocab) {
        if matches(piece) {
            let start = pool.len();
            pool.extend(piece.chars().map(|c| codes.get(folded(c) as u32)));
            // Most pieces are told apart by their first four codes.
            let head = pool[start..].iter().chain(&[0; 4]).take(4);
            let head = head.fold(0_u64, |head, &code| head << 16 | u64::from(code));
            places.push((head, id, start as u32, (pool.len() - start) as u32));
        }
    }
    let text = |&(_, _, start, len): &(u64, u32, u32, u32)| {
        &pool[start as usize..start as usize + len as usize]
    };
    places.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0).then_with(|| text(a).cmp(text(b))).then(a.1.cmp(&b.1))
    });
    // Once more in this order: the trie is built from one end to the other.
    let mut sorted: Vec<u16> = Vec::with_capacity(pool.len());
    for place in &places {
        sorted.extend_from_slice(text(place));
    }
    let mut rest = sorted.as_slice();
    let mut keys: Vec<Key<'_>> = Vec::with_capacity(places.len());
    for place in &places {
        let (codes, later) = rest.split_at(place.3 as usize);
        rest = later;
        let key = Key { codes, id: place.1, score: vocab[place.1 as usize].1 };
        match keys.last_mut().filter(|last| last.codes == codes) {
            // Of a piece that occurs twice the last one counts, its score as well.
            Some(last) => *last = key,
            None => keys.push(key),
        }
    }

    let mark_code = codes.get(u32::from(MARK));
    let inner_marks = mark_code != 0
        && keys.iter().any(|key| key.codes.iter().skip(1).any(|&code| code == mark_code));
    let mut lengths: Vec<u32> = keys.iter().map(|key| key.codes.len() as u32).collect();
    lengths.extend(never.iter().map(|piece| piece.chars().count() as u32));
    let largest_score = vocab.iter().map(|&(_, score)| score.abs()).fold(unk_score.abs(), f64::max);
    let longest = keys.iter().map(|key| key.codes.len()).max().unwrap_or(0);
    let model = Unigram {
        trie: Trie::new(&keys),
        codes,
        unk_id: unk_id.map_or(NO_ID, |id| id as u32),
        unk_score,
        largest_score,
        longest,
        inner_marks,
        mark_code,
        replacement,
        byte_level,
        bytes: byte_fallback.then(|| bytes(vocab)),
        runs_are_pieces: runs_are_pieces(vocab, unk_id, min_score),
    };
    Ok((model, lengths))
}

/// The ids of the byte tokens.
fn bytes(vocab: &[(Cow<'_, str>, f64)]) -> Box<[Option<u32>; 256]> {
    let mut bytes = Box::new([None; 256]);
    for (id, (piece, _)) in (0..).zip(vocab) {
        let digits = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
        let upper = |digits: &&str| {
            digits.len() == 2 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
        };
        if let Some(byte) = digits.filter(upper).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes[usize::from(byte)] = Some(id);
        }
    }
    bytes
}

/// Whether a run of unknown characters may itself be a piece, and take its id in the end. With
/// scores that make sense it cannot: that piece alone would have been the better path.
fn runs_are_pieces(vocab: &[(Cow<'_, str>, f64)], unk_id: Option<usize>, min_score: f64) -> bool {
    let Some(unk_id) = unk_id else { return false };
    // The unknown piece itself can be part of a run, and two of them make one.
    let (unk, unk_score) = &vocab[unk_id];
    let repeats = |piece: &str| {
        !unk.is_empty()
            && piece.len() > unk.len()
            && piece.len().is_multiple_of(unk.len())
            && piece.as_bytes().chunks(unk.len()).all(|chunk| chunk == unk.as_bytes())
    };
    min_score > 9.0 || *unk_score > 0.0 || vocab.iter().any(|(piece, _)| repeats(piece))
}
