"""A second, naive implementation of the numbers contract, to judge the package by.

Ids come from the `tokenizers` library, everything else from NumPy, written for plainness: rows are
added one after another in a Python loop. It covers what the reference cannot load (bfloat16), what
it rounds away (float16) and what it sums in another order (width 1).
"""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from tests.support.folders import LAYOUTS
from tests.support.tensors import Array, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Float32 = npt.NDArray[np.float32]


class Ids:
    """Ids as the `tokenizers` library gives them: cut on the right, then freed of the unknown."""

    def __init__(self, tokenizer_json: str) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer_json)
        self._tokenizer.no_padding()
        vocabulary = self._tokenizer.get_vocab(with_added_tokens=True)
        self.median_token_length = int(median(len(token) for token in vocabulary))
        model = json.loads(tokenizer_json)["model"]
        self.unk_token_id: int | None
        if model.get("type") == "Unigram":
            self.unk_token_id = model.get("unk_id")
        else:
            unknown = model.get("unk_token")
            self.unk_token_id = None if unknown is None else vocabulary.get(unknown)

    def cut(self, texts: Sequence[str], max_length: int | None) -> list[str]:
        """Each text's first `max_length` times `median_token_length` characters."""
        if max_length is None:
            return list(texts)
        return [text[: max_length * self.median_token_length] for text in texts]

    def of(self, texts: Sequence[str], max_length: int | None) -> list[list[int]]:
        """Ids of whole texts: at most `max_length`, counted before the unknown id goes."""
        if max_length is None:
            self._tokenizer.no_truncation()
        else:
            self._tokenizer.enable_truncation(max_length)
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [[i for i in e.ids if i != self.unk_token_id] for e in encodings]

    def to_encode(self, texts: Sequence[str], max_length: int | None) -> list[list[int]]:
        """Ids whose rows make the vector: of the text cut to its first characters."""
        return self.of(self.cut(texts, max_length), max_length)


class Vectors:
    """Rows, weights, mean and norm of one matrix."""

    def __init__(self, folder: Path) -> None:
        matrix_file, name = next(
            (folder / matrix, tensor)
            for config, matrix, tokenizer, tensor in LAYOUTS.values()
            if all((folder / part).exists() for part in (config, matrix, tokenizer))
        )
        tensors = {key: tensor.array() for key, tensor in read(matrix_file).items()}
        self.matrix: Array = tensors[name]
        self.mapping: Array | None = tensors.get("mapping")
        self.weights: Array | None = tensors.get("weights")

    @property
    def dim(self) -> int:
        """Width of a row."""
        return int(self.matrix.shape[1])

    def _mean(self, ids: Sequence[int] | Array) -> Float32:
        ids = np.asarray(ids)
        rows = self.matrix[ids if self.mapping is None else self.mapping[ids]]
        if self.weights is not None:
            rows = rows * self.weights[ids][:, None]
        if rows.dtype == np.int8:
            sums = rows.sum(axis=0, dtype=np.int64)
            return np.asarray(sums / len(ids), np.float32)
        wide = np.float64 if rows.dtype == np.float64 else np.float32
        total = np.zeros(self.dim, wide)
        for row in rows:
            total = total + row.astype(wide)
        mean = total / wide(len(ids))
        if rows.dtype == np.float16 and self.matrix.dtype == np.int8:
            # int8 x float16: the reference's mean is float16, but its output is not.
            mean = mean.astype(np.float16)
        return np.asarray(mean, np.float32)

    def pool(self, ids: Sequence[Sequence[int] | Array], normalize: bool) -> Float32:
        """One vector for each list of ids; zeros for an empty one."""
        out = np.zeros((len(ids), self.dim), np.float32)
        with np.errstate(all="ignore"):
            for i, some in enumerate(ids):
                if len(some):
                    out[i] = self._mean(some)
            return normalized(out) if normalize else out


def normalized(vectors: Float32) -> Float32:
    """Every row divided by its length, summed in NumPy's pairwise order."""
    if not len(vectors):
        return vectors
    squares = vectors * vectors
    length = np.sqrt(_pairwise(list(squares.T))) + np.float32(1e-32)
    return np.asarray(vectors / length[:, None], np.float32)


def _pairwise(columns: list[Float32]) -> Float32:
    """Sum of the columns, in the order NumPy sums contiguous values."""
    n = len(columns)
    if n < 8:
        total = np.zeros_like(columns[0])
        for column in columns:
            total = total + column
        return total
    if n <= 128:
        r = [columns[j] for j in range(8)]
        whole = n - n % 8
        for i in range(8, whole, 8):
            r = [r[j] + columns[i + j] for j in range(8)]
        total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
        for column in columns[whole:]:
            total = total + column
        return total
    half = n // 2
    half -= half % 8
    return _pairwise(columns[:half]) + _pairwise(columns[half:])


class Twin:
    """A whole model."""

    def __init__(self, folder: Path) -> None:
        config, _, tokenizer, _ = next(
            layout
            for layout in LAYOUTS.values()
            if all((folder / part).exists() for part in layout[:3])
        )
        self.ids = Ids((folder / tokenizer).read_text(encoding="utf-8"))
        self.vectors = Vectors(folder)
        self.config: dict[str, Any] = json.loads((folder / config).read_text(encoding="utf-8"))

    def encode(
        self, texts: Sequence[str], *, max_length: int | None = 512, normalize: bool = False
    ) -> Float32:
        """The vectors that the package must give, to the bit."""
        return self.vectors.pool(self.ids.to_encode(texts, max_length), normalize)
