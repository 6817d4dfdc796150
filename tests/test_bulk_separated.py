"""Values that are separated: rows cut where pyarrow cuts them, and each bad one named."""

from __future__ import annotations

import importlib
import random
from typing import TYPE_CHECKING, Any

import pytest
from m2v_fast.bulk import inputs, separated
from m2v_fast.bulk.columns import Columns
from m2v_fast.bulk.rows import BadRows

if TYPE_CHECKING:
    from pathlib import Path

pa: Any = importlib.import_module("pyarrow")
csv: Any = importlib.import_module("pyarrow.csv")

#: What matters to rows, and little else.
PARTS = ['"', '"', '""', "\n", "\r", "\r\n", "{}", "{}", "a", " ", "\ufeff", "é", "1", "b,c"]


def odd(seed: int, separator: str) -> bytes:
    """A file of two columns, most rows of which have two values."""
    draw = random.Random(seed)
    lines = []
    for _ in range(draw.randrange(40)):
        if draw.random() < 0.5:
            lines.append("".join(draw.choices(PARTS, k=draw.randrange(12))))
            continue
        value = "".join(draw.choices(PARTS, k=draw.randrange(6)))
        lines.append(value.replace('"', "") + '{}"' + value.replace('"', '""') + '"')
    end = draw.choice(["\n", "\r\n", "\r"])
    return f"text{{}}n{end}{end.join(lines)}".replace("{}", separator).encode()


def ours(
    path: Path, *, skip: bool = True, kept: tuple[str, ...] = ("n",)
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows and what is said of bad ones."""
    (source,) = inputs.find((str(path),), None)
    bad = BadRows(skip=skip)
    columns = Columns.of("text", kept, "embedding")
    rows = [
        row
        for batch in separated.separated_batches(source, columns, bad)
        for row in batch.to_pylist()
    ]
    return rows, list(bad.taken(0, None))


def theirs(data: bytes, separator: str) -> tuple[list[dict[str, Any]], list[int]]:
    """The same of pyarrow's reader, which is given all at once; numbers of bad rows."""
    bad = []

    def note(row: Any) -> str:
        bad.append(row.number - 2)
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
        csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
        csv.ConvertOptions(column_types={"text": pa.string(), "n": pa.string()}),
    )
    return table.to_pylist(), bad


@pytest.mark.parametrize("block", [1, 3, 16, 61])
@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_rows_are_those_of_pyarrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, block: int
) -> None:
    monkeypatch.setattr(separated, "BLOCK", block)
    path = tmp_path / f"a.{kind}"
    for seed in range(150):
        data = odd(seed, separated.SEPARATORS[kind])
        path.write_bytes(data)
        expected, numbers = theirs(data, separated.SEPARATORS[kind])
        rows, said = ours(path)
        assert rows == expected, data
        assert [int(line.split(": row ")[1].split(":")[0]) for line in said] == numbers, data


@pytest.mark.parametrize("block", [7, 1 << 20])
def test_each_bad_row_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(separated, "BLOCK", block)
    path = tmp_path / "a.csv"
    kinds = {
        b"good,%d": None,
        b'"good\nof two lines",%d': None,
        b"\xff,%d": "column 'text': CSV conversion error to string: invalid UTF8 data",
        b"number,x%d": "column 'n': CSV conversion error to int64: invalid value ",
        b"three,%d,4": "3 values where 2 are expected",
    }
    draw = random.Random(5)
    for weights in ([9, 3, 1, 1, 1], [1, 0, 5, 5, 5], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1]):
        drawn = draw.choices(list(kinds.items()), weights, k=200)
        lines = [row % number for number, (row, _) in enumerate(drawn)]
        path.write_bytes(b"text,n\n\n" + b"\n".join(lines))
        rows, said = ours(path, kept=("n:int64",))
        assert [row["n"] for row in rows] == [n for n, (_, bad) in enumerate(drawn) if not bad]
        expected = [f"{path}: row {number}: {bad}" for number, (_, bad) in enumerate(drawn) if bad]
        assert len(said) == len(expected)
        assert all(map(str.startswith, said, expected)), said
        if expected:
            with pytest.raises(ValueError, match="--bad-rows skip leaves such rows out") as caught:
                ours(path, skip=False, kept=("n:int64",))
            assert any(str(caught.value).startswith(line) for line in expected)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "it is empty; its first row names the columns"),
        (b"\n\r\n", "its first row does not name the columns"),
        (b"a,b\nc,d\n", "there is no column 'text'; there are a, b"),
        (b'text,n\n"' + b"x" * 5_000, "a quote that is not closed"),
    ],
)
def test_files_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, expected: str
) -> None:
    monkeypatch.setattr(separated, "BLOCK", 100)
    monkeypatch.setattr(separated, "MOST", 1_000)
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(ValueError, match=expected):
        ours(tmp_path / "a.csv")


@pytest.mark.parametrize("data", [b"text,n", b"text,n\n", b"\n\ntext,n\r", b'\xef\xbb\xbf"text",n'])
def test_a_header_alone_is_no_rows(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    assert ours(tmp_path / "a.csv") == ([], [])
