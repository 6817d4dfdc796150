"""The arrays a model is made of, and those that a loaded one shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from m2v_fast._native import Model, ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Parts(NamedTuple):
    """The arrays of a model that did not come from a file."""

    vectors: NDArray[Any]
    weights: NDArray[Any] | None
    mapping: NDArray[Any] | None

    @classmethod
    def of(cls, vectors: Any, weights: NDArray[Any] | None, mapping: NDArray[Any] | None) -> Parts:
        """Take a caller's arrays; those that are not C-contiguous and native are copied.

        Raises:
            ModelError: The mapping does not consist of integers.
        """
        if mapping is not None and np.asarray(mapping).dtype.kind not in "iu":
            kind = np.asarray(mapping).dtype.name
            raise ModelError(f"token_mapping must be of integers, not {kind}")
        return cls(
            _plain(vectors),
            None if weights is None else _plain(weights),
            None if mapping is None else np.ascontiguousarray(mapping, dtype=np.int64),
        )

    def model(self, tokenizer_json: str) -> Model:
        """Make the native model, which keeps the arrays."""
        vectors = self.vectors
        name = vectors.dtype.name
        vectors = bits(vectors)
        weights = self.weights
        if weights is not None and weights.dtype == np.float16:
            weights = weights.view(np.uint16)
        if self.mapping is not None and self.mapping.ndim != 1:
            raise ModelError(f"token_mapping has {self.mapping.ndim} dimensions, not one")
        return Model.from_parts(vectors, name, tokenizer_json, self.mapping, weights)


def _plain(array: Any) -> NDArray[Any]:
    plain: NDArray[Any] = np.ascontiguousarray(array)
    return plain.astype(plain.dtype.newbyteorder("="), copy=False)


def bits(array: NDArray[Any]) -> NDArray[Any]:
    """Return bfloat16, which the native part does not know as an array, as its bits."""
    if array.dtype.name == "bfloat16":
        return array.view(np.uint16)
    return array


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written through."""
    view: NDArray[Any] = array.view()
    view.flags.writeable = False
    return view


def stored(native: Model, name: str) -> NDArray[Any] | None:
    """Return a copy of a small tensor of the model's file, or None if there is none."""
    tensor = native.tensor(name)
    return None if tensor is None else np.array(tensor)


def stored_bits(native: Model) -> NDArray[Any]:
    """Return a read-only view of the rows in the model's file, those of bfloat16 as uint16."""
    tensor = native.tensor("embeddings") or native.tensor("embedding.weight")
    view: NDArray[Any] = np.asarray(tensor)
    return view


def stored_embedding(native: Model) -> NDArray[Any]:
    """Return a read-only view of the rows in the model's file."""
    view = stored_bits(native)
    if native.embedding_dtype == "bfloat16":
        try:
            from ml_dtypes import bfloat16
        except ImportError as error:
            raise TypeError(
                "NumPy has no bfloat16: install the package ml_dtypes to look at these rows"
            ) from error
        view = view.view(np.dtype(bfloat16))
    return view
