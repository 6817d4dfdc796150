"""The optional test data: real models and documentation paragraphs in six languages.

`M2V_FAST_TEST_DATA` names a folder with `models/<name>/` and `corpora/<language>.jsonl.gz`. With it
the parametrized tests grow; without it they run on what the tests make themselves.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path

VARIABLE = "M2V_FAST_TEST_DATA"


def _root() -> Path | None:
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    root = Path(value)
    if not (root / "models").is_dir() or not (root / "corpora").is_dir():
        raise RuntimeError(f"{VARIABLE}={value}: expected the folders models/ and corpora/ there")
    return root


ROOT = _root()

#: Names of the corpora, such as `en`.
LANGUAGES: tuple[str, ...] = (
    tuple(sorted(p.name.split(".")[0] for p in (ROOT / "corpora").glob("*.jsonl.gz")))
    if ROOT
    else ()
)

#: Folders with a tokenizer.json, matrix or not.
TOKENIZERS: tuple[str, ...] = (
    tuple(sorted(p.parent.name for p in (ROOT / "models").glob("*/tokenizer.json"))) if ROOT else ()
)

#: Complete models.
MODELS: tuple[str, ...] = (
    tuple(sorted(p.parent.name for p in (ROOT / "models").glob("*/model.safetensors")))
    if ROOT
    else ()
)


def model_folder(name: str) -> Path:
    """Folder of a model or tokenizer of the test data."""
    assert ROOT is not None
    return ROOT / "models" / name


@cache
def corpus(language: str) -> tuple[str, ...]:
    """All paragraphs of one language."""
    assert ROOT is not None
    with gzip.open(ROOT / "corpora" / f"{language}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line)["text"] for line in lines)
