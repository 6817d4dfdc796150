"""The namespace for Polars' expressions, in eager, lazy and streaming queries."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast.bulk import Embedder

from tests.support import adapters, texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.support.folders import Folder

pl: Any = pytest.importorskip("polars", reason="needs polars")
m2v_polars: Any = importlib.import_module("m2v_fast.integrations.polars")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(30_000)]
THERE = [row for row in ROWS if row is not None]


def _check(series: Any, expected: Any) -> None:
    assert series.is_not_null().to_list() == [row is not None for row in ROWS]
    assert_same_bits(series.drop_nulls().to_numpy(), expected)


def test_it_gives_the_bits_of_encode(small: Folder, model: StaticModel) -> None:
    frame = pl.DataFrame({"t": ROWS})
    expected = model.encode(THERE)
    for given in (small.path, model, Embedder(small.path)):
        made = frame.with_columns(pl.col("t").m2v.encode(given).alias("v"))
        assert made.schema["v"] == pl.Array(pl.Float32, 32)
        _check(made["v"], expected)
    lazy = frame.lazy().select(pl.col("t").m2v.encode(small.path))
    assert lazy.collect_schema() == {"t": pl.Array(pl.Float32, 32)}
    _check(lazy.collect()["t"], expected)
    _check(lazy.collect(engine="streaming")["t"], expected)


def test_it_streams(
    small: Folder, model: StaticModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[int, int]] = []
    inner: Any = Embedder.encode

    def watched(self: Embedder, data: Any, **keywords: Any) -> Any:
        sizes.append((len(data), threading.get_ident()))
        return inner(self, data, **keywords)

    monkeypatch.setattr(Embedder, "encode", watched)
    pl.DataFrame({"t": ROWS}).write_parquet(tmp_path / "in.parquet", row_group_size=5000)
    query = pl.scan_parquet(tmp_path / "in.parquet")
    query.with_columns(pl.col("t").m2v.encode(small.path, num_threads=1).alias("v")).sink_parquet(
        tmp_path / "out.parquet"
    )
    # Not the column in one piece.
    assert max(size for size, _ in sizes) <= 10_000
    made = pl.read_parquet(tmp_path / "out.parquet")
    assert made["t"].to_list() == ROWS
    _check(made["v"], model.encode(THERE))


def test_a_query_is_small(small: Folder) -> None:
    query = pl.LazyFrame({"t": ["a"]}).select(pl.col("t").m2v.encode(small.path))
    data = query.serialize()
    assert len(data) < 10_000
    import io

    assert pl.LazyFrame.deserialize(io.BytesIO(data)).collect()["t"].dtype.shape == (32,)


def test_options(small: Folder, model: StaticModel) -> None:
    frame = pl.DataFrame({"t": ROWS})
    made = frame.select(pl.col("t").m2v.encode(small.path, output_dtype="ubinary", max_length=4))
    assert made.schema["t"] == pl.Array(pl.UInt8, 4)
    expected = model.encode(THERE, output_dtype="ubinary", max_length=4)
    assert np.array_equal(made["t"].drop_nulls().to_numpy(), expected)
    with pytest.raises(TypeError, match="its own options"):
        pl.col("t").m2v.encode(Embedder(small.path), max_length=3)


def test_errors_come_through(small: Folder) -> None:
    with pytest.raises(ValueError, match="row 26 is null"):
        pl.DataFrame({"t": ROWS}).select(pl.col("t").m2v.encode(small.path, nulls="error"))
    with pytest.raises(TypeError, match="int64"):
        pl.DataFrame({"t": [1]}).select(pl.col("t").m2v.encode(small.path))


def test_without_polars() -> None:
    said = adapters.message_without("polars", "m2v_fast.integrations.polars")
    assert "pip install 'm2v-fast[polars]'" in said
