"""What may be given to `encode` and `tokenize`, and how the rest is refused."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
from m2v_fast import _native

from tests.support import reference
from tests.support.compare import assert_result, assert_same_bits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from m2v_fast import StaticModel

    from tests.support.folders import Folder

WORDS = ["the first text", "Zwölf Boxkämpfer", "中文 text 👍", "", "the last"]

pandas: Any = importlib.import_module("pandas")


def test_strings_are_read_where_they_lie() -> None:
    known = sys.implementation.name == "cpython" and sys.version_info < (3, 16)
    assert _native.str_storage == ("in place" if known else "converted")


class Name(str):
    """A `str` subclass that says something else of itself than it holds."""

    def __str__(self) -> str:
        return "something else"

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: object) -> str:
        return "x"


class Reversed(list[str]):
    """A list that gives other items than it stores."""

    def __iter__(self) -> Iterator[str]:
        return iter([word.upper() for word in reversed(list(super().__iter__()))])


class Doubled(tuple[str, ...]):
    """A tuple, likewise."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        for word in super().__iter__():
            yield from (word, word + " again")


def _generator() -> Iterator[str]:
    yield from WORDS


class Sequence:
    """Only a length and items by number."""

    def __len__(self) -> int:
        return len(WORDS)

    def __getitem__(self, index: int) -> str:
        return WORDS[index]


FORMS: dict[str, Callable[[], Any]] = {
    "list": lambda: list(WORDS),
    "tuple": lambda: tuple(WORDS),
    "generator": _generator,
    "iterator": lambda: iter(WORDS),
    "map": lambda: map(str, WORDS),
    "deque": lambda: deque(WORDS),
    "dict keys": lambda: dict.fromkeys(WORDS).keys(),
    "sequence protocol": Sequence,
    "numpy U": lambda: np.array(WORDS),
    "numpy object": lambda: np.array(WORDS, dtype=object),
    "numpy strided": lambda: np.array([w for word in WORDS for w in (word, "no")])[::2],
    "numpy str_ items": lambda: [np.str_(word) for word in WORDS],
    "pandas Series": lambda: pandas.Series(WORDS),
    "pandas object Series": lambda: pandas.Series(WORDS, dtype=object),
    "pandas filtered Series": lambda: pandas.Series([*"xyz", *WORDS]).iloc[3:],
    "pandas Index": lambda: pandas.Index(WORDS),
    "str subclass items": lambda: [Name(word) for word in WORDS],
}
if hasattr(np, "dtypes") and hasattr(np.dtypes, "StringDType"):  # NumPy 2
    FORMS["numpy StringDType"] = lambda: np.array(WORDS, dtype=np.dtypes.StringDType())


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_many_texts(model: StaticModel, form: str) -> None:
    expected = model.encode(WORDS)
    assert_same_bits(model.encode(FORMS[form]()), expected, WORDS)
    assert_same_bits(model.encode(FORMS[form](), num_threads=2, batch_size=2), expected, WORDS)
    assert model.tokenize(FORMS[form]()) == model.tokenize(WORDS)


@pytest.mark.parametrize("make", [str, np.str_, Name])
def test_forms_of_one_text(model: StaticModel, make: type[str]) -> None:
    expected = model.encode([WORDS[1]])
    assert_result(model.encode(make(WORDS[1])), None, model.dim)
    assert_same_bits(model.encode(make(WORDS[1])), expected[0])


BAD: list[Any] = [None, 3, 2.5, float("nan"), b"bytes", ["nested"], ("a",), object(), True]


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


@pytest.mark.parametrize("bad", BAD, ids=repr)
@pytest.mark.parametrize("place", [0, 3, 4])
def test_an_item_that_is_no_text_is_named(model: StaticModel, bad: Any, place: int) -> None:
    sentences: list[Any] = list(WORDS)
    sentences[place] = bad
    for form in (list, tuple, iter):
        with pytest.raises(TypeError, match=rf"sentences\[{place}\]"):
            model.encode(form(sentences))
    with pytest.raises(TypeError, match=rf"sentences\[{place}\].*{_kind(bad)}"):
        model.encode(sentences, num_threads=2)
    with pytest.raises(TypeError, match=rf"sentences\[{place}\]"):
        model.tokenize(sentences)


def test_missing_values_of_pandas_are_named(model: StaticModel) -> None:
    for series in (
        pandas.Series(["a", None, "b"]),
        pandas.Series(["a", None, "b"], dtype=object),
        pandas.Series(["a", None, "b"], index=[7, 8, 9]),
    ):
        with pytest.raises(TypeError, match=r"sentences\[1\]"):
            model.encode(series)


def test_the_index_counts_in_the_whole_batch(model: StaticModel) -> None:
    sentences: list[Any] = ["some words here"] * 30_000
    sentences[23_456] = None
    with pytest.raises(TypeError, match=r"sentences\[23456\]"):
        model.encode(sentences, batch_size=100, num_threads=2)
    sentences[23_456] = "half \ud800 pair"
    with pytest.raises(UnicodeEncodeError, match="23456"):
        model.encode(sentences, batch_size=100, num_threads=2)
    with pytest.raises(UnicodeEncodeError, match="23456"):
        model.encode(iter(sentences), num_threads=1)


@pytest.mark.parametrize(
    "bad", [None, 3, 2.5, b"bytes", bytearray(b"bytes"), object()], ids=lambda v: type(v).__name__
)
def test_what_is_neither_text_nor_texts_is_refused(model: StaticModel, bad: Any) -> None:
    with pytest.raises(TypeError, match=_kind(bad)):
        model.encode(bad)
    with pytest.raises(TypeError):
        model.tokenize(bad)


