"""Packs a wheel anew, as small as deflate can be: the same files, times and order.

usage: python scripts/repack_wheel.py WHEEL... A matrix of int8 compresses best without looking for
repetitions, which there are none of; where there are, zopfli finds better ones than zlib.
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import zopfli.zlib


class _Zopfli:
    """A compressor as zlib's are, which does its work at the end."""

    def __init__(self) -> None:
        self._data = bytearray()

    def compress(self, data: bytes) -> bytes:
        self._data += data
        return b""

    def flush(self) -> bytes:
        # Without what zlib's format has around it.
        packed: bytes = zopfli.zlib.compress(bytes(self._data), numiterations=5)
        return packed[2:-4]


def _with(strategy: int) -> Any:
    return zlib.compressobj(9, zlib.DEFLATED, -15, 9, strategy)


def _best(data: bytes) -> Any:
    def size(strategy: int) -> int:
        compressor = _with(strategy)
        return len(compressor.compress(data)) + len(compressor.flush())

    repeats = size(zlib.Z_DEFAULT_STRATEGY) < size(zlib.Z_HUFFMAN_ONLY)
    return _Zopfli() if repeats else _with(zlib.Z_HUFFMAN_ONLY)


def repack(path: Path) -> tuple[int, int]:
    """Replace the file; give its size before and after."""
    made = path.with_suffix(".repacked")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            with new.open(entry, "w") as stream:
                # zipfile has a level to choose and no strategy.
                output: Any = stream
                if not hasattr(output, "_compressor"):
                    raise SystemExit("this Python's zipfile works otherwise: see repack_wheel.py")
                output._compressor = _best(data)
                output.write(data)
    with zipfile.ZipFile(made) as new:
        if bad := new.testzip():
            raise SystemExit(f"{path.name}: {bad} was not packed right")
    before = path.stat().st_size
    made.replace(path)
    return before, path.stat().st_size


def main() -> None:
    """Repack the wheels that are named."""
    for path in map(Path, sys.argv[1:]):
        before, after = repack(path)
        print(f"{path.name}: {before:,} bytes before, {after:,} now")


if __name__ == "__main__":
    main()
