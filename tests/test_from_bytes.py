"""`StaticModel.from_bytes`: what `from_pretrained` makes of the same files."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.numpy
from m2v_fast import ModelError, StaticModel

from tests.support import texts
from tests.support.folders import LAYOUTS, MATRIX_DTYPES, Folder, Shape, write_folder
from tests.support.tensors import Tensor

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeFolder

SOME = [*texts.MULTILINGUAL, *texts.AWKWARD]


def contents(folder: Folder) -> dict[str, Any]:
    return {
        "model": folder.matrix_file.read_bytes(),
        "tokenizer": folder.tokenizer_file.read_bytes(),
        "config": folder.config_file.read_bytes(),
    }


def assert_the_same(made: StaticModel, loaded: StaticModel) -> None:
    assert np.array_equal(made.encode(SOME), loaded.encode(SOME))
    assert made.tokenize(SOME) == loaded.tokenize(SOME)
    assert (made.normalize, made.max_length) == (loaded.normalize, loaded.max_length)
    assert made.config == loaded.config
    assert made.tokens == loaded.tokens
    for name in ("embedding", "weights", "token_mapping"):
        one, other = getattr(made, name), getattr(loaded, name)
        assert (one is None) is (other is None)
        if one is not None:
            assert np.array_equal(one, other)
            assert name == "token_mapping" or one.dtype == other.dtype


@pytest.mark.parametrize("shift", [0, 1, 4])
@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_number_formats(own_folder: MakeFolder, dtype: str, shift: int) -> None:
    folder = own_folder("wordpiece-tiny", Shape(dtype, 8, "int32", "float16"), shift=shift)
    made = StaticModel.from_bytes(**contents(folder))
    assert_the_same(made, StaticModel.from_pretrained(folder.path))
    assert_the_same(pickle.loads(pickle.dumps(made)), made)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "config", [{}, {"normalize": True}, {"max_length": None}, {"max_length": 3, "x": [1]}], ids=str
)
def test_layouts_and_configurations(
    own_folder: MakeFolder, layout: str, config: dict[str, Any], tmp_path: Path
) -> None:
    folder = own_folder("wordpiece-tiny", Shape(width=8), layout=layout, config=config)
    given = contents(folder)
    loaded = StaticModel.from_pretrained(folder.path)
    assert_the_same(StaticModel.from_bytes(**given), loaded)
    text = given["tokenizer"].decode()
    for form in (config, json.dumps(config)):
        made = StaticModel.from_bytes(model=given["model"], tokenizer=text, config=form)
        assert_the_same(made, loaded)
    made.save_pretrained(tmp_path / "saved")
    saved = StaticModel.from_pretrained(tmp_path / "saved")
    assert np.array_equal(saved.encode(SOME), loaded.encode(SOME))


def test_without_a_configuration(small: Folder) -> None:
    given = contents(small)
    del given["config"]
    made = StaticModel.from_bytes(**given)
    assert (made.normalize, made.max_length, made.folder) == (False, 512, None)


def test_the_rows_are_not_copied(small: Folder) -> None:
    given = contents(small)
    made = StaticModel.from_bytes(**given)
    assert np.shares_memory(made.embedding, np.frombuffer(given["model"], np.uint8))
    expected = made.encode(SOME)
    del given
    assert np.array_equal(made.encode(SOME), expected)


def test_what_safetensors_writes(small: Folder) -> None:
    loaded = StaticModel.from_pretrained(small.path)
    data = safetensors.numpy.save({"embeddings": np.array(loaded.embedding)}, {"format": "np"})
    made = StaticModel.from_bytes(model=data, tokenizer=small.tokenizer_json())
    assert np.array_equal(made.embedding, loaded.embedding)


def _header(header: Any, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return len(text).to_bytes(8, "little") + text + data


def _entry(**changes: Any) -> bytes:
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changes}
    return _header({"embeddings": {k: v for k, v in entry.items() if v is not None}}, bytes(16))


BROKEN = {
    "nothing": (b"", "not a whole"),
    "short": (b"\1\2", "not a whole"),
    "cut header": (_entry()[:20], "not a whole"),
    "long header": ((2**60).to_bytes(8, "little") + b"{}", "not a whole"),
    "no JSON": (_header(b"{"), "not valid JSON"),
    "no UTF-8": (_header(b'{"\xff": 1}'), "not valid JSON"),
    "no object": (_header([]), "not a JSON object"),
    "no rows": (_header({"other": {}, "__metadata__": {}}), "but: other"),
    "no entry": (_header({"embeddings": 3}), "does not describe"),
    "no dtype": (_entry(dtype=None), "does not describe"),
    "no offsets": (_entry(data_offsets=[0]), "does not describe"),
    "other dtype": (_entry(dtype="C64"), "stored as C64"),
    "cut data": (_entry()[:-1], "outside"),
    "behind the end": (_entry(data_offsets=[16, 32]), "outside"),
    "before the start": (_entry(data_offsets=[-16, 0]), "outside"),
    "backwards": (_entry(data_offsets=[16, 0]), "outside"),
    "negative": (_entry(shape=[-2, -2]), "outside"),
    "size": (_entry(shape=[2, 3]), "do not fit"),
    "rows of one dimension": (_entry(shape=[4]), "dimension"),
    "of another tokenizer": (_entry(), "2 rows"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_matrices(small: Folder, case: str) -> None:
    data, words = BROKEN[case]
    with pytest.raises(ModelError, match=words):
        StaticModel.from_bytes(model=data, tokenizer=small.tokenizer_json())


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (b"{", "config: not valid JSON"),
        (b"\xff", "config: not UTF-8"),
        ("[]", "config: not a JSON object"),
        ('{"normalize": "no"}', "config: normalize must be"),
        ({"max_length": -1}, "config: max_length must be"),
        ({"max_length": "3"}, "config: max_length must be"),
    ],
)
def test_broken_configurations(small: Folder, config: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        StaticModel.from_bytes(**{**contents(small), "config": config})


def test_what_is_no_file(small: Folder) -> None:
    given = contents(small)
    for name in ("model", "tokenizer", "config"):
        with pytest.raises(TypeError, match=rf"{name} must be"):
            StaticModel.from_bytes(**{**given, name: small.path})
    for text in ("", "{}", b"\xff"):
        with pytest.raises(ModelError, match=r"tokenizer"):
            StaticModel.from_bytes(**{**given, "tokenizer": text})


def test_a_subclass(small: Folder) -> None:
    kind: Any = type("Mine", (StaticModel,), {})
    assert type(kind.from_bytes(**contents(small))) is kind


def test_an_empty_tensor(tmp_path: Path, small: Folder) -> None:
    folder = write_folder(
        tmp_path, small.tokenizer_json(), {"embeddings": Tensor.of(np.zeros((0, 4)))}
    )
    with pytest.raises(ModelError):
        StaticModel.from_pretrained(folder.path)
    with pytest.raises(ModelError):
        StaticModel.from_bytes(**contents(folder))
