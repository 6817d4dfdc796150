"""A pure NumPy reference: ids from `tokenizers`, rows, mean, norm, and nothing else."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class NumpyModel:
    """A model folder in the model2vec layout, with or without weights and mapping."""

    def __init__(self, folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        self.matrix: NDArray[Any] = tensors["embeddings"]
        self.mapping: NDArray[Any] | None = tensors.get("mapping")
        self.weights: NDArray[Any] | None = tensors.get("weights")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.normalize: bool = config.get("normalize", False)
        self.max_length: int | None = config.get("max_length", 512)
        text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        self.tokenizer = Tokenizer.from_str(text)
        self.tokenizer.no_padding()
        vocabulary = self.tokenizer.get_vocab()
        self.median_token_length = int(median(map(len, vocabulary)))
        model = json.loads(text)["model"]
        unknown = model.get("unk_token")
        self.unk_id: int | None = vocabulary.get(unknown) if unknown else model.get("unk_id")

    def ids(self, texts: Sequence[str], max_length: int | None) -> list[list[int]]:
        """Ids of the texts, cut to the length, without the unknown one."""
        if max_length is None:
            self.tokenizer.no_truncation()
        else:
            self.tokenizer.enable_truncation(max_length)
            texts = [text[: max_length * self.median_token_length] for text in texts]
        found = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [[i for i in encoding.ids if i != self.unk_id] for encoding in found]

    def encode(self, texts: Sequence[str], **options: Any) -> NDArray[np.float32]:
        """Vectors of the texts; takes `max_length`."""
        ids = self.ids(texts, options.get("max_length", self.max_length))
        out = np.zeros((len(ids), self.matrix.shape[1]), np.float32)
        for vector, some in zip(out, ids, strict=True):
            if some:
                rows = self.matrix[some if self.mapping is None else self.mapping[some]]
                if self.weights is not None:
                    rows = rows * self.weights[some][:, None]
                # float16 is summed in float32 and stays there; the others as NumPy does by itself.
                wide = np.float32 if rows.dtype == np.float16 else None
                vector[:] = rows.mean(axis=0, dtype=wide)
        if self.normalize:
            out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-32
        return out
