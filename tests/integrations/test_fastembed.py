"""The fastembed adapter: in fastembed itself, and in a qdrant-client that uses it."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters, hub, process

if any(find_spec(name) is None for name in ("fastembed", "qdrant_client")):
    pytest.skip("needs fastembed and qdrant_client", allow_module_level=True)

from fastembed import TextEmbedding
from fastembed.text.static_embedding import StaticTextEmbedding
from m2v_fast.integrations.fastembed import M2VFastTextEmbedding, register, unregister
from qdrant_client import AsyncQdrantClient, QdrantClient, models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.folders import Folder

DOCUMENTS, QUERIES = demo.DOCUMENTS, demo.QUERIES
#: The index of the document that answers each query.
ANSWERS = [0, 1, 5, 4]

#: Points whose vectors are made by processes that qdrant-client starts.
PARALLEL = """
import json
from m2v_fast import BUNDLED_MODEL, demo
from m2v_fast.integrations.fastembed import register
from qdrant_client import QdrantClient, models

register(BUNDLED_MODEL, name="own/model", normalize=False)

if __name__ == "__main__":
    client = QdrantClient(":memory:")
    size = client.get_embedding_size("own/model")
    client.create_collection(
        "texts", models.VectorParams(size=size, distance=models.Distance.DOT)
    )
    documents = [models.Document(text=text, model="own/model") for text in demo.DOCUMENTS]
    client.upload_collection("texts", documents, ids=[*range(10)], parallel=2, wait=True)
    points = client.retrieve("texts", [*range(10)], with_vectors=True)
    print(json.dumps([point.vector for point in points]))
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Takes back what a test registers."""
    registry = [*TextEmbedding.EMBEDDINGS_REGISTRY]
    yield
    M2VFastTextEmbedding._models.clear()
    TextEmbedding.EMBEDDINGS_REGISTRY[:] = registry


@pytest.fixture(scope="module")
def expected() -> Any:
    """What the bundled model makes of the documents."""
    return StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)


def listed(name: str) -> list[dict[str, Any]]:
    """What fastembed lists of a name, upper and lower case being the same."""
    models = TextEmbedding.list_supported_models()
    return [model for model in models if model["model"].lower() == name.lower()]


def test_every_way_to_embed(expected: Any) -> None:
    register(BUNDLED_MODEL)
    embedding = TextEmbedding(BUNDLED_MODEL)
    assert isinstance(embedding.model, M2VFastTextEmbedding)
    assert embedding.embedding_size == TextEmbedding.get_embedding_size(BUNDLED_MODEL) == 256
    for vectors in (
        embedding.embed(DOCUMENTS),
        embedding.embed(tuple(DOCUMENTS)),
        embedding.embed(iter(DOCUMENTS), batch_size=3),
        embedding.embed(DOCUMENTS, parallel=0),
        embedding.embed(DOCUMENTS, batch_size=2, parallel=2),
        embedding.query_embed(DOCUMENTS),
        embedding.passage_embed(DOCUMENTS),
    ):
        rows = list(vectors)
        assert {(row.shape, row.dtype) for row in rows} == {((256,), np.dtype(np.float32))}
        assert np.array_equal(np.stack(rows), expected)
    for one in (embedding.embed(DOCUMENTS[3]), embedding.query_embed(DOCUMENTS[3])):
        [row] = one
        assert np.array_equal(row, expected[3])
    assert list(embedding.embed([])) == []


def test_iterables_are_read_batch_by_batch_and_lists_in_big_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(BUNDLED_MODEL)
    embedding = TextEmbedding(BUNDLED_MODEL)
    taken = []

    def texts() -> Iterator[str]:
        for index in range(10):
            taken.append(index)
            yield f"text {index}"

    vectors = iter(embedding.embed(texts(), batch_size=4))
    next(vectors)
    assert taken == [0, 1, 2, 3]
    assert len(list(vectors)) == 9

    sizes = adapters.count_encoded(monkeypatch)
    assert len(list(embedding.embed(["a text"] * 5000))) == 5000
    assert sizes == [4096, 904]


def test_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    inner = StaticModel.encode

    def noted(self: StaticModel, texts: Any, *, num_threads: Any = "none given") -> Any:
        seen.append(num_threads)
        return inner(self, texts)

    monkeypatch.setattr(StaticModel, "encode", noted)
    register(BUNDLED_MODEL)
    for threads in (None, 3):
        embedding = TextEmbedding(BUNDLED_MODEL, threads=threads)
        for parallel in (None, 0, 2):
            list(embedding.embed(DOCUMENTS, parallel=parallel))
    assert seen == [None, None, 2, 3, None, 2]


def test_the_list_of_models() -> None:
    assert listed(BUNDLED_MODEL) == []
    register(BUNDLED_MODEL)
    [entry] = listed(BUNDLED_MODEL)
    assert entry["dim"] == 256
    assert entry["model_file"] == "model.safetensors"
    assert entry["size_in_GB"] == 0.008
    assert entry["sources"]["url"].startswith("file://")
    register(BUNDLED_MODEL, dimensionality=32)
    [entry] = listed(BUNDLED_MODEL)
    assert entry["dim"] == TextEmbedding.get_embedding_size(BUNDLED_MODEL) == 32
    unregister(BUNDLED_MODEL.upper())
    assert listed(BUNDLED_MODEL) == []
    with pytest.raises(KeyError):
        unregister(BUNDLED_MODEL)
    with pytest.raises(ValueError, match="not supported"):
        TextEmbedding(BUNDLED_MODEL)


def test_local_folders_and_loaded_models(small: Folder) -> None:
    model = StaticModel.from_pretrained(small.path, normalize=False)
    register(small.path)
    register(small.path, name="Owner/Raw", normalize=False)
    register(model, name="loaded")
    for name, normalize in ((str(small.path), True), ("owner/raw", False), ("loaded", False)):
        vectors = list(TextEmbedding(name).embed(DOCUMENTS))
        assert np.array_equal(np.stack(vectors), model.encode(DOCUMENTS, normalize=normalize))
    assert listed("owner/raw")[0]["model"] == "Owner/Raw"
    assert [entry["dim"] for entry in listed("loaded")] == [32]


def test_a_name_of_the_hub(small: Folder, tmp_path: Path) -> None:
    code = (
        "import json, sys\n"
        "from fastembed import TextEmbedding\n"
        "from m2v_fast.integrations.fastembed import register\n"
        "register('owner/model')\n"
        "[vector] = TextEmbedding('owner/model').embed('a text')\n"
        "[source] = [model['sources'] for model in TextEmbedding.list_supported_models()\n"
        "            if model['model'] == 'owner/model']\n"
        "print(json.dumps([source['hf'], vector.tolist()]))\n"
    )
    files = {path.name: path.read_bytes() for path in small.path.iterdir()}
    with hub.serve() as server:
        repository = server.repositories["owner/model"] = hub.Repository()
        repository.commit(files, "main")
        env = {"HF_ENDPOINT": server.address, "HF_HOME": str(tmp_path), "HF_TOKEN": None}
        source, vector = process.answer("-c", code, env=env)
    assert source == "owner/model"
    expected = StaticModel.from_pretrained(small.path).encode("a text")
    assert np.array_equal(np.array(vector, np.float32), expected)


def test_a_model_that_fastembed_has_itself() -> None:
    name = "minishlab/potion-base-8M"
    assert [entry["dim"] for entry in listed(name)] == [256]
    register(BUNDLED_MODEL, name=name)
    assert [entry["sources"]["hf"] for entry in listed(name)] == [None, name]
    assert isinstance(TextEmbedding(name).model, M2VFastTextEmbedding)
    with pytest.raises(ValueError, match="256 dimensions, and this model 32"):
        register(BUNDLED_MODEL, name=name.upper(), dimensionality=32)
    unregister(name)
    assert [entry["sources"]["hf"] for entry in listed(name)] == [name]


def test_vectors_are_those_of_fastembed_s_own_class(tmp_path: Path) -> None:
    """Theirs reads the bundled model's folder, too: an independent judge, up to rounding."""
    name = "minishlab/potion-base-8M"
    model = StaticModel.from_pretrained(BUNDLED_MODEL, quantize_to="float32", normalize=True)
    model.save_pretrained(tmp_path)
    own = TextEmbedding(name, specific_model_path=str(tmp_path))
    assert isinstance(own.model, StaticTextEmbedding)
    theirs = np.stack(list(own.embed(DOCUMENTS)))
    register(tmp_path, name=name)
    ours = np.stack(list(TextEmbedding(name).embed(DOCUMENTS)))
    assert np.allclose(ours, theirs, atol=1e-6)


