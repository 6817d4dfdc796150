"""Vectors in Parquet, whose pages are ours: read back by three other readers, and by the letter."""

from __future__ import annotations

import importlib
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast.bulk import parquet, thrift

if TYPE_CHECKING:
    from pathlib import Path

pa: Any = importlib.import_module("pyarrow")
pq: Any = importlib.import_module("pyarrow.parquet")
pl: Any = importlib.import_module("polars")
duckdb: Any = importlib.import_module("duckdb")


def numbers(rows: int, width: int, dtype: str) -> Any:
    random = np.random.default_rng(rows * 1000 + width)
    if np.dtype(dtype).kind == "f":
        made = random.standard_normal((rows, width)).astype(dtype)
        # Bits, not values: a negative zero and something that is no number stay what they are.
        made[0, 0], made[-1, -1] = -0.0, np.nan
        return made
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max + 1, (rows, width), dtype)


def validity(rows: int, how: str) -> Any:
    if how == "none":
        return None
    if how == "all":
        return np.zeros(rows, bool)
    made = np.random.default_rng(rows).random(rows) > 0.2
    made[[0, -1]] = False
    return made


def written(
    path: Path, width: int, dtype: str, groups: list[list[int]], how: str, kept: bool
) -> tuple[Any, list[Any]]:
    """Write row groups of pieces of so many rows; return the table that it should be."""
    kind = pa.list_(pa.field("item", pa.from_numpy_dtype(dtype), nullable=False), width)
    fields = [("id", pa.int64()), ("tags", pa.list_(pa.string()))] if kept else []
    schema = pa.schema([*fields, ("v", kind)], metadata={"who": "me"})
    file = parquet.File(path, schema, width, np.dtype(dtype))
    batches = []
    for pieces in groups:
        group, vectors = [], []
        for rows in pieces:
            made, valid = numbers(rows, width, dtype), validity(rows, how)
            columns = [
                pa.array(range(rows)),
                pa.array([[str(row)] * (row % 3) for row in range(rows)]),
            ]
            mask = None if valid is None else pa.array(~valid)
            flat = pa.array(np.ascontiguousarray(made).reshape(-1))
            array = pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=mask)
            some = columns if kept else []
            batches.append(pa.RecordBatch.from_arrays([*some, array], schema=schema))
            group.append(batches[-1].select(list(range(len(some)))))
            vectors.append((made, valid))
        file.write(group, vectors)
    file.close()
    return pa.Table.from_batches(batches, schema), [sum(pieces) for pieces in groups]


