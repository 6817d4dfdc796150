"""Writes the character tables of the engines by asking the reference about every scalar.

The reference decides per character with tables of several Unicode versions (8, 9 and 17), so no
standard library has them all. This script probes the installed `tokenizers` and freezes what it
sees; the engine calls neither std nor ICU about a character.

    python scripts/make_char_tables.py            # rewrites the checked-in file
    python scripts/make_char_tables.py --check    # compares instead, exit code 1 on a difference

Layout of the file, all little-endian u32: the word counts of the seven sections, then the sections.
Runs are (first scalar, properties) and last until the next run; properties are the bits below, the
canonical combining class in bits 16-23. The decomposition and the lower-case map are a sorted list
of scalars, a list of offsets (one more than scalars) and a pool of scalars. Hangul syllables are
left out: they decompose by arithmetic.
"""

from __future__ import annotations

import argparse
import itertools
import struct
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFD, BertNormalizer
from tokenizers.pre_tokenizers import (
    BertPreTokenizer,
    Digits,
    PreTokenizer,
    Split,
    Whitespace,
    WhitespaceSplit,
)

REFERENCE = "0.23.3"
TABLES = Path(__file__).parent.parent / "rust/core/src/tokenize/text/unicode/tables.bin"

CLEAN_REMOVED = 1 << 0
CLEAN_SPACE = 1 << 1
CHINESE = 1 << 2
MARK = 1 << 3  # dropped by strip_accents
WHITESPACE = 1 << 4
PUNCTUATION = 1 << 5
REGEX_WORD = 1 << 6
DECOMPOSES = 1 << 7
LOWERS = 1 << 8
NUMERIC = 1 << 13  # isolated by Digits
LETTER = 1 << 14  # \p{L} of the regexes of pre-tokenizers
NUMBER = 1 << 15  # \p{N} of the same
CLASS_SHIFT = 16

SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)
BATCH = 8192


def batches() -> Iterator[list[str]]:
    """The scalars in lists of a few thousand."""
    for start in range(0, len(SCALARS), BATCH):
        yield SCALARS[start : start + BATCH]


def mapped(normalize: Callable[[str], str]) -> dict[str, str]:
    """The scalars that a normalizer changes when they stand alone, with what they become."""
    # No normalizer here touches the separator or makes one, so one call serves thousands.
    separator = "|"
    changed: dict[str, str] = {}
    for batch in batches():
        results = normalize(separator.join(batch)).split(separator)
        if len(results) != len(batch):  # the batch that holds the separator itself
            results = [normalize(c) for c in batch]
        changed.update((c, r) for c, r in zip(batch, results, strict=True) if c != r)
    return changed


def bert(**flags: bool) -> Callable[[str], str]:
    """A BertNormalizer with only these flags on."""
    off = {
        "clean_text": False,
        "handle_chinese_chars": False,
        "strip_accents": False,
        "lowercase": False,
    }
    return BertNormalizer(**{**off, **flags}).normalize_str


def pre_tokenizer_classes() -> tuple[set[str], set[str]]:
    """The white space and the punctuation of BertPreTokenizer."""
    pre_tokenize = BertPreTokenizer().pre_tokenize_str
    whitespace, punctuation = set(), set()
    for batch in batches():
        pieces = iter(piece for piece, _ in pre_tokenize(" ".join(f"a{c}b" for c in batch)))
        for c in batch:
            first = next(pieces)
            if first == f"a{c}b":
                continue
            assert first == "a", (c, first)
            second = next(pieces)
            if second == "b":
                whitespace.add(c)
            else:
                assert (second, next(pieces)) == (c, "b"), c
                punctuation.add(c)
    return whitespace, punctuation


def kept(pre_tokenizer: PreTokenizer) -> set[str]:
    """The scalars that a pre-tokenizer does not remove."""
    return {
        c
        for batch in batches()
        for piece, _ in pre_tokenizer.pre_tokenize_str("".join(batch))
        for c in piece
    }


def regex_class(expression: str) -> set[str]:
    """The scalars that a class of the pre-tokenizers' regex engine matches."""
    return kept(Split(Regex(expression), "removed", invert=True))


def digits() -> set[str]:
    """The scalars that the pre-tokenizer Digits isolates."""
    pre_tokenize = Digits(individual_digits=True).pre_tokenize_str
    isolated: set[str] = set()
    for batch in batches():
        pieces = iter(piece for piece, _ in pre_tokenize("".join(f"aa{c}" for c in batch)))
        isolated.update(piece for piece in pieces if len(piece) == 1)
    return isolated


