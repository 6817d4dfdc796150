"""A static embedding model of sentence-transformers, before and after `accelerate`.

Install, then run; nothing is downloaded, as the rows of the bundled model are used:

    pip install '.[sentence-transformers]'
    python examples/sentence_transformers_encode.py

It embeds the paragraphs of Python's own reference manual with torch and with m2v_fast, and says how
long each took and how far the vectors are apart. With a model from the hub, the first lines of
`main` become `model = SentenceTransformer("sentence-transformers/static-retrieval-mrl-en-v1")`.
"""

from __future__ import annotations

import json
import time
from pydoc_data.topics import topics
from typing import TYPE_CHECKING, Any

import numpy as np
from m2v_fast import BUNDLED_MODEL, StaticModel
from m2v_fast.integrations.sentence_transformers import accelerate
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = [part for text in topics.values() for part in text.split("\n\n") if part.strip()]


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shortest of three times in seconds, and the result."""
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def main() -> None:
    """Embed with both, and compare."""
    source = StaticModel.from_pretrained(BUNDLED_MODEL)
    embedding = StaticEmbedding(source.tokenizer, source.embedding.astype(np.float32))
    model: Any = SentenceTransformer(modules=[embedding, Normalize()], device="cpu")

    torch_seconds, expected = timed(lambda: model.encode(TEXTS, batch_size=1024))
    accelerate(model)
    seconds, vectors = timed(lambda: model.encode(TEXTS, batch_size=1024))
    print(f"{len(TEXTS)} paragraphs: torch {torch_seconds:.3f} s, m2v_fast {seconds:.3f} s")
    numbers = {
        "times as fast": round(torch_seconds / seconds, 1),
        "largest difference": float(np.abs(vectors - expected).max()),
    }
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