def bits(column: Any) -> list[bytes | None]:
    """The bytes of each row, None for a null."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    there = column.is_valid().to_pylist()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    rows = iter(flat.reshape(sum(there), -1) if any(there) else [])
    return [next(rows).tobytes() if valid else None for valid in there]


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("how", ["none", "some", "all"])
@pytest.mark.parametrize(
    ("width", "dtype"),
    [(256, "float32"), (256, "float16"), (256, "int8"), (3, "float32"), (1, "uint8")],
)
def test_other_readers_find_the_same_bits(
    tmp_path: Path, width: int, dtype: str, how: str, kept: bool
) -> None:
    path = tmp_path / "a.parquet"
    groups = [[1000, 1, 99, 2], [500], [1]]
    table, sizes = written(path, width, dtype, groups, how, kept)
    expected = bits(table["v"])

    file = pq.ParquetFile(path)
    found = file.read()
    assert found.schema == table.schema
    assert found.schema.metadata[b"who"] == b"me"
    assert bits(found["v"]) == expected
    if kept:
        assert found.select(["id", "tags"]).equals(table.select(["id", "tags"]))
    metadata = file.metadata
    assert [metadata.row_group(place).num_rows for place in range(len(sizes))] == sizes

    frame = pl.read_parquet(path)
    assert frame["v"].dtype == pl.Series(table["v"]).dtype
    assert bits(pa.chunked_array(frame["v"])) == expected
    # Of some rows alone, for which the page index is.
    some = pl.scan_parquet(path).select("v").slice(1090, 40).collect()["v"]
    assert bits(pa.chunked_array(some)) == expected[1090:1130]

    rows = duckdb.connect().sql(f"select v from '{path}'").to_arrow_table()["v"]
    # DuckDB has no float16 and gives float32, in which every one of them is.
    assert bits(rows.cast(pa.list_(pa.from_numpy_dtype(dtype)))) == expected


def test_the_footer_says_what_pyarrow_would(tmp_path: Path) -> None:
    table, sizes = written(tmp_path / "a.parquet", 8, "float32", [[5000], [10, 20]], "some", True)
    with pq.ParquetWriter(tmp_path / "b.parquet", table.schema, use_dictionary=False) as writer:
        start = 0
        for rows in sizes:
            writer.write_table(table.slice(start, rows))
            start += rows
    ours, theirs = (pq.read_metadata(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert ours.schema.equals(theirs.schema)
    assert ours.metadata == theirs.metadata
    for place in range(len(sizes)):
        one, other = ours.row_group(place), theirs.row_group(place)
        assert (one.num_rows, one.num_columns) == (other.num_rows, other.num_columns)
        for column in range(one.num_columns):
            mine, yours = one.column(column), other.column(column)
            assert mine.path_in_schema == yours.path_in_schema
            assert mine.physical_type == yours.physical_type
            assert mine.num_values == yours.num_values
        size = sum(one.column(column).total_uncompressed_size for column in range(3))
        assert one.total_byte_size == size
        assert not one.column(2).is_stats_set
        assert not one.column(2).has_dictionary_page


@pytest.mark.parametrize(
    ("dtype", "how", "stored"),
    [("float32", "none", 4), ("float16", "some", 2), ("int8", "some", 4)],
)
def test_the_page_index_leads_to_every_page(
    tmp_path: Path, dtype: str, how: str, stored: int
) -> None:
    path = tmp_path / "a.parquet"
    _, sizes = written(path, 256, dtype, [[3000, 2500, 1], [700]], how, True)
    data = path.read_bytes()
    assert data[:4] == data[-4:] == b"PAR1"
    length = struct.unpack("<I", data[-8:-4])[0]
    footer = thrift.decode(data[-8 - length :])
    for group, rows in zip(footer[4][1][1], sizes, strict=True):
        column = group[1][1][1][-1]
        about = column[3][1]
        place, size = column[4][1], column[5][1]
        pages = thrift.decode(data[place : place + size])[1][1][1]
        at, first, values = about[9][1], 0, 0
        for page in pages:
            assert (page[1][1], page[3][1]) == (at, first)
            head = thrift.decode(data[at:])
            values += head[5][1][1][1]
            assert page[2][1] == len(thrift.encode(head)) + head[3][1]
            at += page[2][1]
            first = min(rows, first + parquet.PAGE_BYTES // (256 * stored))
        assert first == rows
        assert at - about[9][1] == about[7][1]
        assert values == about[5][1]


def test_a_file_without_rows(tmp_path: Path) -> None:
    for kept in (False, True):
        table, _ = written(tmp_path / "a.parquet", 16, "float32", [], "none", kept)
        found = pq.read_table(tmp_path / "a.parquet")
        assert found.schema == table.schema
        assert len(found) == 0
        assert len(pl.read_parquet(tmp_path / "a.parquet")) == 0


def test_what_is_read_of_metadata_is_written_again(tmp_path: Path) -> None:
    rows = 1000
    table = pa.table(
        {
            "i": pa.array(range(-500, 500), pa.int16()),
            "b": pa.array([row % 3 == 0 for row in range(rows)]),
            "s": pa.array(["ü" * (row % 40) for row in range(rows)]),
            "d": pa.array([row / 7 for row in range(rows)], pa.float64()),
            "n": pa.array([{"a": [row], "b": None} for row in range(rows)]),
            "t": pa.array(range(rows), pa.timestamp("us", "UTC")),
            **{f"c{column}": range(rows) for column in range(20)},
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=100, write_page_index=True)
    data = (tmp_path / "a.parquet").read_bytes()
    length = struct.unpack("<I", data[-8:-4])[0]
    footer = data[-8 - length : -8]
    found = thrift.decode(footer)
    assert found[3] == (thrift.I64, rows)
    assert thrift.encode(found) == footer
    for end in range(0, len(footer), len(footer) // 10):
        with pytest.raises(ValueError, match="end too early"):
            thrift.decode(footer[:end])
    for value in ([True, False], [-1, 0, 1 << 62, -(1 << 63)]):
        kind = thrift.TRUE if isinstance(value[0], bool) else thrift.I64
        fields: thrift.Struct = {200: (thrift.LIST, (kind, value)), 1: (thrift.DOUBLE, -0.5)}
        assert thrift.decode(thrift.encode(fields)) == fields
    with pytest.raises(ValueError, match="none that Parquet uses"):
        thrift.decode(b"\x1b\x00")
