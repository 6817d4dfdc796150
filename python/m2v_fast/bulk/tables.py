"""Rows of Parquet, Arrow and CSV files, whose columns have names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.columns import types_by_name
from m2v_fast.bulk.rows import BATCH_ROWS, BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import Source
    from m2v_fast.bulk.rows import BadRows, Batch, Left


def parquet_batches(source: Source, columns: Columns, left: Left) -> Iterator[Batch | None]:
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


def open_ipc(file: Any) -> Any:
    """Open an Arrow file."""
    from pyarrow import ipc

    return ipc.open_file(file)


def arrow_batches(source: Source, columns: Columns) -> Iterator[Any]:
    """Batches as the file has them."""
    with source.open(random=True) as file:
        reader = open_ipc(file)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place).select(columns.names)


def csv_batches(source: Source, columns: Columns, bad: BadRows) -> Iterator[Any]:
    """Batches of a block of the file each, without the rows that are bad."""
    pa = pyarrow("reading CSV")
    from pyarrow import csv

    wrong: list[tuple[int, str]] = []
    skipped = 0

    def invalid(row: Any) -> str:
        nonlocal skipped
        # An exception of this function would be lost.
        place = -1 if row.number is None else row.number - 2
        problem = f"{row.actual_columns} values where {row.expected_columns} are expected"
        if not bad.skip:
            wrong.append((place, problem))
            return "error"
        bad.add(source, place, problem, place - skipped)
        skipped += 1
        return "skip"

    kinds = {columns.text: pa.string(), **types_by_name(columns.schema())}
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
