"""Model folders: the three layouts, which setting wins, and what is said of a broken one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
from m2v_fast import ModelError, StaticModel

from tests.support import reference, texts
from tests.support.compare import assert_same_bits
from tests.support.folders import LAYOUTS, Folder, Shape
from tests.support.tensors import Tensor, file_bytes, read
from tests.support.vocabularies import as_json, unigram, wordpiece
from tests.twin import Twin

if TYPE_CHECKING:
    from tests.conftest import MakeFolder

SOME = [*texts.MULTILINGUAL, *texts.paragraphs()[:40]]


@pytest.mark.parametrize("normalize", [None, False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(make_folder: MakeFolder, layout: str, normalize: bool | None) -> None:
    config = {} if normalize is None else {"normalize": normalize}
    shape = Shape("float32", 24, "int64", "float32")
    folder = make_folder("wordpiece", shape, layout=layout, config=config)
    model = StaticModel.from_pretrained(folder.path)
    assert model.normalize is bool(normalize)
    expected = reference.encode(folder.path, SOME)
    assert_same_bits(model.encode(SOME), expected, SOME)
    assert_same_bits(Twin(folder.path).encode(SOME, normalize=bool(normalize)), expected, SOME)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_subfolders(own_folder: MakeFolder, layout: str) -> None:
    folder = own_folder(layout=layout)
    deep = folder.path.parent / "root" / "a" / "b"
    deep.parent.mkdir(parents=True)
    folder.path.rename(deep)
    root = deep.parent.parent
    expected = StaticModel.from_pretrained(deep).encode(SOME)
    for subfolder in ("a/b", "a/b/"):
        model = StaticModel.from_pretrained(root, subfolder=subfolder)
        assert_same_bits(model.encode(SOME), expected)
    with pytest.raises(FileNotFoundError):
        StaticModel.from_pretrained(root)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        StaticModel.from_pretrained(root, subfolder="nowhere")


def test_the_first_layout_whose_files_are_all_there_is_taken(own_folder: MakeFolder) -> None:
    nested = own_folder("wordpiece", Shape(width=7), layout="nested")
    # A config.json alone makes no model2vec layout: its other files are not there.
    (nested.path / "config.json").write_text('{"normalize": true}')
    model = StaticModel.from_pretrained(nested.path)
    assert (model.dim, model.normalize) == (7, False)
    own_folder("wordpiece", Shape(width=9), config={"normalize": True})
    model = StaticModel.from_pretrained(nested.path)
    assert (model.dim, model.normalize) == (9, True)
    assert_same_bits(model.encode(SOME), reference.encode(nested.path, SOME))


def test_a_folder_is_a_str_or_any_path(small: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __fspath__(self) -> str:
            return str(small.path)

    expected = StaticModel.from_pretrained(small.path).encode(SOME)
    assert_same_bits(StaticModel.from_pretrained(str(small.path)).encode(SOME), expected)
    assert_same_bits(StaticModel.from_pretrained(Entry()).encode(SOME), expected)
    monkeypatch.chdir(small.path.parent)
    relative = StaticModel.from_pretrained(small.path.name)
    monkeypatch.chdir("/")
    assert_same_bits(relative.encode(SOME), expected)


def test_folders_with_letters_of_every_kind(own_folder: MakeFolder, tmp_path: Path) -> None:
    folder = own_folder()
    odd = tmp_path / "ünï 中文 model's [1] %20"
    folder.path.rename(odd)
    assert StaticModel.from_pretrained(odd).dim == 32
    assert StaticModel.from_pretrained(str(odd)).dim == 32


@pytest.mark.parametrize(
    ("config", "arguments", "expected"),
    [
        ({}, {}, (False, 512)),
        ({"normalize": True, "max_length": 7}, {}, (True, 7)),
        ({"normalize": True, "max_length": 7}, {"normalize": False}, (False, 7)),
        ({"normalize": True, "max_length": 7}, {"max_length": 9}, (True, 9)),
        ({"normalize": True, "max_length": 7}, {"max_length": None}, (True, None)),
        ({"normalize": False, "max_length": None}, {"normalize": True}, (True, None)),
        ({"max_length": None}, {"max_length": 3}, (False, 3)),
        ({"max_length": 0}, {}, (False, 0)),
        ({"seq_length": 4, "hidden_dim": 999, "embedding_dtype": "int8"}, {}, (False, 512)),
    ],
)
def test_arguments_win_over_config_over_defaults(
    make_folder: MakeFolder, config: dict[str, Any], arguments: dict[str, Any], expected: object
) -> None:
    folder = make_folder("wordpiece", Shape(), config=config)
    model = StaticModel.from_pretrained(folder.path, **arguments)
    assert (model.normalize, model.max_length) == expected
    assert model.embedding_dtype == "float32"
    judge = model2vec.StaticModel.from_pretrained(folder.path, **arguments)
    assert (judge.normalize, judge.max_length) == expected
    assert_same_bits(model.encode(SOME), judge.encode(SOME))


def test_modules_json_is_not_looked_at(own_folder: MakeFolder) -> None:
    folder = own_folder(layout="sentence-transformers", config={})
    modules = [{"idx": 1, "name": "1", "type": "sentence_transformers.models.Normalize"}]
    (folder.path / "modules.json").write_text(json.dumps(modules))
    model = StaticModel.from_pretrained(folder.path)
    assert model.normalize is False
    assert_same_bits(model.encode(SOME), reference.encode(folder.path, SOME))


def test_other_tensors_and_metadata_are_left_alone(own_folder: MakeFolder) -> None:
    folder = own_folder()
    expected = StaticModel.from_pretrained(folder.path).encode(SOME)
    tensors = read(folder.matrix_file)
    tensors = {"aaa": Tensor.of(np.arange(5, dtype=np.uint8)), **tensors}
    tensors["zzz"] = Tensor("F8_E4M3", (3,), b"abc")
    folder.matrix_file.write_bytes(file_bytes(tensors, metadata={"format": "pt"}))
    assert_same_bits(StaticModel.from_pretrained(folder.path).encode(SOME), expected)


def test_a_mapping_longer_than_the_vocabulary_is_fine(own_folder: MakeFolder) -> None:
    def longer(tensors: dict[str, Tensor]) -> None:
        mapping = tensors["mapping"].array()
        tensors["mapping"] = Tensor.of(np.concatenate([mapping, mapping[:9]]))

    folder = own_folder("wordpiece", Shape(mapping="int64"))
    tensors = read(folder.matrix_file)
    longer(tensors)
    folder.matrix_file.write_bytes(file_bytes(tensors))
    model = StaticModel.from_pretrained(folder.path)
    assert_same_bits(model.encode(SOME), reference.encode(folder.path, SOME))


# What is missing.


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_missing_file_is_named(own_folder: MakeFolder, layout: str, part: int) -> None:
    folder = own_folder(layout=layout)
    name = LAYOUTS[layout][part]
    (folder.path / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        StaticModel.from_pretrained(folder.path)
    assert str(folder.path) in str(caught.value)
    # Without its config a folder might be of any layout.
    assert ("config" if part == 0 else Path(name).name) in str(caught.value)


def test_a_folder_that_is_missing_empty_or_a_file(small: Folder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        StaticModel.from_pretrained(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        StaticModel.from_pretrained(f"{tmp_path}/nowhere/at/all")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty"):
        StaticModel.from_pretrained(tmp_path / "empty")
    with pytest.raises((OSError, ModelError), match=r"model\.safetensors"):
        StaticModel.from_pretrained(small.matrix_file)


@pytest.mark.parametrize("path", [None, 3, b"bytes", ["list"]])
def test_a_path_that_is_none(path: Any) -> None:
    with pytest.raises(TypeError):
        StaticModel.from_pretrained(path)


# Files that do not fit each other. Broken ones are in test_broken_models.py.


def _rows(count: int) -> dict[str, Tensor]:
    return {"embeddings": Tensor.of(np.ones((count, 4), np.float32))}


@pytest.mark.parametrize("difference", [-1, 1, -1000])
def test_rows_and_tokens_must_be_as_many(own_folder: MakeFolder, difference: int) -> None:
    tokens = wordpiece().get_vocab_size()
    folder = own_folder("wordpiece", _rows(tokens + difference))
    with pytest.raises(ModelError) as caught:
        StaticModel.from_pretrained(folder.path)
    message = str(caught.value)
    assert str(folder.matrix_file) in message
    assert str(tokens) in message
    assert str(tokens + difference) in message


def test_an_id_without_a_row_is_found_at_the_door(own_folder: MakeFolder) -> None:
    # Three tokens and three rows, but one of the ids is 7.
    content = as_json(wordpiece(2000))
    content.update(added_tokens=[], post_processor=None)
    content["model"]["vocab"] = {"[UNK]": 0, "a": 1, "b": 7}
    folder = own_folder("wordpiece", _rows(3))
    folder.tokenizer_file.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="7"):
        StaticModel.from_pretrained(folder.path)


def test_gaps_between_ids_are_fine_with_a_mapping(own_folder: MakeFolder) -> None:
    content = as_json(wordpiece(2000))
    content.update(added_tokens=[], post_processor=None)
    content["model"]["vocab"] = {"[UNK]": 0, "a": 1, "b": 7}
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    mapping = np.array([0, 1, 0, 0, 0, 0, 0, 2], np.int64)
    tensors = {"embeddings": Tensor.of(rows), "mapping": Tensor.of(mapping)}
    folder = own_folder("wordpiece", tensors)
    folder.tokenizer_file.write_text(json.dumps(content))
    model = StaticModel.from_pretrained(folder.path)
    assert model.tokenize(["b a c b"]) == [[7, 1, 7]]
    assert_same_bits(model.encode(["b a c b"]), reference.encode(folder.path, ["b a c b"]))


@pytest.mark.skipif(os.name == "nt", reason="an open mapping keeps the file from being removed")
def test_a_loaded_model_outlives_its_files(own_folder: MakeFolder) -> None:
    folder = own_folder()
    model = StaticModel.from_pretrained(folder.path)
    expected = model.encode(SOME)
    for file in (folder.config_file, folder.matrix_file, folder.tokenizer_file):
        file.unlink()
    assert_same_bits(model.encode(SOME), expected)
    assert_same_bits(model.encode(SOME, num_threads=2), expected)


def test_a_unigram_model_that_knows_no_unknown_token_loads(own_folder: MakeFolder) -> None:
    content = as_json(unigram())
    content["model"].update(vocab=[["▁", -1.0], ["b", -2.0]], unk_id=None)
    content.update(added_tokens=[], normalizer=None)
    rows = {"embeddings": Tensor.of(np.arange(8, dtype=np.float32).reshape(2, 4))}
    folder = own_folder("wordpiece", rows)
    folder.tokenizer_file.write_text(json.dumps(content))
    model = StaticModel.from_pretrained(folder.path)
    assert_same_bits(model.encode(["b bb"]), reference.encode(folder.path, ["b bb"]))
    # What it cannot tell is that text's fault, as in the reference.
    with pytest.raises(ValueError, match=r"text 0.*unk_id"):
        model.encode(["a"])
