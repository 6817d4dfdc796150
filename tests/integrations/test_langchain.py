"""The LangChain adapter, in LangChain's own vector store."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters

if find_spec("langchain_core") is None:
    pytest.skip("needs langchain_core", allow_module_level=True)

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from m2v_fast.integrations.langchain import M2VFastEmbeddings

DOCUMENTS, QUERIES = demo.DOCUMENTS, demo.QUERIES
#: The index of the document that answers each query.
ANSWERS = (0, 1, 5, 4)


@pytest.fixture(scope="module")
def embeddings() -> M2VFastEmbeddings:
    """The adapter, with the bundled model."""
    return M2VFastEmbeddings(BUNDLED_MODEL)


def test_lists_of_floats(embeddings: M2VFastEmbeddings) -> None:
    assert isinstance(embeddings, Embeddings)
    vectors = embeddings.embed_documents(DOCUMENTS)
    assert type(vectors) is list
    assert {type(vector) for vector in vectors} == {list}
    assert {type(value) for vector in vectors for value in vector} == {float}
    expected = StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)
    assert np.array_equal(np.array(vectors, np.float32), expected)
    assert embeddings.embed_query(DOCUMENTS[3]) == vectors[3]
    assert embeddings.embed_documents([]) == []


def test_async_twins(embeddings: M2VFastEmbeddings) -> None:
    async def both() -> tuple[list[list[float]], list[list[float]]]:
        documents = embeddings.aembed_documents(DOCUMENTS)
        queries = asyncio.gather(*map(embeddings.aembed_query, QUERIES))
        return await documents, await queries

    documents, queries = asyncio.run(both())
    assert documents == embeddings.embed_documents(DOCUMENTS)
    assert queries == embeddings.embed_documents(QUERIES)


@pytest.mark.parametrize("count", [1, 3])
def test_the_expected_document_comes_first(embeddings: M2VFastEmbeddings, count: int) -> None:
    store = InMemoryVectorStore(embeddings)
    store.add_documents(
        [
            Document(page_content=text, id=str(index), metadata={"index": index})
            for index, text in enumerate(DOCUMENTS)
        ]
    )
    for query, answer in zip(QUERIES, ANSWERS, strict=True):
        found = store.similarity_search(query, k=count)
        assert len(found) == count
        assert found[0].metadata["index"] == answer
        assert found[0].page_content == DOCUMENTS[answer]


def test_as_an_async_retriever(embeddings: M2VFastEmbeddings) -> None:
    async def search() -> list[str]:
        store = await InMemoryVectorStore.afrom_texts(DOCUMENTS, embeddings)
        retriever = store.as_retriever(search_kwargs={"k": 1})
        return [(await retriever.ainvoke(query))[0].page_content for query in QUERIES]

    assert asyncio.run(search()) == [DOCUMENTS[answer] for answer in ANSWERS]


def test_texts_are_encoded_in_one_call(
    embeddings: M2VFastEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = adapters.count_encoded(monkeypatch)
    InMemoryVectorStore.from_texts([f"text {index}" for index in range(3000)], embeddings)
    assert sizes == [3000]


def test_loading_arguments_and_loaded_models() -> None:
    plain = M2VFastEmbeddings(BUNDLED_MODEL, normalize=False)
    assert plain.model.normalize is False
    assert M2VFastEmbeddings(plain.model).model is plain.model
    with pytest.raises(TypeError, match="normalize"):
        M2VFastEmbeddings(plain.model, normalize=True)
    with pytest.raises(TypeError, match="dimension"):
        M2VFastEmbeddings(BUNDLED_MODEL, dimension=3)


def test_wrong_types_are_errors(embeddings: M2VFastEmbeddings) -> None:
    wrong: Any
    for wrong in ("one text", ["fine", None]):
        with pytest.raises(TypeError):
            embeddings.embed_documents(wrong)
    for wrong in (["one text"], None):
        with pytest.raises(TypeError):
            embeddings.embed_query(wrong)


def test_the_example() -> None:
    adapters.run_search("langchain_search.py")


def test_without_the_framework_the_message_names_the_extra() -> None:
    message = adapters.message_without("langchain_core", "m2v_fast.integrations.langchain")
    assert "pip install 'm2v-fast[langchain]'" in message
