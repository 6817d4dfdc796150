"""Cosine similarities of two sets of texts or vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel


def similarity(model: StaticModel, first: Any, second: Any) -> NDArray[np.float32]:
    """Compute `StaticModel.similarity`."""
    one, other = (unit(_vectors(model, side, name)) for side, name in ((first, "a"), (second, "b")))
    if one.shape[1] != other.shape[1]:
        raise ValueError(
            f"the vectors of a have {one.shape[1]} columns, those of b {other.shape[1]}"
        )
    scores: NDArray[np.float32] = one @ other.T
    return scores


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide rows by their norms; rows of zeros stay as they are."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    divided: NDArray[np.float32] = vectors / np.maximum(norms, np.float32(1e-12))
    return divided


def _vectors(model: StaticModel, side: Any, name: str) -> NDArray[np.float32]:
    """Texts to vectors, vectors to float32; one of either is a set of one."""
    if isinstance(side, str):
        return model.encode([side])
    if hasattr(side, "__array__"):  # pandas' columns of texts have it, too
        array = np.asarray(side)
        items: Any = array if _is_of_numbers(array) else list(side)
    elif isinstance(side, Iterable) and not isinstance(side, (bytes, bytearray, dict)):
        items = list(side)
    else:
        raise TypeError(f"{name} must be texts or vectors, not {type(side).__name__}")
    if isinstance(items, list):
        if not items or isinstance(items[0], str):
            return model.encode(items)
        try:
            items = np.asarray(items)
        except ValueError:  # rows of several widths
            raise ValueError(f"the vectors of {name} do not have the same length") from None
        if not _is_of_numbers(items):
            raise TypeError(f"{name} must be texts or vectors; they are {items.dtype}")
    if items.ndim not in (1, 2):
        raise ValueError(f"{name} must be one vector or an array of vectors, not {items.ndim}-D")
    vectors: NDArray[np.float32] = np.atleast_2d(items).astype(np.float32)
    return vectors


def _is_of_numbers(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "fiu" or array.dtype.name == "bfloat16"