def added_token_classes() -> tuple[set[str], set[str]]:
    """Word characters that a `single_word` token may not touch, and what `lstrip` swallows."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("<t>", single_word=True, lstrip=True, normalized=False)])
    token = tokenizer.token_to_id("<t>")
    assert token is not None
    word, space = set(), set()
    for batch in batches():
        before = tokenizer.encode_batch([f"{c}<t>" for c in batch], add_special_tokens=False)
        after = tokenizer.encode_batch_fast([f"<t>{c}" for c in batch], add_special_tokens=False)
        for c, left, right in zip(batch, before, after, strict=True):
            rejected = token not in left.ids
            assert rejected == (token not in right.ids), c
            if rejected:
                word.add(c)
            elif left.offsets[left.ids.index(token)][0] == 0:
                space.add(c)
    return word, space


def combining_classes(normalize: Callable[[str], str]) -> dict[str, int]:
    """Canonical combining classes, found by which marks change places with which."""

    def swaps(first: str, second: str) -> bool:
        return normalize("a" + first + second) != "a" + first + second

    lowest, highest = "\u0334", "\u0345"  # classes 1 and 240, the ends of the order

    def moves(c: str) -> bool:
        return normalize(c) == c and (swaps(highest, c) or swaps(c, lowest))

    # Whole batches in which nothing moves are passed over with two calls.
    movable: list[str] = []
    for batch in batches():
        after = "".join(f"a{highest}{c}" for c in batch)
        before = "".join(f"a{c}{lowest}" for c in batch)
        unmoved_after = "".join(f"a{highest}{normalize(c)}" for c in batch)
        unmoved_before = "".join(f"a{normalize(c)}{lowest}" for c in batch)
        if normalize(after) != unmoved_after or normalize(before) != unmoved_before:
            movable.extend(c for c in batch if moves(c))

    # One mark for each class: Python's tables name the class, the reference confirms the order.
    marks: dict[int, str] = {}
    for c in movable:
        marks.setdefault(unicodedata.combining(c), c)
    assert 0 not in marks
    order = sorted(marks)
    for low, high in itertools.pairwise(order):
        assert swaps(marks[high], marks[low]), (low, high)
        assert not swaps(marks[low], marks[high]), (low, high)

    classes = {}
    for c in movable:
        equal = [k for k in order if not swaps(marks[k], c) and not swaps(c, marks[k])]
        assert len(equal) == 1, (c, equal)
        classes[c] = equal[0]
    return classes


def check_hangul(decompositions: dict[str, str]) -> None:
    """Takes the Hangul syllables out, having checked that they decompose by arithmetic."""
    for code in HANGUL:
        index = code - 0xAC00
        parts = [0x1100 + index // 588, 0x1161 + index % 588 // 28]
        if index % 28:
            parts.append(0x11A7 + index % 28)
        assert decompositions.pop(chr(code)) == "".join(map(chr, parts)), hex(code)


def map_sections(table: dict[str, str]) -> list[list[int]]:
    """A map as the three sections of the file."""
    keys: list[int] = []
    offsets = [0]
    pool: list[int] = []
    for key in sorted(table):
        keys.append(ord(key))
        pool.extend(map(ord, table[key]))
        offsets.append(len(pool))
    return [keys, offsets, pool]


def flag(properties: list[int], scalars: Iterable[str], bit: int) -> None:
    """Sets a bit for each of these scalars."""
    for c in scalars:
        properties[ord(c)] |= bit


def build() -> bytes:
    """The bytes of the table file, as the installed reference dictates them."""
    properties = [0] * 0x110000

    cleaned = mapped(bert(clean_text=True))
    assert set(cleaned.values()) == {"", " "}
    flag(properties, (c for c, r in cleaned.items() if r == ""), CLEAN_REMOVED)
    flag(properties, [*(c for c, r in cleaned.items() if r == " "), " "], CLEAN_SPACE)

    spaced = mapped(bert(handle_chinese_chars=True))
    assert all(r == f" {c} " for c, r in spaced.items())
    flag(properties, spaced, CHINESE)

    decompose = NFD().normalize_str
    decompositions = mapped(decompose)
    stripped = mapped(bert(strip_accents=True))
    marks = {c for c, r in stripped.items() if r == ""}
    for c in SCALARS:
        whole = decompositions.get(c, c)
        assert stripped.get(c, c) == "".join(p for p in whole if p not in marks), hex(ord(c))
    flag(properties, marks, MARK)
    check_hangul(decompositions)
    flag(properties, decompositions, DECOMPOSES)

    lowered = mapped(bert(lowercase=True))
    flag(properties, lowered, LOWERS)

    whitespace, punctuation = pre_tokenizer_classes()
    flag(properties, whitespace, WHITESPACE)
    flag(properties, punctuation, PUNCTUATION)

    word, swallowed = added_token_classes()
    assert swallowed == whitespace, swallowed ^ whitespace
    flag(properties, word, REGEX_WORD)

    # The other pre-tokenizers see white space and words in the same way.
    everything = set(SCALARS)
    assert regex_class(r"\s") == whitespace
    assert kept(WhitespaceSplit()) == everything - whitespace
    assert kept(Whitespace()) == everything - whitespace
    assert kept(Split(Regex(r"[^\s]"), "removed", invert=True)) == everything - whitespace
    flag(properties, regex_class(r"\p{L}"), LETTER)
    flag(properties, regex_class(r"\p{N}"), NUMBER)
    flag(properties, digits(), NUMERIC)

    for c, combining in combining_classes(decompose).items():
        properties[ord(c)] |= combining << CLASS_SHIFT

    runs = [0, properties[0]]
    for code, bits in enumerate(properties):
        if bits != runs[-1]:
            runs += [code, bits]

    sections = [runs, *map_sections(decompositions), *map_sections(lowered)]
    words = [len(section) for section in sections]
    for section in sections:
        words += section
    return struct.pack(f"<{len(words)}I", *words)


def main() -> int:
    """Writes the file, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the checked-in file")
    arguments = parser.parse_args()
    if tokenizers.__version__ != REFERENCE:
        print(f"needs tokenizers {REFERENCE}, not {tokenizers.__version__}", file=sys.stderr)
        return 2
    tables = build()
    if arguments.check:
        same = TABLES.read_bytes() == tables
        print("equal" if same else f"{TABLES} differs from what the reference does")
        return 0 if same else 1
    TABLES.write_bytes(tables)
    print(f"{TABLES}: {len(tables)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
