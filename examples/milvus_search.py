"""Semantic search in Milvus Lite: a vector database in one local file, and no server to run.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[milvus]'
    python examples/milvus_search.py            # a database in a temporary folder
    python examples/milvus_search.py manual.db  # or one to keep

It embeds some hundred paragraphs of Python's own reference manual, inserts them in batches, and
searches for the paragraphs nearest to a few questions. With a Milvus server, pass its address to
`MilvusClient`; the rest stays the same.
"""

from __future__ import annotations

import sys
import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from m2v_fast import BUNDLED_MODEL, Model2VecEmbeddingFunction
from manual import QUESTIONS, hit, paragraphs
from pymilvus import MilvusClient

if TYPE_CHECKING:
    from collections.abc import Iterator

COLLECTION = "manual"
BATCH = 200


def rows(
    embed: Model2VecEmbeddingFunction, documents: list[tuple[str, str]]
) -> Iterator[list[dict[str, object]]]:
    """Embed documents batch by batch, as rows to insert."""
    numbered = iter(enumerate(documents))
    while batch := list(islice(numbered, BATCH)):
        vectors = embed.encode_documents([text for _, (_, text) in batch])
        yield [
            {"id": number, "vector": vector, "topic": topic, "text": text}
            for (number, (topic, text)), vector in zip(batch, vectors, strict=True)
        ]


def run(file: Path) -> None:
    """Fill the database in the file, and search it."""
    embed = Model2VecEmbeddingFunction(BUNDLED_MODEL)
    documents = paragraphs()
    client = MilvusClient(str(file))
    if client.has_collection(COLLECTION):
        client.drop_collection(COLLECTION)
    client.create_collection(COLLECTION, dimension=embed.dim, metric_type="COSINE")

    start = time.perf_counter()
    inserted = sum(
        client.insert(COLLECTION, batch)["insert_count"] for batch in rows(embed, documents)
    )
    seconds = time.perf_counter() - start
    print(f"{inserted} paragraphs of {embed.dim} dimensions inserted in {seconds:.2f} s")

    start = time.perf_counter()
    queries = embed.encode_queries(QUESTIONS)
    embedded = time.perf_counter() - start
    results = client.search(COLLECTION, data=queries, limit=2, output_fields=["topic", "text"])
    for question, hits in zip(QUESTIONS, results, strict=True):
        print(f"\n{question}")
        for found in hits:
            entity = found["entity"]
            print(hit(found["distance"], entity["topic"], entity["text"]))
    print(f"\n{len(QUESTIONS)} questions embedded in {embedded * 1e3:.2f} ms")
    client.close()


def main() -> None:
    """Run in the file named on the command line, else in a temporary one."""
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
    else:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            run(Path(folder) / "manual.db")


if __name__ == "__main__":
    main()
