//! The steps of a normalizer, one text at a time: the definition of what the fast pass does.

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::charsmap::Charsmap;
use super::forms::{self, Form};
use crate::tokenize::file::json::parse;
use crate::tokenize::file::nested::{Kind, Leaf, leaves};
use crate::tokenize::refusals::NotCovered;
use crate::tokenize::refusals::not_covered;
use crate::tokenize::text::normalizers::bert::{Normalizer as Bert, Run};
use crate::tokenize::text::pretokenizers::regex::Regex;
use crate::tokenize::text::stand_ins;
use crate::tokenize::text::unicode::{self, HANGUL};

/// One normalizer of the reference.
#[derive(Debug)]
pub(super) enum Step {
    Bert(Bert),
    Charsmap(Box<Charsmap>),
    Form(Form),
    Nmt,
    Lowercase,
    StripAccents,
    /// Bytes become the characters that stand for them.
    ByteLevel,
    Strip {
        left: bool,
        right: bool,
    },
    Prepend(String),
    /// Every occurrence of a string that is not empty.
    Literal {
        pattern: String,
        content: String,
    },
    /// Two or more U+0020.
    Blanks {
        content: String,
    },
    /// One or more characters of white space.
    Whitespace {
        content: String,
    },
    /// Every match of an expression.
    Regex {
        regex: Box<Regex>,
        content: String,
    },
}

/// Working memory of steps.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Work {
    run: Run,
    marks: Vec<(u8, char)>,
    pub(super) first: String,
    pub(super) second: String,
}

/// The steps of a normalizer, those of nested sequences one after the other.
pub(super) fn read(json: Option<&RawValue>) -> Result<Vec<Step>, NotCovered> {
    leaves(Kind::Normalizer, json)?.into_iter().map(read_one).collect()
}

fn read_one(Leaf { kind, json }: Leaf<'_>) -> Result<Step, NotCovered> {
    #[derive(Deserialize)]
    struct Prepend {
        prepend: String,
    }
    #[derive(Deserialize)]
    struct Sides {
        strip_left: bool,
        strip_right: bool,
    }
    #[derive(Deserialize)]
    struct Map {
        precompiled_charsmap: String,
    }
    Ok(match kind {
        "BertNormalizer" => Step::Bert(Bert::plan(json)?),
        "Precompiled" => {
            let map: Map = parse("normalizer", json)?;
            match Charsmap::new(&map.precompiled_charsmap) {
                Some(map) => Step::Charsmap(Box::new(map)),
                None => return not_covered("Precompiled normalizer with a damaged table"),
            }
        }
        "NFC" => Step::Form(Form::Nfc),
        "NFD" => Step::Form(Form::Nfd),
        "NFKC" => Step::Form(Form::Nfkc),
        "NFKD" => Step::Form(Form::Nfkd),
        "Nmt" => Step::Nmt,
        "Lowercase" => Step::Lowercase,
        "StripAccents" => Step::StripAccents,
        "ByteLevel" => Step::ByteLevel,
        "Strip" => {
            let sides: Sides = parse("normalizer", json)?;
            Step::Strip { left: sides.strip_left, right: sides.strip_right }
        }
        "Prepend" => match parse::<Prepend>("normalizer", json)?.prepend {
            // The reference loses count of its alignments, and panics at some texts.
            prepend if prepend.is_empty() => return not_covered("Prepend normalizer of nothing"),
            prepend => Step::Prepend(prepend),
        },
        "Replace" => replace(json)?,
        kind => return not_covered(format!("normalizer of type {kind}")),
    })
}

/// A `Replace` as the file has it.
#[derive(Deserialize)]
pub(in crate::tokenize) struct Replace {
    pub(in crate::tokenize) pattern: Pattern,
    pub(in crate::tokenize) content: String,
}

#[derive(Deserialize)]
pub(in crate::tokenize) enum Pattern {
    String(String),
    Regex(String),
}

