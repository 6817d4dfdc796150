"""Semantic search with LangChain: a vector store in memory, and questions asked at the same time.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[langchain]'
    python examples/langchain_search.py

It embeds some hundred paragraphs of Python's own reference manual, and searches for those nearest
to a few questions. Any other vector store of LangChain's takes `M2VFastEmbeddings` in the same way.
"""

from __future__ import annotations

import asyncio
import time

from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore
from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.langchain import M2VFastEmbeddings
from manual import QUESTIONS, hit, paragraphs


async def main() -> None:
    """Fill a store, and search it."""
    store = InMemoryVectorStore(M2VFastEmbeddings(BUNDLED_MODEL))
    documents = [
        Document(page_content=text, metadata={"topic": topic}) for topic, text in paragraphs()
    ]
    start = time.perf_counter()
    await store.aadd_documents(documents)
    seconds = time.perf_counter() - start
    print(f"{len(documents)} paragraphs embedded and added in {seconds:.2f} s")

    searches = (store.asimilarity_search_with_score(question, k=2) for question in QUESTIONS)
    for question, found in zip(QUESTIONS, await asyncio.gather(*searches), strict=True):
        print(f"\n{question}")
        for document, score in found:
            print(hit(score, document.metadata["topic"], document.page_content))


if __name__ == "__main__":
    asyncio.run(main())
