"""`Model2VecEmbeddingFunction` with a real Milvus, embedded and in a file."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, Model2VecEmbeddingFunction, demo

from tests.support import process, texts

if find_spec("pymilvus") is None:
    pytest.skip("needs pymilvus", allow_module_level=True)
if find_spec("milvus_lite") is None:
    pytest.skip("needs milvus_lite", allow_module_level=True)

from milvus_lite.server_manager import server_manager_instance
from pymilvus import MilvusClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "milvus_search.py"
COUNT, BATCH = 400, 128

#: The demo's documents among paragraphs of the manual; each question is answered by one of those.
MANUAL = [text for text in dict.fromkeys(texts.paragraphs()) if len(text) > 150][:COUNT]
DOCUMENTS = [*MANUAL[: COUNT // 2], *demo.DOCUMENTS, *MANUAL[COUNT // 2 :]]
QUESTIONS = {
    "nearest neighbours in a vector index": 0,
    "baking bread with flour and yeast": 1,
    "What causes the tides of the ocean?": 5,
    "How do I restore a backup?": 4,
}
ANSWERS = [COUNT // 2 + index for index in QUESTIONS.values()]


@pytest.fixture(scope="module")
def function() -> Model2VecEmbeddingFunction:
    """The embedding function of the bundled model, whose vectors are normalized."""
    return Model2VecEmbeddingFunction(BUNDLED_MODEL)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A place for a database, which is closed afterwards."""
    path = tmp_path / "texts.db"
    yield path
    server_manager_instance.release_server(str(path))


def fill(client: MilvusClient, function: Model2VecEmbeddingFunction, metric: str) -> None:
    """Makes the collection and inserts the documents batch by batch."""
    client.create_collection("texts", dimension=function.dim, metric_type=metric)
    for start in range(0, len(DOCUMENTS), BATCH):
        batch = DOCUMENTS[start : start + BATCH]
        rows = [
            {"id": start + index, "vector": vector, "text": text}
            for index, (text, vector) in enumerate(
                zip(batch, function.encode_documents(batch), strict=True)
            )
        ]
        assert client.insert("texts", rows)["insert_count"] == len(batch)


def search(
    client: MilvusClient, vectors: list[NDArray[np.float32]], limit: int = 3
) -> list[list[dict[str, Any]]]:
    """Hits of each vector, best first."""
    found = client.search("texts", data=vectors, limit=limit, output_fields=["text"])
    assert all(len(hits) == limit for hits in found)
    return [list(hits) for hits in found]


def firsts(client: MilvusClient, function: Model2VecEmbeddingFunction) -> list[int]:
    """The document found first for each question."""
    found = search(client, function.encode_queries(list(QUESTIONS)))
    for hits in found:
        assert hits[0]["entity"]["text"] == DOCUMENTS[hits[0]["id"]]
    return [hits[0]["id"] for hits in found]


@pytest.mark.parametrize("metric", ["COSINE", "IP", "L2"])
def test_the_expected_document_comes_first(
    function: Model2VecEmbeddingFunction, file: Path, metric: str
) -> None:
    client = MilvusClient(str(file))
    fill(client, function, metric)
    client.flush("texts")
    assert client.get_collection_stats("texts")["row_count"] == len(DOCUMENTS)
    assert firsts(client, function) == ANSWERS

    # Each document finds itself, with the score that NumPy computes.
    some = [*range(0, len(DOCUMENTS), 40)]
    vectors = function.encode_documents([DOCUMENTS[index] for index in some])
    for index, vector, hits in zip(some, vectors, search(client, vectors), strict=True):
        assert hits[0]["id"] == index
        perfect = 0.0 if metric == "L2" else float(vector @ vector)
        assert hits[0]["distance"] == pytest.approx(perfect, abs=1e-5)

    # And the whole ranking is NumPy's, which compares with every vector.
    matrix = np.stack(function.encode_documents(DOCUMENTS))
    queries = function.encode_queries(list(QUESTIONS))
    for query, hits in zip(queries, search(client, queries, 10), strict=True):
        best = np.sort(matrix @ query)[::-1][:10]
        assert matrix[[hit["id"] for hit in hits]] @ query == pytest.approx(best, abs=1e-5)
    client.close()


def test_stored_vectors_are_the_embedded_ones(
    function: Model2VecEmbeddingFunction, file: Path
) -> None:
    client = MilvusClient(str(file))
    fill(client, function, "IP")
    stored = client.get("texts", ids=ANSWERS, output_fields=["vector"])
    by_id = {row["id"]: np.array(row["vector"], np.float32) for row in stored}
    for index in ANSWERS:
        [vector] = function.encode_documents([DOCUMENTS[index]])
        assert np.array_equal(by_id[index], vector)
    client.close()


def test_upsert_and_delete(function: Model2VecEmbeddingFunction, file: Path) -> None:
    client = MilvusClient(str(file))
    fill(client, function, "COSINE")
    text = "Sourdough: how a loaf rises without yeast from a packet. A recipe."
    [vector] = function.encode_documents([text])
    client.upsert("texts", [{"id": 7, "vector": vector, "text": text}])
    [query] = function.encode_queries(["a recipe for a sourdough loaf"])
    [[first, *_]] = search(client, [query])
    assert (first["id"], first["entity"]["text"]) == (7, text)
    client.delete("texts", ids=[7])
    [[first, *_]] = search(client, [query])
    assert first["id"] == ANSWERS[1]
    client.close()


def test_a_second_client_reads_the_file(function: Model2VecEmbeddingFunction, file: Path) -> None:
    client = MilvusClient(str(file))
    fill(client, function, "COSINE")
    # Closing a client leaves the embedded server running: stop it, as the end of a process does.
    client.close()
    server_manager_instance.release_server(str(file))

    again = MilvusClient(str(file))
    again.load_collection("texts")
    assert firsts(again, function) == ANSWERS
    again.close()


def test_the_example(function: Model2VecEmbeddingFunction, file: Path) -> None:
    done = process.run(EXAMPLE, file)
    output = done.stdout.decode()
    assert done.returncode == 0, output + done.stderr.decode()
    assert "600 paragraphs of 256 dimensions inserted" in output
    assert "[operator-summary] The following table summarizes the operator precedence" in output

    # What that process left in the file is found by this one.
    client = MilvusClient(str(file))
    client.load_collection("manual")
    queries = function.encode_queries(["What is the precedence of the operators?"])
    [[first]] = client.search("manual", data=queries, limit=1, output_fields=["topic"])
    assert first["entity"]["topic"] == "operator-summary"
    client.close()


def test_embedding_does_not_import_pymilvus() -> None:
    code = (
        "import json, sys, m2v_fast\n"
        "function = m2v_fast.Model2VecEmbeddingFunction(m2v_fast.BUNDLED_MODEL)\n"
        "function.encode_documents(['a text'])\n"
        "print(json.dumps([name for name in ('pymilvus', 'milvus_lite', 'langchain_core',\n"
        "    'llama_index', 'chromadb', 'sklearn', 'fastembed', 'lancedb', 'haystack',\n"
        "    'm2v_fast.integrations', 'haystack_integrations') if name in sys.modules]))\n"
    )
    assert process.answer("-c", code) == []
