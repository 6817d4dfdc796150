"""The LlamaIndex adapter, in an index of LlamaIndex's own; no language model takes part."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters

if find_spec("llama_index") is None:
    pytest.skip("needs llama_index", allow_module_level=True)

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode
from m2v_fast.integrations.llama_index import M2VFastEmbedding

DOCUMENTS, QUERIES = demo.DOCUMENTS, demo.QUERIES
#: The index of the document that answers each query.
ANSWERS = (0, 1, 5, 4)


@pytest.fixture(scope="module")
def embedding() -> M2VFastEmbedding:
    """The adapter, with the bundled model."""
    return M2VFastEmbedding(BUNDLED_MODEL)


@pytest.fixture(scope="module")
def expected() -> list[list[float]]:
    """What the model makes of the documents."""
    vectors: list[list[float]] = (
        StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS).tolist()
    )
    return vectors


def test_lists_of_floats(embedding: M2VFastEmbedding, expected: list[list[float]]) -> None:
    assert isinstance(embedding, BaseEmbedding)
    assert embedding.get_text_embedding_batch(DOCUMENTS) == expected
    assert embedding.get_text_embedding(DOCUMENTS[2]) == expected[2]
    assert embedding.get_query_embedding(DOCUMENTS[2]) == expected[2]
    assert {type(value) for value in embedding.get_query_embedding("a query")} == {float}
    assert embedding.get_text_embedding_batch([]) == []
    assert np.isclose(embedding.similarity(expected[0], expected[0]), 1.0)


def test_async_twins(embedding: M2VFastEmbedding, expected: list[list[float]]) -> None:
    async def results() -> tuple[list[list[float]], list[float], list[float]]:
        return (
            await embedding.aget_text_embedding_batch(DOCUMENTS),
            await embedding.aget_text_embedding(DOCUMENTS[1]),
            await embedding.aget_query_embedding(DOCUMENTS[1]),
        )

    batch, text, query = asyncio.run(results())
    assert batch == expected
    assert text == query == expected[1]


@pytest.mark.parametrize("batch_size", [1, 3, 10, 2048])
def test_batches(
    batch_size: int, expected: list[list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    inner = M2VFastEmbedding._get_text_embeddings

    def counted(self: M2VFastEmbedding, texts: list[str]) -> list[list[float]]:
        sizes.append(len(texts))
        return inner(self, texts)

    monkeypatch.setattr(M2VFastEmbedding, "_get_text_embeddings", counted)
    embedding = M2VFastEmbedding(BUNDLED_MODEL, embed_batch_size=batch_size)
    assert embedding.get_text_embedding_batch(DOCUMENTS) == expected
    assert max(sizes) == min(batch_size, len(DOCUMENTS))
    assert sum(sizes) == len(DOCUMENTS)


def test_the_default_is_the_biggest_batch_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding = M2VFastEmbedding(BUNDLED_MODEL)
    sizes = adapters.count_encoded(monkeypatch)
    embedding.get_text_embedding_batch([f"text {index}" for index in range(3000)])
    assert sizes == [2048, 952]
    with pytest.raises(ValueError, match="embed_batch_size"):
        M2VFastEmbedding(BUNDLED_MODEL, embed_batch_size=2049)


def test_the_expected_document_comes_first(embedding: M2VFastEmbedding) -> None:
    documents = [
        Document(text=text, metadata={"index": index}, excluded_embed_metadata_keys=["index"])
        for index, text in enumerate(DOCUMENTS)
    ]
    index = VectorStoreIndex.from_documents(documents, embed_model=embedding)
    retriever = index.as_retriever(similarity_top_k=3)
    for query, answer in zip(QUERIES, ANSWERS, strict=True):
        found = retriever.retrieve(query)
        assert len(found) == 3
        assert found[0].node.metadata["index"] == answer
        assert found[0].node.get_content() == DOCUMENTS[answer]

    async def first(query: str) -> Any:
        return (await retriever.aretrieve(query))[0].node.metadata["index"]

    assert tuple(asyncio.run(first(query)) for query in QUERIES) == ANSWERS


def test_as_a_step_of_a_pipeline(embedding: M2VFastEmbedding, expected: list[list[float]]) -> None:
    nodes = [TextNode(text=text) for text in DOCUMENTS]
    done = IngestionPipeline(transformations=[embedding]).run(nodes=nodes)
    assert [node.embedding for node in done] == expected


def test_the_configuration_is_kept(expected: list[list[float]]) -> None:
    first = M2VFastEmbedding(
        BUNDLED_MODEL,
        embed_batch_size=7,
        num_workers=2,
        normalize=False,
        max_length=None,
        token="hf_secret",
    )
    config = first.to_dict()
    assert config["class_name"] == M2VFastEmbedding.class_name() == "M2VFastEmbedding"
    assert config["model_name"] == BUNDLED_MODEL
    assert config["loading"] == {"normalize": False, "max_length": None}
    for text in (json.dumps(config), first.to_json(), repr(first)):
        assert "hf_secret" not in text
    for again in (M2VFastEmbedding.from_dict(config), M2VFastEmbedding.from_json(first.to_json())):
        assert (again.embed_batch_size, again.num_workers) == (7, 2)
        assert (again.model.normalize, again.model.max_length) == (False, None)
        assert again.to_dict() == config
        assert again.get_text_embedding_batch(DOCUMENTS) == first.get_text_embedding_batch(
            DOCUMENTS
        )


def test_pickle(
    embedding: M2VFastEmbedding, expected: list[list[float]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        data = pickle.dumps(embedding)
    assert not caplog.records
    assert b"hf_" not in data
    assert len(data) < 10_000
    again = pickle.loads(data)
    assert again.to_dict() == embedding.to_dict()
    assert again.get_text_embedding_batch(DOCUMENTS) == expected


def test_wrong_arguments_are_errors() -> None:
    with pytest.raises(TypeError, match="dimension"):
        M2VFastEmbedding(BUNDLED_MODEL, dimension=3)
    with pytest.raises(ValueError, match="embed_batch_size"):
        M2VFastEmbedding(BUNDLED_MODEL, embed_batch_size=0)
    with pytest.raises(FileNotFoundError):
        M2VFastEmbedding("bundled:nothing")


def test_the_example() -> None:
    adapters.run_search("llama_index_search.py")


def test_without_the_framework_the_message_names_the_extra() -> None:
    message = adapters.message_without("llama_index", "m2v_fast.integrations.llama_index")
    assert "pip install 'm2v-fast[llama-index]'" in message