fn replace(json: &RawValue) -> Result<Step, NotCovered> {
    let Replace { pattern, content } = parse("normalizer", json)?;
    match pattern {
        // The reference inserts between all characters.
        Pattern::String(pattern) if pattern.is_empty() => {
            not_covered("Replace normalizer of nothing")
        }
        Pattern::String(pattern) => Ok(Step::Literal { pattern, content }),
        Pattern::Regex(regex) if regex == " {2,}" => Ok(Step::Blanks { content }),
        Pattern::Regex(regex) if regex == r"\s+" => Ok(Step::Whitespace { content }),
        Pattern::Regex(regex) => match Regex::new(&regex) {
            Ok(regex) => Ok(Step::Regex { regex: Box::new(regex), content }),
            Err(part) => not_covered(format!("Replace normalizer of an expression with {part}")),
        },
    }
}

impl Step {
    /// Whether it maps character by character, but for what [`Step::is_sensitive`] says.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::Bert(_)
            | Self::Charsmap(_)
            | Self::Form(_)
            | Self::Nmt
            | Self::Lowercase
            | Self::StripAccents
            | Self::ByteLevel => true,
            Self::Literal { pattern, .. } => pattern.chars().count() == 1,
            _ => false,
        }
    }

    /// Whether what it makes of some characters depends on their neighbours.
    pub(super) fn is_sensitive(&self) -> bool {
        match self {
            Self::Bert(bert) => bert.strip_accents,
            Self::Charsmap(_) | Self::Form(_) => true,
            _ => false,
        }
    }

    /// Whether this local step treats `c` in the same way after and before any character for which
    /// this is true as well.
    pub(super) fn is_plain(&self, c: char) -> bool {
        // Marks are sorted within runs, so a run must not begin with this character.
        let starts = |first: Option<char>| {
            first.is_none_or(|first| unicode::properties(first).combining_class() == 0)
        };
        let hangul = HANGUL.contains(&u32::from(c));
        match self {
            // Marks that are dropped in the end change nothing: what stays keeps its order.
            Self::Bert(bert) if bert.strip_accents => {
                hangul
                    || unicode::decomposition(c)
                        .map(unicode::properties)
                        .take_while(|part| part.combining_class() != 0)
                        .all(|part| part.is_mark())
            }
            Self::Charsmap(_) => Charsmap::is_plain(c),
            Self::Form(form) => {
                let first = match form {
                    _ if hangul => return true,
                    Form::Nfc | Form::Nfd => unicode::decomposition(c).next(),
                    Form::Nfkc | Form::Nfkd => unicode::compatibility(c).next(),
                };
                let second = |first: char| {
                    unicode::form_properties(first).is_second()
                        || (0x1161..0x1176).contains(&u32::from(first))
                        || (0x11A8..0x11C3).contains(&u32::from(first))
                };
                starts(first) && (!form.composes() || !first.is_some_and(second))
            }
            _ => true,
        }
    }

    /// Whether some text can lose characters at its start, or what stands there can count as made
    /// from later ones: of a match, a replacement counts as made from the last character.
    pub(super) fn trims(&self) -> bool {
        match self {
            Self::Bert(bert) => bert.clean_text || bert.strip_accents,
            Self::Charsmap(_)
            | Self::Nmt
            | Self::StripAccents
            | Self::Blanks { .. }
            | Self::Whitespace { .. }
            | Self::Regex { .. } => true,
            Self::Strip { left, .. } => *left,
            Self::Literal { pattern, content } => content.is_empty() || pattern.chars().count() > 1,
            Self::Form(_) | Self::Lowercase | Self::ByteLevel | Self::Prepend(_) => false,
        }
    }

    /// How many bytes a step that only trims takes off either end.
    pub(super) fn as_trim(&self, text: &str) -> Option<(usize, usize)> {
        let Self::Strip { left, right } = *self else { return None };
        let mut rest = text;
        if left {
            rest = rest.trim_start_matches(unicode::is_whitespace);
        }
        let before = text.len() - rest.len();
        if right {
            rest = rest.trim_end_matches(unicode::is_whitespace);
        }
        Some((before, text.len() - before - rest.len()))
    }

    /// A cheap test that may say yes without need.
    pub(super) fn changes(&self, text: &str) -> bool {
        match self {
            Self::Blanks { .. } => has_blanks(text.as_bytes()),
            Self::Literal { pattern, .. } => {
                memmem::find(text.as_bytes(), pattern.as_bytes()).is_some()
            }
            _ => true,
        }
    }

    /// Appends the normalized text, and says whether that is no longer than `limit`: what can make
    /// a text longer by more than a small factor stops there.
    #[must_use]
    pub(super) fn apply(
        &self,
        text: &str,
        limit: usize,
        work: &mut Work,
        out: &mut String,
    ) -> bool {
        match self {
            Self::Bert(bert) => bert.normalize(text, &mut work.run, out),
            Self::Charsmap(map) => map.normalize(text, limit, out),
            Self::Form(form) => forms::normalize(*form, text, &mut work.marks, out),
            Self::Nmt => {
                for c in text.chars() {
                    let properties = unicode::form_properties(c);
                    if properties.is_nmt_space() {
                        out.push(' ');
                    } else if !properties.is_nmt_removed() {
                        out.push(c);
                    }
                }
            }
            Self::Lowercase => out.extend(text.chars().flat_map(unicode::lower)),
            Self::StripAccents => {
                out.extend(text.chars().filter(|&c| !unicode::form_properties(c).is_accent()));
            }
            Self::ByteLevel => out.extend(text.bytes().map(stand_ins::char_of)),
            Self::Strip { .. } => {
                let (left, right) = self.as_trim(text).unwrap_or_default();
                out.push_str(&text[left..text.len() - right]);
            }
            Self::Prepend(prefix) => {
                if !text.is_empty() {
                    out.push_str(prefix);
                }
                out.push_str(text);
            }
            Self::Literal { pattern, content } => {
                let mut from = 0;
                for at in memmem::find_iter(text.as_bytes(), pattern.as_bytes()) {
                    out.push_str(&text[from..at]);
                    out.push_str(content);
                    from = at + pattern.len();
                    if out.len() > limit {
                        break;
                    }
                }
                out.push_str(&text[from..]);
            }
            Self::Regex { regex, content } => {
                let mut from = 0;
                for (start, end) in regex.matches(text.as_bytes()) {
                    out.push_str(&text[from..start]);
                    out.push_str(content);
                    from = end;
                    if out.len() > limit {
                        break;
                    }
                }
                out.push_str(&text[from..]);
            }
            Self::Blanks { content } => runs(text, |c| c == ' ', 2, content, limit, out),
            Self::Whitespace { content } => {
                runs(text, unicode::is_whitespace, 1, content, limit, out);
            }
        }
        out.len() <= limit
    }
}

/// Whether there are two spaces in a row: a loop that becomes vector instructions.
fn has_blanks(text: &[u8]) -> bool {
    let Some(next) = text.get(1..) else { return false };
    let pairs = |(a, b): (&[u8], &[u8])| {
        let both = |(a, b): (&u8, &u8)| u8::from(*a == b' ') & u8::from(*b == b' ');
        a.iter().zip(b).map(both).fold(0, |any, pair| any | pair) != 0
    };
    text.chunks(256).zip(next.chunks(256)).any(pairs)
}

/// Replaces runs of at least `least` of a kind of character, until the result is longer than
/// `limit`.
fn runs(
    text: &str,
    kind: impl Fn(char) -> bool,
    least: usize,
    content: &str,
    limit: usize,
    out: &mut String,
) {
    let mut rest = text;
    while !rest.is_empty() && out.len() <= limit {
        let plain = rest.find(&kind).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let run = rest.len() - rest.trim_start_matches(&kind).len();
        if rest[..run].chars().take(least).count() == least {
            out.push_str(content);
        } else {
            out.push_str(&rest[..run]);
        }
        rest = &rest[run..];
    }
}
