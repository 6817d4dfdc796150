"""Encoding with a progress bar: the texts in batches, one step of the bar each."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from tqdm.auto import tqdm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from m2v_fast._native import Model
    from m2v_fast.arrow_types import ArrowData


def _batches(texts: list[str], size: int) -> Iterator[tuple[int, list[str]]]:
    if size < 1:
        raise ValueError(f"batch_size must be at least 1, not {size}")
    with tqdm(total=len(texts), unit="text") as bar:
        for start in range(0, len(texts), size):
            batch = texts[start : start + size]
            yield start, batch
            bar.update(len(batch))


def encode_in_steps(
    native: Model,
    sentences: Iterable[str] | ArrowData,
    max_length: int | None,
    normalize: bool,
    batch_size: int,
    num_threads: int | None,
    out: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Encode as `Model.encode` does."""
    if hasattr(sentences, "__arrow_c_stream__") or hasattr(sentences, "__arrow_c_array__"):
        # A column is read once and in one piece.
        with tqdm(unit="text") as bar:
            vectors = native.encode(sentences, max_length, normalize, num_threads, out)
            bar.update(len(vectors))
        return vectors
    texts = list(cast("Iterable[str]", sentences))
    if out is None:
        out = np.empty((len(texts), native.dim), dtype=np.float32)
    elif out.shape != (len(texts), native.dim):
        raise ValueError(
            f"out has the shape {out.shape}; the vectors have {(len(texts), native.dim)}"
        )
    for start, batch in _batches(texts, batch_size):
        rows = out[start : start + len(batch)]
        try:
            native.encode(batch, max_length, normalize, num_threads, rows)
        except (TypeError, ValueError):
            # Once more in one piece, so that the message counts from the first text.
            return native.encode(texts, max_length, normalize, num_threads, out)
    return out


def sequences_in_steps(
    native: Model,
    sentences: Iterable[str],
    max_length: int | None,
    batch_size: int,
    num_threads: int | None,
) -> list[NDArray[np.float32]]:
    """Make sequences as `Model.encode_as_sequence` does."""
    rows: list[NDArray[np.float32]] = []
    for _, batch in _batches(list(sentences), batch_size):
        rows += native.encode_as_sequence(batch, max_length, num_threads)
    return rows
