"""Semantic search with LlamaIndex: an index in memory; no language model takes part.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[llama-index]'
    python examples/llama_index_search.py

It embeds some hundred paragraphs of Python's own reference manual, and searches for those nearest
to a few questions. To use the model everywhere, set `Settings.embed_model`.
"""

from __future__ import annotations

import asyncio
import time

from llama_index.core import VectorStoreIndex
from llama_index.core.schema import TextNode
from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.llama_index import M2VFastEmbedding
from manual import QUESTIONS, hit, paragraphs


async def main() -> None:
    """Make an index, and search it."""
    nodes = [
        # Without the exclusion, LlamaIndex would embed the topic together with the text.
        TextNode(text=text, metadata={"topic": topic}, excluded_embed_metadata_keys=["topic"])
        for topic, text in paragraphs()
    ]
    start = time.perf_counter()
    index = VectorStoreIndex(nodes, embed_model=M2VFastEmbedding(BUNDLED_MODEL))
    seconds = time.perf_counter() - start
    print(f"{len(nodes)} paragraphs embedded and indexed in {seconds:.2f} s")

    retriever = index.as_retriever(similarity_top_k=2)
    searches = (retriever.aretrieve(question) for question in QUESTIONS)
    for question, found in zip(QUESTIONS, await asyncio.gather(*searches), strict=True):
        print(f"\n{question}")
        for item in found:
            print(hit(item.score, item.node.metadata["topic"], item.node.get_content()))


if __name__ == "__main__":
    asyncio.run(main())
