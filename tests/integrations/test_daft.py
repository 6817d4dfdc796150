"""Daft: a column of vectors, in batches."""

from __future__ import annotations

import importlib
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

daft: Any = pytest.importorskip("daft", reason="needs daft")
m2v_daft: Any = importlib.import_module("m2v_fast.integrations.daft")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(3000)]
THERE = [row for row in ROWS if row is not None]


def _frame() -> Any:
    return daft.from_pydict({"id": list(range(len(ROWS))), "text": ROWS})


def _check(table: Any, expected: Any) -> None:
    table = table.sort_by("id")
    vectors = table["embedding"].combine_chunks()
    assert vectors.is_valid().to_pylist() == [row is not None for row in ROWS]
    found = np.array(vectors.drop_null().to_pylist())
    assert_same_bits(found.astype(np.float32), expected)


def test_it_gives_the_bits_of_encode(small: Folder, model: StaticModel, tmp_path: Path) -> None:
    expected = model.encode(THERE)
    for given in (small.path, model, Embedder(small.path)):
        made = m2v_daft.embed_column(_frame(), "text", "embedding", given)
        kind = made.schema()["embedding"].dtype
        assert kind == daft.DataType.embedding(daft.DataType.float32(), 32)
        _check(made.to_arrow(), expected)
    frame = _frame().into_partitions(5)
    m2v_daft.embed_column(frame, "text", "embedding", small.path).write_parquet(
        str(tmp_path / "out")
    )
    _check(daft.read_parquet(str(tmp_path / "out" / "*.parquet")).to_arrow(), expected)


def test_as_an_expression_with_options(small: Folder, model: StaticModel) -> None:
    expression = m2v_daft.expression(daft.col("text"), small.path, max_length=3, normalize=False)
    made = _frame().select("id", expression.alias("embedding")).to_arrow()
    _check(made, model.encode(THERE, max_length=3, normalize=False))
    with pytest.raises(ValueError, match="float16"):
        m2v_daft.expression(daft.col("text"), small.path, output_dtype="float16")


def test_as_a_provider(small: Folder, model: StaticModel) -> None:
    functions = importlib.import_module("daft.functions")
    provider = m2v_daft.M2VFastProvider(normalize=False)
    made = functions.embed_text(daft.col("text"), provider=provider, model=str(small.path))
    frame = _frame().select("id", made.alias("embedding"))
    assert frame.schema()["embedding"].dtype.size == 32
    _check(frame.to_arrow(), model.encode(THERE, normalize=False))
    with pytest.raises(ValueError, match="cannot become 5"):
        provider.get_text_embedder(str(small.path), 5)


def test_without_daft() -> None:
    said = adapters.message_without("daft", "m2v_fast.integrations.daft")
    assert "pip install 'm2v-fast[daft]'" in said
