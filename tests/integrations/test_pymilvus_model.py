"""`pymilvus.model.dense.Model2VecEmbeddingFunction` of pymilvus.model after `compat.install()`."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, compat, demo

from tests.support import hub, process

if find_spec("pymilvus") is None or find_spec("pymilvus.model") is None:
    pytest.skip("needs pymilvus.model", allow_module_level=True)

from pymilvus.model.dense import Model2VecEmbeddingFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.folders import Folder

TEXTS = demo.DOCUMENTS

USE = """
import json, sys
from pymilvus.model.dense import Model2VecEmbeddingFunction
function = Model2VecEmbeddingFunction(sys.argv[1])
print(json.dumps([
    type(function.model).__module__,
    function.dim,
    [vector.tolist() for vector in function.encode_queries(["one text", "another"])],
    "model2vec" in sys.modules,
]))
"""
INSTALL = "from m2v_fast import compat\ncompat.install()\n"


@pytest.fixture
def installed() -> Iterator[None]:
    """`install` for the length of a test."""
    compat.install()
    yield
    compat.uninstall()


def assert_vectors(actual: Any, expected: Any) -> None:
    """A list of float32 arrays of one dimension."""
    assert type(actual) is list
    assert {(vector.dtype, vector.ndim) for vector in actual} <= {(np.dtype(np.float32), 1)}
    assert np.array_equal(np.stack(actual), expected)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("kind", [str, Path])
def test_local_folders(small: Folder, kind: Any) -> None:
    function = Model2VecEmbeddingFunction(kind(small.path))
    assert type(function) is Model2VecEmbeddingFunction
    assert function.model_source == kind(small.path)
    assert isinstance(function.model, StaticModel)
    assert function.dim == function._dim == 32
    expected = StaticModel.from_pretrained(small.path).encode(TEXTS)
    for method in (function, function.encode_documents, function.encode_queries, function._encode):
        assert_vectors(method(TEXTS), expected)
    assert np.array_equal(function._encode_query(TEXTS[1]), expected[1])
    assert np.array_equal(function._encode_document(TEXTS[1]), expected[1])
    assert function.encode_documents([]) == []
    with pytest.raises(TypeError, match="str"):
        function.encode_queries("one text")


@pytest.mark.usefixtures("installed")
def test_arguments_reach_the_model(small: Folder) -> None:
    function = Model2VecEmbeddingFunction(small.path, normalize=False, max_length=3)
    assert (function.model.normalize, function.model.max_length) == (False, 3)
    model = StaticModel.from_pretrained(small.path)
    assert_vectors(function(TEXTS), model.encode(TEXTS, normalize=False, max_length=3))
    assert Model2VecEmbeddingFunction(BUNDLED_MODEL).dim == 256
    with pytest.raises(FileNotFoundError):
        Model2VecEmbeddingFunction(str(small.path / "nowhere" / "at" / "all"))


@pytest.mark.usefixtures("installed")
def test_subclasses(small: Folder) -> None:
    class Own(Model2VecEmbeddingFunction):  # type: ignore[misc]
        def __init__(self, source: Any) -> None:
            super().__init__(source, normalize=True)

        def encode_queries(self, queries: Any) -> Any:
            return super().encode_queries([f"query: {query}" for query in queries])

    model = StaticModel.from_pretrained(small.path, normalize=True)
    function = Own(small.path)
    assert_vectors(function.encode_queries(TEXTS), model.encode([f"query: {t}" for t in TEXTS]))
    assert_vectors(function.encode_documents(TEXTS), model.encode(TEXTS))


def test_uninstall(small: Folder) -> None:
    names = ("__init__", "_encode")
    before = [vars(Model2VecEmbeddingFunction)[name] for name in names]
    compat.install()
    function = Model2VecEmbeddingFunction(small.path)
    expected = function(TEXTS)
    compat.uninstall()
    assert [vars(Model2VecEmbeddingFunction)[name] for name in names] == before
    # What was made goes on working; new ones are pymilvus' own, which know no folders.
    assert_vectors(function(TEXTS), expected)
    with pytest.raises(AttributeError, match="load_local"):
        Model2VecEmbeddingFunction(small.path)


def test_objects_from_before(small: Folder) -> None:
    import model2vec

    function = Model2VecEmbeddingFunction.__new__(Model2VecEmbeddingFunction)
    function.model = model2vec.StaticModel.from_pretrained(small.path)
    expected = function(TEXTS)
    compat.install()
    try:
        assert_vectors(function(TEXTS), expected)
        function.model = compat.accelerate(function.model)
        assert_vectors(function(TEXTS), expected)
    finally:
        compat.uninstall()


@pytest.mark.parametrize(
    "code",
    [
        INSTALL + USE,
        "import pymilvus.model\n" + INSTALL + USE,
        "from pymilvus.model.dense import Model2VecEmbeddingFunction as F\n" + INSTALL + USE,
    ],
    ids=["before the import", "after the import", "with the name already taken"],
)
def test_the_order_of_imports_does_not_matter(small: Folder, code: str) -> None:
    expected = StaticModel.from_pretrained(small.path).encode(["one text", "another"])
    module, dim, vectors, imported = process.answer("-c", code, small.path)
    assert (module, dim, imported) == ("m2v_fast.static_model", 32, False)
    assert np.array_equal(np.array(vectors, np.float32), expected)


def test_a_program_started_with_compat(small: Folder) -> None:
    answer = process.answer("-m", "m2v_fast", "run", sys.executable, "-c", USE, small.path)
    assert answer[:2] == ["m2v_fast.static_model", 32]


def test_a_name_of_the_hub(small: Folder, tmp_path: Path) -> None:
    files = {
        str(path.relative_to(small.path)): path.read_bytes()
        for path in small.path.rglob("*")
        if path.is_file()
    }
    expected = StaticModel.from_pretrained(small.path).encode(["one text", "another"])
    with hub.serve() as server:
        repository = server.repositories["owner/model"] = hub.Repository()
        repository.commit(files, "main")
        env = {"HF_ENDPOINT": server.address, "HF_HOME": str(tmp_path), "HF_TOKEN": None}
        first = process.answer("-c", INSTALL + USE, "owner/model", env=env)
    # Then without the hub, from the cache.
    second = process.answer("-c", INSTALL + USE, "owner/model", env=env)
    assert first == second
    assert first[:2] == ["m2v_fast.static_model", 32]
    assert np.array_equal(np.array(first[2], np.float32), expected)


def test_the_package_s_own_class_agrees(small: Folder, installed: None) -> None:
    theirs = Model2VecEmbeddingFunction(small.path)
    ours = m2v_fast.Model2VecEmbeddingFunction(small.path)
    assert_vectors(theirs.encode_documents(TEXTS), np.stack(ours.encode_documents(TEXTS)))
    public = {name for name in dir(theirs) if not name.startswith("_")}
    assert public <= set(dir(ours))
