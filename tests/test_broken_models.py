"""Broken models: the right exception by every door, a message that names the file and the fact,
and nothing left behind."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from m2v_fast import Model2VecEmbeddingFunction, ModelError, StaticModel
from m2v_fast.cli import main as command_line
from m2v_fast.sources import IncompleteModelError

from tests.support import process, resources
from tests.support.broken import GALLERY, Broken, good
from tests.support.tensors import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import MakeFolder
    from tests.support.folders import Folder

DOORS: dict[str, Callable[..., object]] = {
    "from_pretrained": StaticModel.from_pretrained,
    "from_pretrained, read": lambda path: StaticModel.from_pretrained(path, memory_map=False),
    "from_pretrained, huge": lambda path: StaticModel.from_pretrained(path, memory_map="huge"),
    "embedding function": Model2VecEmbeddingFunction,
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A good model with every part, free to be broken."""
    return good(tmp_path / "model")


@pytest.fixture
def nothing_kept(tmp_path: Path) -> Iterator[None]:
    """Fails if descriptors or mappings of the test's folder are left."""
    files = resources.open_files() if resources.TELLS else {}
    yield
    gc.collect()
    if resources.TELLS:
        assert resources.open_files() == files
        assert resources.mapped_files(tmp_path) == []


def _named(broken: Broken, folder: Folder) -> str:
    return str(folder.path / broken.file if broken.file else folder.path)


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("case", GALLERY)
def test_by_every_door_the_fault_is_named(folder: Folder, case: str) -> None:
    broken = GALLERY[case]
    StaticModel.from_pretrained(folder.path)
    broken.damage(folder)
    said = set()
    kind = broken.kind
    if kind is FileNotFoundError and folder.path.is_dir():
        kind = IncompleteModelError  # as model2vec's, a ValueError as well
    for door in DOORS.values():
        with pytest.raises(broken.kind) as caught:
            door(folder.path)
        assert caught.type is kind
        said.add(str(caught.value))
        del caught
    assert len(said) == 1, "each door says something else"
    [message] = said
    assert _named(broken, folder) in message
    for word in broken.words:
        assert word in message
    assert "panicked" not in message
    assert len(message) < 600


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize("case", GALLERY)
def test_the_command_line_says_it_in_one_line(folder: Folder, case: str) -> None:
    broken = GALLERY[case]
    broken.damage(folder)
    for command in (["info"], ["info", "--check"]):
        done = CliRunner().invoke(command_line, [*command, str(folder.path)])
        assert done.exit_code == 1
        assert isinstance(done.exception, SystemExit)
        assert done.stdout == ""
        assert re.fullmatch(r"Error: [^\n]+\n", done.stderr)
        assert _named(broken, folder) in done.stderr
        for word in broken.words:
            assert word in done.stderr


@pytest.mark.parametrize("fault", ["tokenizer: half a file", "files: tokenizer.json is a pipe"])
def test_compiling_a_broken_tokenizer(folder: Folder, fault: str) -> None:
    if fault not in GALLERY:
        pytest.skip("no pipes on this system")
    GALLERY[fault].damage(folder)
    done = CliRunner().invoke(command_line, ["compile", str(folder.path)])
    assert done.exit_code == 1
    assert f"Error: {folder.tokenizer_file}: " in done.stderr


def test_the_command_line_as_a_process(folder: Folder, tmp_path: Path) -> None:
    for case in ("matrix: half lost", "tokenizer: empty vocabulary", "files: config.json missing"):
        broken = good(tmp_path / re.sub(r"\W+", "-", case))
        GALLERY[case].damage(broken)
        for command in (["info"], ["embed", os.devnull, "-o", str(tmp_path / "x"), "--model"]):
            done = process.run("-m", "m2v_fast", *command, broken.path)
            assert done.returncode == 1
            assert done.stderr.startswith(b"Error: ")
            assert b"Traceback" not in done.stderr
            assert done.stdout == b""
    assert not (tmp_path / "x").exists()


def test_loading_broken_models_again_and_again_keeps_nothing() -> None:
    if not resources.TELLS:
        pytest.skip("only Linux tells what a process holds")
    result = process.answer(process.CHILDREN / "broken.py")
    assert result["loads"] > 2000
    assert result["files"] == result["mappings"] == 0
    # A matrix or a vocabulary kept at each load would be a hundred times this.
    assert result["growth"] < 2_000_000, result


@pytest.mark.skipif(os.name == "nt", reason="permissions are another thing there")
def test_what_may_not_be_read_is_said() -> None:
    result = process.answer(process.CHILDREN / "unreadable.py")
    for name in ("config.json", "model.safetensors", "tokenizer.json", "the folder"):
        types, message = result[name]
        assert types[0] == "PermissionError", message
        assert (name if name != "the folder" else "model") in message
        assert "ermission denied" in message


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_folder_that_is_a_loop_of_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    # A relative name could be a hub's: what lies here comes first, broken or not.
    for source in (loop, str(loop), "loop"):
        for door in DOORS.values():
            with pytest.raises(OSError, match="symbolic links"):
                door(source)


