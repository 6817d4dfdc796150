"""Writes the tables of the normalization forms, Nmt and StripAccents, by asking the reference.

The reference composes and decomposes as Unicode 9 does, and will go on doing so whatever newer
tables a standard library brings. What `make_char_tables.py` has already frozen (canonical
decompositions, combining classes) is not repeated here.

    python scripts/make_form_tables.py            # rewrites the checked-in file
    python scripts/make_form_tables.py --check    # compares instead, exit code 1 on a difference

Layout, all little-endian u32: the word counts of the five sections, then the sections.
1. runs (first scalar, properties), last until the next run; the bits are below
2. compositions: first, second, composed; sorted
3. to 5. the compatibility decompositions: sorted scalars, offsets (one more), a pool of scalars
Hangul is left out: it composes and decomposes by arithmetic.
"""

from __future__ import annotations

import argparse
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import tokenizers
from tokenizers.normalizers import NFC, NFD, NFKD, Nmt, StripAccents

REFERENCE = "0.23.3"
TABLES = Path(__file__).parent.parent / "rust/core/src/tokenize/text/unicode/forms.bin"

ACCENT = 1 << 0  # dropped by StripAccents
NMT_REMOVED = 1 << 1
NMT_SPACE = 1 << 2
SECOND = 1 << 3  # the second half of some composition

SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)
BATCH = 8192


def mapped(normalize: Callable[[str], str]) -> dict[str, str]:
    """The scalars that a normalizer changes when they stand alone, with what they become."""
    # No normalizer here touches the separator or makes one, so one call serves thousands.
    changed: dict[str, str] = {}
    for start in range(0, len(SCALARS), BATCH):
        batch = SCALARS[start : start + BATCH]
        results = normalize("|".join(batch)).split("|")
        if len(results) != len(batch):  # the batch that holds the separator itself
            results = [normalize(c) for c in batch]
        changed.update((c, r) for c, r in zip(batch, results, strict=True) if c != r)
    return changed


def compositions() -> list[tuple[str, str, str]]:
    """Every pair of scalars that becomes one, Hangul aside."""
    decompose, compose = NFD().normalize_str, NFC().normalize_str
    found = []
    for composed, parts in mapped(decompose).items():
        if ord(composed) in HANGUL or len(parts) < 2 or compose(composed) != composed:
            continue
        # A composite of three parts is made of the composite of the first two, and so on.
        first, second = compose(parts[:-1]), parts[-1]
        assert len(first) == 1, composed
        assert compose(first + second) == composed, composed
        found.append((first, second, composed))
    return sorted(found)


def build() -> bytes:
    """The bytes of the table file, as the installed reference dictates them."""
    properties = [0] * 0x110000
    stripped = mapped(StripAccents().normalize_str)
    assert set(stripped.values()) == {""}
    for c in stripped:
        properties[ord(c)] |= ACCENT
    nmt = mapped(Nmt().normalize_str)
    assert set(nmt.values()) == {"", " "}
    for c, result in nmt.items():
        properties[ord(c)] |= NMT_SPACE if result else NMT_REMOVED
    pairs = compositions()
    for _, second, _ in pairs:
        properties[ord(second)] |= SECOND
    runs = [0, properties[0]]
    for code, bits in enumerate(properties):
        if bits != runs[-1]:
            runs += [code, bits]

    keys: list[int] = []
    offsets = [0]
    pool: list[int] = []
    for key, parts in sorted(mapped(NFKD().normalize_str).items()):
        if ord(key) not in HANGUL:
            keys.append(ord(key))
            pool.extend(map(ord, parts))
            offsets.append(len(pool))

    sections = [runs, [ord(c) for pair in pairs for c in pair], keys, offsets, pool]
    words = [len(section) for section in sections]
    for section in sections:
        words += section
    return struct.pack(f"<{len(words)}I", *words)


def main() -> int:
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
