"""What the command line reads and writes: files, and whatever else has a name.

A regular file, or a name that nothing has yet, is written whole or not at all. Anything else, a
pipe, a device, a descriptor of the shell's, is written to as it is: it must not become a file.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Names of what this process has open already: written to, even where that is a file.
_DESCRIPTORS = ("/dev/fd/", "/dev/stdout", "/dev/stderr", "/proc/self/fd/")


def is_stream(output: str) -> bool:
    """Whether an output is written to as it comes.

    Raises:
        IsADirectoryError: It is a folder.
    """
    if output == "-" or output.startswith(_DESCRIPTORS):
        return True
    try:
        mode = Path(output).stat().st_mode
    except OSError:
        return False  # nothing there; if it cannot be written, writing says so
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{output}: is a folder; name a file to write")
    return not stat.S_ISREG(mode)


@contextmanager
def writing(output: str) -> Iterator[BinaryIO]:
    """Open a stream for writing."""
    if output == "-":
        yield _standard(sys.stdout, 1, "output", "wb")
    else:
        with Path(output).open("wb") as stream:
            yield stream


@contextmanager
def reading(name: str) -> Iterator[BinaryIO]:
    """Open an input for reading; "-" is standard input."""
    if name == "-":
        yield _standard(sys.stdin, 0, "input", "rb")
    else:
        with Path(name).open("rb") as file:
            yield file


def standard_input() -> BinaryIO:
    """Return standard input.

    Raises:
        ValueError: It is closed.
    """
    return _standard(sys.stdin, 0, "input", "rb")


def _standard(stream: object, descriptor: int, name: str, mode: str) -> BinaryIO:
    problem = f'standard {name} is closed: "-" needs it'
    if stream is None:
        raise ValueError(problem)
    try:
        os.fstat(descriptor)
    except OSError as error:
        raise ValueError(problem) from error
    buffer = getattr(stream, "buffer", None)
    if buffer is not None:
        return cast("BinaryIO", buffer)
    return cast("BinaryIO", os.fdopen(descriptor, mode, closefd=False))


@contextmanager
def rewindable(file: BinaryIO) -> Iterator[BinaryIO]:
    """Give a file that can be read twice: itself, or a copy that no name leads to."""
    if file.seekable():
        yield file
        return
    # Of the texts, which are a tenth of the vectors' size.
    with TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield cast("BinaryIO", copy)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise, so that what is half done is removed."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def texts(file: Iterable[bytes], field: str | None) -> Iterator[str]:
    """Read a text a line; with `field`, a JSON object a line that holds one."""
    return _lines(file) if field is None else _json_lines(file, field)


def _lines(file: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        try:
            # A byte order mark is a mark of the file's and not of its first text.
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"line {number} is not UTF-8: {error}") from error


def _json_lines(file: Iterable[bytes], field: str) -> Iterator[str]:
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {number} is not JSON: {error}") from error
        if not isinstance(record, dict) or not isinstance(record.get(field), str):
            raise ValueError(f"line {number} is not a JSON object with a text in {field!r}")
        text = record[field]
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(
                f"line {number} holds a lone surrogate at character {error.start}; remove or "
                "replace it"
            ) from error
        yield text
