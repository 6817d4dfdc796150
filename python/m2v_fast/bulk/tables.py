"""Rows of Parquet and Arrow files, whose columns have types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bulk.rows import BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import Source
    from m2v_fast.bulk.rows import Batch, Left


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
