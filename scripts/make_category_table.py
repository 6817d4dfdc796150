"""Writes the table of what expressions can ask of a character, by asking the reference.

The engine of the reference has tables of its own Unicode version for `\\p{..}`, `\\s` and `\\w`.
This script searches all scalars for each of them with the installed `tokenizers` and freezes what
it sees; a unit test compares the file with the reference again.

    python scripts/make_category_table.py            # rewrites the checked-in file
    python scripts/make_category_table.py --check    # compares instead, exit code 1 on a difference

Layout, all little-endian: the number of kinds of character, u32; for each kind the properties that
it has, u64, bit i for the i-th of PROPERTIES (which table.rs repeats); for each page of 128 code
points the number of its part, u16; then the parts, for each code point the number of its kind, u8.
Equal pages share a part. Surrogates have kind 0, which has no property.
"""

from __future__ import annotations

import argparse
import struct
import sys
from pathlib import Path

import tokenizers
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

REFERENCE = "0.23.3"
FOLDER = Path(__file__).parent.parent / "rust/core/src/tokenize/text/pretokenizers/regex"
TABLE = FOLDER / "properties.bin"
PAGE = 128
CODES = 0x110000
SCALARS = [code for code in range(CODES) if not 0xD800 <= code < 0xE000]

# General categories, what escapes and brackets mean, and the scripts that expressions name.
PROPERTIES = """
    Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn
    Space Word Alpha Lower Upper Punct Print Graph
    Han Hiragana Katakana Hangul Latin Greek Cyrillic Arabic Hebrew Thai
    Devanagari Bengali Tamil Telugu Armenian Georgian Bopomofo Common Inherited
""".split()  # noqa: SIM905


def having(prop: str, text: str) -> set[int]:
    """The scalars that have a property."""
    split = Split(Regex(rf"\p{{{prop}}}+"), "removed", invert=True)
    return {
        SCALARS[at] for _, (start, end) in split.pre_tokenize_str(text) for at in range(start, end)
    }


def build() -> bytes:
    """The bytes of the file."""
    text = "".join(map(chr, SCALARS))
    masks = [0] * CODES
    for bit, prop in enumerate(PROPERTIES):
        for code in having(prop, text):
            masks[code] |= 1 << bit
    kinds: dict[int, int] = {0: 0}
    numbers = bytes(kinds.setdefault(mask, len(kinds)) for mask in masks)
    parts: dict[bytes, int] = {}
    pages = [
        parts.setdefault(numbers[start : start + PAGE], len(parts))
        for start in range(0, CODES, PAGE)
    ]
    return b"".join(
        [
            struct.pack("<I", len(kinds)),
            struct.pack(f"<{len(kinds)}Q", *kinds),
            struct.pack(f"<{len(pages)}H", *pages),
            *parts,
        ]
    )


def main() -> int:
    """Writes the file, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the checked-in file")
    arguments = parser.parse_args()
    if tokenizers.__version__ != REFERENCE:
        print(f"tokenizers {tokenizers.__version__} is installed, the reference is {REFERENCE}")
        return 1
    table = build()
    if arguments.check:
        same = TABLE.read_bytes() == table
        print("equal" if same else f"{TABLE} differs from what the reference does")
        return 0 if same else 1
    TABLE.write_bytes(table)
    print(f"{TABLE}: {len(table)} bytes, {struct.unpack_from('<I', table)[0]} kinds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
