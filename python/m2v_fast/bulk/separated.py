"""Rows of files of separated values: CSV and TSV.

pyarrow parses them, some whole rows at a time. Its own reader of streams is not used: that reads
ahead in a thread of its own, and an error waits there for what comes next, which from a pipe may be
never. Nor does it say which row of several cannot be converted, or go on behind it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.columns import types_by_name
from m2v_fast.bulk.rows import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import Source
    from m2v_fast.bulk.rows import BadRows

SEPARATORS = {"csv": ",", "tsv": "\t"}

#: A row may have so many bytes. More of them are a quote that is not closed.
MOST = 64 << 20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
#: From a quote at the start of a value to the one that closes it, or to the end of all. The quote
#: comes first, as a pattern that begins with what stands before it takes 20 times as long.
_QUOTED = {
    separator: re.compile(
        rb'"(?:(?<=\A")|(?<=[\r\n' + separator.encode() + rb']"))[^"]*(?:""[^"]*)*(?:"|\Z)'
    )
    for separator in SEPARATORS.values()
}
#: By byte, whether a quote behind it may open a value or be the second of two.
_BEFORE_A_QUOTE = {
    separator: np.isin(np.arange(256), list(map(ord, f'{separator}\r\n"')))
    for separator in SEPARATORS.values()
}
_PLACE = re.compile(r"In CSV column #(\d+): (?:Row #\d+: )?(.*)", re.DOTALL)


def separated_batches(source: Source, columns: Columns, bad: BadRows) -> Iterator[Any]:
    """Batches of about a block of the file each, without the rows that are bad."""
    rows = None
    with source.open() as file:
        for data in _whole_rows(file, SEPARATORS[source.format]):
            if rows is None:
                rows = _Rows(source, columns, bad, data)
                yield from rows.batches(data[rows.header :])
            else:
                yield from rows.batches(data)
    if rows is None:
        raise ValueError("it is empty; its first row names the columns")


class _Rows:
    """What is known of a file, and how far it was read."""

    def __init__(self, source: Source, columns: Columns, bad: BadRows, data: bytes) -> None:
        """Begin with the first rows, of which the first names the columns."""
        from pyarrow import csv

        pa = pyarrow("reading CSV")
        self._source, self._bad = source, bad
        self._separator = SEPARATORS[source.format]
        kinds = {**types_by_name(columns.schema()), columns.text: pa.string()}
        self._convert = csv.ConvertOptions(column_types=kinds, include_columns=columns.names)
        ends = (end for end in _row_ends(data, self._separator) if data[:end].strip(b"\r\n"))
        self.header = next(ends, len(data))
        # Its end may be that of the file.
        header = data[: self.header] + b"\n"
        try:
            first = csv.read_csv(
                pa.BufferReader(header),
                csv.ReadOptions(use_threads=False, block_size=len(header) + 1),
                self._parse(),
            )
        except pa.ArrowInvalid as error:
            raise ValueError(f"its first row does not name the columns: {error}") from error
        self._names: list[str] = first.schema.names
        for name in columns.names:
            if name not in self._names:
                there = ", ".join(self._names)
                raise ValueError(f"there is no column {name!r}; there are {there}")
        self._read = self._good = 0

    def _parse(self, handler: Any = None) -> Any:
        from pyarrow import csv

        return csv.ParseOptions(
            delimiter=self._separator, newlines_in_values=True, invalid_row_handler=handler
        )

    def batches(self, data: bytes) -> Iterator[Any]:
        """Yield the good ones of some more."""
        from pyarrow import csv

        if not data:
            return
        pa = pyarrow("reading CSV")
        wrong: list[tuple[int, str]] = []

        def note(row: Any) -> str:
            # An exception of this function would be lost.
            values = f"{row.actual_columns} values where {row.expected_columns} are expected"
            wrong.append((row.number - 1, values))
            return "skip"

        # pyarrow takes this for the beginning of a file, and not for some of a value.
        text = b"\n" + data if data.startswith(_BYTE_ORDER_MARK) else data
        read = csv.ReadOptions(
            use_threads=False, block_size=len(text) + 1, column_names=self._names
        )
        try:
            table = csv.read_csv(pa.BufferReader(text), read, self._parse(note), self._convert)
        except pa.ArrowInvalid as error:
            yield from self._halves(data, str(error))
            return
        for place, (row, problem) in enumerate(wrong):
            self._bad.add(self._source, self._read + row, problem, self._good + row - place)
        self._read += table.num_rows + len(wrong)
        self._good += table.num_rows
        yield from table.combine_chunks().to_batches()

    def _halves(self, data: bytes, problem: str) -> Iterator[Any]:
        """Go on with halves of rows of which one or more cannot be converted."""
        ends = [0, *_row_ends(data, self._separator), len(data)]
        rows = [start for start, end in pairwise(ends) if data[start:end].strip(b"\r\n")]
        if len(rows) > 1:
            middle = rows[len(rows) // 2]
            yield from self.batches(data[:middle])
            yield from self.batches(data[middle:])
            return
        told = _PLACE.fullmatch(problem)
        if told is not None:
            problem = f"column {self._names[int(told[1])]!r}: {told[2]}"
        self._bad.add(self._source, self._read, problem, self._good)
        self._read += 1


def _whole_rows(file: Any, separator: str) -> Iterator[bytes]:
    """Yield whole rows, about a block of them at a time; what is left at the end is the last."""
    rest = b""
    while block := file.read(BLOCK):
        data = rest + block
        end = _last_row_end(data, separator)
        if end:
            yield data[:end]
        rest = data[end:]
        if len(rest) > MOST:
            raise ValueError(
                f"a row has more than {MOST >> 20} MB: a quote that is not closed? It begins with "
                f"{rest[:60]!r}"
            )
    if rest:
        yield rest


def _row_ends(data: bytes, separator: str) -> Iterator[int]:
    """Yield where each row ends, blank ones too; not that of what has no line end yet."""
    at = 0
    spans = [quoted.span() for quoted in _QUOTED[separator].finditer(data)]
    for start, stop in [*spans, (len(data), len(data))]:
        for line_end in _LINE_END.finditer(data, at, start):
            yield line_end.end()
        at = stop


def _last_row_end(data: bytes, separator: str) -> int:
    """Return the last of these, or 0."""
    values = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(values == ord('"'))
    # Usually each second quote opens a value, or is the second of two that stand for one. Then the
    # count of those before a place tells whether it is in quotes, in a tenth of the pattern's time.
    opening = quotes[::2]
    before = values[opening - 1]
    if not (_BEFORE_A_QUOTE[separator][before] | (opening == 0)).all():
        return max(_row_ends(data, separator), default=0)
    end = len(data)
    while (end := max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end))) >= 0:
        if np.searchsorted(quotes, end) % 2 == 0:
            return end + 1
    return 0
