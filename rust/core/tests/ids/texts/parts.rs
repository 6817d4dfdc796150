//! What texts are made of: what separates, what stands apart, what joins its neighbours, what goes,
//! what grows, and what the normalizers make something else of.

#[rustfmt::skip]
pub(crate) const WORDS: &[&str] = &[
    "a", "b", "c", "ab", "abc", "aab", "the", "THE", "The", "Ab", "new york", "x", "x1", "e", "i", "l", "s", "re", "Z", "9", "q",
    "abcabcabc", "abcdefghijklmnop", "abcdefghijklmnopq", "don't", "x-y_z.w", "a.b", "##s",
    "https://a.ab/ab-ab?a=ab&ab=1#ab.ab/ab-ab?a=ab&ab=1#ab.ab/ab-ab?a=ab",
];
#[rustfmt::skip]
pub(crate) const SPACES: &[&str] = &[
    " ", " ", " ", " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", " \n", "\n ", "\u{a0}", "\u{3000}", "\u{2003}", "\u{85}",
    "\u{1680}", "\u{2028}", "\u{2029}", "\u{202f}", "\u{205f}", "\u{b}", "\u{c}", "\u{1c}", "\u{1f}", "▁", " ▁", "▁ ", "▁▁",
];
#[rustfmt::skip]
pub(crate) const PUNCTUATION: &[&str] = &[
    ".", ",", "..", "...", "-", "--", "----", "'", "[", "]", "#", "##", "_", "__", "$", "(", ")", "((", "!", "!!", "?", "/", "<",
    ">", "|", "\"", "``", "''", "+", "=", "==", "~", "`", "^", "。", "、", "，", "…", "«", "“", "”", "—", "¿", "\u{37e}", "\u{387}",
    "\u{1fef}", "\u{2260}", "\u{226e}", "؟", "\u{61d}", "\u{2e43}", "´",
];
#[rustfmt::skip]
pub(crate) const CONTRACTIONS: &[&str] = &[
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'Re", "'vE", "'M", "'LL", "'lL", "'D", "'ſ", "'ſt",
    "'", "''", "'r", "'l", "'v", "'re's", "\u{2019}s", "'\u{212a}", "'ß", "'ﬆ", " 's", "\n's", "'S't", "1's",
];
#[rustfmt::skip]
pub(crate) const NUMBERS: &[&str] = &[
    "0", "1", "12", "123", "1234", "2024", "9999999", "٣", "٣٤٥٦", "½", "²", "x²", "Ⅷ", "①", "𝟗", "१२", "一", "〇",
    "\u{600}1", "1\u{fe0f}\u{20e3}",
];
#[rustfmt::skip]
pub(crate) const MARKS: &[&str] = &[
    "\u{301}", "\u{300}", "\u{323}", "\u{345}", "\u{308}", "\u{1d165}", "\u{1d16d}", "\u{302e}", "\u{302f}", "\u{1e000}", "\u{8d4}",
    "\u{8e1}", "\u{1dfb}", "\u{116b6}", "\u{34f}", "\u{9be}", "\u{93f}", "\u{94d}", "\u{64b}", "\u{20dd}", "\u{3099}", "\u{1b44}",
    "\u{323}\u{307}", " \u{301}", "e\u{301}", "e\u{302}\u{301}", "o\u{308}\u{304}", "q\u{307}\u{323}", "ạ̈",
    "\u{338}", "=\u{338}", "a>\u{338}", "<\u{338}b",
];
#[rustfmt::skip]
pub(crate) const ODD: &[&str] = &[
    "\0", "\u{1}", "\u{7f}", "\u{80}", "\u{ad}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{fe0f}", "\u{feff}", "\u{fffd}", "\u{e000}",
    "\u{e0001}", "\u{10ffff}", "\u{180e}", "\u{2060}", "\u{2b820}", "\u{1e030}", "\u{890}", "\u{f0000}", "\u{600}", "\u{6dd}",
    "\u{378}", "\u{110bd}", "\u{d4e}",
];
#[rustfmt::skip]
pub(crate) const LETTERS: &[&str] = &[
    "é", "É", "ß", "İ", "ı", "i̇", "Σ", "ς", "ΑΣ", "ſ", "ẞ", "ñ", "ü", "Å", "\u{212b}", "\u{212a}", "ǖ", "ǅ", "ж", "Ж", "й", "Ё", "λ",
    "ώ", "ΐ", "ΰ", "ﬁ", "ﬃ", "ﬆ", "ĳ", "ª", "ʰ", "㌔", "㍿", "\u{fdfa}", "ة", "ע", "ה", "ก", "ำ", "ः", "का", "க", "𝐀", "𐐀", "Ꭰ",
    "ꭰ", "\u{9cb}", "\u{f73}", "ＡＢ",
];
#[rustfmt::skip]
pub(crate) const IDEOGRAPHS: &[&str] = &[
    "中", "国", "文", "日本", "語", "日本語", "中文字", "中文字中文字中", "\u{f900}", "\u{fa30}", "\u{2f800}", "\u{20000}",
    "\u{2b81f}", "\u{3400}", "\u{4dbf}", "\u{4dc0}", "\u{9fff}", "\u{fa0e}", "\u{2ceb0}", "か", "が", "ガ", "ｶﾞ", "ｱﾞ", "ヴ", "ー",
    "し", "データ", "ベース", "각", "가", "힣", "ㄱ", "한국어", "\u{1100}", "\u{1161}", "\u{11a8}", "\u{1100}\u{1161}", "가\u{11a8}",
];
#[rustfmt::skip]
pub(crate) const SCRIPTS: &[&str] = &[
    "क्षत्रिय", "हिन्दी", "क्", "ि", "ภาษาไทย", "ไทย ", "เก้าอี้", "தமிழ்", "বাংলা", "কো", "ক\u{200d}ষ", "العَرَبِيَّة", "עִבְרִית", "Türkçe", "Straße",
    "naïve", "Ελληνικά", "русский",
];
#[rustfmt::skip]
pub(crate) const EMOJI: &[&str] = &[
    "😀", "👨\u{200d}👩\u{200d}👧", "👩", "\u{200d}👩", "🇩🇪", "🇩", "❤\u{fe0f}", "☺\u{fe0e}", "👍🏽", "™", "©", "→", "€",
    "\u{200d}©", "©\u{301}", "®\u{34f}",
];

/// The first two are those that nearly every text has some of.
pub(crate) const POOLS: &[&[&str]] = &[
    WORDS,
    SPACES,
    PUNCTUATION,
    CONTRACTIONS,
    NUMBERS,
    MARKS,
    ODD,
    LETTERS,
    IDEOGRAPHS,
    SCRIPTS,
    EMOJI,
];
