//! Classes of characters, and what the reference's engine knows of a character.

/// What a character is: bits 0-4 its general category, 5 whether it is white space (`\s`), 6 whether
/// it is of a word (`[\w]`), 7 whether it is of the script Han.
pub(super) type Properties = u8;

const CATEGORY: Properties = 0x1f;
const SPACE: Properties = 1 << 5;
const WORD: Properties = 1 << 6;
const HAN: Properties = 1 << 7;

/// The general categories by number.
const CATEGORIES: [&str; 30] = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
];

const PAGE: usize = 128;
const PAGES: usize = 0x11_0000 / PAGE;

/// The file that `scripts/make_category_table.py` writes by asking the reference: the number of each
/// page's table, then the tables.
static BYTES: &[u8] = include_bytes!("categories.bin");

fn pages() -> (&'static [[u8; 2]], &'static [Properties]) {
    let (pages, tables) = BYTES.split_at(2 * PAGES);
    (pages.as_chunks().0, tables)
}

/// The properties of a character.
#[inline]
pub(super) fn properties(c: u32) -> Properties {
    let (pages, tables) = pages();
    let page = usize::from(u16::from_le_bytes(pages[c as usize / PAGE]));
    tables[page * PAGE + c as usize % PAGE]
}

/// A class of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// From one character to another, both included.
    Range(u32, u32),
    /// Those with these properties, a bit for each value.
    Having([u64; 4]),
    Not(Box<Class>),
    Any(Vec<Class>),
    All(Vec<Class>),
}

impl Class {
    pub(super) fn one(c: char) -> Self {
        Self::Range(u32::from(c), u32::from(c))
    }

    fn having(is: impl Fn(Properties) -> bool) -> Self {
        let mut bits = [0; 4];
        for value in (0..=255_u8).filter(|&value| is(value)) {
            bits[usize::from(value / 64)] |= 1 << (value % 64);
        }
        Self::Having(bits)
    }

    /// `\s`, `\d` and `\w`.
    pub(super) fn shorthand(letter: char) -> Option<Self> {
        match letter {
            's' => Some(Self::having(|value| value & SPACE != 0)),
            'w' => Some(Self::having(|value| value & WORD != 0)),
            'd' => Self::named("Nd"),
            _ => None,
        }
    }

    /// `\w` outside of brackets, where these six are of a word as well: digits and fractions of
    /// Latin-1. Asked of the reference like all else.
    pub(super) fn word() -> Self {
        let more = ['²', '³', '¹', '¼', '½', '¾'].map(Self::one);
        Self::Any(Self::shorthand('w').into_iter().chain(more).collect())
    }

    /// A general category, a group of them, or a script, by its short name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let category = |value: Properties| {
            CATEGORIES.get(usize::from(value & CATEGORY)).copied().unwrap_or_default()
        };
        match name {
            "Han" => Some(Self::having(|value| value & HAN != 0)),
            "L" | "M" | "N" | "P" | "S" | "Z" | "C" => {
                Some(Self::having(|value| category(value).starts_with(name)))
            }
            name if CATEGORIES.contains(&name) => {
                Some(Self::having(|value| category(value) == name))
            }
            _ => None,
        }
    }

    /// Whether a character of these properties is in the class.
    pub(super) fn has(&self, c: u32, properties: Properties) -> bool {
        match self {
            &Self::Range(from, to) => (from..=to).contains(&c),
            Self::Having(bits) => bits[usize::from(properties / 64)] >> (properties % 64) & 1 != 0,
            Self::Not(class) => !class.has(c, properties),
            Self::Any(classes) => classes.iter().any(|class| class.has(c, properties)),
            Self::All(classes) => classes.iter().all(|class| class.has(c, properties)),
        }
    }

    /// Adds where the characters of ranges begin, and where those behind them do.
    pub(super) fn bounds(&self, bounds: &mut Vec<u32>) {
        match self {
            &Self::Range(from, to) => bounds.extend([from, to + 1]),
            Self::Having(_) => {}
            Self::Not(class) => class.bounds(bounds),
            Self::Any(classes) | Self::All(classes) => {
                classes.iter().for_each(|class| class.bounds(bounds));
            }
        }
    }
}

/// The properties that characters from `from` on and before `to` have, a bit for each value.
pub(super) fn inhabited(from: u32, to: u32) -> [u64; 4] {
    let (pages, tables) = pages();
    let mut bits = [0_u64; 4];
    let mut add = |value: Properties| bits[usize::from(value / 64)] |= 1 << (value % 64);
    let mut seen = vec![false; tables.len() / PAGE];
    let mut c = from as usize;
    while c < to as usize {
        let page = usize::from(u16::from_le_bytes(pages[c / PAGE]));
        let end = (c - c % PAGE + PAGE).min(to as usize);
        let whole = end - c == PAGE;
        if !(whole && seen[page]) {
            seen[page] |= whole;
            tables[page * PAGE + c % PAGE..][..end - c].iter().for_each(|&value| add(value));
        }
        c = end;
    }
    bits
}
