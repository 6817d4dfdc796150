"""Ids and vectors of every kind of model, kept on one machine and compared on another.

usage: python -m tests.long.figures write|check FOLDER; `make test-arm64` writes on the machine that
it runs on and checks on an emulated one. What is checked needs neither the Hugging Face library nor
the same Python: models and texts lie in FOLDER beside the figures.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import m2v_fast
import numpy as np
from m2v_fast import BUNDLED_MODEL, StaticModel, _native

#: Lengths that cut within a word's pieces, none at all, and the usual one.
LENGTHS = (1, 7, 512, None)
#: Odd, so that kernels have a rest of every size below their own width.
WIDTH = 47


def _wishes() -> dict[str, dict[str, Any]]:
    pairs = itertools.product(LENGTHS, (False, True))
    return {f"{length}-{norm}": {"max_length": length, "normalize": norm} for length, norm in pairs}


def _models(folder: Path) -> dict[str, StaticModel]:
    names = [BUNDLED_MODEL, *sorted(str(path) for path in (folder / "models").iterdir())]
    return {Path(name).name: StaticModel.from_pretrained(name) for name in names}


def _figures(model: StaticModel, texts: list[str]) -> dict[str, Any]:
    ids = model.tokenize(texts)
    vectors = {name: model.encode(texts, **wish) for name, wish in _wishes().items()}
    lengths = np.array([len(some) for some in ids], np.int64)
    return {
        "ids": np.array([i for some in ids for i in some], np.int64),
        "lengths": lengths,
    } | vectors


def _write(folder: Path) -> None:
    from tests.support import engines
    from tests.support.folders import MATRIX_DTYPES, Shape, write_folder
    from tests.support.texts import hard_texts
    from tests.support.vocabularies import wordpiece

    shutil.rmtree(folder, ignore_errors=True)
    models = folder / "models"
    for name in engines.NAMES:
        engines.write(models, name, WIDTH)
    tokenizer = wordpiece()
    for dtype, weights, mapping in itertools.product(
        MATRIX_DTYPES, (None, "float16", "float32", "float64"), (None, "int64")
    ):
        shape = Shape(dtype=dtype, width=WIDTH, weights=weights, mapping=mapping)
        write_folder(models / f"{dtype}, {weights}, {mapping}", tokenizer, shape)
    texts = list(hard_texts())
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    for name, model in _models(folder).items():
        np.savez(folder / f"{name}.npz", **_figures(model, texts))
    print(f"figures of {len(_models(folder))} models and {len(texts)} texts, made by {_kernels()}")


def _kernels() -> str:
    return ", ".join(_native.backends())


def _check(folder: Path) -> list[str]:
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    wrong = []
    compared = 0
    for name, model in _models(folder).items():
        for kernel in _native.backends():
            with np.load(folder / f"{name}.npz") as expected:
                found = _figures(model._with_backend(kernel), texts)
                differing = [
                    part
                    for part in expected.files
                    if expected[part].dtype != found[part].dtype
                    or expected[part].tobytes() != found[part].tobytes()
                ]
            compared += len(found)
            if differing:
                wrong.append(f"{name}, {kernel}: other {', '.join(differing)}")
    print(f"{compared} arrays of {_kernels()} compared, {m2v_fast.__version__} on {sys.version}")
    return wrong


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "write":
        _write(folder)
    else:
        sys.exit("\n".join(_check(folder)) or None)


if __name__ == "__main__":
    main()
