"""Ids of the Hugging Face library, and NumPy's mean and norm: the arithmetic of model2vec.

Nothing here runs on the native module, which only hands over the rows; the tokenizer.json is that
of the folder, if the model came from one.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast import arrays, tokenizer_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel


class Reference:
    """A model's ids and vectors, computed by `tokenizers` and NumPy."""

    def __init__(self, model: StaticModel) -> None:
        """Take over a model as it is set now.

        Raises:
            ImportError: The package tokenizers is not installed.
        """
        native = model._follow()
        # As it is in the folder now: what the native module makes of it must not matter.
        files = native.files
        text = (
            native.tokenizer_json() if files is None else Path(files[2]).read_text(encoding="utf-8")
        )
        self.max_length = model.max_length
        self.normalize = model.normalize
        self.tokenizer = tokenizer_object.from_json(text, self.max_length)
        vocabulary = self.tokenizer.get_vocab()
        self.median_token_length = int(median(map(len, vocabulary)))
        self.unknown: int | None = None
        if model.unknown == "drop":
            file = json.loads(text)["model"]
            token = file.get("unk_token")
            self.unknown = vocabulary.get(token) if token is not None else file.get("unk_id")
        self.rows = _rows(model)
        self.mapping = model.token_mapping
        self.weights = model.weights

    def cut(self, texts: Sequence[str]) -> list[str]:
        """Return what `encode` looks at of each text."""
        if self.max_length is None:
            return list(texts)
        return [text[: self.max_length * self.median_token_length] for text in texts]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids whose rows make the vectors."""
        encode = getattr(self.tokenizer, "encode_batch_fast", self.tokenizer.encode_batch)
        found = encode(self.cut(texts), add_special_tokens=False)
        return [[i for i in encoding.ids if i != self.unknown] for encoding in found]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors."""
        return self.pool(self.ids(texts))

    def pool(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the vectors of some ids."""
        out = np.zeros((len(ids), self.rows.shape[1]), np.float32)
        with np.errstate(all="ignore"):
            for vector, some in zip(out, ids, strict=True):
                if some:
                    vector[:] = self._mean(np.asarray(some))
            if self.normalize:
                out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-32
        return out

    def _mean(self, ids: NDArray[np.int64]) -> NDArray[Any]:
        rows = self.rows[ids if self.mapping is None else self.mapping[ids]]
        if self.weights is not None:
            rows = rows * self.weights[ids][:, None]
        # float16 is summed in float32 and stays there; of int8 rows model2vec rounds it back.
        half = rows.dtype == np.float16
        mean: NDArray[Any] = rows.mean(axis=0, dtype=np.float32 if half else None)
        return mean.astype(np.float16) if half and self.rows.dtype == np.int8 else mean


def _rows(model: StaticModel) -> NDArray[Any]:
    if model.embedding_dtype != "bfloat16":
        return model.embedding
    # NumPy lacks bfloat16, which is the upper half of a float32.
    bits = (
        arrays.bits(model.embedding) if model.folder is None else arrays.stored_bits(model._native)
    )
    return (bits.astype(np.uint32) << 16).view(np.float32)
