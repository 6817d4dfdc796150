"""Eight threads with settings of their own on one model, for a while, each result compared.

usage: python -m tests.long.threads [--seconds S] [--model FOLDER …]; by default a model for each
engine. The folders can be written beforehand (python -m tests.support.engines FOLDER), for
interpreters that lack the Hugging Face library.
"""

from __future__ import annotations

import argparse
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from m2v_fast import Model2VecEmbeddingFunction, StaticModel

from tests.support.texts import AWKWARD, MULTILINGUAL, paragraphs

TEXTS: tuple[str, ...] = (*paragraphs()[:150], *AWKWARD, *MULTILINGUAL)

#: What each thread wants.
WISHES: tuple[dict[str, Any], ...] = tuple(
    {"max_length": max_length, "normalize": normalize}
    for max_length in (1, 5, 64, None)
    for normalize in (False, True)
)


class Run:
    """One model under threads for some seconds."""

    def __init__(self, model: StaticModel, seconds: float) -> None:
        self.model = model
        self.function = Model2VecEmbeddingFunction.__new__(Model2VecEmbeddingFunction)
        self.function.model = model
        self.expected = [model.encode(TEXTS, **wish).tobytes() for wish in WISHES]
        self.ids = model.tokenize(TEXTS)
        self.documents = b"".join(v.tobytes() for v in self.function.encode_documents(TEXTS))
        self.end = time.monotonic() + seconds
        self.start = threading.Barrier(len(WISHES))
        self.faults: list[str] = []
        self.results = [0] * len(WISHES)

    def _work(self, number: int) -> None:
        wish, expected = WISHES[number], self.expected[number]
        row = len(expected) // len(TEXTS)
        turn = 0
        self.start.wait()
        while time.monotonic() < self.end and not self.faults:
            turn += 1
            same = self.model.encode(TEXTS, num_threads=1 + turn % 3, **wish).tobytes() == expected
            one = turn % len(TEXTS)
            alone = self.model.encode(TEXTS[one], **wish).tobytes()
            same &= alone == expected[one * row : (one + 1) * row]
            if turn % 4 == number % 4:
                same &= self.model.tokenize(TEXTS) == self.ids
                vectors = self.function.encode_documents(TEXTS)
                same &= b"".join(v.tobytes() for v in vectors) == self.documents
            self.results[number] += len(TEXTS) + 1
            if not same:
                self.faults.append(f"thread {number}, turn {turn}: another result")

    def _guarded(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as error:  # a thread's own end would go unnoticed
            self.faults.append(f"thread {number}: {error!r}")

    def go(self) -> list[str]:
        """Runs the threads; returns what went wrong."""
        threads = [threading.Thread(target=self._guarded, args=(n,)) for n in range(len(WISHES))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.faults


def main() -> int:
    parser = argparse.ArgumentParser(description="Eight threads on one model, compared.")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each model")
    parser.add_argument("--model", action="append", type=Path)
    wishes = parser.parse_args()
    free = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    print(f"Python {sys.version.split()[0]}{', free-threaded' if free else ''}")
    faults = []
    with tempfile.TemporaryDirectory() as root:
        folders = wishes.model
        if folders is None:
            from tests.support import engines

            folders = [engines.write(Path(root), name) for name in engines.NAMES]
        for folder in folders:
            model = StaticModel.from_pretrained(folder)
            run = Run(model, wishes.seconds)
            found = run.go()
            faults += found
            print(f"{folder.name} ({model.engine}): {sum(run.results):,} vectors compared", *found)
    if free and getattr(sys, "_is_gil_enabled", lambda: False)():
        faults.append("an import turned the interpreter's lock on")
        print(faults[-1])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
