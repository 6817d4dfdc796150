"""`unknown=` and `truncate_dim=`: what StaticEmbedding does, and shorter vectors."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel
from tokenizers import Tokenizer

from tests.support import texts
from tests.support.compare import assert_same_bits
from tests.support.folders import Folder, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from m2v_fast.options import Unknown
    from numpy.typing import NDArray

    from tests.conftest import MakeFolder

#: Known words beside unknown ones, nothing but unknown ones, nothing, and more than 512 tokens.
SOME = [*texts.MULTILINGUAL, "", "\U000132ff", "a \U000132ff b", "word \U000132ff " * 700]


@pytest.fixture(scope="module")
def model() -> StaticModel:
    return StaticModel.from_pretrained(BUNDLED_MODEL, max_length=None, normalize=False)


def ids_of(model: StaticModel, sentences: Iterable[str]) -> list[list[int]]:
    """All ids, by the library itself."""
    tokenizer = Tokenizer.from_str(model.tokenizer.to_str())
    tokenizer.no_truncation()
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in sentences]


def means(model: StaticModel, ids: list[list[int]]) -> NDArray[np.float32]:
    """The plain mean of each text's rows, added up one after another."""
    rows = np.asarray(model.embedding, np.float32)
    out = np.zeros((len(ids), rows.shape[1]), np.float32)
    for mean, of_text in zip(out, ids, strict=True):
        for number in of_text:
            mean += rows[number]
        if of_text:
            mean /= np.float32(len(of_text))
    return out


def test_unknown_tokens_are_kept_when_asked(model: StaticModel) -> None:
    kept = copy(model)
    kept.unknown = "keep"
    ids = ids_of(model, SOME)
    unknown = model.unk_token_id
    assert any(unknown in of_text for of_text in ids)
    assert kept.tokenize(SOME) == ids
    assert model.tokenize(SOME) == [[i for i in of_text if i != unknown] for of_text in ids]
    assert_same_bits(kept.encode(SOME), means(model, ids))
    assert_same_bits(model.encode(SOME, unknown="keep"), kept.encode(SOME))
    assert_same_bits(kept.encode(SOME, unknown="drop"), model.encode(SOME))
    assert not np.array_equal(kept.encode(SOME), model.encode(SOME))
    for length in (1, 3, 512):
        cut = [of_text[:length] for of_text in ids]
        short = StaticModel.from_pretrained(BUNDLED_MODEL, max_length=length, unknown="keep")
        assert short.tokenize(SOME) == cut
    # What is counted as unknown does not depend on it.
    assert kept.count_tokens(SOME).unknown.tolist() == model.count_tokens(SOME).unknown.tolist()
    rows = kept.encode_as_sequence(SOME)
    assert [len(array) for array in rows] == [len(of_text) for of_text in ids]


def test_the_choice_stays_with_the_model(model: StaticModel, tmp_path: Path) -> None:
    assert model.unknown == "drop"
    kept = copy(model)
    kept.unknown = "keep"
    expected = kept.encode(SOME)
    for other in (
        pickle.loads(pickle.dumps(kept)),
        copy(kept),
        deepcopy(kept),
        StaticModel(kept.embedding, kept.tokenizer, max_length=None, unknown="keep"),
    ):
        assert other.unknown == "keep"
        assert_same_bits(other.encode(SOME), expected)
    kept.embedding = kept.embedding * np.float32(2)
    assert kept.unknown == "keep"
    assert_same_bits(kept.encode(SOME), expected * np.float32(2))
    # A choice of this object: a folder holds what model2vec knows.
    kept.save_pretrained(tmp_path / "saved")
    saved = StaticModel.from_pretrained(tmp_path / "saved")
    assert saved.unknown == "drop"
    kept.unknown = "drop"
    assert_same_bits(kept.encode(SOME), saved.encode(SOME))


def test_no_unknown_id_keeps_it_as_in_model2vec(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece", Shape())
    ours = StaticModel.from_pretrained(folder.path)
    theirs = model2vec.StaticModel.from_pretrained(folder.path)
    for value in (None, ours.unk_token_id):
        ours.unk_token_id = theirs.unk_token_id = value
        assert ours.unk_token_id == theirs.unk_token_id == value
        assert ours.unknown == ("keep" if value is None else "drop")
        assert ours.tokenize(SOME) == theirs.tokenize(SOME)
        assert_same_bits(ours.encode(SOME), theirs.encode(SOME))


@pytest.mark.parametrize("value", ["kept", True, 1, None])
def test_another_choice_is_an_error(model: StaticModel, value: Any) -> None:
    with pytest.raises(ValueError, match="unknown must be 'drop' or 'keep'"):
        StaticModel.from_pretrained(BUNDLED_MODEL, unknown=value)
    if value is not None:
        with pytest.raises(ValueError, match="unknown must be 'drop' or 'keep'"):
            model.encode("a", unknown=value)


@pytest.mark.parametrize("unknown", ["drop", "keep"])
@pytest.mark.parametrize(
    "shape", [Shape(), Shape(weights="float64"), Shape(dtype="float16")], ids=str
)
def test_columns_are_those_of_a_model_cut_at_load(
    make_folder: MakeFolder, shape: Shape, unknown: Unknown
) -> None:
    folder: Folder = make_folder("wordpiece", shape)
    model = StaticModel.from_pretrained(folder.path, unknown=unknown)
    for dim in {1, 7, model.dim // 2, model.dim - 1, model.dim}:
        cut = StaticModel.from_pretrained(folder.path, dimensionality=dim, unknown=unknown)
        for normalize in (False, True):
            expected = cut.encode(SOME, normalize=normalize)
            found = model.encode(SOME, truncate_dim=dim, normalize=normalize)
            assert found.flags.c_contiguous
            assert_same_bits(found, expected)
            one = model.encode(SOME[0], truncate_dim=dim, normalize=normalize)
            assert_same_bits(one, expected[0])
            out = np.empty((len(SOME), dim), np.float32)
            model.encode(
                SOME, truncate_dim=dim, normalize=normalize, out=out, show_progress_bar=True
            )
            assert_same_bits(out, expected)
    bits = model.encode(SOME, truncate_dim=8, output_dtype="ubinary")
    assert bits.shape == (len(SOME), 1)
    assert np.array_equal(bits, np.packbits(model.encode(SOME)[:, :8] > 0, axis=1))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "truncate_dim must be None or at least 1, not 0"),
        (-3, ValueError, "truncate_dim must be None or at least 1, not -3"),
        (100_000, ValueError, "100000 columns"),
        ("8", TypeError, "truncate_dim must be an integer or None, not str"),
        (8.0, TypeError, "truncate_dim must be an integer or None, not float"),
    ],
)
def test_columns_that_are_not_there(
    model: StaticModel, value: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.encode(["a"], truncate_dim=value)
    with pytest.raises(ValueError, match="out"):
        model.encode(["a"], truncate_dim=8, out=np.empty((1, model.dim), np.float32))
