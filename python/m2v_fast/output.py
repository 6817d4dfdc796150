"""Vectors in the number formats that vector databases store.

The meaning of the names is sentence-transformers': what `quantize_embeddings` makes of float32
vectors there, this makes of them here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

OutputDtype = Literal["float32", "float16", "bfloat16", "int8", "uint8", "binary", "ubinary"]

#: Those that Arrow has a type for.
ArrowDtype = Literal["float32", "float16", "int8", "uint8", "binary", "ubinary"]


def convert(
    vectors: NDArray[np.float32], dtype: OutputDtype, ranges: ArrayLike | None
) -> NDArray[Any]:
    """Convert float32 vectors of shape (dim,) or (n, dim).

    Raises:
        ValueError: The name is unknown, `ranges` is missing or of the wrong shape, or the width is
            not a multiple of eight for bits.
        ImportError: bfloat16 without the package ml_dtypes.
    """
    if dtype == "float32":
        return vectors
    if dtype == "float16":
        return vectors.astype(np.float16)
    if dtype == "bfloat16":
        try:
            from ml_dtypes import bfloat16
        except ImportError as error:
            raise ImportError(
                "NumPy has no bfloat16: install the package ml_dtypes for this output"
            ) from error
        rounded: NDArray[Any] = vectors.astype(bfloat16)
        return rounded
    if dtype in ("binary", "ubinary"):
        if vectors.shape[-1] % 8:
            raise ValueError(
                f"{dtype} packs eight columns to a byte; {vectors.shape[-1]} columns do not fit"
            )
        bits: NDArray[np.uint8] = np.packbits(vectors > 0, axis=-1)
        # -128 to 127 stand for 0 to 255.
        if dtype == "ubinary":
            return bits
        signed: NDArray[np.int8] = (bits.astype(np.int16) - 128).astype(np.int8)
        return signed
    if dtype in ("int8", "uint8"):
        return _steps(vectors, dtype, ranges)
    raise ValueError(
        f"output_dtype {dtype!r} is unknown; there are float32, float16, bfloat16, int8, uint8, "
        "binary and ubinary"
    )


def _steps(vectors: NDArray[np.float32], dtype: str, ranges: ArrayLike | None) -> NDArray[Any]:
    low, high = checked_ranges(dtype, ranges, vectors.shape[-1])
    # Values outside the ranges stop at the ends instead of wrapping around.
    steps: NDArray[np.float32] = ((vectors - low) / ((high - low) / np.float32(255))).clip(0, 255)
    if dtype == "uint8":
        unsigned: NDArray[np.uint8] = steps.astype(np.uint8)
        return unsigned
    signed: NDArray[np.int8] = (steps - np.float32(128)).astype(np.int8)
    return signed


def checked_ranges(dtype: str, given: ArrayLike | None, dim: int) -> NDArray[np.float32]:
    """Check the `ranges` of int8 and uint8.

    Returns:
        An array of shape (2, dim).

    Raises:
        ValueError: There are none, or of another shape, or a column's are no range.
    """
    if given is None:
        raise ValueError(
            f"{dtype} needs ranges=: the smallest and the largest value of each column over a "
            "sample of vectors, an array of shape (2, dim)"
        )
    ranges: NDArray[np.float32] = np.ascontiguousarray(given, dtype=np.float32)
    if ranges.shape != (2, dim):
        raise ValueError(f"ranges has the shape {ranges.shape}; expected (2, {dim})")
    low, high = ranges
    if not (np.isfinite(ranges).all() and (low < high).all()):
        column = int(np.argmin(np.isfinite(ranges).all(axis=0) & (low < high)))
        raise ValueError(f"ranges[:, {column}] is no range: {low[column]} to {high[column]}")
    return ranges
