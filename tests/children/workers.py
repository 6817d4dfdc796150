"""Worker processes of `multiprocessing`: with the model handed over, and loaded by each.

usage: workers.py METHOD MODEL. Prints whether all vectors are the parent's.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import threading
import warnings
from typing import Any

from m2v_fast import StaticModel

from tests.support.texts import AWKWARD, MULTILINGUAL, paragraphs

TEXTS = [*paragraphs()[:200], *AWKWARD, *MULTILINGUAL]
WORKERS = 3
_loaded: StaticModel | None = None


def load(folder: str) -> None:
    """Each worker's own model."""
    global _loaded
    _loaded = StaticModel.from_pretrained(folder)


def encode(model: StaticModel | None, threads: int | None) -> bytes:
    """Vectors by the model handed over, or by the worker's own."""
    model = model or _loaded
    assert model is not None
    return model.encode(TEXTS, num_threads=threads).tobytes()


def main() -> None:
    # Forking beside threads is what is tried here.
    warnings.simplefilter("ignore", DeprecationWarning)
    method, folder = sys.argv[1:]
    context: Any = multiprocessing.get_context(method)
    model = StaticModel.from_pretrained(folder)
    expected = model.encode(TEXTS).tobytes()
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            model.encode(TEXTS, num_threads=2)

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        with context.Pool(WORKERS, load, (folder,)) as pool:
            wishes = [(model if n % 2 else None, n % 3 or None) for n in range(4 * WORKERS)]
            results = pool.starmap_async(encode, wishes, chunksize=1).get(timeout=120)
    finally:
        stop.set()
        thread.join()
    same = [result == expected for result in results]
    after = model.encode(TEXTS).tobytes() == expected
    print(json.dumps({"results": len(same), "same": all(same), "parent": after}))


if __name__ == "__main__":
    main()
