"""Vectors that are not ours, in a module of its own, which workers of engines can import."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa


@lru_cache
def reference(folder: str) -> Any:
    """model2vec's model, loaded once for each process."""
    from model2vec import StaticModel

    return StaticModel.from_pretrained(folder)


def theirs(folder: str, texts: Any) -> Any:
    """Vectors of a column."""
    vectors = reference(folder).encode(texts.to_pylist(), use_multiprocessing=False)
    vectors = np.ascontiguousarray(vectors)
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])


@lru_cache
def _made(rows: int, dim: int) -> Any:
    vectors = np.random.default_rng(0).standard_normal((rows, dim), np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dim)


def nothing(texts: Any, dim: int) -> Any:
    """As many vectors of random numbers, made beforehand: what is left is the engine."""
    rows = len(texts)
    return _made(max(10_000, rows), dim)[:rows]
