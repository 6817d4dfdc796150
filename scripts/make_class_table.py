"""Writes the table of what pre-tokenizers need to know of a character.

It holds nothing that tables.bin (see make_char_tables.py) does not: the same facts, one look-up
away. It is a file and not made at the first use, since a table under way in one thread at the
moment of a fork would be waited for by the child for ever. A unit test holds it against tables.bin.

    python scripts/make_class_table.py            # rewrites the checked-in file
    python scripts/make_class_table.py --check    # compares instead, exit code 1 on a difference

Layout: for each page of 128 code points the number of its table, little-endian u16; then the
tables, a byte a code point. Equal pages share a table. The bits are those of classes.rs.
"""

from __future__ import annotations

import argparse
import struct
import sys
from pathlib import Path

UNICODE = Path(__file__).parent.parent / "rust/core/src/tokenize/text/unicode"
TABLE = UNICODE.parent / "pretokenizers/classes.bin"

PAGE = 128
CODES = 0x110000

# Bit of tables.bin -> bit of a class.
BITS = {
    1 << 14: 1 << 0,  # letter
    1 << 15: 1 << 1,  # number
    1 << 4: 1 << 2,  # white space
    1 << 6: 1 << 4,  # word
    1 << 5: 1 << 5,  # punctuation
    1 << 13: 1 << 6,  # numeric
}
NEWLINE = 1 << 3


def build(tables: bytes) -> bytes:
    """The bytes of the file, from those of tables.bin."""
    # Runs of (first code point, properties) are the first of seven sections.
    (length,) = struct.unpack_from("<I", tables)
    runs = struct.unpack_from(f"<{length}I", tables, 4 * 7)
    starts = [*runs[::2], CODES]
    classes = bytearray(CODES)
    for start, end, properties in zip(starts, starts[1:], runs[1::2], strict=False):
        bits = sum(bit for has, bit in BITS.items() if properties & has)
        classes[start:end] = bytes([bits]) * (end - start)
    for code in b"\r\n":
        classes[code] |= NEWLINE
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
    table = build((UNICODE / "tables.bin").read_bytes())
    if arguments.check:
        same = TABLE.read_bytes() == table
        print("equal" if same else f"{TABLE} differs from what tables.bin says")
        return 0 if same else 1
    TABLE.write_bytes(table)
    print(f"{TABLE}: {len(table)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
