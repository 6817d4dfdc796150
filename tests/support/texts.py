"""Texts that any machine has: the standard library's own documentation, and a list of hard ones."""

from __future__ import annotations

import random
from functools import cache
from pydoc_data.topics import topics


@cache
def paragraphs() -> tuple[str, ...]:
    """Paragraphs of Python's reference manual: real English prose and code, about 0.5 MB."""
    text = "\n\n".join(topics.values())
    return tuple(part for part in text.split("\n\n") if part.strip())


def many_paragraphs(count: int) -> list[str]:
    """`count` paragraphs; the manual is repeated if it has fewer."""
    source = paragraphs()
    return [source[i % len(source)] for i in range(count)]


#: One sentence or more in each of several languages and scripts.
MULTILINGUAL: tuple[str, ...] = (
    "The quick brown fox jumps over the lazy dog.",
    "How do I reset my password? I've tried three times already!",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "Straßenverkehrsordnungsänderungsgesetz",
    "Portez ce vieux whisky au juge blond qui fume ; « déjà vu » à l’été.",
    "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia. ¿Por qué? ¡Añejo!",
    "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Zażółć gęślą jaźń, łódź i świerszcz.",
    "Íslenska þýðir ævintýri; ðæt wæs gōd cyning.",
    "İstanbul'da ılık bir IŞIK var, ığdır İĞDIR.",
    "Tiếng Việt có nhiều dấu: ắ ằ ẳ ẵ ặ, ở, ữ, đường.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Йод и ёлка.",
    "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ, ὀδυσσεύς.",
    "דג סקרן שט בים מאוכזב ולפתע מצא חברה. שָׁלוֹם",
    "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت — العربية ١٢٣٤",
    "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश। क़िला १२३",
    "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি।",
    "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน",
    "いろはにほへと ちりぬるを。カタカナとｶﾀｶﾅ、漢字も混ぜる。がぎぐげご",
    "我能吞下玻璃而不伤身体。向量数据库存储嵌入，支持 Top-K 搜索。",
    "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다. 한국어 ㅎㅏㄴ",
    "ყველა ადამიანი თავისუფალი იბადება. ᲥᲐᲠᲗᲣᲚᲘ",
    "Բոլոր մարդիկ ծնվում են ազատ։",
    "ሰዎች ሁሉ ነጻ ሆነው ተወልደዋል።",
    "Chinese 中文 mixed with English words中文again and 123中456文.",
    "𠮷野家で𩸽を食べる。𝒜𝓁𝓅𝒽𝒶 𝟙𝟚𝟛 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
)

#: Texts that break naive tokenizers, cuts or sums.
AWKWARD: tuple[str, ...] = (
    "",
    " ",
    "          ",
    "\t\n\r\x0b\x0c",
    "\n\n\n",
    "\u00a0\u2003\u3000\u2028\u2029",
    "\x00",
    "a\x00b\x01c\x7fd\x85e",
    "zero\u200bwidth\u200cjoin\u200der\u2060here\ufeffbom",
    "soft\u00adhyphen and replacement \ufffd char",
    "\ue000private\uf8ff \U000f0000use\U0010fffd",
    ".",
    "...---...!!!???",
    "a",
    "I",
    "ﬁnance ﬀ ﬃ ① ② ½ ™ ㎏ Ⅷ",
    "e\u0301 é E\u0301 É n\u0303 ñ a\u0308\u0304 ǟ",
    "a\u0316\u0301\u0300b \u0301start z" + "\u0301" * 40,
    "\U0001d15e\U0001d16d\U0001d165 \u302e\u302f",
    "İI ıi ẞß ΣΑΣ ς ŉ ǰ ᾳ",
    "👍 👍🏽 👩‍👩‍👧‍👦 🇩🇪 ☺️ ☺ 1️⃣",
    "[UNK] [PAD] [CLS] hello [SEP] [MASK]",
    "[UNK][UNK][UNK]",
    "[unk] [pad] [ CLS ] <unk> <s> </s> <pad> <mask> <|endoftext|>",
    "x[MASK]y  [MASK]  z",
    "new york and New  York and NEW YORKs",
    "don't can't I'll we've it's 'quoted' ''double''",
    "under_score camelCase kebab-case dotted.name path/to/file.py a@b.c #tag $1,234.56 50%",
    "https://example.org/a/b?c=d&e=f#g  <a href='x'>y</a>",
    "0 1 12 123 1234 12345 1.5e-10 0xdeadbeef ١٢٣ १२३ Ⅻ",
    "▁leading ▁▁ metaspace ▁",
    "Ġbyte Ċ level ĉ",
    "##ing ##s ## #",
    "supercalifragilisticexpialidocious" * 2,
    "a" * 99,
    "a" * 100,
    "a" * 101,
    "é" * 100,
    "x" * 5000,
    "word " * 3000,
    " " * 5000 + "end",
    "中" * 2000,
    "👍" * 1000,
    ("The same sentence, again and again. " * 400).strip(),
    "qqqqq zzzzz xxjxx 𒀀𒁀 ᚠᛇᚻ ꙮ ⠓⠑⠇⠇⠕",
    "\ud7ff\ue000 \uffff \U0001ffff \U0010ffff",
)


def random_unicode(count: int, seed: int = 0) -> list[str]:
    """Seeded random strings: runs from one block, mixed with ASCII, spaces and anything at all."""
    rng = random.Random(seed)
    blocks = (
        (0x20, 0x7E),
        (0x00, 0x2FF),
        (0x300, 0x36F),
        (0x370, 0x5FF),
        (0x600, 0x6FF),
        (0x900, 0xDFF),
        (0x1100, 0x11FF),
        (0x1E00, 0x1FFF),
        (0x2000, 0x206F),
        (0x2070, 0x2BFF),
        (0x3000, 0x30FF),
        (0x4E00, 0x4EFF),
        (0xA000, 0xABFF),
        (0xAC00, 0xAD00),
        (0xF900, 0xFFEF),
        (0x10000, 0x1FFFF),
        (0x20000, 0x2FA1F),
        (0xE0000, 0xE01EF),
    )
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 8)):
            low, high = rng.choice(blocks)
            run = (chr(rng.randint(low, high)) for _ in range(rng.randint(1, 6)))
            parts.append("".join(c for c in run if not 0xD800 <= ord(c) <= 0xDFFF))
            parts.append(rng.choice(("", "", " ", "a", "the", "ing ", ". ", "中", "\n", "[UNK]")))
        texts.append("".join(parts))
    return texts


def every_scalar(frame: str, per_text: int = 48) -> list[str]:
    """All Unicode scalar values, each put into `frame` (at `{}`), many to a text."""
    scalars = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    return [
        " ".join(frame.format(c) for c in scalars[i : i + per_text])
        for i in range(0, len(scalars), per_text)
    ]


@cache
def hard_texts() -> tuple[str, ...]:
    """The hand-written lists, random strings and a sample of the manual, about 500 texts."""
    return (*AWKWARD, *MULTILINGUAL, *random_unicode(300), *paragraphs()[::20])
