"""Compiled indexes: made ahead of time, found, never trusted, and never needed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import m2v_fast
import pytest
from click.testing import CliRunner
from m2v_fast import _native
from m2v_fast.cli import main as command_line
from m2v_fast.index import index_folder
from platformdirs import user_cache_dir

if TYPE_CHECKING:
    from tests.conftest import MakeFolder

TEXTS = ["How are vectors indexed?", "", "\u4e8c\u5341 \u00e9t\u00e9 \u263a", "word " * 300]
KINDS = ["wordpiece", "wordpiece-added", "wordlevel", "unigram", "unigram-whole", "bpe-bytes"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_compiled_index_is_used_and_changes_nothing(own_folder: MakeFolder, kind: str) -> None:
    folder = own_folder(kind).path
    plain = m2v_fast.StaticModel.from_pretrained(folder)
    assert not plain.indexed
    index = _native.Model.compile(folder)
    assert index is not None
    assert Path(index).parent == folder
    indexed = m2v_fast.StaticModel.from_pretrained(folder)
    assert indexed.indexed
    assert indexed.tokenize(TEXTS) == plain.tokenize(TEXTS)
    assert indexed.encode(TEXTS).tobytes() == plain.encode(TEXTS).tobytes()
    assert indexed.median_token_length == plain.median_token_length


@pytest.mark.parametrize("damage", ["truncated", "flipped", "of another file"])
def test_an_index_that_does_not_fit_is_passed_over(own_folder: MakeFolder, damage: str) -> None:
    folder = own_folder("unigram").path
    made = _native.Model.compile(folder)
    assert made is not None
    index = Path(made)
    expected = m2v_fast.StaticModel.from_pretrained(folder).encode(TEXTS)
    content = bytearray(index.read_bytes())
    if damage == "truncated":
        index.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        index.write_bytes(content)
    else:
        tokenizer = folder / "tokenizer.json"
        tokenizer.write_text(tokenizer.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    model = m2v_fast.StaticModel.from_pretrained(folder)
    assert not model.indexed
    assert model.encode(TEXTS).tobytes() == expected.tobytes()


def test_what_runs_on_the_fallback_has_none(own_folder: MakeFolder) -> None:
    folder = own_folder("bpe-bytes").path
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    tokenizer["model"]["dropout"] = 0.5
    file.write_text(json.dumps(tokenizer), encoding="utf-8")
    assert _native.Model.compile(folder) is None
    assert not list(folder.glob("*.m2vindex"))
    done = CliRunner().invoke(command_line, ["compile", str(folder)])
    assert done.exit_code == 0
    assert "fallback" in done.output


def test_the_folder_for_indexes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokenizer.json").write_bytes(b" " * 2_000_000)
    assert index_folder(False, tmp_path) is None
    assert index_folder("here", tmp_path) == "here"
    assert index_folder(tmp_path, tmp_path) == str(tmp_path)
    monkeypatch.setenv("M2V_FAST_CACHE", "there")
    assert index_folder(True, tmp_path) == "there"
    monkeypatch.setenv("M2V_FAST_CACHE", "0")
    assert index_folder(True, tmp_path) is None
    monkeypatch.delenv("M2V_FAST_CACHE")
    default = index_folder(True, tmp_path)
    assert default is not None
    assert "m2v_fast" in Path(default).parts
    for home in ("", "  ", str(tmp_path)):
        monkeypatch.setenv("XDG_CACHE_HOME", home)
        default = user_cache_dir("m2v_fast", appauthor=False)
        assert index_folder(True, tmp_path) == default
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    assert index_folder(True, tmp_path) is None
