"""Loads every model of the gallery again and again, and tells what the process still holds."""

from __future__ import annotations

import contextlib
import gc
import json
import re
import tempfile
from pathlib import Path

from m2v_fast import StaticModel

from tests.support import resources
from tests.support.broken import GALLERY, good

ROUNDS = 12
WARM = 4


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folders = []
        for case, broken in GALLERY.items():
            folder = good(root / re.sub(r"\W+", "-", case))
            broken.damage(folder)
            folders.append(folder.path)
        before, held, loads = 0, resources.open_files(), 0
        for turn in range(ROUNDS):
            for path in folders:
                for memory_map in (False, True):
                    with contextlib.suppress(ValueError, OSError):
                        StaticModel.from_pretrained(path, memory_map=memory_map)
                    loads += 1
            gc.collect()
            if turn == WARM:
                before = resources.anonymous()
        files = len(resources.open_files()) - len(held)
        mappings = len(resources.mapped_files(root))
        growth = resources.anonymous() - before
    print(json.dumps({"loads": loads, "growth": growth, "files": files, "mappings": mappings}))


if __name__ == "__main__":
    main()
