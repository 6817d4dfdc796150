"""Models to measure: a given one, and others on the same tokenizer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import m2v_fast
import numpy as np
from m2v_fast.sources import resolve as resolve_source
from safetensors.numpy import save_file
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


def bundled_folder() -> Path:
    """Folder of the model inside the package."""
    return resolve_source(m2v_fast.BUNDLED_MODEL)


def made_model(source: Path, out: Path, width: int, dtype: DTypeLike) -> Path:
    """A model of random rows with the tokenizer of `source`."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = source / "tokenizer.json"
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    tokens = Tokenizer.from_file(str(tokenizer)).get_vocab_size()
    values = np.random.default_rng(0).standard_normal((tokens, width)) * 0.1
    save_file({"embeddings": values.astype(dtype)}, out / "model.safetensors")
    config = {"model_type": "model2vec", "normalize": True, "hidden_dim": width}
    (out / "config.json").write_text(json.dumps(config))
    return out


def float32_model(source: Path, out: Path, width: int = 256) -> Path:
    """A model of `width` float32 dims with the tokenizer of `source`: what baselines run on."""
    return made_model(source, out, width, np.float32)


def float16_model(source: Path, out: Path, width: int = 256) -> Path:
    """The same with rows of half the size."""
    return made_model(source, out, width, np.float16)


def resolve(model: str | None) -> Path:
    """Folder of a model given on the command line; the bundled model without one."""
    if model is None or model == m2v_fast.BUNDLED_MODEL:
        return bundled_folder()
    return Path(model)


def is_whole(folder: Path) -> bool:
    """Whether there is a matrix beside the tokenizer."""
    return (folder / "model.safetensors").exists()
