"""Chunks of a long text with chonkie: cut where the subject changes, and not amid a sentence.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[chonkie]'
    python examples/chonkie_chunks.py

It cuts the chapter on the import system out of Python's own reference manual into chunks of at
most 200 tokens.
"""

from __future__ import annotations

from pydoc_data.topics import topics

from chonkie import SemanticChunker
from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.chonkie import M2VFastEmbeddings

CHUNK_SIZE = 200


def main() -> None:
    """Print the size and the beginning of each chunk."""
    text = "\n\n".join(" ".join(part.split()) for part in topics["import"].split("\n\n"))
    chunker = SemanticChunker(M2VFastEmbeddings(BUNDLED_MODEL), chunk_size=CHUNK_SIZE)
    for chunk in chunker.chunk(text):
        beginning = " ".join(chunk.text.split())[:80]
        print(f"{chunk.token_count:4} tokens: {beginning} …")


if __name__ == "__main__":
    main()
