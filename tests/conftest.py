"""Fixtures: model folders are made once and found again by what they consist of."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import m2v_fast
import pytest

from tests.support import testdata, vocabularies
from tests.support.folders import Folder, Shape, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer

MakeFolder = Callable[..., Folder]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled indexes go to a folder of the tests, not of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("M2V_FAST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


#: What a panic writes to standard error before anything can catch it.
_PANIC = "panicked at"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a test during which something panicked, whoever caught it."""
    report = yield
    reported = [text for name, text in report.sections if _PANIC in text]
    if reported and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: something panicked\n{reported[0]}"
    return report


@cache
def _tokenizer_text(kind: str) -> str:
    if kind in testdata.TOKENIZERS:
        folder = testdata.model_folder(kind)
        return (folder / "tokenizer.json").read_text(encoding="utf-8")
    makers: dict[str, Callable[[], Tokenizer]] = {
        **vocabularies.KINDS,
        "wordpiece-tiny": vocabularies.wordpiece_tiny,
        "wordpiece-30k": lambda: vocabularies.wordpiece(29_528),
    }
    return makers[kind]().to_str()


@pytest.fixture(scope="session")
def tokenizer_text() -> Callable[[str], str]:
    """The tokenizer.json of a kind, made here or of the test data."""
    return _tokenizer_text


@pytest.fixture(scope="session")
def make_folder(tmp_path_factory: pytest.TempPathFactory) -> MakeFolder:
    """`make_folder(kind, shape, **options of write_folder)`: a folder, the same for equal wishes.

    Tests that change files make their own with `write_folder`.
    """
    made: dict[str, Folder] = {}

    def make(kind: str = "wordpiece", shape: Shape | None = None, **options: Any) -> Folder:
        shape = shape or Shape()
        key = json.dumps([kind, repr(shape), options], sort_keys=True)
        if key not in made:
            path = tmp_path_factory.mktemp("model")
            made[key] = write_folder(path, _tokenizer_text(kind), shape, **options)
        return made[key]

    return make


@pytest.fixture(scope="session")
def small(make_folder: MakeFolder) -> Folder:
    """A plain float32 model: 4,000 tokens, 32 dims, normalized."""
    return make_folder("wordpiece", Shape(), config={"normalize": True})


@pytest.fixture
def model(small: Folder) -> m2v_fast.StaticModel:
    """The small model, loaded anew for each test: its settings may be changed."""
    return m2v_fast.StaticModel.from_pretrained(small.path)


@pytest.fixture
def own_folder(tmp_path: Path) -> MakeFolder:
    """`own_folder(kind, shape, **options)`: a folder of this test's own, free to be damaged."""

    def make(kind: str = "wordpiece", shape: Shape | None = None, **options: Any) -> Folder:
        return write_folder(tmp_path / "model", _tokenizer_text(kind), shape or Shape(), **options)

    return make
