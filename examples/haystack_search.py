"""Semantic search with Haystack: one pipeline that fills a store, one that searches it.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[haystack]'
    python examples/haystack_search.py

It keeps some hundred paragraphs of Python's own reference manual in memory, saves the pipeline that
searches, restores it, and asks it a few questions.
"""

from __future__ import annotations

import time

from haystack import Document, Pipeline
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.m2v_fast import (
    M2VFastDocumentEmbedder,
    M2VFastTextEmbedder,
)
from m2v_fast import BUNDLED_MODEL
from manual import QUESTIONS, hit, paragraphs


def main() -> None:
    """Fill a store, and search it."""
    store = InMemoryDocumentStore(index="manual", embedding_similarity_function="cosine")
    filling = Pipeline()
    filling.add_component("embed", M2VFastDocumentEmbedder(BUNDLED_MODEL))
    filling.add_component("write", DocumentWriter(store))
    filling.connect("embed", "write")

    documents = [Document(content=text, meta={"topic": topic}) for topic, text in paragraphs()]
    start = time.perf_counter()
    filling.run({"embed": {"documents": documents}})
    seconds = time.perf_counter() - start
    print(f"{store.count_documents()} paragraphs embedded and written in {seconds:.2f} s")

    finding = Pipeline()
    finding.add_component("embed", M2VFastTextEmbedder(BUNDLED_MODEL))
    finding.add_component("retrieve", InMemoryEmbeddingRetriever(store, top_k=2))
    finding.connect("embed.embedding", "retrieve.query_embedding")
    restored = Pipeline.loads(finding.dumps())
    for question in QUESTIONS:
        print(f"\n{question}")
        for found in restored.run({"embed": {"text": question}})["retrieve"]["documents"]:
            print(hit(found.score, found.meta["topic"], found.content))


if __name__ == "__main__":
    main()
