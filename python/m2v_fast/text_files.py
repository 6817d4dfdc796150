"""Texts of a file, whatever kind of file it is: what `check` and `bench` take."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from m2v_fast import streams
from m2v_fast.bulk.inputs import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(name: str, column: str | None) -> Iterator[str]:
    """Read texts, as `m2v-fast embed` does.

    Lines and JSON lines, gzipped ones too, are read by Python alone; anything else needs pyarrow.

    Args:
        name: A file, or "-" for standard input; or what else `embed` takes.
        column: The texts' column; of files of lines, the field of JSON that holds them. By default
            "text", and files of plain lines are no JSON.

    Raises:
        ValueError: A line cannot be read, or there is no such column.
        ImportError: The file needs pyarrow.
        OSError: It cannot be opened.
    """
    kind, compression = kind_of(name)
    lines = name == "-" or kind in ("text", "jsonl") or (kind is None and Path(name).is_file())
    if not lines or compression not in (None, "gzip"):
        yield from _of_tables(name, column)
        return
    field = column or "text" if kind == "jsonl" else column
    with streams.reading(name) as file:
        if compression is None:
            yield from streams.texts(file, field)
            return
        try:
            with gzip.open(file) as unpacked:
                yield from streams.texts(cast("BinaryIO", unpacked), field)
        except (EOFError, gzip.BadGzipFile) as error:
            raise ValueError(f"{name}: {error}") from error


def _of_tables(name: str, column: str | None) -> Iterator[str]:
    from m2v_fast.bulk._pyarrow import pyarrow

    pyarrow(f"reading {name}")
    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import find
    from m2v_fast.bulk.readers import batches, schema_of
    from m2v_fast.bulk.rows import BadRows

    columns = Columns.of(column or "text", (), "")
    for source in find((name,), None):
        schema_of(source, columns)
        for batch in batches(source, columns, [(0, None)], BadRows()):
            if batch is not None:
                texts = batch.columns.column(columns.text).to_pylist()
                yield from (text for text in texts if text is not None)
