"""Changes the files of a model in use, and tells what became of its vectors.

usage: changed_file.py WAY MEMORY_MAP; the ways are those of `WAYS`. The model is a Unigram one, so
that a compiled index is among its files.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from m2v_fast import StaticModel
from m2v_fast._native import Model as NativeModel

from tests.support import vocabularies
from tests.support.folders import Shape, write_folder
from tests.support.texts import paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable


def _replaced(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(bytes(path.stat().st_size))
    new.replace(path)


def _overwrite(byte: int | None) -> Callable[[Path], object]:
    """In place and as long; with random bytes if none is given."""

    def change(path: Path) -> None:
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(
                random.Random(size).randbytes(size) if byte is None else bytes([byte]) * size
            )

    return change


WAYS: dict[str, Callable[[Path], object]] = {
    "replaced": _replaced,
    "removed": Path.unlink,
    "overwritten": _overwrite(0x3F),
    "overwritten with zeros": _overwrite(0),
    "overwritten with ones": _overwrite(0xFF),
    "overwritten at random": _overwrite(None),
    "truncated": lambda path: os.truncate(path, path.stat().st_size // 3),
    "emptied": lambda path: os.truncate(path, 0),
}


def main() -> None:
    way, memory_map = sys.argv[1], json.loads(sys.argv[2])
    texts = list(paragraphs()[:500])
    with tempfile.TemporaryDirectory() as root:
        folder = write_folder(Path(root), vocabularies.unigram(), Shape(width=64)).path
        assert NativeModel.compile(folder) is not None
        model = StaticModel.from_pretrained(folder, memory_map=memory_map)
        assert model.indexed
        json_before = model._native.tokenizer_json()
        before = model.encode(texts[:100])
        for path in folder.iterdir():
            WAYS[way](path)
        after = model.encode(texts)
        result = {
            "same": after[:100].tobytes() == before.tobytes(),
            "finite": bool(np.isfinite(after).all()),
        }
        try:
            result["tokenizer"] = model._native.tokenizer_json() == json_before
        except ValueError as error:
            result["tokenizer"] = "changed on disk" in str(error)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
