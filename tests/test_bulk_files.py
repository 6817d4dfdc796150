"""Files to files: every format in and out, kept columns, number formats, nulls, bad rows."""

from __future__ import annotations

import gzip
import importlib
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support import process
from tests.support.compare import assert_same_bits
from tests.support.embedding import embed, parts, read, vectors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.support.folders import Folder

pa: Any = importlib.import_module("pyarrow")
pl: Any = importlib.import_module("polars")
duckdb: Any = importlib.import_module("duckdb")
pq: Any = importlib.import_module("pyarrow.parquet")
ipc: Any = importlib.import_module("pyarrow.ipc")
csv: Any = importlib.import_module("pyarrow.csv")

ROWS = ["one text", 'quoted "text", with a comma', "Straße und Fluß", "", "中文 and 👍", "last"]
TABLE = pa.table({"id": range(len(ROWS)), "text": ROWS, "name": [f"n{i}" for i in range(6)]})


@pytest.fixture
def expected(model: StaticModel) -> Any:
    """The vectors of the rows."""
    return model.encode(ROWS)


def _ipc_file(path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, ipc.new_file(file, TABLE.schema) as writer:
        writer.write_table(TABLE, 2)


def _json() -> bytes:
    return b"".join(
        json.dumps(row, ensure_ascii=bool(i % 2)).encode() + b"\n"
        for i, row in enumerate(TABLE.to_pylist())
    )


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as file:
        file.write(data)
    return bytes(sink.getvalue())


def _csv(delimiter: str = ",") -> bytes:
    sink = pa.BufferOutputStream()
    csv.write_csv(TABLE, sink, csv.WriteOptions(delimiter=delimiter))
    return bytes(sink.getvalue())


INPUTS: dict[str, Callable[[Path], Any]] = {
    "a.parquet": lambda path: pq.write_table(TABLE, path, row_group_size=2),
    "a.arrow": _ipc_file,
    "a.jsonl": lambda path: path.write_bytes(_json()),
    "a.jsonl.gz": lambda path: path.write_bytes(gzip.compress(_json())),
    "a.ndjson.zst": lambda path: path.write_bytes(_zstd(_json())),
    "a.csv": lambda path: path.write_bytes(_csv()),
    "a.csv.gz": lambda path: path.write_bytes(gzip.compress(_csv())),
    "a.tsv": lambda path: path.write_bytes(_csv("\t")),
    "a.txt": lambda path: path.write_text("\n".join(ROWS) + "\n"),
    "a.txt.gz": lambda path: path.write_bytes(gzip.compress("\r\n".join(ROWS).encode())),
    "a.txt.zst": lambda path: path.write_bytes(_zstd("\ufeff".encode() + "\n".join(ROWS).encode())),
}


@pytest.mark.parametrize("name", INPUTS)
def test_every_input(small: Folder, tmp_path: Path, expected: Any, name: str) -> None:
    INPUTS[name](tmp_path / name)
    out = tmp_path / "out.parquet"
    said = embed(tmp_path / name, "-o", out, "--model", small.path, "--keep", "text")
    table = read(out)
    assert table.column_names == ["text", "embedding"]
    assert table["text"].to_pylist() == ROWS
    assert_same_bits(vectors(table["embedding"]), expected, ROWS)
    assert "6 rows" in said
    # In parts, of which each begins somewhere within.
    folder = tmp_path / "parts"
    embed(tmp_path / name, "-o", f"{folder}/", "--model", small.path, "--rows-per-part", 4)
    assert [path.name for path in parts(folder)] == ["part-00000.parquet", "part-00001.parquet"]
    assert (folder / "_SUCCESS").exists()
    assert_same_bits(vectors(read(folder)["embedding"]), expected, ROWS)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "jsonl"])
def test_every_output(small: Folder, tmp_path: Path, expected: Any, kind: str) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    out = tmp_path / f"out.{kind}"
    embed(
        *(tmp_path / "a.parquet", "-o", out, "--model", small.path),
        *("--keep", "id,name", "--to", "v", "--no-progress"),
    )
    table = read(out)
    assert table.column_names == ["id", "name", "v"]
    assert table["id"].to_pylist() == list(range(6))
    assert_same_bits(vectors(table["v"]), expected, ROWS)
    if kind != "jsonl":
        item = pa.field("element" if kind == "parquet" else "item", pa.float32(), nullable=False)
        assert table.schema.field("v").type.list_size == 32
        assert table.schema.field("v").type.value_type == item.type
    if kind == "parquet":
        assert pl.read_parquet(out)["v"].dtype == pl.Array(pl.Float32, 32)
        found = duckdb.sql(f"select id, v::float[32] as v from '{out}' order by id").fetchall()
        assert_same_bits(np.array([row[1] for row in found], np.float32), expected, ROWS)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "uint8", "binary", "ubinary"])
