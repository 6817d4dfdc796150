"""Who is measured: this package and every other implementation that is there.

What is not installed, or does not take the model, is told with the reason, and never left out in
silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bench.contenders import AbsentError, Contender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

MODEL2VEC = "model2vec"
NUMPY = "tokenizers + numpy"
TOKENIZERS = "tokenizers alone"
TOKIE = "tokie + numpy"
FAST = "m2v_fast, 1 thread"
FAST_ALL = "m2v_fast, all threads"
FAST_HUGE = "m2v_fast, 1 thread, large pages"
FAST_ENCODE = "m2v_fast, encode"
FAST_QUERIES = "m2v_fast, encode_queries"

_ALL_THREADS = ", all threads"

#: Beside ours: names, and the ways in which they are loaded. The first are always measured.
BASE = {MODEL2VEC: "model2vec", NUMPY: "numpy"}
PEERS = {
    TOKENIZERS: "tokenizers",
    "fastembed": "fastembed",
    "sentence-transformers": "sentence-transformers",
    TOKIE: "tokie",
    "laghu": "laghu",
    f"laghu{_ALL_THREADS}": "laghu",
    "static-embed-runner": "static-embed-runner",
}
_BATCHES: dict[str, dict[str, Any]] = {FAST: {"threads": 1}, FAST_ALL: {"threads": None}}


def is_ours(name: str) -> bool:
    """Whether it is a way to call this package."""
    return name.startswith("m2v_fast")


def on_all_threads(name: str) -> bool:
    """Whether it may take all processors: its name says so."""
    return name.endswith(_ALL_THREADS)


class Field:
    """All contenders with one model: those that run, and why the others do not."""

    def __init__(
        self,
        folder: Path,
        *,
        peers: bool,
        kernels: Sequence[str],
        programs: Mapping[str, str],
        latency: bool,
        batches: bool,
    ) -> None:
        """Start those that are asked for.

        Args:
            folder: The model's.
            peers: Measure others than model2vec and NumPy, too.
            kernels: Instruction sets that get a row each; if there are any, so do large pages.
            programs: Other implementations by name, and programs that speak as `ways.py` does, or
                interpreters and ways.
            latency: Those that encode queries will be asked for.
            batches: Those that encode many texts will be.
        """
        self.absent: dict[str, str] = {}
        self._contenders: dict[str, Contender] = {}
        self._ours: dict[str, dict[str, Any]] = {}
        if batches:
            self._ours |= _BATCHES
            self._ours |= {
                f"m2v_fast, 1 thread, {kernel}": {"threads": 1, "backend": kernel}
                for kernel in kernels
            }
            if kernels:
                self._ours[FAST_HUGE] = {"threads": 1, "memory_map": "huge"}
        self._others = [*BASE, *(PEERS if peers else ()), *programs]
        self._latency = latency
        try:
            self._start(folder, programs)
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path, programs: Mapping[str, str]) -> None:
        for name in self._others:
            program, way = programs.get(name), {**BASE, **PEERS}.get(name, "")
            options = {"as_started": True} if on_all_threads(name) else {}
            try:
                self._contenders[name] = (
                    Contender.of(way, folder, **options)
                    if program is None
                    else Contender.given(program, folder, **options)
                )
            except AbsentError as reason:
                if name == NUMPY:  # it needs nothing that ours does not
                    raise
                self.absent[name] = str(reason)
        for name, options in self._ours.items():
            self._contenders[name] = Contender.of("m2v_fast", folder, **options)
        if self._latency:
            self._contenders[FAST_ENCODE] = Contender.of("m2v_fast", folder)
            self._contenders[FAST_QUERIES] = Contender.of("embedding_function", folder)

    def leave_out(self, name: str, reason: str) -> None:
        """Take one away, for good."""
        self.absent[name] = reason
        self._contenders.pop(name).close()

    def of_batches(self) -> dict[str, Contender]:
        """Return those that encode many texts."""
        return self._named(self._ours)

    def of_queries(self) -> dict[str, Contender]:
        """Return those that encode queries."""
        return self._named((FAST_ENCODE, FAST_QUERIES))

    def _named(self, ours: Iterable[str]) -> dict[str, Contender]:
        names = (*self._others, *ours)
        return {name: self._contenders[name] for name in names if name in self._contenders}

    def close(self) -> None:
        """End all processes."""
        for contender in self._contenders.values():
            contender.close()
