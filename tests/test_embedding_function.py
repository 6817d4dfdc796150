"""`Model2VecEmbeddingFunction`: lists of texts in, lists of vectors out."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np
import pytest
from m2v_fast import Model2VecEmbeddingFunction, StaticModel

from tests.support import texts
from tests.support.compare import assert_result, assert_same_bits
from tests.support.folders import Folder, Shape

if TYPE_CHECKING:
    from tests.conftest import MakeFolder

SOME = [*texts.MULTILINGUAL, *texts.AWKWARD]
METHODS = ("encode_documents", "encode_queries", "__call__")


@pytest.fixture
def function(small: Folder) -> Model2VecEmbeddingFunction:
    """The embedding function of the small model."""
    return Model2VecEmbeddingFunction(str(small.path))


def test_the_default_is_the_hub_model() -> None:
    parameters = inspect.signature(Model2VecEmbeddingFunction).parameters
    assert next(iter(parameters)) == "model_source"
    assert parameters["model_source"].default == "minishlab/potion-base-8M"


@pytest.mark.parametrize("method", METHODS)
def test_lists_of_vectors(
    function: Model2VecEmbeddingFunction, model: StaticModel, method: str
) -> None:
    vectors = getattr(function, method)(SOME)
    assert type(vectors) is list
    assert len(vectors) == len(SOME)
    for vector in vectors:
        assert_result(vector, None, function.dim)
    assert_same_bits(np.stack(vectors), model.encode(SOME), SOME)


@pytest.mark.parametrize("method", METHODS)
def test_no_texts_no_vectors(function: Model2VecEmbeddingFunction, method: str) -> None:
    assert getattr(function, method)([]) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_bare_text_is_told_to_be_a_list(
    function: Model2VecEmbeddingFunction, method: str
) -> None:
    for text in ("one text", "", np.str_("one text")):
        with pytest.raises(TypeError, match="list"):
            getattr(function, method)(text)


@pytest.mark.parametrize("method", METHODS)
def test_bad_items_are_named(function: Model2VecEmbeddingFunction, method: str) -> None:
    bad: Any
    for bad in (None, 3, b"bytes"):
        with pytest.raises(TypeError, match=r"\[1\]"):
            getattr(function, method)(["fine", bad])
    with pytest.raises(UnicodeEncodeError, match="1"):
        getattr(function, method)(["fine", "\ud800"])


def test_dim(function: Model2VecEmbeddingFunction) -> None:
    assert type(function.dim) is int
    assert function.dim == 32


def test_sources_and_arguments(make_folder: MakeFolder, small: Folder) -> None:
    text = ["the statement of the import"]
    plain = StaticModel.from_pretrained(small.path, normalize=False).encode(text)
    [vector] = Model2VecEmbeddingFunction(Path(small.path), normalize=False)(text)
    assert_same_bits(vector, plain[0])
    [short] = Model2VecEmbeddingFunction(model_source=str(small.path), max_length=2)(text)
    expected = StaticModel.from_pretrained(small.path, max_length=2).encode(text)
    assert_same_bits(short, expected[0])
    folder = make_folder("wordpiece", Shape(width=7))
    nested = Model2VecEmbeddingFunction(folder.path.parent, subfolder=folder.path.name)
    assert nested.dim == 7


def test_the_bundled_model_by_its_name() -> None:
    function = Model2VecEmbeddingFunction(m2v_fast.BUNDLED_MODEL)
    [vector] = function.encode_queries(["hello world"])
    assert_result(vector, None, function.dim)
    assert abs(float(np.linalg.norm(vector)) - 1.0) < 1e-5


def test_an_argument_that_loading_does_not_know_is_an_error(small: Folder) -> None:
    with pytest.raises(TypeError, match="dimension"):
        Model2VecEmbeddingFunction(small.path, dimension=3)


def test_a_source_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Model2VecEmbeddingFunction(tmp_path / "nowhere")
