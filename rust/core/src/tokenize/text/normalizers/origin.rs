//! How much of a normalized text counts as made from the first character of the raw one.
//!
//! Metaspace sets its replacement before the "first" word only, and the reference means by that the
//! word whose first character goes back to the start of the raw text, by the alignments that its
//! normalizers keep. These are followed here, a text at a time and step by step: for each character
//! no more than whether it goes back to the start.

use super::Normalizer;
use super::charsmap::Charsmap;
use super::forms::Form;
use super::step::Step;
use crate::tokenize::text::stand_ins;
use crate::tokenize::text::unicode::{self, HANGUL};

/// A character, and whether it goes back to the start of the raw text.
type Char = (char, bool);

/// What a step makes: a character and the change of the reference's `transform`. Above zero, it
/// comes in addition to the one before; else it stands for the next character, and swallows as many
/// more as it is below zero.
type Changed = (char, isize);

impl Normalizer {
    /// How many bytes at the start of the normalized text go back to the start of this one.
    pub(in crate::tokenize) fn leading(&self, text: &str) -> usize {
        if self.is_identity() {
            return text.chars().next().map_or(0, char::len_utf8);
        }
        let mut chars: Vec<Char> = text.char_indices().map(|(at, c)| (c, at == 0)).collect();
        if let Some(fused) = &self.fused {
            for step in fused.steps() {
                chars = step.followed(chars);
            }
            if fused.collapses() {
                chars = replaced(&chars, &runs(&chars, unicode::is_whitespace, 1), " ");
            }
        }
        for step in &self.rest {
            chars = step.followed(chars);
        }
        chars.iter().take_while(|(_, first)| *first).map(|(c, _)| c.len_utf8()).sum()
    }
}

impl Step {
    /// The step over characters of which it is known where they come from.
    fn followed(&self, chars: Vec<Char>) -> Vec<Char> {
        let each = |is: &dyn Fn(char) -> bool| -> Vec<Char> {
            chars.iter().copied().filter(|&(c, _)| is(c)).collect()
        };
        match self {
            Self::Bert(bert) => {
                let mut chars = chars;
                if bert.clean_text {
                    chars.retain(|&(c, _)| !unicode::properties(c).is_clean_removed());
                    for (c, _) in &mut chars {
                        if unicode::properties(*c).is_clean_space() {
                            *c = ' ';
                        }
                    }
                }
                if bert.handle_chinese_chars {
                    // All three stand for the one.
                    let spaced = |(c, first): Char| match unicode::properties(c).is_chinese() {
                        true => vec![(' ', first), (c, first), (' ', first)],
                        false => vec![(c, first)],
                    };
                    chars = chars.into_iter().flat_map(spaced).collect();
                }
                if bert.strip_accents {
                    let changed = form(Form::Nfd, &chars);
                    chars = transformed(&chars, changed);
                    chars.retain(|&(c, _)| !unicode::properties(c).is_mark());
                }
                if bert.lowercase { lowered(chars) } else { chars }
            }
            Self::Charsmap(map) => transformed(&chars, mapped(map, &chars)),
            Self::Form(kind) => transformed(&chars, form(*kind, &chars)),
            Self::Nmt => {
                let kept = each(&|c| !unicode::form_properties(c).is_nmt_removed());
                let space = |c: char| unicode::form_properties(c).is_nmt_space();
                kept.into_iter().map(|(c, f)| (if space(c) { ' ' } else { c }, f)).collect()
            }
            Self::Lowercase => lowered(chars),
            Self::StripAccents => each(&|c| !unicode::form_properties(c).is_accent()),
            Self::ByteLevel => {
                let bytes = |(c, first): Char| {
                    let bytes = c.to_string().into_bytes();
                    bytes.into_iter().map(move |byte| (stand_ins::char_of(byte), first))
                };
                chars.into_iter().flat_map(bytes).collect()
            }
            Self::Strip { left, right } => {
                let blank = |&(c, _): &Char| unicode::is_whitespace(c);
                let mut rest = chars.as_slice();
                while *left && rest.first().is_some_and(blank) {
                    rest = &rest[1..];
                }
                while *right && rest.last().is_some_and(blank) {
                    rest = &rest[..rest.len() - 1];
                }
                rest.to_vec()
            }
            Self::Prepend(prefix) => {
                let Some(&(_, first)) = chars.first() else { return chars };
                prefix.chars().map(|c| (c, first)).chain(chars).collect()
            }
            Self::Literal { pattern, content } => {
                let text: String = chars.iter().map(|&(c, _)| c).collect();
                replaced(
                    &chars,
                    &places(
                        &text,
                        text.match_indices(pattern.as_str())
                            .map(|(at, found)| (at, at + found.len())),
                    ),
                    content,
                )
            }
            Self::Blanks { content } => replaced(&chars, &runs(&chars, |c| c == ' ', 2), content),
            Self::Whitespace { content } => {
                replaced(&chars, &runs(&chars, unicode::is_whitespace, 1), content)
            }
            Self::Regex { regex, content } => {
                let text: String = chars.iter().map(|&(c, _)| c).collect();
                replaced(&chars, &places(&text, regex.matches(text.as_bytes())), content)
            }
        }
    }
}

