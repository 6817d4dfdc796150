"""Semantic search in Qdrant: the client embeds texts itself, through fastembed and m2v_fast.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[fastembed]' qdrant-client
    python examples/qdrant_search.py

It keeps some hundred paragraphs of Python's own reference manual in memory, and searches for those
nearest to a few questions. With a Qdrant server, pass its address to `QdrantClient`; the rest stays
the same.
"""

from __future__ import annotations

import time

from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.fastembed import register
from manual import QUESTIONS, hit, paragraphs
from qdrant_client import QdrantClient, models

COLLECTION = "manual"

# Here and not in `main`: processes that the client may start (`parallel=2`) read this line, too.
register(BUNDLED_MODEL)


def main() -> None:
    """Fill a collection, and search it."""
    client = QdrantClient(":memory:")
    size = client.get_embedding_size(BUNDLED_MODEL)
    vectors = models.VectorParams(size=size, distance=models.Distance.COSINE)
    client.create_collection(COLLECTION, vectors_config=vectors)

    documents = paragraphs()
    start = time.perf_counter()
    client.upload_collection(
        COLLECTION,
        vectors=[models.Document(text=text, model=BUNDLED_MODEL) for _, text in documents],
        payload=[{"topic": topic, "text": text} for topic, text in documents],
        ids=[*range(len(documents))],
    )
    seconds = time.perf_counter() - start
    print(f"{len(documents)} paragraphs of {size} dimensions inserted in {seconds:.2f} s")

    for question in QUESTIONS:
        query = models.Document(text=question, model=BUNDLED_MODEL)
        print(f"\n{question}")
        for point in client.query_points(COLLECTION, query=query, limit=2).points:
            payload = point.payload or {}
            print(hit(point.score, payload["topic"], payload["text"]))
    client.close()


if __name__ == "__main__":
    main()