def test_token_count() -> None:
    register(BUNDLED_MODEL)
    embedding = TextEmbedding(BUNDLED_MODEL)
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    total = int(model.count_tokens(DOCUMENTS).tokens.sum())
    assert total > 100
    assert embedding.token_count(DOCUMENTS) == embedding.token_count(iter(DOCUMENTS)) == total
    assert embedding.token_count(DOCUMENTS, batch_size=3) == total
    assert embedding.token_count("a text") == 2


def test_wrong_arguments_are_errors() -> None:
    wrong: Any = ["fine", None]
    with pytest.raises(FileNotFoundError, match="bundled:nothing"):
        register("bundled:nothing")
    assert listed("bundled:nothing") == []
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    with pytest.raises(TypeError, match="needs a name"):
        register(model)
    with pytest.raises(TypeError, match="no arguments: normalize"):
        register(model, name="loaded", normalize=True)
    register(BUNDLED_MODEL)
    with pytest.raises(TypeError, match="register"):
        TextEmbedding(BUNDLED_MODEL, specific_model_path="/elsewhere")
    with pytest.raises(TypeError, match="1"):
        list(TextEmbedding(BUNDLED_MODEL).embed(wrong))
    with pytest.raises(ValueError, match="batch_size"):
        list(TextEmbedding(BUNDLED_MODEL).embed(DOCUMENTS, batch_size=0))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, None),
        ({"cuda": False, "cache_dir": "/tmp", "lazy_load": True}, None),
        ({"cuda": True}, "cuda"),
        ({"cuda": "cuda", "device_ids": [0]}, "device_ids, cuda"),
        ({"providers": ["CUDAExecutionProvider"]}, "providers"),
    ],
)
def test_options_without_effect(
    options: dict[str, Any], named: str | None, recwarn: pytest.WarningsRecorder
) -> None:
    register(BUNDLED_MODEL)
    recwarn.clear()
    TextEmbedding(BUNDLED_MODEL, **options)
    messages = [str(warning.message) for warning in recwarn]
    if named is None:
        assert messages == []
    else:
        [message] = messages
        assert message.endswith(f": {named}")


