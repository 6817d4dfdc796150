"""Rows of files, in batches of columns, from any row on.

A row of Parquet, Arrow and CSV is a row of the table; one of JSON lines and text is a line, of
which blank ones (of JSON) and those that cannot be read give nothing.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.columns import Columns, fitted, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.inputs import Source

#: Rows that are read at once.
BATCH_ROWS = 5_000
#: Bytes that are read at once.
BLOCK = 1 << 20
#: Lines by which the types of kept columns are found.
SAMPLE = 1_000


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


@dataclass
class BadRows:
    """Rows that cannot be read: an error, or counted and listed."""

    skip: bool = False
    count: int = 0
    listed: list[str] = field(default_factory=list)
    MOST = 20

    def add(self, source: Source, row: int, problem: str) -> None:
        """Take note of a row, or raise."""
        message = f"{source.name}: {_row(source)} {row_number(source, row)}: {problem}"
        if not self.skip:
            raise ValueError(f"{message} (--bad-rows skip leaves such rows out)")
        self.count += 1
        if len(self.listed) < self.MOST:
            self.listed.append(message)


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


def types_of(source: Source, columns: Columns) -> Columns:
    """Find types for the kept columns of a file that has none of its own, of its first lines."""
    if source.format != "jsonl" or all(kind for _, kind in columns.kept):
        return columns
    samples: dict[str, list[Any]] = {name: [] for name, _ in columns.kept}
    with named(source), source.open() as file:
        for place, line in enumerate(_lines(file)):
            if place == SAMPLE:
                break
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                for name, values in samples.items():
                    values.append(record.get(name))
    return columns.with_types({name: type_of(values) for name, values in samples.items()})


def schema_of(source: Source, columns: Columns) -> Any:
    """Return the schema of the kept columns.

    Raises:
        ValueError: The file has no such column.
    """
    pa = pyarrow("reading files")
    with named(source):
        if source.format == "parquet":
            from pyarrow import parquet as pq

            with source.open(random=True) as file:
                schema = pq.read_schema(file)
        elif source.format == "arrow":
            with source.open(random=True) as file:
                schema = _ipc(file).schema
        else:
            if source.format == "text" and any(name != columns.text for name, _ in columns.kept):
                raise ValueError(
                    f"lines of text have no columns to keep but the text itself, {columns.text!r}"
                )
            return columns.schema()
    for name in columns.names:
        if schema.get_field_index(name) < 0:
            names = ", ".join(schema.names)
            raise ValueError(f"{source.name}: there is no column {name!r}; there are {names}")
    fields = [schema.field(name).remove_metadata() for name, _ in columns.kept]
    return pa.schema(fields)


def count(source: Source, columns: Columns) -> int:
    """Count the rows of a file."""
    with named(source):
        if source.format == "parquet":
            from pyarrow import parquet as pq

            with source.open(random=True) as file:
                return int(pq.read_metadata(file).num_rows)
        if source.format == "arrow":
            with source.open(random=True) as file:
                reader = _ipc(file)
                batches = range(reader.num_record_batches)
                return sum(reader.get_batch(place).num_rows for place in batches)
        if source.format in ("csv", "tsv"):
            return sum(batch.num_rows for batch in _csv(source, columns, BadRows(skip=True)))
        lines, last = 0, b"\n"
        with source.open() as file:
            while block := file.read(BLOCK):
                lines += block.count(b"\n")
                last = block[-1:]
        return lines + (last != b"\n")


Range = tuple[int, int | None]
"""Rows from the first on, up to the second or the end of the file."""


def batches(
    source: Source, columns: Columns, ranges: list[Range], bad: BadRows
) -> Iterator[Batch | None]:
    """Read rows of some ranges, which are in order and apart, in one pass over the file.

    Yields:
        Batches, and None at the end of each range.
    """
    left = _Left(ranges)
    with named(source):
        if source.format in ("jsonl", "text"):
            yield from _line_batches(source, columns, left, bad)
        elif source.format == "parquet":
            yield from _parquet(source, columns, left)
        else:
            tables = (
                _arrow(source, columns) if source.format == "arrow" else _csv(source, columns, bad)
            )
            place = 0
            for table in tables:
                yield from left.slices(table, place)
                place += table.num_rows
                if left.done():
                    break
    # A range without an end has the file's; and a file may have become shorter than was planned.
    yield from left.rest()


class _Left:
    """What is left to be read of some ranges."""

    def __init__(self, ranges: list[Range]) -> None:
        self._ranges = list(ranges)

    def done(self) -> bool:
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


def _parquet(source: Source, columns: Columns, left: _Left) -> Iterator[Batch | None]:
    """Row groups that have wanted rows; others are not read."""
    from pyarrow import parquet as pq

    with source.open(random=True) as file:
        reader = pq.ParquetFile(file)
        place = 0
        for group in range(reader.num_row_groups):
            rows = reader.metadata.row_group(group).num_rows
            if left.wants(place, rows):
                at = place
                for batch in reader.iter_batches(
                    BATCH_ROWS, row_groups=[group], columns=columns.names
                ):
                    yield from left.slices(batch.select(columns.names), at)
                    at += batch.num_rows
            place += rows


def _ipc(file: Any) -> Any:
    from pyarrow import ipc

    return ipc.open_file(file)


def _arrow(source: Source, columns: Columns) -> Iterator[Any]:
    with source.open(random=True) as file:
        reader = _ipc(file)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place).select(columns.names)


def _csv(source: Source, columns: Columns, bad: BadRows) -> Iterator[Any]:
    pa = pyarrow("reading CSV")
    from pyarrow import csv

    wrong: list[tuple[int, str]] = []

    def invalid(row: Any) -> str:
        # An exception of this function would be lost.
        place = -1 if row.number is None else row.number - 2
        problem = f"{row.actual_columns} values where {row.expected_columns} are expected"
        if not bad.skip:
            wrong.append((place, problem))
            return "error"
        bad.add(source, place, problem)
        return "skip"

    kinds = {columns.text: pa.string(), **dict(zip(*_fields(columns.schema()), strict=True))}
    kinds[columns.text] = pa.string()
    parse = csv.ParseOptions(
        delimiter="\t" if source.format == "tsv" else ",",
        newlines_in_values=True,
        invalid_row_handler=invalid,
    )
    convert = csv.ConvertOptions(column_types=kinds, include_columns=columns.names)
    read = csv.ReadOptions(use_threads=False, block_size=BLOCK)
    with source.open() as file:
        try:
            yield from csv.open_csv(file, read, parse, convert)
        except pa.ArrowInvalid:
            for place, problem in wrong:
                bad.add(source, place, problem)
            raise
        except KeyError as error:
            raise ValueError(str(error.args[0])) from error


def _fields(schema: Any) -> tuple[list[str], list[Any]]:
    return schema.names, schema.types


def _lines(file: Any) -> Iterator[bytes]:
    """Lines without their ends, a block at a time."""
    for _, lines in _blocks(file):
        yield from lines


def _blocks(file: Any) -> Iterator[tuple[int, list[bytes]]]:
    """Whole lines of a block each, and the place of the first of them."""
    place, rest = 0, b""
    while block := file.read(BLOCK):
        head, end, tail = block.rpartition(b"\n")
        if not end:
            rest += block
            continue
        lines = (rest + head).split(b"\n")
        yield place, lines
        place, rest = place + len(lines), tail
    if rest:
        yield place, [rest]


def _line_batches(
    source: Source, columns: Columns, left: _Left, bad: BadRows
) -> Iterator[Batch | None]:
    make = _text_batch if source.format == "text" else _json_batch
    with source.open() as file:
        for place, lines in _blocks(file):
            if place == 0 and lines[0].startswith(b"\xef\xbb\xbf"):
                # A byte order mark is the file's, not its first text's.
                lines[0] = lines[0][3:]
            for piece in left.pieces(place, len(lines)):
                if piece is None:
                    yield None
                else:
                    start, end = piece
                    yield make(source, columns, place + start, lines[start:end], bad)
            if left.done():
                return


def _text_batch(
    source: Source, columns: Columns, place: int, lines: list[bytes], bad: BadRows
) -> Batch:
    pa = pyarrow("reading text")
    texts, places = [], []
    for row, line in enumerate(lines, start=place):
        try:
            texts.append(line.decode("utf-8").rstrip("\r"))
        except UnicodeDecodeError as error:
            bad.add(source, row, f"it is not UTF-8: {error}")
            continue
        places.append(row)
    return Batch(pa.record_batch({columns.text: pa.array(texts, pa.string())}), places)


def _json_batch(
    source: Source, columns: Columns, place: int, lines: list[bytes], bad: BadRows
) -> Batch:
    there = [row for row, line in enumerate(lines, start=place) if not line.isspace() and line]
    fast = _json_fast(columns, lines, len(there))
    if fast is not None:
        return Batch(fast, there)
    pa = pyarrow("reading JSON lines")
    kept = dict(columns.kept)
    values: dict[str, list[Any]] = {name: [] for name in columns.names}
    places = []
    for row in there:
        try:
            record = json.loads(lines[row - place].decode("utf-8"))
        except UnicodeDecodeError as error:
            bad.add(source, row, f"it is not UTF-8: {error}")
            continue
        except ValueError as error:
            bad.add(source, row, f"it is not JSON: {error}")
            continue
        problem = _problem(record, columns.text)
        if problem is None:
            try:
                made = {
                    name: fitted(record.get(name), kept.get(name) or "string") for name in values
                }
            except ValueError as error:
                hint = "--keep NAME:string keeps values of any kind"
                problem = f"a value that is kept: {error} ({hint})"
        if problem is not None:
            bad.add(source, row, problem)
            continue
        for name, value in made.items():
            values[name].append(value)
        places.append(row)
    schema = _json_schema(columns)
    return Batch(
        pa.record_batch([pa.array(values[f.name], f.type) for f in schema], schema), places
    )


def _json_schema(columns: Columns) -> Any:
    pa = pyarrow("reading JSON lines")
    kinds = dict(zip(*_fields(columns.schema()), strict=True))
    kinds[columns.text] = pa.string()
    return pa.schema([(name, kinds[name]) for name in columns.names])


def _problem(record: Any, text: str) -> str | None:
    if not isinstance(record, dict):
        return "it is not a JSON object"
    value = record.get(text)
    if value is not None and not isinstance(value, str):
        return f"it is not a JSON object with a text in {text!r}"
    try:
        (value or "").encode("utf-8")
    except UnicodeEncodeError as error:
        return f"it holds a lone surrogate at character {error.start}; remove or replace it"
    return None


def _json_fast(columns: Columns, lines: list[bytes], rows: int) -> Any:
    """The batch by pyarrow's reader, if nothing in it is out of the ordinary."""
    pa = pyarrow("reading JSON lines")
    from pyarrow import json as pa_json

    data = b"\n".join(lines)
    # An escape may be half of a surrogate pair, which is to be named.
    if not rows or b"\\u" in data:
        return None
    try:
        table = pa_json.read_json(
            pa.BufferReader(data),
            pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            pa_json.ParseOptions(
                explicit_schema=_json_schema(columns), unexpected_field_behavior="ignore"
            ),
        )
    except pa.ArrowInvalid:
        return None
    made = table.combine_chunks().to_batches()
    return made[0] if len(made) == 1 and made[0].num_rows == rows else None
