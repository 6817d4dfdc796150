"""What a smaller model costs: its vectors beside those of the model it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from m2v_fast.similarity import unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel

#: Texts among which neighbours are looked for, and those whose neighbours are: evenly spread ones,
#: so that a big file takes seconds.
MOST_TEXTS, MOST_QUERIES = 10_000, 1_000
_BLOCK = 100


class Costs(NamedTuple):
    """How close the vectors of two models are, over some texts."""

    texts: int
    """Different texts with a vector in both models."""
    cosine: float
    """Mean cosine of a text's two vectors, the shorter one filled up with zeros."""
    lowest: float
    """The lowest of these cosines."""
    neighbours: int
    """How many nearest neighbours are compared: 10, or fewer if there are not as many texts."""
    overlap: float
    """Mean share of a text's nearest neighbours that both models have in common."""


def measure(original: StaticModel, converted: StaticModel, texts: Iterable[str]) -> Costs:
    """Compare two models over texts; the same text again, and texts without tokens, do not count.

    Raises:
        ValueError: Fewer than two texts are left.
    """
    chosen = _spread(np.array(list(dict.fromkeys(texts)), dtype=object), MOST_TEXTS)
    one, other = (unit(model.encode(chosen.tolist())) for model in (original, converted))
    there = one.any(axis=1) & other.any(axis=1)
    one, other = one[there], other[there]
    count = len(one)
    if count < 2:
        raise ValueError(
            f"{count} different texts with known tokens: comparing models takes at least two"
        )
    width = min(one.shape[1], other.shape[1])
    cosines = np.einsum("ij,ij->i", one[:, :width], other[:, :width])
    neighbours = min(10, count - 1)
    queries = _spread(np.arange(count), MOST_QUERIES)
    shares = [
        len(set(first) & set(second)) / neighbours
        for first, second in zip(
            _nearest(one, queries, neighbours), _nearest(other, queries, neighbours), strict=True
        )
    ]
    return Costs(
        count, float(cosines.mean()), float(cosines.min()), neighbours, float(np.mean(shares))
    )


def _spread(items: NDArray[np.generic], most: int) -> NDArray[np.generic]:
    if len(items) <= most:
        return items
    return items[np.linspace(0, len(items) - 1, most).astype(np.int64)]


def _nearest(
    vectors: NDArray[np.float32], queries: NDArray[np.generic], count: int
) -> list[list[int]]:
    """The rows nearest to each row asked for, without itself; of equals, those that come first."""
    found: list[list[int]] = []
    for start in range(0, len(queries), _BLOCK):
        rows = queries[start : start + _BLOCK]
        scores = vectors[rows] @ vectors.T
        scores[np.arange(len(rows)), rows] = -np.inf
        found += np.argsort(-scores, axis=1, kind="stable")[:, :count].tolist()
    return found
