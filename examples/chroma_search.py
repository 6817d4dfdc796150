"""Semantic search in Chroma: a collection in a local folder that knows its own model.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[chroma]'
    python examples/chroma_search.py         # a database in a temporary folder
    python examples/chroma_search.py manual  # or one to keep

It adds some hundred paragraphs of Python's own reference manual, opens the collection again by its
name alone, and searches for the paragraphs nearest to a few questions.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import chromadb
from chromadb.config import Settings
from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.chroma import M2VFastEmbeddingFunction
from manual import QUESTIONS, hit, paragraphs

COLLECTION = "manual"


def run(folder: Path) -> None:
    """Fill a collection in the folder, and search it."""
    client: Any = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    if COLLECTION in [collection.name for collection in client.list_collections()]:
        client.delete_collection(COLLECTION)
    function = M2VFastEmbeddingFunction(BUNDLED_MODEL)
    collection = client.create_collection(COLLECTION, embedding_function=function)
    documents = paragraphs()
    start = time.perf_counter()
    collection.add(
        ids=[str(number) for number in range(len(documents))],
        documents=[text for _, text in documents],
        metadatas=[{"topic": topic} for topic, _ in documents],
    )
    seconds = time.perf_counter() - start
    print(f"{collection.count()} paragraphs embedded and added in {seconds:.2f} s")

    found = client.get_collection(COLLECTION).query(query_texts=QUESTIONS, n_results=2)
    for question, distances, texts, metadatas in zip(
        QUESTIONS, found["distances"], found["documents"], found["metadatas"], strict=True
    ):
        print(f"\n{question}")
        for distance, text, metadata in zip(distances, texts, metadatas, strict=True):
            print(hit(1 - distance, metadata["topic"], text))


def main() -> None:
    """Run in the folder named on the command line, else in a temporary one."""
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
    else:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            run(Path(folder))


if __name__ == "__main__":
    main()
