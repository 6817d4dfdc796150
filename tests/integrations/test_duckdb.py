"""A function of DuckDB's, and its relations as columns."""

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

duckdb: Any = pytest.importorskip("duckdb", reason="needs duckdb")
m2v_duckdb: Any = importlib.import_module("m2v_fast.integrations.duckdb")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(20_000)]


@pytest.fixture
def connection() -> Any:
    """A connection with the rows, and four threads."""
    import pyarrow as pa

    connection = duckdb.connect(config={"threads": 4})
    connection.register("given", pa.table({"id": range(len(ROWS)), "t": ROWS}))
    connection.execute("create table rows as select * from given")
    return connection


def _ordered(relation: Any) -> tuple[list[bool], Any]:
    column = relation.to_arrow_table().sort_by("id")["v"].combine_chunks()
    there = column.is_valid().to_pylist()
    dense = column.drop_null()
    width = dense.type.list_size
    numbers = dense.flatten().to_numpy(zero_copy_only=False)
    return there, numbers.reshape(-1, width)


def test_it_gives_the_bits_of_encode(small: Folder, model: StaticModel, connection: Any) -> None:
    expected = model.encode([row for row in ROWS if row is not None])
    for given in (small.path, str(small.path), model, Embedder(small.path, num_threads=1)):
        m2v_duckdb.register(connection, given)
        there, found = _ordered(connection.sql("select id, m2v(t) as v from rows"))
        assert there == [row is not None for row in ROWS]
        assert_same_bits(found, expected)
    kind = connection.sql("select typeof(m2v('a'))").fetchall()
    assert kind == [("FLOAT[32]",)]


def test_options_and_names(small: Folder, model: StaticModel, connection: Any) -> None:
    m2v_duckdb.register(connection, small.path, "raw", normalize=False, max_length=3)
    m2v_duckdb.register(connection, small.path, "bits", output_dtype="ubinary")
    some = [row for row in ROWS if row is not None]
    _, raw = _ordered(connection.sql("select id, raw(t) as v from rows"))
    assert_same_bits(raw, model.encode(some, normalize=False, max_length=3))
    _, bits = _ordered(connection.sql("select id, bits(t) as v from rows"))
    assert np.array_equal(bits.astype(np.uint8), model.encode(some, output_dtype="ubinary"))
    with pytest.raises(ValueError, match="float16"):
        m2v_duckdb.register(connection, small.path, output_dtype="float16")
    with pytest.raises(TypeError, match="its own options"):
        m2v_duckdb.register(connection, Embedder(small.path), normalize=False)


def test_search_within_the_database(small: Folder, model: StaticModel, connection: Any) -> None:
    m2v_duckdb.register(connection, small.path)
    query = texts.MULTILINGUAL[3]
    found = connection.execute(
        "select id from rows where t is not null and t <> '' "
        "order by array_cosine_similarity(m2v(t), m2v(?)) desc limit 1",
        [query],
    ).fetchall()
    assert found == [(3,)]


def test_errors_come_through(small: Folder, connection: Any) -> None:
    m2v_duckdb.register(connection, small.path, nulls="error")
    with pytest.raises(duckdb.Error, match=r"row \d+ is null"):
        connection.sql("select m2v(t) from rows").fetchall()
    # The connection is as good as before.
    assert connection.sql("select count(*) from rows").fetchall() == [(len(ROWS),)]


def test_without_duckdb() -> None:
    said = adapters.message_without("duckdb", "m2v_fast.integrations.duckdb")
    assert "pip install 'm2v-fast[duckdb]'" in said


def test_parquet_of_the_command_line_is_read(
    small: Folder, tmp_path: Path, connection: Any
) -> None:
    m2v_duckdb.register(connection, small.path)
    connection.execute(
        f"copy (select id, m2v(t) as v from rows) to '{tmp_path}/v.parquet' (format parquet)"
    )
    count = connection.sql(f"select count(v) from '{tmp_path}/v.parquet'").fetchall()
    assert count == [(len(ROWS) - 1,)]
