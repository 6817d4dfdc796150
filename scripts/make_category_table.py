"""Writes the table of what the reference's regular expressions know of a character.

Asked of tokenizers 0.23: which characters each general category matches, and `\\s`, `[\\w]` and
`\\p{Han}`. Its engine brings tables of its own, of one version of Unicode.

    python scripts/make_category_table.py            # rewrites the checked-in file
    python scripts/make_category_table.py --check    # compares instead, exit code 1 on a difference

Layout: for each page of 128 code points the number of its table, little-endian u16; then the
tables, a byte a code point. Equal pages share a table. The bits are those of regex/class.rs.
"""

from __future__ import annotations

import argparse
import struct
import sys
from pathlib import Path

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

FOLDER = Path(__file__).parent.parent / "rust/core/src/tokenize/text/pretokenizers/regex"
TABLE = FOLDER / "categories.bin"

PAGE = 128
CODES = 0x110000
SURROGATES = range(0xD800, 0xE000)
CATEGORIES = (
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn"
).split()
SPACE, WORD, HAN = 1 << 5, 1 << 6, 1 << 7


def matched(regex: str, scalars: list[int], text: str) -> list[int]:
    """The code points that an expression matches: what is left when its matches are removed."""
    left = Split(Regex(f"(?:{regex})+"), "removed").pre_tokenize_str(text)
    keep = bytearray(b"\1") * len(scalars)
    for _, (start, end) in left:
        keep[start:end] = bytes(end - start)
    return [scalar for scalar, is_matched in zip(scalars, keep, strict=True) if is_matched]


def build() -> bytes:
    """The bytes of the file."""
    scalars = [code for code in range(CODES) if code not in SURROGATES]
    text = "".join(map(chr, scalars))
    classes = bytearray([CATEGORIES.index("Cs")]) * CODES
    found = bytearray(CODES)
    for number, name in enumerate(CATEGORIES):
        for code in matched(rf"\p{{{name}}}", scalars, text):
            classes[code] = number
            found[code] += 1
    if any(found[code] != 1 for code in scalars):
        raise SystemExit("a character of no category, or of two")
    for regex, bit in ((r"\s", SPACE), (r"[\w]", WORD), (r"\p{Han}", HAN)):
        for code in matched(regex, scalars, text):
            classes[code] |= bit
    known: dict[bytes, int] = {}
    numbers = [
        known.setdefault(bytes(classes[start : start + PAGE]), len(known))
        for start in range(0, CODES, PAGE)
    ]
    return struct.pack(f"<{len(numbers)}H", *numbers) + b"".join(known)


def main() -> int:
    """Writes the file, or compares it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the checked-in file")
    arguments = parser.parse_args()
    table = build()
    if arguments.check:
        same = TABLE.read_bytes() == table
        print("equal" if same else f"{TABLE} differs from what the reference says")
        return 0 if same else 1
    TABLE.write_bytes(table)
    print(f"{TABLE}: {len(table)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