@pytest.mark.parametrize("kind", ["parquet", "arrow", "npy", "jsonl"])
def test_every_number_format(
    small: Folder, tmp_path: Path, model: StaticModel, dtype: Any, kind: str
) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    sample = model.encode(ROWS)
    ranges = np.stack([sample.min(0) - 0.1, sample.max(0) + 0.1])
    np.save(tmp_path / "ranges.npy", ranges)
    options = ["--ranges", tmp_path / "ranges.npy"] if dtype in ("int8", "uint8") else []
    out = tmp_path / f"out.{kind}"
    embed(tmp_path / "a.parquet", "-o", out, "--model", small.path, "--dtype", dtype, *options)
    made: Any = model.encode(ROWS, output_dtype=dtype, ranges=ranges)
    if kind == "npy":
        found = np.load(out)
        assert found.dtype == made.dtype
    else:
        found = np.array(read(out)["embedding"].to_pylist()).astype(made.dtype)
    assert np.array_equal(found, made)


def test_parquet_is_laid_out_as_it_is_said(small: Folder, tmp_path: Path) -> None:
    rows = 60_000
    table = pa.table({"id": range(rows), "text": ["some words"] * rows, "k": ["a"] * rows})
    pq.write_table(table, tmp_path / "a.parquet")
    out = tmp_path / "out.parquet"
    embed(tmp_path / "a.parquet", "-o", out, "--model", small.path, "--keep", "k")
    file = pq.ParquetFile(out)
    groups = [file.metadata.row_group(place) for place in range(file.num_row_groups)]
    assert [group.num_rows for group in groups] == [25_000, 25_000, 10_000]
    for group in groups:
        kept, made = group.column(0), group.column(1)
        assert (kept.compression, made.compression) == ("ZSTD", "UNCOMPRESSED")
        assert any("DICTIONARY" in encoding for encoding in kept.encodings)
        assert not any("DICTIONARY" in encoding for encoding in made.encodings)
        assert made.has_offset_index


def test_globs_folders_and_several_inputs(small: Folder, tmp_path: Path, expected: Any) -> None:
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    pq.write_table(TABLE[:2], source / "a.parquet")
    pq.write_table(TABLE[2:4], source / "b.parquet")
    pq.write_table(TABLE[4:], source / "deep" / "c.parquet")
    (source / "_SUCCESS").write_text("")
    (source / "notes.md").write_text("not of a known format")
    out = tmp_path / "out.arrow"
    for inputs in (
        [source],
        [f"{source}/**/*.parquet"],
        [source / "a.parquet", source / "b.parquet", source / "deep"],
        [source / "a.parquet", f"file://{source}/b.parquet", source],
    ):
        embed(*inputs, "-o", out, "--model", small.path, "--keep", "id")
        table = read(out)
        assert table["id"].to_pylist() == list(range(6))
        assert_same_bits(vectors(table["embedding"]), expected, ROWS)


def test_standard_input(small: Folder, tmp_path: Path, expected: Any) -> None:
    out = tmp_path / "out.jsonl"
    code = "from m2v_fast.cli import main; main()"
    options = ["--model", str(small.path), "--keep", "id:int64"]
    for data, kind in ((_json(), ["--input-format", "jsonl"]), (_csv(), ["--input-format", "csv"])):
        done = process.run("-c", code, "embed", "-", "-o", out, *options, *kind, stdin=data)
        assert done.returncode == 0, done.stderr
        assert_same_bits(vectors(read(out)["embedding"]), expected, ROWS)
    done = process.run("-c", code, "embed", "-", "-o", f"{tmp_path}/f/", *options[:2], stdin=b"a\n")
    assert done.returncode == 1
    assert b"cannot be read twice" in done.stderr


