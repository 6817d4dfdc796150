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

pub(crate) const PLAIN: &[&str] =
    &["a", "b", "c", "ab", "the", "THE", "new york", "x1", "e", "i", "s", "Z", "9", "abcabcabc"];
pub(crate) const SPACES: &[&str] = &[
    " ", " ", " ", "  ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}", "\u{2003}", "\u{85}",
    "\u{2028}", "\u{b}", "\u{c}", "\u{1f}",
];
pub(crate) const PUNCTUATION: &[&str] = &[
    ".", ",", "-", "'", "[", "]", "#", "##", "_", "$", "。", "、", "«", "\u{2014}", "\u{37e}", "¿",
    "\u{1fef}", "\u{2260}", "\u{226e}", "`", "~", "(", "\u{387}", "؟", "\u{61d}", "\u{2e43}",
];
pub(crate) const MARKS: &[&str] = &[
    "\u{301}",
    "\u{300}",
    "\u{323}",
    "\u{345}",
    "\u{308}",
    "\u{1d165}",
    "\u{1d16d}",
    "\u{302e}",
    "\u{302f}",
    "\u{1e000}",
    "\u{8d4}",
    "\u{8e1}",
    "\u{1dfb}",
    "\u{116b6}",
    "\u{34f}",
    "\u{9be}",
    "\u{20dd}",
    "\u{3099}",
    "\u{1b44}",
];
pub(crate) const ODD: &[&str] = &[
    "\0",
    "\u{1}",
    "\u{7f}",
    "\u{80}",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{fe0f}",
    "\u{feff}",
    "\u{fffd}",
    "\u{e000}",
    "\u{e0001}",
    "\u{10ffff}",
    "\u{180e}",
    "\u{2060}",
    "\u{2b820}",
    "\u{1e030}",
    "\u{890}",
    "\u{f0000}",
];
pub(crate) const LETTERS: &[&str] = &[
    "é",
    "É",
    "ß",
    "İ",
    "ı",
    "Σ",
    "ς",
    "ẞ",
    "ñ",
    "ü",
    "Å",
    "ǖ",
    "ж",
    "Ж",
    "й",
    "Ё",
    "λ",
    "ώ",
    "ﬁ",
    "①",
    "ة",
    "ע",
    "ה",
    "ก",
    "ำ",
    "ः",
    "का",
    "க",
    "각",
    "가",
    "힣",
    "ㄱ",
    "\u{1100}",
    "\u{1161}",
    "が",
    "ガ",
    "ー",
    "し",
    "データ",
    "ベース",
    "𝐀",
    "𐐀",
    "Ꭰ",
    "ꭰ",
    "\u{9cb}",
    "\u{f73}",
    "ΐ",
    "ΰ",
];
pub(crate) const IDEOGRAPHS: &[&str] = &[
    "中",
    "国",
    "日本",
    "語",
    "\u{f900}",
    "\u{fa30}",
    "\u{2f800}",
    "\u{20000}",
    "\u{2b81f}",
    "\u{3400}",
    "\u{4dbf}",
    "\u{4dc0}",
    "\u{9fff}",
    "\u{fa0e}",
    "\u{2ceb0}",
];
pub(crate) const EMOJI: &[&str] =
    &["😀", "👨\u{200d}👩\u{200d}👧", "🇩🇪", "❤\u{fe0f}", "👍🏽", "™", "©"];

const POOLS: &[&[&str]] = &[PLAIN, SPACES, PUNCTUATION, MARKS, ODD, LETTERS, IDEOGRAPHS, EMOJI];

/// A text of up to `parts` parts. Each text favours some pools, so that runs of one kind occur.
pub(crate) fn text(random: &mut Random, parts: usize, fragments: &[&str]) -> String {
    let mut weights = [0; 9];
    for weight in &mut weights {
        *weight = [0, 1, 1, 6][random.below(4)];
    }
    weights[0] += 2;
    weights[1] += 1;
    weights[8] *= usize::from(!fragments.is_empty());
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
