"""Complete model folders, in the three layouts, of any dtype, width and setting."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from tests.support.tensors import Tensor, file_bytes, random_matrix

if TYPE_CHECKING:
    from pathlib import Path

#: layout -> (config, matrix, tokenizer, name of the matrix's tensor)
LAYOUTS: dict[str, tuple[str, str, str, str]] = {
    "model2vec": ("config.json", "model.safetensors", "tokenizer.json", "embeddings"),
    "sentence-transformers": (
        "config_sentence_transformers.json",
        "model.safetensors",
        "tokenizer.json",
        "embedding.weight",
    ),
    "nested": (
        "config_sentence_transformers.json",
        "0_StaticEmbedding/model.safetensors",
        "0_StaticEmbedding/tokenizer.json",
        "embedding.weight",
    ),
}

MATRIX_DTYPES = ("float32", "float16", "bfloat16", "float64", "int8")


@dataclass(frozen=True)
class Shape:
    """What a made-up model consists of; `None` leaves a part out."""

    dtype: str = "float32"
    width: int = 32
    mapping: str | None = None
    weights: str | None = None
    rows: int | None = None
    seed: int = 0

    def tensors(self, tokens: int, name: str = "embeddings") -> dict[str, Tensor]:
        """Seeded tensors for a vocabulary of `tokens` tokens."""
        rng = np.random.default_rng(self.seed + 1)
        # A mapped model shares rows between tokens; some rows belong to none.
        rows = self.rows or (max(tokens // 3, 1) if self.mapping else tokens)
        tensors = {name: random_matrix(rows, self.width, self.dtype, self.seed)}
        if self.weights:
            weights = rng.uniform(0.05, 2.0, tokens).astype(self.weights)
            tensors["weights"] = Tensor.of(weights)
        if self.mapping:
            mapping = rng.integers(0, rows, tokens).astype(self.mapping)
            tensors["mapping"] = Tensor.of(mapping)
        return tensors


@dataclass(frozen=True)
class Folder:
    """A model folder on disk and how to name its parts."""

    path: Path
    layout: str = "model2vec"
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def config_file(self) -> Path:
        """The configuration."""
        return self.path / LAYOUTS[self.layout][0]

    @property
    def matrix_file(self) -> Path:
        """The safetensors file."""
        return self.path / LAYOUTS[self.layout][1]

    @property
    def tokenizer_file(self) -> Path:
        """The tokenizer.json."""
        return self.path / LAYOUTS[self.layout][2]

    def tokenizer_json(self) -> str:
        """The text of the tokenizer.json."""
        return self.tokenizer_file.read_text(encoding="utf-8")


def tokenizer_text(source: Tokenizer | Path | str) -> str:
    """tokenizer.json's text, whatever describes the tokenizer."""
    if isinstance(source, Tokenizer):
        return source.to_str()
    return source if isinstance(source, str) else source.read_text(encoding="utf-8")


def write_folder(
    path: Path,
    tokenizer: Tokenizer | Path | str,
    tensors: dict[str, Tensor] | Shape,
    *,
    layout: str = "model2vec",
    config: dict[str, Any] | None = None,
    shift: int = 0,
) -> Folder:
    """Writes a model folder. `config` replaces the configuration, `shift` unaligns the data."""
    content = {"model_type": "model2vec"} if config is None else config
    config_name, matrix_name, tokenizer_name, tensor_name = LAYOUTS[layout]
    text = tokenizer_text(tokenizer)
    if isinstance(tensors, Shape):
        tensors = tensors.tensors(Tokenizer.from_str(text).get_vocab_size(), tensor_name)
    for name, data in (
        (config_name, json.dumps(content).encode()),
        (matrix_name, file_bytes(tensors, shift=shift)),
        (tokenizer_name, text.encode()),
    ):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return Folder(path, layout, content)