def test_types_of_kept_json_values(small: Folder, tmp_path: Path) -> None:
    source, out = tmp_path / "a.jsonl", tmp_path / "out.parquet"
    records = [
        {"text": "a", "i": 1, "f": 1, "b": True, "s": "x", "m": 1, "o": {"k": [1]}},
        {"text": "b", "i": None, "f": 2.5, "b": False, "s": "ü", "m": "two", "o": None},
    ]
    source.write_text("\n".join(map(json.dumps, records)))
    embed(source, "-o", out, "--model", small.path, "--keep", "i,f,b", "--keep", "s,m,o")
    table = read(out)
    kinds = [str(table.schema.field(name).type) for name in "ifbsmo"]
    assert kinds == ["int64", "double", "bool", "string", "string", "string"]
    assert table["f"].to_pylist() == [1.0, 2.5]
    assert table["m"].to_pylist() == ["1", "two"]
    assert table["o"].to_pylist() == ['{"k": [1]}', None]
    # A later value of another kind is named, and may be kept as a string.
    records += [{"text": "c", "i": 1}] * 1500 + [{"text": "d", "i": "three"}]
    source.write_text("\n".join(map(json.dumps, records)))
    said = embed(source, "-o", out, "--model", small.path, "--keep", "i", code=1)
    assert re.search(r"a\.jsonl: line 1503: .*three.*--keep NAME:string", said)
    embed(source, "-o", out, "--model", small.path, "--keep", "i:string")
    assert read(out)["i"].to_pylist()[-1] == "three"


