"""The LanceDB adapter, in tables in a folder, read again by other processes."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters, process

if find_spec("lancedb") is None:
    pytest.skip("needs lancedb", allow_module_level=True)

import lancedb
import pyarrow as pa
from lancedb.embeddings import EmbeddingFunctionConfig, TextEmbeddingFunction, get_registry
from lancedb.pydantic import LanceModel, Vector
from m2v_fast.integrations.lancedb import M2VFastEmbeddings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.folders import Folder

DOCUMENTS, QUERIES = demo.DOCUMENTS, demo.QUERIES
#: The index of the document that answers each query.
ANSWERS = [0, 1, 5, 4]

READER = """
import json, sys
import lancedb
from m2v_fast import demo
if sys.argv[2] == "with":
    import m2v_fast.integrations.lancedb

table = lancedb.connect(sys.argv[1]).open_table("texts")
first = table.count_rows()
found = [table.search(query).limit(1).to_list()[0]["index"] for query in demo.QUERIES]
table.add([{"index": 10, "text": "A recipe for sourdough."}])
print(json.dumps({
    "found": found,
    "rows": [first, table.count_rows()],
    "vector": table.search().where("index = 10").to_list()[0]["vector"],
}))
"""


@pytest.fixture(scope="module")
def function() -> Any:
    """The adapter, with the bundled model."""
    return get_registry().get("m2v-fast").create(name=BUNDLED_MODEL)


@pytest.fixture(scope="module")
def expected() -> Any:
    """What the model makes of the documents."""
    return StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)


def rows() -> list[dict[str, Any]]:
    """The documents, numbered; LanceDB adds the vectors."""
    return [{"index": index, "text": text} for index, text in enumerate(DOCUMENTS)]


def schema(function: Any) -> Any:
    """A table of texts whose vectors are made by the function."""

    class Text(LanceModel):  # type: ignore[misc]
        index: int
        text: str = function.SourceField()
        vector: Vector(function.ndims()) = function.VectorField()  # type: ignore[valid-type]

    return Text


def test_it_is_registered(function: Any) -> None:
    assert get_registry().get("m2v-fast") is M2VFastEmbeddings
    assert isinstance(function, TextEmbeddingFunction)
    assert function.ndims() == 256


def test_every_kind_of_texts(function: Any, expected: Any) -> None:
    kinds: list[Any] = [
        DOCUMENTS,
        np.array(DOCUMENTS),
        pa.array(DOCUMENTS),
        pa.array(DOCUMENTS, pa.large_string()),
        pa.chunked_array([DOCUMENTS[:4], DOCUMENTS[4:]]),
    ]
    for texts in kinds:
        vectors = function.compute_source_embeddings(texts)
        assert {vector.dtype for vector in vectors} == {np.dtype(np.float32)}
        assert np.array_equal(np.stack(vectors), expected)
    [query] = function.compute_query_embeddings(DOCUMENTS[3])
    assert np.array_equal(query, expected[3])
    assert function.compute_source_embeddings([]) == []
    some = function.compute_source_embeddings(pa.array([None, DOCUMENTS[1], None]))
    assert [vector is None for vector in some] == [True, False, True]
    assert np.array_equal(some[1], expected[1])


def test_the_expected_document_comes_first(function: Any, expected: Any, tmp_path: Path) -> None:
    table = lancedb.connect(tmp_path).create_table("texts", schema=schema(function))
    table.add(rows())
    for query, answer in zip(QUERIES, ANSWERS, strict=True):
        found = table.search(query).limit(3).to_list()
        assert [len(found), found[0]["index"]] == [3, answer]
        assert found[0]["text"] == DOCUMENTS[answer]
    stored = table.to_arrow().sort_by("index")["vector"].combine_chunks()
    assert np.array_equal(np.stack(stored.to_pylist()).astype(np.float32), expected)


def test_arrow_tables_and_a_plain_schema(function: Any, expected: Any, tmp_path: Path) -> None:
    config = EmbeddingFunctionConfig(
        vector_column="vector", source_column="text", function=function
    )
    data = pa.table({"index": [*range(10), 10], "text": [*DOCUMENTS, None]})
    db = lancedb.connect(tmp_path)
    table = db.create_table("texts", data=data, embedding_functions=[config], on_bad_vectors="null")
    made = table.to_arrow().sort_by("index")
    assert made.schema.field("vector").type == pa.list_(pa.float32(), 256)
    *vectors, last = made["vector"].to_pylist()
    assert last is None
    assert np.array_equal(np.array(vectors, np.float32), expected)


def test_an_async_table_loads_the_model_once(
    function: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lancedb.connect(tmp_path).create_table("texts", rows(), schema=schema(function))
    loads = adapters.count_loads(monkeypatch)

    async def search() -> list[int]:
        db = await lancedb.connect_async(tmp_path)
        table = await db.open_table("texts")
        found = [await (await table.search(query)).limit(1).to_list() for query in QUERIES]
        return [hits[0]["index"] for hits in found]

    assert asyncio.run(search()) == ANSWERS
    # LanceDB makes the function anew for each of these queries.
    assert loads == [BUNDLED_MODEL]


def test_another_process_finds_the_function(tmp_path: Path, small: Folder) -> None:
    function: Any = M2VFastEmbeddings.create(name=str(small.path), normalize=False, max_length=5)
    table = lancedb.connect(tmp_path).create_table("texts", schema=schema(function))
    table.add(rows())
    wanted = [table.search(query).limit(1).to_list()[0]["index"] for query in QUERIES]
    answer = process.answer("-c", READER, tmp_path, "with")
    assert answer["found"] == wanted
    assert answer["rows"] == [10, 11]
    expected = StaticModel.from_pretrained(small.path).encode(
        "A recipe for sourdough.", normalize=False, max_length=5
    )
    assert np.array_equal(np.array(answer["vector"], np.float32), expected)
    # The module registers the function: without it LanceDB cannot know it.
    done = process.run("-c", READER, tmp_path, "without")
    assert done.returncode != 0
    assert b"m2v-fast" in done.stderr


def test_what_is_stored(tmp_path: Path) -> None:
    function: Any = M2VFastEmbeddings.create(
        name=BUNDLED_MODEL, max_length=None, cache_dir=tmp_path, dimensionality=8
    )
    assert function.ndims() == 8
    assert function.model.max_length is None
    table = lancedb.connect(tmp_path / "db").create_table("texts", schema=schema(function))
    [stored] = json.loads(table.schema.metadata[b"embedding_functions"])
    assert stored == {
        "name": "m2v-fast",
        "source_column": "text",
        "vector_column": "vector",
        "model": {
            "name": BUNDLED_MODEL,
            "max_length": None,
            "cache_dir": str(tmp_path),
            "dimensionality": 8,
        },
    }


def test_a_token_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="token"):
        M2VFastEmbeddings.create(name=BUNDLED_MODEL, token="hf_secret")
    get_registry().set_var("hub", "hf_secret")
    function: Any = M2VFastEmbeddings.create(name=BUNDLED_MODEL, token="$var:hub")
    assert function.token == "hf_secret"
    assert "hf_secret" not in repr(function)
    table = lancedb.connect(tmp_path).create_table("texts", schema=schema(function))
    table.add(rows())
    [found] = table.search(QUERIES[1]).limit(1).to_list()
    assert found["index"] == 1
    assert b"hf_secret" not in table.schema.metadata[b"embedding_functions"]
    assert not any(
        b"hf_secret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()
    )


def test_the_constructor_loads_nothing_and_errors_come_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError(f"LanceDB would try again in {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)
    loads = adapters.count_loads(monkeypatch)
    function: Any = M2VFastEmbeddings.create(name="bundled:nothing")
    assert loads == []
    with pytest.raises(FileNotFoundError, match="bundled:nothing"):
        function.compute_source_embeddings_with_retry(DOCUMENTS)
    with pytest.raises(FileNotFoundError, match="bundled:nothing"):
        function.compute_query_embeddings_with_retry("a query")
    assert loads == ["bundled:nothing"] * 2


def test_equality_and_pickle(function: Any, expected: Any) -> None:
    same: Any = M2VFastEmbeddings.create(name=BUNDLED_MODEL)
    other: Any = M2VFastEmbeddings.create(name=BUNDLED_MODEL, normalize=False)
    assert function == same
    assert function != other
    assert hash(function) == hash(same)
    function.ndims()
    data = pickle.dumps(function)
    assert len(data) < 2000
    again = pickle.loads(data)
    assert again.safe_model_dump() == {"name": BUNDLED_MODEL}
    assert np.array_equal(np.stack(again.compute_source_embeddings(DOCUMENTS)), expected)


def test_wrong_arguments_are_errors(function: Any) -> None:
    with pytest.raises(ValueError, match="dimension"):
        M2VFastEmbeddings.create(name=BUNDLED_MODEL, dimension=3)
    with pytest.raises(ValueError, match="max_length"):
        M2VFastEmbeddings.create(name=BUNDLED_MODEL, max_length="many")
    with pytest.raises(TypeError, match="1"):
        function.compute_source_embeddings(["fine", 3])


def test_the_example(tmp_path: Path) -> None:
    adapters.run_search("lancedb_search.py", tmp_path / "db")


def test_without_the_framework_the_message_names_the_extra() -> None:
    message = adapters.message_without("lancedb", "m2v_fast.integrations.lancedb")
    assert "pip install 'm2v-fast[lancedb]'" in message