def collection(size: int) -> dict[str, Any]:
    """The arguments of `create_collection`."""
    vectors = models.VectorParams(size=size, distance=models.Distance.COSINE)
    return {"collection_name": "texts", "vectors_config": vectors}


def points(name: str) -> list[models.PointStruct]:
    """The documents, whose vectors the client makes."""
    return [
        models.PointStruct(id=index, vector=models.Document(text=text, model=name), payload={})
        for index, text in enumerate(DOCUMENTS)
    ]


@pytest.mark.parametrize("name", [BUNDLED_MODEL, "Owner/Model"])
def test_documents_of_qdrant(name: str, expected: Any) -> None:
    register(BUNDLED_MODEL, name=name)
    client = QdrantClient(":memory:")
    client.create_collection(**collection(client.get_embedding_size(name)))
    client.upsert("texts", points(name))
    for query, answer in zip(QUERIES, ANSWERS, strict=True):
        document = models.Document(text=query, model=name)
        found = client.query_points("texts", query=document, limit=3).points
        assert [len(found), found[0].id] == [3, answer]
    point: Any
    [point] = client.retrieve("texts", [3], with_vectors=True)
    # The client normalizes vectors of a collection by cosine.
    assert np.allclose(point.vector, expected[3], atol=1e-6)


def test_documents_of_an_async_qdrant() -> None:
    register(BUNDLED_MODEL)

    async def search() -> list[Any]:
        client = AsyncQdrantClient(":memory:")
        await client.create_collection(**collection(client.get_embedding_size(BUNDLED_MODEL)))
        await client.upsert("texts", points(BUNDLED_MODEL))
        documents = [models.Document(text=query, model=BUNDLED_MODEL) for query in QUERIES]
        found = [await client.query_points("texts", query=item, limit=1) for item in documents]
        return [response.points[0].id for response in found]

    assert asyncio.run(search()) == ANSWERS


def test_qdrant_s_own_processes_know_the_model(tmp_path: Path) -> None:
    script = tmp_path / "upload.py"
    script.write_text(PARALLEL, encoding="utf-8")
    vectors = process.answer(script)
    plain = StaticModel.from_pretrained(BUNDLED_MODEL, normalize=False).encode(DOCUMENTS)
    assert np.array_equal(np.array(vectors, np.float32), plain)


def test_the_example() -> None:
    adapters.run_search("qdrant_search.py")


def test_without_the_framework_the_message_names_the_extra() -> None:
    message = adapters.message_without("fastembed", "m2v_fast.integrations.fastembed")
    assert "pip install 'm2v-fast[fastembed]'" in message
