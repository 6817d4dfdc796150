"""Rows of files, in batches of columns, from any row on.

A row of Parquet, Arrow and CSV is a row of the table; one of JSON lines and text is a line, of
which blank ones (of JSON) and those that cannot be read give nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.lines import line_batches
from m2v_fast.bulk.rows import BLOCK, BadRows, Batch, Left, Range, named
from m2v_fast.bulk.separated import SEPARATORS, separated_batches
from m2v_fast.bulk.tables import arrow_batches, open_ipc, parquet_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import Source


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
                schema = open_ipc(file).schema
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
                reader = open_ipc(file)
                batches = range(reader.num_record_batches)
                return sum(reader.get_batch(place).num_rows for place in batches)
        if source.format in SEPARATORS:
            there = separated_batches(source, columns, BadRows(skip=True))
            return sum(batch.num_rows for batch in there)
        lines, last = 0, b"\n"
        with source.open() as file:
            while block := file.read(BLOCK):
                lines += block.count(b"\n")
                last = block[-1:]
        return lines + (last != b"\n")


def batches(
    source: Source, columns: Columns, ranges: list[Range], bad: BadRows
) -> Iterator[Batch | None]:
    """Read rows of some ranges, which are in order and apart, in one pass over the file.

    Yields:
        Batches, and None at the end of each range.
    """
    left = Left(ranges)
    with named(source):
        if source.format in ("jsonl", "text"):
            yield from line_batches(source, columns, left, bad)
        elif source.format == "parquet":
            yield from parquet_batches(source, columns, left)
        else:
            tables = (
                arrow_batches(source, columns)
                if source.format == "arrow"
                else separated_batches(source, columns, bad)
            )
            place = 0
            for table in tables:
                yield from left.slices(table, place)
                place += table.num_rows
                if left.done():
                    break
    # A range without an end has the file's; and a file may have become shorter than was planned.
    yield from left.rest()
