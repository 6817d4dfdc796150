//! What each character becomes under one model's normalizer, pre-tokenizer and vocabulary: one
//! look-up in two steps, in pages of 256 characters that are shared when they are equal.

use std::collections::HashMap;

use crate::tokenize::index::arrays::{ArraysIn, ArraysOut};
use crate::tokenize::models::wordpiece::{Outcome, Pieces};
use crate::tokenize::text::normalizers::bert::{Normalizer, Run};
use crate::tokenize::text::unicode::{self, HANGUL, Properties};

/// What a character becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Part of a word, unchanged.
    Same,
    /// Part of a word, as another character.
    Other(char),
    /// Part of a word, as several characters: a place in the list of them.
    Several(u32),
    /// Part of a word, as the jamo of a Hangul syllable.
    Jamo,
    /// Nothing; the word goes on.
    Nothing,
    /// White space.
    Space,
    /// A pre-token of its own that is one id, or the unknown one.
    Alone(Option<u32>),
    /// Something that depends on its neighbours, or mixes the above: not for the fast path.
    Special,
}

/// Bytes that one character may become: more than the eighteen characters of the longest
/// decomposition (U+FDFA) take.
const LONGEST_SEVERAL: usize = 128;
const TAG_SHIFT: u32 = 29;
const PAYLOAD: u32 = (1 << TAG_SHIFT) - 1;
const PAGE: usize = 256;
const PAGES: usize = 0x11_0000 / PAGE;

/// The table.
#[derive(Debug)]
pub(super) struct CharMap {
    pages: Vec<u16>,
    fates: Vec<u32>,
    several: Vec<String>,
}

impl CharMap {
    pub(super) fn new(normalizer: Normalizer, pieces: &Pieces) -> Self {
        let mut builder = Builder::new(normalizer, pieces);
        let mut page = [0; PAGE];
        let mut known: HashMap<[u32; PAGE], u16> = HashMap::new();
        let mut last: Option<([u32; PAGE], u16)> = None;
        let mut map =
            Self { pages: Vec::with_capacity(PAGES), fates: Vec::new(), several: Vec::new() };
        let mut runs = unicode::runs().peekable();
        for start in (0..0x11_0000_u32).step_by(PAGE) {
            let end = start + PAGE as u32;
            while let Some(&(first, past, properties)) = runs.peek() {
                let inside = first.max(start)..past.min(end);
                builder.fill(inside, properties, &mut page);
                if past > end {
                    break;
                }
                runs.next();
            }
            // Long stretches are all alike: compared with the page before first.
            let number = match last {
                Some((same, number)) if same == page => number,
                _ => *known.entry(page).or_insert_with(|| {
                    let number = map.fates.len() / PAGE;
                    map.fates.extend_from_slice(&page);
                    number as u16
                }),
            };
            last = Some((page, number));
            map.pages.push(number);
        }
        map.several = builder.several;
        map
    }

    #[inline]
    fn raw(&self, code: u32) -> u32 {
        let page = self.pages[code as usize / PAGE];
        self.fates[usize::from(page) * PAGE + code as usize % PAGE]
    }

    #[inline]
    pub(super) fn fate(&self, c: char) -> Fate {
        Fate::unpack(self.raw(u32::from(c)))
    }

    pub(super) fn several(&self, place: u32) -> &str {
        &self.several[place as usize]
    }

    pub(super) fn store<'a>(&'a self, arrays: &mut ArraysOut<'a>) -> Vec<String> {
        arrays.put(&self.pages);
        arrays.put(&self.fates);
        self.several.clone()
    }

    /// The table of an index, with ids below `id_bound`; `None` if it cannot be one.
    pub(super) fn load(
        several: Vec<String>,
        id_bound: u32,
        arrays: &mut ArraysIn<'_>,
    ) -> Option<Self> {
        let (pages, fates): (Vec<u16>, Vec<u32>) = (arrays.owned()?, arrays.owned()?);
        let is_there = |&page: &u16| (usize::from(page) + 1) * PAGE <= fates.len();
        let fits = |&raw: &u32| match Fate::unpack(raw) {
            Fate::Several(place) => (place as usize) < several.len(),
            Fate::Alone(Some(id)) => id < id_bound,
            _ => true,
        };
        let whole = pages.len() == PAGES
            && pages.iter().all(is_there)
            && fates.iter().all(fits)
            // What one character becomes.
            && several.iter().all(|text| text.len() <= LONGEST_SEVERAL);
        whole.then_some(Self { pages, fates, several })
    }
}

