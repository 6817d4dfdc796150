"""Smaller matrices, made as model2vec 0.10.0 makes them (`quantization.py` there)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel

Model = TypeVar("Model", bound="StaticModel")

_DTYPES = {"float64": np.float64, "float32": np.float32, "float16": np.float16, "int8": np.int8}


def quantize_model(
    model: Model,
    vocabulary_quantization: int | None = None,
    quantize_to: str | None = None,
    dimensionality: int | None = None,
) -> Model:
    """Return a smaller model, made as model2vec's function of this name makes it.

    Args:
        model: The model; it is left as it is.
        vocabulary_quantization: Cluster the rows into this many (needs scikit-learn).
        quantize_to: Convert the rows to "float64", "float32", "float16" or "int8".
        dimensionality: Keep this many columns.

    Raises:
        ValueError: The rows are clustered already, or the arguments do not fit the model.
    """
    embedding, weights, mapping = model.embedding, model.weights, model.token_mapping
    if vocabulary_quantization is not None:
        if model.vocabulary_quantization is not None:
            raise ValueError("the model's rows are clustered already")
        embedding, mapping, weights = cluster_rows(vocabulary_quantization, weights, embedding)
    embedding = reduce_rows(embedding, quantize_to, dimensionality)
    return model._with_rows(embedding, weights, mapping)


def reduce_rows(
    rows: NDArray[Any], quantize_to: str | None, dimensionality: int | None
) -> NDArray[Any]:
    """Convert rows to another dtype and keep the first columns."""
    if quantize_to is not None:
        rows = _quantize(rows, quantize_to)
    if dimensionality is not None:
        if not 1 <= dimensionality <= rows.shape[1]:
            raise ValueError(
                f"dimensionality must be 1 to {rows.shape[1]}, the model's width, not "
                f"{dimensionality}"
            )
        rows = rows[:, :dimensionality]
    return rows


def _quantize(rows: NDArray[Any], name: str) -> NDArray[Any]:
    name = getattr(name, "value", name)  # model2vec's DType is an enumeration of these names
    dtype = _DTYPES.get(name)
    if dtype is None:
        raise ValueError(f"quantize_to must be one of {', '.join(_DTYPES)}, not {name!r}")
    if rows.dtype == dtype:
        return rows
    if dtype is not np.int8:
        return rows.astype(dtype)
    # The largest magnitude becomes 127; the division is done in float16, as in the reference.
    scale = np.max(np.abs(rows)) / 127.0
    steps = rows.astype(np.float16, copy=True)
    np.divide(steps, scale, out=steps)
    return np.clip(np.rint(steps), -127, 127).astype(np.int8)


def cluster_rows(
    clusters: int, weights: NDArray[Any] | None, rows: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Cluster the rows, and return the clusters' centers, the cluster and the weight of each row.

    Without weights, the rows' norms become the weights and their directions are clustered.
    """
    try:
        from sklearn.cluster import KMeans
    except ImportError as error:
        raise ImportError(
            "vocabulary_quantization needs scikit-learn: pip install m2v-fast[quantization]"
        ) from error
    if weights is None:
        weights = np.linalg.norm(rows, axis=1) + 1e-32
        rows = rows / weights[:, None]
    numbers = rows.astype(np.float32)
    means = KMeans(n_clusters=clusters, random_state=42, init="random").fit(numbers)
    return means.cluster_centers_.astype(rows.dtype), means.predict(numbers), weights
