"""Implementations in processes of their own, which take turns at the request of this one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast.bench import ways

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from typing_extensions import Self

#: All run on one thread unless they say otherwise; the libraries read this when they start.
ONE_THREAD = {
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
#: Nobody may be helped by us behind the name of another, and nothing may be fetched.
_PLAIN = {"M2V_FAST_COMPAT": "0", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}


class AbsentError(ValueError):
    """An implementation cannot be measured; the message says why."""


def _program(
    verb: str, way: str, options: Mapping[str, Any], python: str = sys.executable
) -> list[str]:
    # UTF-8 wherever it runs; the file is read anew, as an editable package may have changed.
    source = Path(ways.__file__).read_text(encoding="utf-8")
    return [python, "-X", "utf8", "-c", source, verb, json.dumps([way, dict(options)])]


def _environment(folder: Path, *, all_threads: bool) -> dict[str, str]:
    """What a process is started with; what laghu keeps of a model goes into the folder."""
    own = {n: v for n, v in os.environ.items() if not (all_threads and n in ONE_THREAD)}
    return {**own, **_PLAIN, "LAGHU_CACHE": str(folder), **({} if all_threads else ONE_THREAD)}


def look_for(way: str) -> None:
    """Look for the library of a way.

    Raises:
        AbsentError: It is not installed.
    """
    if find_spec(ways.WAYS[way][0].partition(".")[0]) is None:
        raise AbsentError("not installed")


class Contender:
    """A process with a model loaded, which times itself."""

    def __init__(self, command: Sequence[str], folder: Path, *, all_threads: bool = False) -> None:
        """Start a program that speaks as `ways.py` does.

        Args:
            command: The program, and what it is told before the folder.
            folder: The model's.
            all_threads: Let the libraries that it is made of take all processors.

        Raises:
            AbsentError: It ends, and what it says.
        """
        self._scratch = tempfile.TemporaryDirectory(prefix="m2v-bench-")
        self._errors = (Path(self._scratch.name) / "stderr").open("w+b")
        self._texts: list[str] | None = None
        try:
            self._process = subprocess.Popen(
                [*command, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                encoding="utf-8",
                env=_environment(Path(self._scratch.name), all_threads=all_threads),
            )
        except OSError as error:
            self._errors.close()
            self._scratch.cleanup()
            raise AbsentError(f"cannot run: {error}") from error
        try:
            self._use([])
        except AbsentError:
            self.close()
            raise

    @classmethod
    def of(cls, way: str, folder: Path, **options: Any) -> Self:
        """Start one of the ways of this package.

        Raises:
            AbsentError: Its library is not installed, or does not take the model.
        """
        look_for(way)
        all_threads = bool(options.get("as_started"))
        return cls(_program("serve", way, options), folder, all_threads=all_threads)

    @classmethod
    def given(cls, program: str, folder: Path, **options: Any) -> Self:
        """Start a program, or another interpreter of Python on a way: `PYTHON WAY`.

        Raises:
            AbsentError: It ends, and what it says.
        """
        python, _, way = program.rpartition(" ")
        own = bool(python) and way in ways.WAYS
        command = _program("serve", way, options, python) if own else [program]
        return cls(command, folder, all_threads=bool(options.get("as_started")))

    def _ask(self, *command: object) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # pragma: no cover - both are pipes
            raise AbsentError("cannot run: no pipes")
        answer = ""
        try:
            stdin.write(" ".join(map(str, command)) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except BrokenPipeError:
            pass
        if not answer:
            raise AbsentError(f"cannot run: {self._last_words()}")
        return json.loads(answer)

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        return said.rpartition("\n")[2].strip() or f"it ended with {self._process.returncode}"

    def _use(self, texts: list[str]) -> None:
        if texts != self._texts:
            file = Path(self._scratch.name) / "texts"
            write_texts(file, texts)
            self._ask("texts", file)
            self._texts = texts

    def renew(self) -> None:
        """Load the model again: nothing was seen by it yet."""
        self._ask("load")

    def vectors(self, texts: list[str]) -> NDArray[Any] | list[list[int]]:
        """Return the vectors of the texts, in the dtype in which it gives them; or ids alone."""
        self._use(texts)
        file = Path(self._scratch.name) / "vectors"
        told = self._ask("vectors", file)
        if told == "ids":
            return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
        width, dtype = told if isinstance(told, list) else (told, "float32")
        return np.fromfile(file, dtype=dtype).reshape(len(texts), width)

    def batch(self, texts: list[str], at_least: float = 0) -> float:
        """Return the seconds of one call with all texts, the mean of those that fill some time."""
        self._use(texts)
        passes, seconds = 0, 0.0
        while not passes or seconds < at_least:
            told = self._ask("batch", at_least)
            mean, count = told if isinstance(told, list) else (told, 1)
            seconds += mean * count
            passes += count
        return seconds / passes

    def calls(self, texts: list[str], at_once: int) -> list[int]:
        """Return the nanoseconds of every call with so many texts, through all of them."""
        self._use(texts)
        nanoseconds: list[int] = self._ask("calls", at_once)
        return nanoseconds

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()
        self._scratch.cleanup()


def write_texts(file: Path, texts: list[str]) -> None:
    """Write texts as `ways.py` reads them."""
    file.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="ascii")


def fresh(way: str, folder: Path, file: Path, **options: Any) -> dict[str, float]:
    """Run a new interpreter from its start to its end, as a user would, and return what it told.

    Raises:
        AbsentError: Its library is not installed, or failed, and what it said.
    """
    look_for(way)
    start = time.perf_counter()
    done = subprocess.run(
        [*_program("fresh", way, options), str(folder), str(file)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=_environment(file.parent, all_threads=True),
    )
    whole = time.perf_counter() - start
    if done.returncode:
        raise AbsentError(f"cannot run: {done.stderr.strip().rpartition(chr(10))[2]}")
    told: dict[str, float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return {"process_ms": whole * 1e3, **told}
