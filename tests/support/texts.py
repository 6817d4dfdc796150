"""Texts that any machine has: the standard library's own documentation, and lists of hard ones."""

from __future__ import annotations

import random
from functools import cache
from pydoc_data.topics import topics

from m2v_fast.hostile import AWKWARD, MULTILINGUAL

__all__ = [
    "AWKWARD",
    "MULTILINGUAL",
    "every_scalar",
    "hard_texts",
    "many_paragraphs",
    "paragraphs",
    "random_unicode",
]


@cache
def paragraphs() -> tuple[str, ...]:
    """Paragraphs of Python's reference manual: real English prose and code, about 0.5 MB."""
    text = "\n\n".join(topics.values())
    return tuple(part for part in text.split("\n\n") if part.strip())


def many_paragraphs(count: int) -> list[str]:
    """`count` paragraphs; the manual is repeated if it has fewer."""
    source = paragraphs()
    return [source[i % len(source)] for i in range(count)]


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
