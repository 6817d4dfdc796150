"""The public names, their signatures and what their settings do."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast
import model2vec
import numpy as np
import pytest
from m2v_fast import StaticModel

from tests.support import reference, texts
from tests.support.compare import assert_result, assert_same_bits
from tests.support.folders import MATRIX_DTYPES, Folder, Shape

if TYPE_CHECKING:
    from tests.conftest import MakeFolder

SOME = [*texts.MULTILINGUAL, *texts.paragraphs()[:40]]


def test_public_names_exist_and_the_package_is_typed() -> None:
    for name in ("StaticModel", "Model2VecEmbeddingFunction", "ModelError", "BUNDLED_MODEL"):
        assert name in m2v_fast.__all__
    for name in m2v_fast.__all__:
        assert hasattr(m2v_fast, name)
    assert issubclass(m2v_fast.ModelError, ValueError)
    assert m2v_fast.__version__ == version("m2v-fast")
    package = Path(str(m2v_fast.__file__)).parent
    assert (package / "py.typed").is_file()


@pytest.mark.parametrize("method", ["from_pretrained", "encode", "tokenize"])
def test_parameters_are_the_references(method: str) -> None:
    ours = inspect.signature(getattr(StaticModel, method)).parameters
    theirs = inspect.signature(getattr(model2vec.StaticModel, method)).parameters
    own = [name for name in ours if name not in theirs]
    assert [name for name in ours if name in theirs] == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].kind == parameter.kind, name
        if name == "force_download":
            # The one deliberate difference: the cache is used, and refreshed only when asked.
            assert ours[name].default is False
        elif parameter.default is None or isinstance(parameter.default, (bool, int, str)):
            assert ours[name].default == parameter.default, name
        elif parameter.default is inspect.Parameter.empty:
            assert ours[name].default is inspect.Parameter.empty, name
        else:
            # The mark for "not passed", which None is not: None means no limit.
            assert ours[name].default is not inspect.Parameter.empty, name
            assert ours[name].default is not None, name
    # What we add can only be named, so it never takes a place of the reference's.
    for name in own:
        assert ours[name].kind is inspect.Parameter.KEYWORD_ONLY, name
        assert ours[name].default is not inspect.Parameter.empty, name


def test_shapes_of_results(model: StaticModel) -> None:
    assert_result(model.encode("one text"), None, 32)
    assert_result(model.encode(""), None, 32)
    assert_result(model.encode(["one text"]), 1, 32)
    assert_result(model.encode(SOME), len(SOME), 32)
    assert_result(model.encode([]), 0, 32)
    assert_result(model.encode(iter([])), 0, 32)
    assert model.tokenize([]) == []
    assert type(model.dim) is int
    assert model.dim == 32


def test_results_belong_to_the_caller(model: StaticModel) -> None:
    first = model.encode(SOME)
    kept = first.copy()
    first[:] = 7.0
    assert_same_bits(model.encode(SOME), kept)


@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_float32_comes_out_of_every_dtype(make_folder: MakeFolder, dtype: str) -> None:
    folder = make_folder("wordpiece", Shape(dtype, 16))
    loaded = StaticModel.from_pretrained(folder.path)
    assert loaded.embedding_dtype == dtype
    # One empty text must not change the dtype of a batch.
    for sentences in (["", "text"], [""], []):
        assert_result(loaded.encode(sentences), len(sentences), 16)


def test_a_text_without_ids_is_a_zero_vector(model: StaticModel) -> None:
    for text in ("", "   ", "\x00", "[UNK]", "ꙮꙮꙮ"):
        for normalize in (False, True):
            vector = model.encode(text, normalize=normalize)
            assert_same_bits(vector, np.zeros(32, np.float32))


def test_normalize_per_call_and_as_setting(model: StaticModel, small: Folder) -> None:
    plain = reference.encode(small.path, SOME, normalize=False)
    unit = reference.encode(small.path, SOME, normalize=True)
    assert model.normalize is True
    assert_same_bits(model.encode(SOME), unit)
    assert_same_bits(model.encode(SOME, normalize=False), plain)
    assert model.normalize is True
    model.normalize = False
    assert model.normalize is False
    assert_same_bits(model.encode(SOME), plain)
    assert_same_bits(model.encode(SOME, normalize=True), unit)


def test_max_length_per_call_and_as_setting(model: StaticModel, small: Folder) -> None:
    whole = reference.encode(small.path, SOME)
    three = reference.encode(small.path, SOME, max_length=3)
    assert not np.array_equal(whole, three)
    assert model.max_length == 512
    assert_same_bits(model.encode(SOME, max_length=3), three)
    assert_same_bits(model.encode(SOME), whole)
    model.max_length = 3
    assert model.max_length == 3
    assert_same_bits(model.encode(SOME), three)
    assert max(map(len, model.tokenize(SOME))) == 3
    assert_same_bits(
        model.encode(SOME, max_length=None),
        reference.encode(small.path, SOME, max_length=None),
    )
    model.max_length = None
    assert model.max_length is None
    assert max(map(len, model.tokenize(["the " * 2000]))) == 2000


def test_none_and_not_passed_are_two_things(model: StaticModel) -> None:
    long = ["the " * 600 + "of " * 600]
    default, unlimited = model.encode(long), model.encode(long, max_length=None)
    assert not np.array_equal(default, unlimited)


def test_zero_is_a_length(model: StaticModel) -> None:
    assert not model.encode(SOME, max_length=0).any()
    model.max_length = 0
    assert model.tokenize(SOME) == [[] for _ in SOME]


@pytest.mark.parametrize("max_length", [10**6, 2**31, 2**32, 2**62])
def test_an_enormous_length_is_no_limit(model: StaticModel, max_length: int) -> None:
    # Times the median token length, the last of them is more than 64 bits hold.
    long = ["the of and " * 3000]
    assert_same_bits(model.encode(long, max_length=max_length), model.encode(long, max_length=None))
    model.max_length = max_length
    assert_same_bits(model.encode(long), model.encode(long, max_length=None))


def test_numpy_integers_are_lengths(model: StaticModel) -> None:
    expected = model.encode(SOME, max_length=3)
    assert_same_bits(model.encode(SOME, max_length=np.int64(3)), expected)
    assert_same_bits(model.encode(SOME, num_threads=np.int32(2)), model.encode(SOME))


@pytest.mark.parametrize("max_length", [-1, -512])
def test_a_negative_length_is_an_error(model: StaticModel, small: Folder, max_length: int) -> None:
    with pytest.raises(ValueError, match="max_length"):
        model.encode(SOME, max_length=max_length)
    with pytest.raises(ValueError, match="max_length"):
        model.max_length = max_length
    assert model.max_length == 512
    with pytest.raises(ValueError, match="max_length"):
        StaticModel.from_pretrained(small.path, max_length=max_length)


@pytest.mark.parametrize("max_length", ["5", 2.5, [3]])
def test_a_length_that_is_no_number_is_an_error(model: StaticModel, max_length: Any) -> None:
    with pytest.raises(TypeError):
        model.encode(SOME, max_length=max_length)
    with pytest.raises(TypeError):
        model.max_length = max_length
    assert model.max_length == 512


@pytest.mark.parametrize("num_threads", [0, -1])
def test_no_threads_is_an_error(model: StaticModel, num_threads: int) -> None:
    with pytest.raises(ValueError, match="num_threads"):
        model.encode(SOME, num_threads=num_threads)
    with pytest.raises(ValueError, match="num_threads"):
        model.encode([], num_threads=num_threads)


def test_the_references_other_arguments_are_taken(model: StaticModel) -> None:
    expected = model.encode(SOME)
    for options in (
        {"use_multiprocessing": False},
        {"use_multiprocessing": True, "multiprocessing_threshold": 1},
        {"batch_size": 3},
        {"convert_to_numpy": True, "something_else": object()},
    ):
        assert_same_bits(model.encode(SOME, **options), expected)


def test_settings_can_only_be_named(model: StaticModel) -> None:
    with pytest.raises(TypeError):
        model.encode(SOME, True)  # type: ignore[call-overload]


def test_a_progress_bar_changes_no_bit(
    model: StaticModel, capfd: pytest.CaptureFixture[str]
) -> None:
    expected = model.encode(SOME)
    assert capfd.readouterr() == ("", "")
    assert_same_bits(model.encode(SOME, show_progress_bar=True, batch_size=10), expected)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "%" in shown.err


def test_settings_of_one_model_are_not_those_of_another(small: Folder) -> None:
    first = StaticModel.from_pretrained(small.path)
    second = StaticModel.from_pretrained(small.path, normalize=False, max_length=3)
    assert (second.normalize, second.max_length) == (False, 3)
    second.normalize = True
    first.max_length = 9
    assert (first.normalize, first.max_length) == (True, 9)
    assert (second.normalize, second.max_length) == (True, 3)


def test_the_engine_is_told(model: StaticModel) -> None:
    # Either a fast engine took the tokenizer, or there is a reason why none did.
    assert (model.engine == "fallback") == (model.engine_reason is not None)
    if model.engine_reason is not None:
        assert model.engine_reason.strip()


def test_the_bundled_model_finds_what_belongs_together() -> None:
    assert m2v_fast.BUNDLED_MODEL == "bundled:minilm"
    bundled = StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)
    pairs = [
        ("How do I change my password?", "Open the account settings to reset a forgotten login."),
        ("The cat sleeps on the sofa.", "A kitten is napping on the couch."),
        ("Interest rates rose again.", "The central bank tightened its monetary policy."),
        ("Heavy rain flooded the streets.", "A storm brought severe weather to the town."),
    ]
    queries = bundled.encode([query for query, _ in pairs], normalize=True)
    documents = bundled.encode([document for _, document in pairs], normalize=True)
    assert (queries @ documents.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_bundled_model_equals_the_reference() -> None:
    [tokenizer] = Path(str(m2v_fast.__file__)).parent.rglob("tokenizer.json")
    some = texts.hard_texts()
    bundled = StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)
    for normalize in (False, True):
        theirs = reference.encode(tokenizer.parent, some, normalize=normalize)
        ours = bundled.encode(some, normalize=normalize)
        reference.assert_agrees(ours, theirs, normalize=normalize, texts=some)