def test_arrays_of_other_things_are_refused(model: StaticModel) -> None:
    for array in (np.arange(3), np.array([[*"ab"], [*"cd"]]), np.array([b"a", b"b"])):
        with pytest.raises(TypeError, match=r"sentences"):
            model.encode(array)


SURROGATES = ["\ud800", "\udfff", "tail \udc80", "\ud83d\ude00 as two halves", "é中\udcff"]


@pytest.mark.parametrize("bad", SURROGATES, ids=ascii)
def test_a_lone_surrogate_is_named(model: StaticModel, bad: str) -> None:
    sentences = ["fine", "also fine", bad, "fine again"]
    for threads in (1, 2):
        with pytest.raises(UnicodeEncodeError, match="2") as caught:
            model.encode(sentences, num_threads=threads)
        assert isinstance(caught.value, ValueError)
        # A whole exception: its message can be written anywhere.
        str(caught.value).encode()
    with pytest.raises(UnicodeEncodeError, match="2"):
        model.tokenize(sentences)
    with pytest.raises(UnicodeEncodeError):
        model.encode(bad)
    with pytest.raises(UnicodeEncodeError):
        model.encode(sentences, max_length=None)
    # The model is none the worse.
    assert_result(model.encode("fine"), None, model.dim)


def test_a_surrogate_beyond_the_cut_is_never_looked_at(model: StaticModel) -> None:
    kept = 5 * model.median_token_length
    for filler in ("the ", "é", "中", "👍"):
        start = (filler * kept)[:kept]
        clean = model.encode([start], max_length=5)
        assert_same_bits(model.encode([start + "\ud800"], max_length=5), clean)
        assert_same_bits(model.encode([start + "ü👍\udfff x"], max_length=5), clean)
        with pytest.raises(UnicodeEncodeError):
            model.encode([start[:-1] + "\ud800"], max_length=5)
    assert not model.encode(["\ud800"], max_length=0).any()


def test_an_iterable_that_fails_says_so_itself(model: StaticModel) -> None:
    def failing() -> Iterator[str]:
        yield "one"
        raise ZeroDivisionError("from the caller's own code")

    with pytest.raises(ZeroDivisionError, match="own code"):
        model.encode(failing())


def test_settings_are_read_once_at_the_start(model: StaticModel) -> None:
    def meddling() -> Iterator[str]:
        for word in WORDS:
            model.normalize = not model.normalize
            model.max_length = 1
            yield word

    expected = model.encode(WORDS)
    assert_same_bits(model.encode(meddling()), expected)
    assert model.max_length == 1


def test_very_long_texts(model: StaticModel) -> None:
    long = "the statement of the import, Straße 中文. " * 60_000
    cut = long[: 512 * model.median_token_length]
    assert_same_bits(model.encode([long, long]), model.encode([cut, cut]))


class Loud(str):
    """A text whose methods lie."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        return b"another text"

    def __str__(self) -> str:
        return "another text"

    def __len__(self) -> int:
        return 0

    def __getitem__(self, _: object) -> str:
        return ""

    def __iter__(self) -> Iterator[str]:
        return iter("another")


@pytest.mark.parametrize("text", ["plain", "Latin-1 \u00e9", "two \u4e2d", "four \U0001f600", ""])
def test_a_subclass_of_str_is_what_it_holds(model: StaticModel, text: str) -> None:
    expected = model.encode(text).tobytes()
    assert model.encode(Loud(text)).tobytes() == expected
    assert model.encode([Loud(text), text]).tobytes() == expected * 2
    assert model.tokenize([Loud(text)]) == model.tokenize([text])
    assert model.encode(Loud(text), max_length=2).tobytes() == (
        model.encode(text, max_length=2).tobytes()
    )


def test_a_surrogate_in_a_subclass_of_str_is_seen(model: StaticModel) -> None:
    with pytest.raises(UnicodeEncodeError, match=r"sentences\[1\]"):
        model.encode(["a", Loud("b\ud800")])


def test_an_iterable_that_lies_about_its_length(model: StaticModel) -> None:
    class Many:
        def __len__(self) -> int:
            return 1 << 60

        def __iter__(self) -> Iterator[str]:
            return iter(["a", "b"])

    assert model.encode(Many()).tobytes() == model.encode(["a", "b"]).tobytes()


def test_an_array_that_is_not_aligned(model: StaticModel) -> None:
    memory = np.zeros(4 * model.dim + 1, np.uint8)[1:]
    out = memory.view(np.float32)
    assert not out.flags.aligned
    with pytest.raises(ValueError, match="aligned"):
        model.encode("a", out=out)


def test_no_more_threads_than_can_be_of_use(model: StaticModel) -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("needs Linux' /proc")
    most = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, len([*Path("/proc/self/task").iterdir()]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    texts = ["some words of a text"] * 200_000
    expected = model.encode(texts, num_threads=1).tobytes()
    assert model.encode(texts, num_threads=100_000).tobytes() == expected
    done.set()
    watcher.join()
    assert most < 100 + (os.cpu_count() or 1)


@pytest.mark.parametrize("words", [Reversed(WORDS), Doubled(WORDS)], ids=["list", "tuple"])
def test_a_subclass_of_list_or_tuple_is_what_it_gives(
    model: StaticModel, small: Folder, words: Reversed | Doubled
) -> None:
    given = list(iter(words))
    assert given != WORDS
    expected = reference.encode(small.path, given, normalize=True)
    assert_same_bits(model.encode(words), expected)
    theirs = model2vec.StaticModel.from_pretrained(small.path)
    assert_same_bits(model.encode(words), theirs.encode(words)[: len(given)])
