"""A loaded model is mapped, not copied: little private memory beside the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import process, testdata
from tests.support.folders import Shape

if TYPE_CHECKING:
    from tests.conftest import MakeFolder

LIMIT = 25_000_000


def _tells_anonymous_memory() -> bool:
    status = Path("/proc/self/status")
    return status.exists() and "RssAnon:" in status.read_text()


pytestmark = pytest.mark.skipif(
    not _tells_anonymous_memory(), reason="only Linux tells anonymous memory apart"
)


def _growth(folder: Path, *language: str) -> int:
    result = process.answer(process.CHILDREN / "memory.py", folder, *language)
    assert result["texts"] == 5000
    assert result["total"] > 0
    growth: int = result["growth"]
    return growth


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_thirty_thousand_tokens(make_folder: MakeFolder, dtype: str) -> None:
    folder = make_folder("wordpiece-30k", Shape(dtype, 256))
    size = folder.matrix_file.stat().st_size
    if dtype == "float32":
        assert size > 30_000_000
    growth = _growth(folder.path)
    assert growth <= LIMIT, f"{growth / 1e6:.1f} MB"


@pytest.mark.skipif(not testdata.LANGUAGES, reason=f"{testdata.VARIABLE} is not set")
@pytest.mark.parametrize("language", testdata.LANGUAGES)
def test_real_tokenizer_and_paragraphs(make_folder: MakeFolder, language: str) -> None:
    folder = make_folder("potion-wordpiece", Shape("float32", 256))
    growth = _growth(folder.path, language)
    assert growth <= LIMIT, f"{growth / 1e6:.1f} MB"


def test_the_matrix_is_read_where_it_lies(make_folder: MakeFolder) -> None:
    # Sixteen times the width, the same private memory: only pages of the file come in.
    narrow = _growth(make_folder("wordpiece-30k", Shape("float32", 64)).path)
    wide = _growth(make_folder("wordpiece-30k", Shape("float32", 1024)).path)
    assert wide - narrow < 8_000_000, f"{narrow / 1e6:.1f} MB, {wide / 1e6:.1f} MB"


def test_nothing_is_left_behind(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece", Shape("float32", 256))
    result = process.answer(process.CHILDREN / "soak.py", folder.path)
    # A matrix or a tokenizer or a batch of vectors left behind each time would be ten times this.
    assert result["growth"] < 5_000_000, result
