//! Random texts out of what tends to go wrong.

/// A generator of numbers that needs no crate: xorshift.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

#[rustfmt::skip]
pub(crate) const LETTERS: &[&str] = &[
    "a", "b", "c", "ab", "abc", "aab", "the", "THE", "x", "s", "re", "e", "l", "é", "ß", "İ", "ſ", "ж", "Σ", "ñ",
    "中", "国", "日本語", "か", "データ", "각", "ﬁ", "𝐀", "ก", "का", "\u{1e030}", "ª", "ʰ", "ǅ",
];
#[rustfmt::skip]
const BLANKS: &[&str] = &[
    " ", " ", " ", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", " \n", "\n ", "\u{a0}", "\u{3000}",
    "\u{2003}", "\u{85}", "\u{2028}", "\u{b}", "\u{c}",
];
#[rustfmt::skip]
const CONTRACTIONS: &[&str] = &[
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'Re", "'vE", "'M", "'LL", "'lL", "'D", "'ſ", "'ſt",
    "'", "''", "'r", "'l", "'v", "'re's", "\u{2019}s", "'\u{212a}", "'ß", "'ﬆ", " 's", "\n's", "'S't", "1's",
];
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "1", "12", "123", "1234", "9999999", "٣", "٣٤٥٦", "½", "²", "Ⅷ", "①", "𝟗", "१२", "一", "〇", "0",
];
#[rustfmt::skip]
const OTHER: &[&str] = &[
    ".", ",", "-", "_", "__", "(", ")", "((", "!", "!!", "...", "$", "#", "/", "<", ">", "|", "\"", "«", "—", "。",
    "、", "…", "+", "=", "==", "----", "~",
];
#[rustfmt::skip]
const MARKS: &[&str] = &[
    "\u{301}", "\u{323}", "\u{345}", "\u{34f}", "\u{302f}", "\u{9be}", "\u{93f}", "\u{20dd}", "\u{3099}",
    "\u{200d}", "\u{200c}", "\u{200b}", "\u{fe0f}", "\u{ad}", "\u{feff}", "\0", "\u{1}", "\u{1f}", "\u{7f}",
    "\u{180e}", "\u{2060}", "\u{e000}", "\u{fffd}", "\u{10ffff}", "\u{378}",
];
#[rustfmt::skip]
const EMOJI: &[&str] = &[
    "😀", "👨\u{200d}👩\u{200d}👧", "🇩🇪", "❤\u{fe0f}", "👍🏽", "™", "©", "→", "€",
];

const POOLS: &[&[&str]] = &[LETTERS, BLANKS, CONTRACTIONS, NUMBERS, OTHER, MARKS, EMOJI];

/// A text of up to `parts` parts. Each text favours some pools, so that runs of one kind occur.
pub(crate) fn text(random: &mut Random, parts: usize, fragments: &[&str]) -> String {
    let mut weights = [0; 8];
    for weight in &mut weights {
        *weight = [0, 1, 2, 8][random.below(4)];
    }
    weights[0] += 2;
    weights[1] += 1;
    weights[7] *= usize::from(!fragments.is_empty());
    let total: usize = weights.iter().sum();
    let mut out = String::new();
    for _ in 0..random.below(parts + 1) {
        let mut ticket = random.below(total);
        let pool = weights
            .iter()
            .position(|&weight| {
                let hit = ticket < weight;
                ticket = ticket.wrapping_sub(weight);
                hit
            })
            .unwrap();
        match POOLS.get(pool) {
            Some(pool) => out.push_str(random.pick(pool)),
            None => {
                // A fragment whole, or cut short, or in capitals.
                let fragment = random.pick(fragments);
                match random.below(4) {
                    0 => out.extend(fragment.chars().take(random.below(fragment.len()))),
                    1 => out.push_str(&fragment.to_uppercase()),
                    _ => out.push_str(fragment),
                }
            }
        }
    }
    out
}
