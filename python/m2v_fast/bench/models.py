"""Models to measure: a given one, or one of random rows with its tokenizer."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np

from m2v_fast import BUNDLED_MODEL, tokenizer_object
from m2v_fast._native import write_tensors
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from pathlib import Path


def bundled_folder() -> Path:
    """Return the folder of the model inside the package."""
    return resolve(BUNDLED_MODEL)


def made_model(source: Path, out: Path, width: int, dtype: str) -> Path:
    """Make a model of random rows with the tokenizer of `source`, which needs no more than that.

    Raises:
        FileNotFoundError: There is no tokenizer.json.
    """
    nested = source / "0_StaticEmbedding" / "tokenizer.json"
    tokenizer = nested if nested.exists() else source / "tokenizer.json"
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    text = tokenizer.read_text(encoding="utf-8")
    tokens = tokenizer_object.from_json(text, None).get_vocab_size()
    values = np.random.default_rng(0).standard_normal((tokens, width)) * 0.1
    write_tensors(out / "model.safetensors", [("embeddings", dtype, values.astype(dtype))])
    config = {"model_type": "model2vec", "normalize": True, "hidden_dim": width}
    (out / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return out


def is_whole(folder: Path) -> bool:
    """Whether there is a matrix beside the tokenizer."""
    return any((folder / part / "model.safetensors").exists() for part in ("", "0_StaticEmbedding"))
