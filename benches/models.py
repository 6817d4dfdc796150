"""Models to measure: a given one, and a float32 one on the same tokenizer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import m2v_fast
import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer


def bundled_folder() -> Path:
    """Folder of the model inside the package."""
    return m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL).folder


def float32_model(source: Path, out: Path, width: int = 256) -> Path:
    """A model of `width` float32 dims with the tokenizer of `source`: what baselines run on."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = source / "tokenizer.json"
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    tokens = Tokenizer.from_file(str(tokenizer)).get_vocab_size()
    values = np.random.default_rng(0).standard_normal((tokens, width)) * 0.1
    save_file({"embeddings": values.astype(np.float32)}, out / "model.safetensors")
    config = {"model_type": "model2vec", "normalize": True, "hidden_dim": width}
    (out / "config.json").write_text(json.dumps(config))
    return out


def resolve(model: str | None) -> Path:
    """Folder of a model given on the command line; the bundled model without one."""
    if model is None or model == m2v_fast.BUNDLED_MODEL:
        return bundled_folder()
    return Path(model)
