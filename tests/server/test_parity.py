"""Vectors of the server's own build, to the bit those of `encode`, for every engine.

The build is another one than the package's: a feature of one of its dependencies could change how
numbers of tokenizer.json are read, and with that the ids of Unigram models.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import pytest
from m2v_fast import StaticModel

from tests.server.conftest import running
from tests.support import engines, testdata
from tests.support.texts import AWKWARD, MULTILINGUAL, paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.conftest import Server

#: No lone surrogates: they are no text of any JSON.
TEXTS = [
    text
    for text in (*AWKWARD, *MULTILINGUAL, *paragraphs()[:300])
    if text and text.encode("utf-8", "replace").decode() == text
]
MADE = [name for name in engines.NAMES if name not in testdata.TOKENIZERS]


def _served_as(name: str) -> str:
    return name.replace(", ", "-").replace(" ", "-")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {name: engines.write(root, name) for name in engines.NAMES}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, folders: dict[str, Path]) -> Iterator[Server]:
    named = [f"{_served_as(name)}={path}" for name, path in folders.items()]
    with running(tmp_path_factory.mktemp("many"), *named, "--workers", "1") as server:
        yield server


def _decoded(rows: list[dict[str, str]]) -> np.ndarray:
    return np.stack([np.frombuffer(base64.b64decode(row["embedding"]), "<f4") for row in rows])


def test_every_engine(many: Server, folders: dict[str, Path]) -> None:
    for name, folder in folders.items():
        model = StaticModel.from_pretrained(folder)
        wanted = model.encode(TEXTS)
        wish = {"model": _served_as(name), "input": TEXTS, "encoding_format": "base64"}
        status, got, _ = many.ask("/v1/embeddings", wish)
        assert status == 200, (name, got)
        np.testing.assert_array_equal(_decoded(got["data"]), wanted, err_msg=name)
        assert got["usage"]["prompt_tokens"] == int(model.count_tokens(TEXTS).tokens.sum())
        # Numbers as text, and the path of one small text.
        status, got, _ = many.ask("/api/embed", {"model": _served_as(name), "input": TEXTS[:20]})
        assert status == 200, (name, got)
        np.testing.assert_array_equal(np.float32(got["embeddings"]), wanted[:20], err_msg=name)
        for text, row in zip(TEXTS[:40], wanted, strict=False):
            wish = {"model": _served_as(name), "input": text, "encoding_format": "base64"}
            got = many.ask("/v1/embeddings", wish)[1]
            np.testing.assert_array_equal(_decoded(got["data"])[0], row, err_msg=f"{name}: {text}")


def test_the_engines_are_those_that_are_meant(many: Server) -> None:
    log = many.log()
    for name in MADE:
        line = next(line for line in log.splitlines() if f'model="{_served_as(name)}"' in line)
        assert f'engine="{engines.NAMES[name]}"' in line
