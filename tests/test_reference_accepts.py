"""Odd files that model2vec 0.10.0 loads, and those that it does not, each judged by it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
import safetensors.numpy
from m2v_fast import StaticModel

from tests.support.folders import Folder, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import MakeFolder

TEXTS = ["One text, and some more of it.", "", "word " * 600, "zwölf Boxkämpfer"]


def assert_as_the_reference(folder: Folder) -> None:
    """The same ids, vectors and settings, which must be followed after saving, too."""
    theirs = model2vec.StaticModel.from_pretrained(folder.path)
    ours = StaticModel.from_pretrained(folder.path)
    assert ours.normalize == bool(theirs.normalize)
    assert ours.max_length == theirs.max_length
    assert ours.tokenize(TEXTS) == theirs.tokenize(TEXTS)
    assert np.array_equal(ours.encode(TEXTS), theirs.encode(TEXTS))
    # What else is there is kept. (As texts, since NaN is not equal to itself.)
    rest = [
        {**c, "normalize": None, "max_length": None} for c in (ours.config, dict(theirs.config))
    ]
    assert json.dumps(rest[0]) == json.dumps(rest[1])
    saved = folder.path / "saved"
    ours.save_pretrained(saved)
    for load in (StaticModel.from_pretrained, model2vec.StaticModel.from_pretrained):
        assert np.array_equal(load(saved).encode(TEXTS), ours.encode(TEXTS))


# config.json: its text, and whether the vectors are normalized then.
CONFIGS = [
    ("{}", False),
    ('{"normalize": null}', False),
    ('{"normalize": true, "normalize": false}', False),
    ('{"other": 123456789012345678901234567890}', False),
    ('{"max_length": 18446744073709551615}', False),
    # JSON has neither; Python writes and reads them.
    ('{"other": NaN}', False),
    ('{"other": [Infinity, -Infinity], "normalize": true}', True),
    # Beyond float64: infinity to Python.
    ('{"other": 1e999, "more": -1e999}', False),
    ('{"normalize": 1}', True),
    ('{"normalize": 0}', False),
    ('{"normalize": 1.0}', True),
    ('{"normalize": 0.0}', False),
    # Halves of a surrogate pair, which Python keeps.
    ('{"other": "\\ud800", "normalize": true}', True),
    ('{"other": "a\\udc00b"}', False),
    ('{"\\ud800": "\\ud800\\ud800"}', False),
    ('{"other": ' + "[" * 200 + "]" * 200 + "}", False),
]


@pytest.mark.parametrize(("text", "normalized"), CONFIGS, ids=lambda value: str(value)[:40])
def test_configurations(own_folder: MakeFolder, text: str, normalized: bool) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    folder.config_file.write_text(text, encoding="utf-8")
    assert bool(model2vec.StaticModel.from_pretrained(folder.path).normalize) is normalized
    assert_as_the_reference(folder)


#: Refused by both.
WRONG = [
    *('{"max_length": 5.0}', '{"max_length": "5"}', '{"max_length": -1}', '{"max_length": NaN}'),
    *('{"max_length": 1e3}', '{"max_length": 18446744073709551616}', '{"max_length": []}'),
    *(
        "[]",
        "null",
        "3",
        "",
        "{} x",
        '{"a": 01}',
        '{"a": "\t"}',
        "{'a': 1}",
        '{"a": 1,}',
        "\ufeff{}",
    ),
    *('{"a": nan}', '{"a": +Infinity}', '{"a": -NaN}', '{"a": "\\ud8"}', '{"a": "\\x"}'),
]


@pytest.mark.parametrize("text", WRONG)
def test_configurations_that_are_none(own_folder: MakeFolder, text: str) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    folder.config_file.write_text(text, encoding="utf-8")
    with pytest.raises((ValueError, TypeError, AttributeError, OverflowError)):
        model2vec.StaticModel.from_pretrained(folder.path)
    with pytest.raises(ValueError, match=r"config\.json"):
        StaticModel.from_pretrained(folder.path)


#: model2vec takes them for true or false, or a number; a mistake in all likelihood, so an error.
MISTAKES = [
    *('{"normalize": "no"}', '{"normalize": "false"}', '{"normalize": []}', '{"normalize": {}}'),
    *('{"normalize": NaN}', '{"max_length": true}', '{"max_length": false}'),
]


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_refused(own_folder: MakeFolder, text: str) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    folder.config_file.write_text(text, encoding="utf-8")
    assert model2vec.StaticModel.from_pretrained(folder.path).encode(TEXTS).shape == (4, 8)
    with pytest.raises(ValueError, match=r"config\.json"):
        StaticModel.from_pretrained(folder.path)


def with_mapping(folder: Folder, make: Callable[[int], Any]) -> Folder:
    """Stores what `make` makes of the number of tokens as the mapping to 100 rows."""
    tensors = safetensors.numpy.load_file(folder.matrix_file)
    tokens = len(tensors["embeddings"])
    tensors = {"embeddings": tensors["embeddings"][:100].copy(), "mapping": make(tokens)}
    safetensors.numpy.save_file(tensors, folder.matrix_file)
    return folder


@pytest.mark.parametrize(
    "dtype",
    [
        *("int8", "int16", "int32", "int64"),
        *("uint8", "uint16", "uint32", "uint64"),
    ],
)
def test_mappings(own_folder: MakeFolder, dtype: str) -> None:
    rng = np.random.default_rng(3)
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    with_mapping(folder, lambda tokens: rng.integers(0, 100, tokens).astype(dtype))
    theirs = model2vec.StaticModel.from_pretrained(folder.path)
    assert theirs.token_mapping is not None
    assert theirs.token_mapping.dtype == dtype
    assert_as_the_reference(folder)
    ours = StaticModel.from_pretrained(folder.path).token_mapping
    assert ours is not None
    assert np.array_equal(ours, theirs.token_mapping)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bool"])
def test_mappings_that_are_none(own_folder: MakeFolder, dtype: str) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    with_mapping(folder, lambda tokens: np.ones(tokens, dtype))
    with pytest.raises(IndexError):
        model2vec.StaticModel.from_pretrained(folder.path).encode(TEXTS)
    with pytest.raises(ValueError, match="`mapping`"):
        StaticModel.from_pretrained(folder.path)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "bool"])
def test_arrays_that_are_no_mapping(own_folder: MakeFolder, dtype: str) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    model = StaticModel.from_pretrained(folder.path)
    mapping: Any = np.ones(len(model.tokens), dtype)
    theirs = model2vec.StaticModel.from_pretrained(folder.path)
    theirs.token_mapping = mapping
    with pytest.raises(IndexError):
        theirs.encode(TEXTS)
    with pytest.raises(ValueError, match=f"token_mapping must be of integers, not {dtype}"):
        model.token_mapping = mapping
    with pytest.raises(ValueError, match="token_mapping"):
        StaticModel(model.embedding, model.tokenizer, token_mapping=mapping)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "uint64"])
def test_arrays_that_are_a_mapping(own_folder: MakeFolder, dtype: str) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8))
    model = StaticModel.from_pretrained(folder.path)
    theirs = model2vec.StaticModel.from_pretrained(folder.path)
    mapping = np.random.default_rng(1).integers(0, 100, len(model.tokens)).astype(dtype)
    for some in (model, theirs):
        some.token_mapping = mapping
    assert np.array_equal(model.encode(TEXTS), theirs.encode(TEXTS))
    huge = np.full(len(model.tokens), 2**64 - 1, np.uint64)
    with pytest.raises(ValueError, match="mapping"):
        model.token_mapping = huge