fn lowered(chars: Vec<Char>) -> Vec<Char> {
    chars.into_iter().flat_map(|(c, first)| unicode::lower(c).map(move |c| (c, first))).collect()
}

/// The reference's `transform` from the start on.
fn transformed(chars: &[Char], changed: Vec<Changed>) -> Vec<Char> {
    let mut at = 0_usize;
    let mut all = Vec::with_capacity(changed.len());
    for (c, change) in changed {
        if change > 0 {
            // What is put before all others counts as the start.
            all.push((c, at.checked_sub(1).is_none_or(|at| is_first(chars, at))));
        } else {
            all.push((c, is_first(chars, at)));
            at += 1 + change.unsigned_abs();
        }
    }
    all
}

fn is_first(chars: &[Char], at: usize) -> bool {
    chars.get(at).is_some_and(|&(_, first)| first)
}

/// The reference's `replace`: a replacement counts as made from the last character of the match.
/// Matches are ranges of characters.
fn replaced(chars: &[Char], matches: &[(usize, usize)], content: &str) -> Vec<Char> {
    let mut all = Vec::with_capacity(chars.len());
    let mut from = 0;
    for &(start, end) in matches {
        all.extend_from_slice(&chars[from..start]);
        let first = end.checked_sub(1).is_none_or(|last| is_first(chars, last));
        all.extend(content.chars().map(|c| (c, first)));
        from = end;
    }
    all.extend_from_slice(&chars[from..]);
    all
}

/// Ranges of bytes as ranges of characters.
fn places(text: &str, ranges: impl Iterator<Item = (usize, usize)>) -> Vec<(usize, usize)> {
    let mut number = 0;
    let mut at = 0;
    let mut place = |to: usize| {
        number += text[at..to].chars().count();
        at = to;
        number
    };
    ranges.map(|(start, end)| (place(start), place(end))).collect()
}

/// Runs of at least so many characters of a kind.
fn runs(chars: &[Char], kind: impl Fn(char) -> bool, least: usize) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let len = chars[at..].iter().take_while(|&&(c, _)| kind(c)).count();
        if len >= least && len > 0 {
            all.push((at, at + len));
        }
        at += len.max(1);
    }
    all
}

/// What a map makes of a text: of each cluster, or of its characters.
fn mapped(map: &Charsmap, chars: &[Char]) -> Vec<Changed> {
    let text: String = chars.iter().map(|&(c, _)| c).collect();
    let mut all: Vec<Changed> = Vec::new();
    map.each(&text, |old, new| {
        let Some(new) = new else {
            all.extend(old.chars().map(|c| (c, 0)));
            return;
        };
        let (before, after) = (old.chars().count(), new.chars().count());
        all.extend(new.chars().map(|c| (c, 0)));
        if after > before {
            all.iter_mut().rev().take(after - before).for_each(|(_, change)| *change = 1);
        } else if let Some((_, change)) = all.last_mut() {
            *change -= (before - after) as isize;
        }
    });
    all
}

/// What a normalization form makes of a text.
fn form(form: Form, chars: &[Char]) -> Vec<Changed> {
    let mut parts: Vec<(u8, char, isize)> = Vec::new();
    // Where the run of marks begins that is still to be sorted.
    let mut open = 0;
    for &(c, _) in chars {
        let mut first = true;
        let mut part = |part: char| {
            let class = unicode::properties(part).combining_class();
            if class == 0 {
                parts[open..].sort_by_key(|&(class, ..)| class);
                open = parts.len();
            }
            parts.push((class, part, isize::from(!first)));
            first = false;
        };
        if HANGUL.contains(&u32::from(c)) {
            unicode::hangul_jamo(u32::from(c)).for_each(&mut part);
        } else if matches!(form, Form::Nfc | Form::Nfd) {
            unicode::decomposition(c).for_each(&mut part);
        } else {
            unicode::compatibility(c).for_each(&mut part);
        }
    }
    parts[open..].sort_by_key(|&(class, ..)| class);
    if form.composes() {
        composed(parts)
    } else {
        parts.into_iter().map(|(_, c, change)| (c, change)).collect()
    }
}

/// Composes what can be: the change of a composed character is that of its parts together, less one
/// for each that it took in.
fn composed(parts: Vec<(u8, char, isize)>) -> Vec<Changed> {
    let mut all = Vec::with_capacity(parts.len());
    let mut starter: Option<Changed> = None;
    // Marks behind the starter that did not go into it, and the class of the last of them.
    let mut marks: Vec<Changed> = Vec::new();
    let mut last = None;
    for (class, c, change) in parts {
        let Some((first, so_far)) = starter else {
            match class {
                0 => starter = Some((c, change)),
                _ => all.push((c, change)),
            }
            continue;
        };
        let blocked = last.is_some_and(|last| last >= class);
        if !blocked && let Some(both) = unicode::compose(first, c) {
            starter = Some((both, so_far + change - 1));
        } else if class == 0 {
            all.push((first, so_far));
            all.append(&mut marks);
            (starter, last) = (Some((c, change)), None);
        } else {
            marks.push((c, change));
            last = Some(class);
        }
    }
    all.extend(starter);
    all.append(&mut marks);
    all
}
