//! What an expression can ask of a character: the properties that the reference's engine has.

use super::charset::CharSet;

/// The file that `scripts/make_category_table.py` writes.
static BYTES: &[u8] = include_bytes!("properties.bin");

const PAGE: usize = 128;
const PAGES: usize = 0x11_0000 / PAGE;

/// In the order of the bits in the file.
pub(super) const NAMES: [&str; 56] = [
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "Mn",
    "Mc",
    "Me",
    "Nd",
    "Nl",
    "No",
    "Pc",
    "Pd",
    "Ps",
    "Pe",
    "Pi",
    "Pf",
    "Po",
    "Sm",
    "Sc",
    "Sk",
    "So",
    "Zs",
    "Zl",
    "Zp",
    "Cc",
    "Cf",
    "Co",
    "Cn",
    "Space",
    "Word",
    "Alpha",
    "Lower",
    "Upper",
    "Punct",
    "Print",
    "Graph",
    "Han",
    "Hiragana",
    "Katakana",
    "Hangul",
    "Latin",
    "Greek",
    "Cyrillic",
    "Arabic",
    "Hebrew",
    "Thai",
    "Devanagari",
    "Bengali",
    "Tamil",
    "Telugu",
    "Armenian",
    "Georgian",
    "Bopomofo",
    "Common",
    "Inherited",
];

/// Long names of the general categories and of their groups.
const LONG: [(&str, &str); 20] = [
    ("letter", "l"),
    ("mark", "m"),
    ("number", "n"),
    ("punctuation", "p"),
    ("symbol", "s"),
    ("separator", "z"),
    ("uppercaseletter", "lu"),
    ("lowercaseletter", "ll"),
    ("titlecaseletter", "lt"),
    ("modifierletter", "lm"),
    ("otherletter", "lo"),
    ("nonspacingmark", "mn"),
    ("spacingmark", "mc"),
    ("enclosingmark", "me"),
    ("decimalnumber", "nd"),
    ("letternumber", "nl"),
    ("othernumber", "no"),
    ("digit", "nd"),
    ("control", "cc"),
    ("format", "cf"),
];

/// The table, and what it says as runs of code points.
pub(super) struct Properties {
    /// Start of each run and what the characters from there on have.
    runs: Vec<(u32, u64)>,
}

impl Properties {
    pub(super) fn read() -> Self {
        let mut runs: Vec<(u32, u64)> = Vec::new();
        let mut add = |start: usize, mask: u64| {
            if runs.last().is_none_or(|&(_, last)| last != mask) {
                runs.push((start as u32, mask));
            }
        };
        let (count, rest) = BYTES.split_at(4);
        let count = count.first().map_or(0, |&count| usize::from(count));
        let (masks, rest) = rest.split_at(8 * count);
        let (masks, _) = masks.as_chunks::<8>();
        let (pages, parts) = rest.split_at(2 * PAGES);
        let (pages, _) = pages.as_chunks::<2>();
        let (parts, _) = parts.as_chunks::<PAGE>();
        // Nearly all pages are of one kind: a look at each of their characters took half of the
        // time of a short expression.
        let is_even: Vec<bool> =
            parts.iter().map(|part| part.iter().all(|&kind| kind == part[0])).collect();
        for (page, &part) in pages.iter().enumerate() {
            let part = usize::from(u16::from_le_bytes(part));
            let count = if is_even[part] { 1 } else { PAGE };
            for (at, &kind) in parts[part][..count].iter().enumerate() {
                add(page * PAGE + at, u64::from_le_bytes(masks[usize::from(kind)]));
            }
        }
        Self { runs }
    }

    /// The characters that have one of the properties.
    fn any(&self, mask: u64) -> CharSet {
        let ends = self.runs.iter().skip(1).map(|&(start, _)| start).chain([0x11_0000]);
        let having = self.runs.iter().zip(ends).filter(|((_, has), _)| has & mask != 0);
        CharSet::of(having.map(|(&(start, _), end)| (start, end - 1)))
    }

    /// The characters of `\p{name}`, unless it is none of those known here.
    pub(super) fn named(&self, name: &str) -> Option<CharSet> {
        let name: String =
            name.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect::<String>();
        let name = name.to_ascii_lowercase();
        let name = LONG.iter().find(|(long, _)| *long == name).map_or(name.as_str(), |it| it.1);
        let mask: u64 = NAMES
            .iter()
            .enumerate()
            .filter(|(_, known)| {
                let known = known.to_ascii_lowercase();
                known == name || name.len() == 1 && known.len() == 2 && known.starts_with(name)
            })
            .map(|(bit, _)| 1 << bit)
            .sum();
        match name {
            "any" => Some(CharSet::all()),
            // Surrogates, which no text has, are of this group too.
            _ if mask != 0 => Some(self.any(mask)),
            _ => None,
        }
    }

    /// The property as it is within brackets: there word characters are not quite the same.
    pub(super) fn in_class(&self, name: &str, set: CharSet) -> CharSet {
        const OUTSIDE: [char; 6] = ['²', '³', '¹', '¼', '½', '¾'];
        if !name.eq_ignore_ascii_case("word") {
            return set;
        }
        set.and(&CharSet::of(OUTSIDE.map(|c| (c.into(), c.into()))).not())
    }

    /// The characters that are the only ones of their folding: signs, marks of punctuation, spaces.
    pub(super) fn without_case(&self) -> CharSet {
        let mut set = CharSet::default();
        for name in ["P", "Z", "Sm", "Sc", "Nd", "Cc"] {
            set = set.union(&self.named(name).unwrap_or_default());
        }
        set
    }
}