@pytest.mark.parametrize("layout", ["sentence-transformers", "nested"])
def test_the_model2vec_name_in_another_layout(own_folder: MakeFolder, layout: str) -> None:
    folder = own_folder(layout=layout)
    tensors = read(folder.matrix_file)
    assert "embedding.weight" in tensors
    raw = folder.matrix_file.read_bytes().replace(b"embedding.weight", b"embeddings______")
    folder.matrix_file.write_bytes(raw)
    with pytest.raises(ModelError, match=r"`embedding\.weight`.*embeddings______"):
        StaticModel.from_pretrained(folder.path)


@pytest.mark.parametrize(
    "card", [b"", b"---\n[", b"---\n- a\n---\n", b"\xff\xfe", b"---\nlanguage: {en: 1}\n---\n"]
)
def test_a_broken_model_card_is_nobodys_problem(folder: Folder, card: bytes) -> None:
    (folder.path / "README.md").write_bytes(card)
    model = StaticModel.from_pretrained(folder.path)
    assert model.encode("a word").shape == (8,)
    assert model.base_model_name is None


def test_a_model_card_that_is_a_folder(folder: Folder) -> None:
    (folder.path / "README.md").mkdir()
    model = StaticModel.from_pretrained(folder.path)
    assert model.base_model_name is None
    assert model.language is None


# Files that change while a model is in use. Each way in a child, which one of them ends.


def _changed(way: str, memory_map: Any) -> Any:
    return process.answer(process.CHILDREN / "changed_file.py", way, json.dumps(memory_map))


@pytest.mark.skipif(os.name == "nt", reason="an open mapping keeps the file from being changed")
@pytest.mark.parametrize("memory_map", [True, False])
@pytest.mark.parametrize("way", ["replaced", "removed"])
def test_a_file_replaced_while_in_use_changes_nothing(way: str, memory_map: bool) -> None:
    result = _changed(way, memory_map)
    assert result == {"same": True, "finite": True, "tokenizer": True}


@pytest.mark.skipif(os.name == "nt", reason="an open mapping keeps the file from being changed")
@pytest.mark.parametrize("way", ["truncated", "overwritten", "emptied"])
@pytest.mark.parametrize("memory_map", [False, "huge"])
def test_read_files_may_be_rewritten_in_place(way: str, memory_map: Any) -> None:
    assert _changed(way, memory_map) == {"same": True, "finite": True, "tokenizer": True}


def test_other_words_for_memory_map_are_told(folder: Folder) -> None:
    with pytest.raises(ValueError, match=r"True, False or \"huge\", not 'large'"):
        StaticModel.from_pretrained(folder.path, memory_map="large")  # type: ignore[arg-type]


@pytest.mark.skipif(os.name == "nt", reason="an open mapping keeps the file from being changed")
@pytest.mark.parametrize("bytes_", ["", " with zeros", " with ones", " at random"])
def test_a_mapped_file_overwritten_in_place_changes_the_vectors(bytes_: str) -> None:
    # The compiled index among them: whatever is in it, ids are at worst wrong.
    result = _changed(f"overwritten{bytes_}", memory_map=True)
    assert result["same"] is False


@pytest.mark.skipif(sys.platform != "linux", reason="each system ends the process in its own way")
@pytest.mark.parametrize("way", ["truncated", "emptied"])
def test_a_mapped_file_truncated_in_place_ends_the_process(way: str) -> None:
    done = process.run(process.CHILDREN / "changed_file.py", way, "true")
    assert done.returncode == -signal.SIGBUS
    assert done.stderr == b""


@pytest.mark.skipif(os.name == "nt", reason="an open mapping keeps the file from being replaced")
def test_a_model_saved_over_one_in_use_replaces_its_files() -> None:
    result = process.answer(process.CHILDREN / "saved_over.py")
    assert result == {"same": True, "left": [], "new": 32}


def test_a_vector_of_a_row_that_is_not_finite(folder: Folder) -> None:
    # Not an error: they come out as they went in. `info --check` finds them beforehand.
    tensors = read(folder.matrix_file)
    raw = bytearray(folder.matrix_file.read_bytes())
    begin = raw.index(tensors["embeddings"].data)
    raw[begin : begin + len(tensors["embeddings"].data)] = np.full((50, 8), np.nan, "<f4").tobytes()
    folder.matrix_file.write_bytes(raw)
    assert np.isnan(StaticModel.from_pretrained(folder.path).encode("a")).all()
