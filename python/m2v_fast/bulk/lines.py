"""Rows of JSON lines and of text, a line each.

Blank lines (of JSON) and lines that cannot be read give nothing.
"""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.columns import fitted, type_of, types_by_name
from m2v_fast.bulk.rows import BLOCK, Batch, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import Source
    from m2v_fast.bulk.rows import BadRows, Left

#: Lines by which the types of kept columns are found.
SAMPLE = 1_000


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


def line_batches(
    source: Source, columns: Columns, left: Left, bad: BadRows
) -> Iterator[Batch | None]:
    """Batches of wanted lines, and None at the end of each range."""
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


def _text_batch(
    source: Source, columns: Columns, place: int, lines: list[bytes], bad: BadRows
) -> Batch:
    pa = pyarrow("reading text")
    places: list[int] | int = place
    if not _is_utf8(b"\n".join(lines)):
        there = []
        for row, line in enumerate(lines, start=place):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                bad.add(source, row, f"it is not UTF-8: {error}")
            else:
                there.append(row)
        lines, places = [lines[row - place] for row in there], there
    texts = [line.rstrip(b"\r") for line in lines]
    # No list of Python strings, of which pyarrow would first ask pandas what they are.
    data = b"".join(texts)
    small = len(data) < 1 << 31
    lengths = accumulate(map(len, texts), initial=0)
    ends = np.fromiter(lengths, np.int32 if small else np.int64, len(texts) + 1)
    kind = pa.StringArray if small else pa.LargeStringArray
    column = kind.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(data))
    return Batch(pa.record_batch([column], [columns.text]), places)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


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
    kinds = types_by_name(columns.schema())
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