impl Fate {
    fn pack(self) -> u32 {
        let (tag, payload) = match self {
            Self::Same => (0, 0),
            Self::Other(c) => (1, u32::from(c)),
            Self::Several(place) => (2, place),
            Self::Jamo => (3, 0),
            Self::Nothing => (4, 0),
            Self::Space => (5, 0),
            Self::Alone(id) => (6, id.unwrap_or(PAYLOAD)),
            Self::Special => (7, 0),
        };
        tag << TAG_SHIFT | payload
    }

    #[inline]
    fn unpack(raw: u32) -> Self {
        let payload = raw & PAYLOAD;
        match raw >> TAG_SHIFT {
            0 => Self::Same,
            1 => char::from_u32(payload).map_or(Self::Special, Self::Other),
            2 => Self::Several(payload),
            3 => Self::Jamo,
            4 => Self::Nothing,
            5 => Self::Space,
            6 => Self::Alone((payload != PAYLOAD).then_some(payload)),
            _ => Self::Special,
        }
    }
}

struct Builder<'a> {
    normalizer: Normalizer,
    pieces: &'a Pieces,
    several: Vec<String>,
    run: Run,
    text: String,
    ids: Vec<u32>,
}

impl<'a> Builder<'a> {
    fn new(normalizer: Normalizer, pieces: &'a Pieces) -> Self {
        Self {
            normalizer,
            pieces,
            several: Vec::new(),
            run: Run::default(),
            text: String::new(),
            ids: Vec::new(),
        }
    }

    /// Fills in code points of one kind, within one page.
    fn fill(
        &mut self,
        codes: std::ops::Range<u32>,
        properties: Properties,
        page: &mut [u32; PAGE],
    ) {
        let flags = self.normalizer;
        let within = |code: u32| code as usize % PAGE;
        let jamo = flags.strip_accents && HANGUL.contains(&codes.start);
        let changes = flags.clean_text
            && (properties.is_clean_removed() || properties.is_clean_space())
            || flags.handle_chinese_chars && properties.is_chinese()
            || flags.strip_accents
                && (properties.decomposes()
                    || properties.is_mark()
                    || properties.combining_class() != 0)
            || flags.lowercase && properties.lowers()
            || properties.is_whitespace()
            || properties.is_punctuation();
        if !changes && !jamo && !HANGUL.contains(&codes.start) {
            // A run may begin before the syllables and end behind them.
            for code in codes {
                let jamo = flags.strip_accents && HANGUL.contains(&code);
                page[within(code)] = if jamo { Fate::Jamo } else { Fate::Same }.pack();
            }
            return;
        }
        for code in codes {
            let fate = if flags.strip_accents && HANGUL.contains(&code) {
                Fate::Jamo
            } else if flags.clean_text && properties.is_clean_removed() {
                Fate::Nothing
            } else {
                char::from_u32(code).map_or(Fate::Same, |c| self.fate(c, properties))
            };
            page[within(code)] = fate.pack();
        }
    }

