"""The Chroma adapter, in collections of an embedded Chroma."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters, process

if find_spec("chromadb") is None:
    pytest.skip("needs chromadb", allow_module_level=True)

import chromadb
from chromadb.config import Settings
from chromadb.utils.embedding_functions import known_embedding_functions
from m2v_fast.integrations.chroma import M2VFastEmbeddingFunction

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS, QUERIES = demo.DOCUMENTS, demo.QUERIES
#: The index of the document that answers each query.
ANSWERS = ["0", "1", "5", "4"]

READER = """
import json, sys
import chromadb
from chromadb.config import Settings
import m2v_fast.integrations.chroma
from m2v_fast import demo

client = chromadb.PersistentClient(sys.argv[1], Settings(anonymized_telemetry=False))
collection = client.get_collection("texts")
found = collection.query(query_texts=demo.QUERIES, n_results=1)
function = collection.configuration["embedding_function"]
print(json.dumps({
    "first": [ids[0] for ids in found["ids"]],
    "name": function.name(),
    "config": function.get_config(),
}))
"""


# Chroma's types want a function of texts and images, which its own functions are not either: Any.
@pytest.fixture(scope="module")
def function() -> Any:
    """The adapter, with the bundled model."""
    return M2VFastEmbeddingFunction(BUNDLED_MODEL)


def ids() -> list[str]:
    """The documents' numbers as text, which is what Chroma takes."""
    return [str(index) for index in range(len(DOCUMENTS))]


def firsts(collection: chromadb.Collection) -> list[str]:
    """The document found first for each query."""
    found = collection.query(query_texts=QUERIES, n_results=3)
    assert all(len(row) == 3 for row in found["ids"])
    return [row[0] for row in found["ids"]]


def test_lists_of_vectors(function: Any) -> None:
    expected = StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)
    for vectors in (function(DOCUMENTS), function.embed_query(DOCUMENTS)):
        assert type(vectors) is list
        assert {vector.dtype for vector in vectors} == {np.dtype(np.float32)}
        assert np.array_equal(np.stack(vectors), expected)


def test_wrong_types_are_errors(function: Any) -> None:
    wrong: Any
    for wrong in ("one text", ["fine", None]):
        with pytest.raises(TypeError):
            function(wrong)


def test_it_is_registered(function: Any) -> None:
    assert function.name() == "m2v_fast"
    assert known_embedding_functions[function.name()] is M2VFastEmbeddingFunction
    assert not function.is_legacy()
    assert function.default_space() in function.supported_spaces()


@pytest.mark.parametrize("space", [None, "cosine", "l2", "ip"])
def test_the_expected_document_comes_first(function: Any, space: str | None) -> None:
    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
    name = f"texts-{space}"
    options: dict[str, Any] = {} if space is None else {"configuration": {"hnsw": {"space": space}}}
    collection = client.create_collection(name, embedding_function=function, **options)
    collection.add(ids=ids(), documents=DOCUMENTS)
    assert collection.count() == len(DOCUMENTS)
    assert firsts(collection) == ANSWERS
    hnsw = collection.configuration["hnsw"]
    assert hnsw is not None
    assert hnsw["space"] == (space or function.default_space())
    client.delete_collection(name)


def test_the_configuration_is_found_again(function: Any, tmp_path: Path) -> None:
    client = chromadb.PersistentClient(str(tmp_path), Settings(anonymized_telemetry=False))
    collection = client.create_collection("texts", embedding_function=function)
    collection.add(ids=ids(), documents=DOCUMENTS)
    assert firsts(client.get_collection("texts")) == ANSWERS
    assert firsts(client.get_collection("texts", embedding_function=function)) == ANSWERS
    assert process.answer("-c", READER, tmp_path) == {
        "first": ANSWERS,
        "name": "m2v_fast",
        "config": {"model_source": BUNDLED_MODEL, "kwargs": {}},
    }


def test_a_collection_opened_without_its_function_loads_the_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function: Any = M2VFastEmbeddingFunction(BUNDLED_MODEL, max_length=100)
    loads = adapters.count_loads(monkeypatch)
    client = chromadb.PersistentClient(str(tmp_path), Settings(anonymized_telemetry=False))
    client.create_collection("texts", embedding_function=function)
    collection = client.get_collection("texts")
    collection.add(ids=ids(), documents=DOCUMENTS)
    for _ in range(3):
        assert firsts(collection) == ANSWERS
    assert loads == [BUNDLED_MODEL]


def test_texts_are_encoded_in_one_call(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
    collection = client.create_collection("many", embedding_function=function)
    sizes = adapters.count_encoded(monkeypatch)
    texts = [f"text {index}" for index in range(3000)]
    collection.add(ids=[str(index) for index in range(3000)], documents=texts)
    assert sizes == [3000]
    client.delete_collection("many")


def test_config_round_trip(tmp_path: Path) -> None:
    function = M2VFastEmbeddingFunction(
        BUNDLED_MODEL,
        normalize=False,
        max_length=None,
        cache_dir=tmp_path,
        token="hf_secret",
        force_download=True,
    )
    config = function.get_config()
    assert config == {
        "model_source": BUNDLED_MODEL,
        "kwargs": {"normalize": False, "max_length": None, "cache_dir": str(tmp_path)},
    }
    again = M2VFastEmbeddingFunction.build_from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert np.array_equal(np.stack(again(DOCUMENTS)), np.stack(function(DOCUMENTS)))
    config["kwargs"].clear()
    assert function.get_config()["kwargs"]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model_source": 3},
        {"model_source": BUNDLED_MODEL, "kwargs": ["normalize"]},
        {"model_source": BUNDLED_MODEL, "kwargs": {}, "model_name": "other"},
    ],
)
def test_bad_configurations_are_errors(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"model_source|kwargs|model_name"):
        M2VFastEmbeddingFunction.validate_config(config)
    with pytest.raises(ValueError, match=r"model_source|kwargs|model_name"):
        M2VFastEmbeddingFunction.build_from_config(config)


def test_updates_keep_the_vectors(function: Any) -> None:
    def check(old: str, new: str, before: Any = None, after: Any = None) -> None:
        function.validate_config_update(
            {"model_source": old, "kwargs": before or {}},
            {"model_source": new, "kwargs": after or {}},
        )

    check("owner/model", "owner/model", {"cache_dir": "/a"}, {"local_files_only": True})
    check("/models/a", "/elsewhere/a")
    with pytest.raises(ValueError, match="owner/other"):
        check("owner/model", "owner/other")
    with pytest.raises(ValueError, match="normalize"):
        check("owner/model", "owner/model", {}, {"normalize": False})


def test_a_collection_refuses_another_model(function: Any) -> None:
    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
    collection = client.create_collection("fixed", embedding_function=function)
    other: Any = M2VFastEmbeddingFunction(BUNDLED_MODEL, max_length=2)
    with pytest.raises(ValueError, match="max_length"):
        collection.modify(configuration={"embedding_function": other})
    client.delete_collection("fixed")


def test_the_example(tmp_path: Path) -> None:
    for _ in range(2):  # a collection that is there is made anew
        adapters.run_search("chroma_search.py", tmp_path)


def test_without_the_framework_the_message_names_the_extra() -> None:
    message = adapters.message_without("chromadb", "m2v_fast.integrations.chroma")
    assert "pip install 'm2v-fast[chroma]'" in message