def test_nulls(small: Folder, tmp_path: Path, model: StaticModel) -> None:
    rows = ["a b", None, "c d"]
    pq.write_table(pa.table({"text": rows}), tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text('{"text": "a b"}\n\n{"text": null}\n{"text": "c d"}\n')
    for name, place in (("a.parquet", "row 1"), ("a.jsonl", "line 3")):
        for kind in ("parquet", "arrow", "jsonl"):
            out = tmp_path / f"out.{kind}"
            said = embed(tmp_path / name, "-o", out, "--model", small.path)
            assert "1 nulls" in said
            column = read(out)["embedding"]
            assert [value is None for value in column.to_pylist()] == [False, True, False]
            there = vectors(column.combine_chunks().drop_null())
            assert_same_bits(there, model.encode(["a b", "c d"]))
            if kind == "parquet":
                # Rows of a FixedSizeList that are null hold numbers beneath.
                assert pl.read_parquet(out)["embedding"].null_count() == 1
        refused: tuple[list[Any], ...]
        refused = (["-o", tmp_path / "x.parquet", "--nulls", "error"], ["-o", tmp_path / "x.npy"])
        for options in refused:
            said = embed(
                tmp_path / name, *options, "--model", small.path, "--dtype", "float16", code=1
            )
            assert f"{name}: {place} is null" in said
    assert not list(tmp_path.glob("x.*")) + list(tmp_path.glob(".*"))


BAD_LINES = {
    "a.jsonl": (
        b'{"text": "a"}\n{"text": \n[1]\n{"text": 3}\n{"text": "\\ud800"}\n{"text": "b"}\n',
        4,
    ),
    "a.txt": b"a\nbad \xff\nb\n",
    "a.csv": b"text,n\na,1\ntoo,many,values\nb,2\n",
}


def test_bad_rows(small: Folder, tmp_path: Path, model: StaticModel) -> None:
    for name, given in BAD_LINES.items():
        content, bad = given if isinstance(given, tuple) else (given, 1)
        (tmp_path / name).write_bytes(content)
        out = tmp_path / "out.parquet"
        options = ["-o", out, "--model", small.path]
        said = embed(tmp_path / name, *options, code=1)
        assert re.search(rf"{name}: (line 2|row 1): .*--bad-rows skip", said), said
        assert not out.exists()
        said = embed(tmp_path / name, *options, "--bad-rows", "skip")
        assert f"{bad} rows that could not be read" in said
        assert len(re.findall(rf"{name}: (?:line|row) \d", said)) == bad
        assert_same_bits(vectors(read(out)["embedding"]), model.encode(["a", "b"]))
        out.unlink()
    # Where the text is not UTF-8 within a table, there is nothing to skip.
    bad_text = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    pq.write_table(pa.table({"text": bad_text}), tmp_path / "u.parquet")
    said = embed(
        tmp_path / "u.parquet", "-o", tmp_path / "o.parquet", "--model", small.path, code=1
    )
    assert "u.parquet" in said
    assert "UTF" in said


def _truncated(path: Path, make: Callable[[Path], Any], keep: float = 0.6) -> None:
    make(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def test_inputs_that_are_broken_are_named(small: Folder, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    for name in ("a.parquet", "a.arrow", "a.jsonl.gz", "a.ndjson.zst", "a.csv.gz", "a.txt.gz"):
        _truncated(tmp_path / name, INPUTS[name])
        for target in (out, f"{tmp_path}/folder/"):
            said = embed(tmp_path / name, "-o", target, "--model", small.path, code=1)
            assert name in said, said
        assert not out.exists()
        assert not list(tmp_path.glob(".out*"))
        (tmp_path / name).unlink()
    missing = tmp_path / "none.parquet"
    assert "none.parquet" in embed(missing, "-o", out, "--model", small.path, code=1)
    assert "*.nothing" in embed(f"{tmp_path}/*.nothing", "-o", out, "--model", small.path, code=1)
    (tmp_path / "a.xyz").write_text("a\n")
    said = embed(tmp_path / "a.xyz", "-o", out, "--model", small.path, code=1)
    assert "--input-format" in said
    embed(tmp_path / "a.xyz", "-o", out, "--model", small.path, "--input-format", "text")
    assert read(out).num_rows == 1


def test_columns_that_are_not_there(small: Folder, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_bytes(_csv())
    out = tmp_path / "out.parquet"
    base = ["-o", out, "--model", small.path]
    for name in ("a.parquet", "a.csv"):
        said = embed(tmp_path / name, *base, "--column", "body", code=1)
        assert name in said
        assert "body" in said
        assert "none" in embed(tmp_path / name, *base, "--keep", "none", code=1)
    said = embed(tmp_path / "a.parquet", *base, "--column", "id", code=1)
    assert re.search(r"a\.parquet.*int64", said)
    assert "two columns" in embed(tmp_path / "a.parquet", *base, "--keep", "id,id", code=1)
    assert "types are" in embed(tmp_path / "a.parquet", *base, "--keep", "id:int7", code=1)
    other = pa.table({"text": ["a"], "id": ["not a number"]})
    pq.write_table(other, tmp_path / "b.parquet")
    said = embed(tmp_path / "a.parquet", tmp_path / "b.parquet", *base, "--keep", "id", code=1)
    assert re.search(r"b\.parquet.*'id'", said)
    assert not out.exists()


def test_options_that_do_not_go_together(small: Folder, tmp_path: Path) -> None:
    pq.write_table(TABLE, tmp_path / "a.parquet")
    base = [tmp_path / "a.parquet", "--model", small.path]
    out = tmp_path / "out.parquet"
    assert "parquet, arrow or jsonl" in " ".join(
        embed(*base, "-o", tmp_path / "o.npy", "--keep", "id", code=1).split()
    )
    for options in (
        ["-o", out, "--shard", "1/2"],
        ["-o", out, "--resume"],
        ["-o", out, "--format", "arrow"],
        ["-o", "-", "--format", "jsonl"],
        ["-o", f"{tmp_path}/f/", "--overwrite", "--resume"],
        ["-o", f"{tmp_path}/f/", "--shard", "0/2"],
        ["-o", f"{tmp_path}/f/", "--shard", "3/2"],
        ["-o", out, "--ranges", tmp_path / "r.npy"],
    ):
        embed(*base, *options, code=2)
    assert "ranges" in embed(*base, "-o", out, "--dtype", "int8", code=1)
    assert not out.exists()


def test_totals_tell_what_vectors_do_not_show(
    small: Folder, tmp_path: Path, model: StaticModel
) -> None:
    rows = ["the " * 900, "fine words", "\U0001f9ff \U0001f9ff", None, "fine words"]
    counts = model.count_tokens([row for row in rows if row is not None])
    for table in (pa.table({"text": rows}), pa.table({"text": pa.array(rows).dictionary_encode()})):
        pq.write_table(table, tmp_path / "a.parquet")
        said = embed(tmp_path / "a.parquet", "-o", tmp_path / "o.parquet", "--model", small.path)
        share = counts.unknown.sum() / counts.tokens.sum()
        assert f"1 texts cut by the limit, {share:.2%} of {counts.tokens.sum()} tokens" in said


def test_lines_to_npy_need_no_pyarrow(small: Folder, tmp_path: Path, expected: Any) -> None:
    (tmp_path / "a.txt").write_text("\n".join(ROWS))
    code = "import sys; sys.modules['pyarrow'] = None; from m2v_fast.cli import main; main()"
    out = tmp_path / "out.npy"
    base = ["embed", str(tmp_path / "a.txt"), "--model", str(small.path)]
    done = process.run("-c", code, *base, "-o", out)
    assert done.returncode == 0, done.stderr
    assert_same_bits(np.load(out), expected, ROWS)
    done = process.run("-c", code, *base, "-o", tmp_path / "out.parquet")
    assert done.returncode == 1
    assert b"pip install 'm2v-fast[files]'" in done.stderr
