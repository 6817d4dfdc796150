"""Writes the table of scripts that the pre-tokenizer UnicodeScripts tells apart.

Asked of tokenizers 0.23: two characters are of one script if it does not cut between them, and of
none if it leaves nothing of a character. Scripts are numbered in the order of their first
characters, from 1; 0 is none.

    python scripts/make_script_table.py            # rewrites the checked-in file
    python scripts/make_script_table.py --check    # compares instead, exit code 1 on a difference

Layout: for each page of 128 code points the number of its table, little-endian u16; then the
tables, a byte a code point. Equal pages share a table.
"""

from __future__ import annotations

import argparse
import struct
import sys
from pathlib import Path

from tokenizers.pre_tokenizers import UnicodeScripts

FOLDER = Path(__file__).parent.parent / "rust/core/src/tokenize/text/pretokenizers"
TABLE = FOLDER / "scripts.bin"

PAGE = 128
CODES = 0x110000
SURROGATES = range(0xD800, 0xE000)


def build() -> bytes:
    """The bytes of the file."""
    pieces = UnicodeScripts().pre_tokenize_str
    scripts = bytearray(CODES)
    known: list[str] = []
    last = ""
    for code in range(CODES):
        c = chr(code)
        if code in SURROGATES or not pieces(c):
            continue
        if last and len(pieces(last + c)) == 1:
            scripts[code] = scripts[ord(last)]
        else:
            same = (n for n, other in enumerate(known, 1) if len(pieces(other + c)) == 1)
            number = next(same, None)
            if number is None:
                known.append(c)
                number = len(known)
            scripts[code] = number
        last = c
    pages: dict[bytes, int] = {}
    numbers = [
        pages.setdefault(bytes(scripts[start : start + PAGE]), len(pages))
        for start in range(0, CODES, PAGE)
    ]
    return struct.pack(f"<{len(numbers)}H", *numbers) + b"".join(pages)


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