    fn fate(&mut self, c: char, properties: Properties) -> Fate {
        let flags = self.normalizer;
        self.text.clear();
        let plain = !properties.decomposes() && !properties.lowers();
        if plain && flags.handle_chinese_chars && properties.is_chinese() {
            // Eighty thousand of them: no detour.
            self.text.push(c);
            return self.alone();
        }
        flags.normalize(c.encode_utf8(&mut [0; 4]), &mut self.run, &mut self.text);
        if self.text.is_empty() {
            return Fate::Nothing;
        }
        let mut kept = 0;
        let (mut spaces, mut punctuation, mut marks) = (0, 0, 0);
        for part in self.text.chars() {
            let properties = unicode::properties(part);
            spaces += u32::from(properties.is_whitespace());
            punctuation += u32::from(properties.is_punctuation());
            marks += u32::from(properties.combining_class() != 0);
            kept += 1;
        }
        if flags.strip_accents && marks != 0 {
            return Fate::Special;
        }
        if spaces == kept {
            return Fate::Space;
        }
        if kept == 1 && punctuation == 1 || kept == 3 && spaces == 2 && self.text.starts_with(' ') {
            let text = self.text.trim_matches(' ');
            if text.chars().count() == 1 {
                self.text = text.to_owned();
                return self.alone();
            }
        }
        let mut parts = self.text.chars();
        match (parts.next(), parts.next()) {
            _ if spaces + punctuation != 0 => Fate::Special,
            (Some(one), None) if one == c => Fate::Same,
            (Some(one), None) => Fate::Other(one),
            _ => {
                self.several.push(self.text.clone());
                Fate::Several(self.several.len() as u32 - 1)
            }
        }
    }

    /// `text`, one character, as a pre-token.
    fn alone(&mut self) -> Fate {
        self.ids.clear();
        match self.pieces.tokenize(self.text.as_bytes(), &mut self.ids) {
            Outcome::Pieces => Fate::Alone(self.ids.first().copied()),
            Outcome::Unknown => Fate::Alone(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenize::bert::exact;
    use crate::tokenize::trie::Trie;

    /// The table says of every scalar what the steps make of it.
    #[test]
    fn agrees_with_the_definition() {
        let keys = [("[UNK]", 0), ("。", 2), ("中", 1), ("語", 3)];
        let pieces = Pieces::new(Trie::new(&keys), "##", 100);
        for bits in [0, 1, 2, 4, 8, 15] {
            let normalizer = Normalizer {
                clean_text: bits & 1 != 0,
                handle_chinese_chars: bits & 2 != 0,
                strip_accents: bits & 4 != 0,
                lowercase: bits & 8 != 0,
            };
            let map = CharMap::new(normalizer, &pieces);
            let mut run = Run::default();
            let (mut normalized, mut words) = (String::new(), Vec::new());
            for c in '\0'..=char::MAX {
                normalized.clear();
                words.clear();
                // Between letters: a character that stands alone makes three words of them.
                normalizer.normalize(&format!("a{c}a"), &mut run, &mut normalized);
                exact::pre_tokens(&normalized, |word| {
                    words.push(word.to_owned());
                    true
                });
                let fate = map.fate(c);
                let inner = match fate {
                    Fate::Same => c.to_string(),
                    Fate::Other(other) => other.to_string(),
                    Fate::Several(place) => map.several(place).to_owned(),
                    Fate::Jamo => unicode::hangul_jamo(u32::from(c)).collect(),
                    Fate::Nothing => String::new(),
                    Fate::Space => {
                        assert_eq!(words, ["a", "a"], "{c:?}");
                        continue;
                    }
                    Fate::Alone(id) => {
                        assert_eq!(words.len(), 3, "{c:?}");
                        assert_eq!(pieces.id(&words[1]), id, "{c:?}");
                        continue;
                    }
                    Fate::Special => continue,
                };
                assert_eq!(words, [format!("a{inner}a")], "{c:?}");
            }
        }
    }

    #[test]
    fn it_is_small() {
        let pieces = Pieces::new(Trie::new(&[("[UNK]", 0)]), "##", 100);
        let flags = Normalizer {
            clean_text: true,
            handle_chinese_chars: true,
            strip_accents: true,
            lowercase: true,
        };
        let map = CharMap::new(flags, &pieces);
        assert!(map.fates.len() * 4 < 200_000, "{} pages", map.fates.len() / PAGE);
    }
}
