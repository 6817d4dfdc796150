"""`StaticModel.similarity`, beside its definition in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from m2v_fast import StaticModel

from tests.support import texts

if TYPE_CHECKING:
    from tests.conftest import MakeFolder

A = ["the first text", "another one", "", "Zwölf Boxkämpfer"]
B = [*texts.MULTILINGUAL[:5], "the first text", "the first text, and more of it"]


def expected(one: Any, other: Any) -> Any:
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    norms = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(other, axis=1)
    return np.divide(one @ other.T, norms, out=np.zeros(norms.shape), where=norms > 0)


def assert_scores(scores: Any, one: Any, other: Any) -> None:
    assert scores.dtype == np.float32
    assert scores.shape == (len(one), len(other))
    assert np.allclose(scores, expected(one, other), atol=1e-6)


@pytest.mark.parametrize("normalize", [False, True])
def test_texts_and_vectors(model: StaticModel, normalize: bool) -> None:
    model.normalize = normalize
    one, other = model.encode(A), model.encode(B)
    for first in (A, tuple(A), iter(A), np.array(A), pd.Series(A), one, list(one), one.tolist()):
        assert_scores(model.similarity(first, B), one, other)
    for second in (B, other, other.astype(np.float16).astype(np.float64), pd.DataFrame(other)):
        scores = model.similarity(one, second)
        assert scores.shape == (len(A), len(B))
        assert np.allclose(scores, expected(one, other), atol=1e-3)
    assert model.similarity(A, B)[0, 5] == pytest.approx(1)
    assert not model.similarity(A, B)[2].any()  # a text without tokens


def test_one_is_a_set_of_one(model: StaticModel) -> None:
    one, other = model.encode(A), model.encode(B)
    assert_scores(model.similarity(A[0], B), one[:1], other)
    assert_scores(model.similarity(A, B[0]), one, other[:1])
    assert_scores(model.similarity(one[0], other[3]), one[:1], other[3:4])
    assert_scores(model.similarity(one[0].tolist(), B), one[:1], other)
    assert model.similarity([], B).shape == (0, len(B))
    assert model.similarity(A, []).shape == (len(A), 0)
    assert model.similarity(one[:0], other).shape == (0, len(B))


def test_other_numbers(model: StaticModel) -> None:
    steps = np.array([[1, 2, -3], [0, 0, 0]], np.int8)
    assert_scores(model.similarity(steps, steps.astype(np.float16)), steps, steps)
    assert_scores(model.similarity(steps, steps.astype(np.uint8)), steps, steps.astype(np.uint8))


def test_a_model_without_float32_rows(make_folder: MakeFolder) -> None:
    model = StaticModel.from_pretrained(make_folder("wordlevel").path, quantize_to="int8")
    assert_scores(model.similarity(A, B), model.encode(A), model.encode(B))


@pytest.mark.parametrize(
    "thing", [None, 3, b"bytes", {"a": 1}, [None], [["a"]], [object()]], ids=str
)
def test_what_is_neither(model: StaticModel, thing: Any) -> None:
    with pytest.raises(TypeError, match=r"\bb must be texts or vectors"):
        model.similarity(A, thing)
    with pytest.raises(TypeError, match=r"\ba must be texts or vectors"):
        model.similarity(thing, A)


def test_shapes_that_do_not_fit(model: StaticModel) -> None:
    with pytest.raises(ValueError, match="a have 32 columns, those of b 3"):
        model.similarity(A, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="3-D"):
        model.similarity(np.zeros((2, 2, 32)), A)
    with pytest.raises(ValueError, match="same length"):
        model.similarity([[1.0, 2.0], [1.0]], A)
    with pytest.raises(TypeError, match=r"sentences\[1\]"):
        model.similarity(["a", 3], A)
