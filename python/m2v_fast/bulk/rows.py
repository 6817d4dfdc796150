"""Rows that are read: batches of them, those that a run wants, and those that are bad."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.inputs import Source

#: Rows that are read at once.
BATCH_ROWS = 5_000
#: Bytes that are read at once.
BLOCK = 1 << 20

Range = tuple[int, int | None]
"""Rows from the first on, up to the second or the end of the file."""


@dataclass
class Batch:
    """Some rows: the columns asked for, in their order."""

    columns: Any
    """A pyarrow RecordBatch."""
    rows: list[int] | int
    """The place of each row in its file, or of the first one."""

    def place(self, row: int) -> int:
        """Return the place in its file of a row of the batch."""
        return self.rows + row if isinstance(self.rows, int) else self.rows[row]


class BadRows:
    """Rows that cannot be read: an error, or noted until they are counted.

    The reader notes them and another thread counts them, by the place that each has among the rows.
    """

    def __init__(self, skip: bool = False) -> None:
        """Raise, or skip them."""
        self.skip = skip
        self._noted: deque[tuple[int, str]] = deque()

    def add(self, source: Source, row: int, problem: str, place: int | None = None) -> None:
        """Take note of a row, or raise.

        Args:
            source: Its file.
            row: Its number there.
            problem: What is wrong with it.
            place: The next row that is not bad, if those alone are counted.
        """
        message = f"{source.name}: {_row(source)} {row_number(source, row)}: {problem}"
        if not self.skip:
            raise ValueError(f"{message} (--bad-rows skip leaves such rows out)")
        self._noted.append((row if place is None else place, message))

    def taken(self, start: int, stop: int | None) -> Iterator[str]:
        """Take the notes before a place, and yield those from another one on."""
        while self._noted and (stop is None or self._noted[0][0] < stop):
            place, message = self._noted.popleft()
            if place >= start:
                yield message


def _row(source: Source) -> str:
    return "line" if source.format in ("jsonl", "text") else "row"


def row_number(source: Source, row: int) -> int:
    """Return the number that a row has for people: lines count from 1, rows of tables from 0."""
    return row + 1 if source.format in ("jsonl", "text") else row


@contextmanager
def named(source: Source) -> Iterator[None]:
    """Put the file's name before what pyarrow and the like say of it."""
    try:
        yield
    except (ValueError, EOFError, OSError) as error:
        if source.name in str(error) or (isinstance(error, OSError) and error.filename):
            raise
        kind = ValueError if isinstance(error, (ValueError, EOFError)) else OSError
        raise kind(f"{source.name}: {error}") from error


class Left:
    """What is left to be read of some ranges."""

    def __init__(self, ranges: list[Range]) -> None:
        self._ranges = list(ranges)

    def done(self) -> bool:
        """Whether nothing is."""
        return not self._ranges

    def wants(self, first: int, count: int) -> bool:
        """Whether any of these rows is wanted."""
        return any(
            start < first + count and (stop is None or first < stop) for start, stop in self._ranges
        )

    def pieces(self, first: int, count: int) -> Iterator[tuple[int, int] | None]:
        """Cut rows into pieces that are wanted: where each begins and ends; None ends a range."""
        at, end = first, first + count
        while self._ranges and at < end:
            start, stop = self._ranges[0]
            at = max(at, start)
            piece = min(at + BATCH_ROWS, end, end if stop is None else stop)
            if at < piece:
                yield at - first, piece - first
                at = piece
            if stop is not None and at >= stop:
                del self._ranges[0]
                yield None

    def slices(self, table: Any, first: int) -> Iterator[Batch | None]:
        """Cut a table."""
        for piece in self.pieces(first, table.num_rows):
            if piece is None:
                yield None
            else:
                start, end = piece
                yield Batch(table.slice(start, end - start), first + start)

    def rest(self) -> Iterator[None]:
        """End what is left."""
        yield from [None] * len(self._ranges)
        self._ranges = []
