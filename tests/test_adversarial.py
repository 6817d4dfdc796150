"""Texts made to be slow or big are right all the same; `make adversarial` times them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from m2v_fast import StaticModel

from tests.long.adversarial import TEXTS
from tests.support import engines, reference
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from pathlib import Path

#: Longer than any buffer is at first, and short enough for the reference.
CHARACTERS = 30_000


@pytest.mark.parametrize("name", [name for name in engines.NAMES if engines.NAMES[name]])
def test_vectors_are_the_references(tmp_path: Path, name: str) -> None:
    folder = engines.write(tmp_path, name)
    model = StaticModel.from_pretrained(folder)
    texts = [make(CHARACTERS) for make in TEXTS.values()]
    for limit in (None, 512, 3):
        expected = reference.encode(folder, texts, max_length=limit)
        assert_same_bits(model.encode(texts, max_length=limit), expected, texts, f"limit {limit}")
        # Each alone: the buffers of the one before are there, those of the longest were given back.
        for text, row in zip(texts, expected, strict=True):
            assert_same_bits(model.encode(text, max_length=limit), row, what=f"limit {limit}")


def test_a_million_empty_texts(tmp_path: Path) -> None:
    model = StaticModel.from_pretrained(engines.write(tmp_path, "wordpiece"))
    vectors = model.encode([""] * 1_000_000)
    assert vectors.shape == (1_000_000, 32)
    assert not vectors.any()
