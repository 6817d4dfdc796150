"""`m2v-fast info --check`: finds what loading accepts and is hardly meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np
import pytest
from click.testing import CliRunner, Result
from m2v_fast.cli import main as command_line
from tokenizers import Tokenizer

from tests.support import vocabularies
from tests.support.folders import Folder, Shape, write_folder
from tests.support.tensors import Tensor, file_bytes, read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeFolder

#: Element types and the bits of a NaN and of an infinity in each.
BITS: dict[str, tuple[str, int, int]] = {
    "float32": ("<u4", 0x7FC00001, 0x7F800000),
    "float16": ("<u2", 0x7E01, 0xFC00),
    "bfloat16": ("<u2", 0x7FC1, 0xFF80),
    "float64": ("<u8", 0x7FF8000000000001, 0x7FF0000000000000),
}


def _check(folder: Folder) -> Result:
    return CliRunner().invoke(command_line, ["info", "--check", str(folder.path)])


def _token(folder: Folder, token_id: int) -> str:
    return f"{Tokenizer.from_file(str(folder.tokenizer_file)).id_to_token(token_id)!r}"


def _put(folder: Folder, name: str, places: list[tuple[Any, int]], bits: str) -> None:
    """Writes bits into some elements of a tensor."""
    tensors = read(folder.matrix_file)
    tensor = tensors[name]
    numbers = np.frombuffer(tensor.data, bits).reshape(tensor.shape).copy()
    for place, value in places:
        numbers[place] = value
    tensors[name] = Tensor(tensor.dtype, tensor.shape, numbers.tobytes())
    folder.matrix_file.write_bytes(file_bytes(tensors))


@pytest.mark.parametrize("dtype", BITS)
def test_rows_that_are_not_finite_are_counted_and_named(own_folder: MakeFolder, dtype: str) -> None:
    folder = own_folder("wordpiece", Shape(dtype, 8))
    assert _check(folder).exit_code == 0
    bits, nan, infinity = BITS[dtype]
    _put(folder, "embeddings", [((7, 0), nan), ((3999, 7), infinity)], bits)
    done = _check(folder)
    assert done.exit_code == 1
    assert "2 of 4,000 rows with NaN or infinity" in done.output
    for token_id in (7, 3999):
        assert f"{_token(folder, token_id)} (id {token_id})" in done.output
    # Without the wish nothing is looked at, and loading never minds.
    assert CliRunner().invoke(command_line, ["info", str(folder.path)]).exit_code == 0


def test_many_are_counted_and_some_named(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8))
    _put(folder, "embeddings", [(slice(100, 1100), 0x7FC00000)], "<u4")
    done = _check(folder)
    assert "1,000 of 4,000 rows" in done.output
    assert "and 995 more" in done.output
    assert done.output.count("(id 1") == 5


def test_rows_that_tokens_share_name_the_tokens(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8, mapping="int64"))
    mapping = read(folder.matrix_file)["mapping"].array()
    row = int(mapping[20])
    _put(folder, "embeddings", [(row, 0x7FC00000)], "<u4")
    done = _check(folder)
    assert done.exit_code == 1
    assert "1 of 1,333 rows" in done.output
    assert "(id 20)" in done.output
    users = int((mapping == row).sum())
    assert done.output.count("(id ") == min(users, 5)


def test_a_row_of_no_token_is_still_found(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8, mapping="int64"))
    mapping = read(folder.matrix_file)["mapping"].array()
    unused = next(iter(set(range(1333)) - set(mapping.tolist())))
    _put(folder, "embeddings", [(unused, 0x7FC00000)], "<u4")
    done = _check(folder)
    assert done.exit_code == 1
    assert "of no token" in done.output


def test_weights_that_are_not_finite(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8, weights="float32"))
    _put(folder, "weights", [(50, 0x7F800000)], "<u4")
    done = _check(folder)
    assert done.exit_code == 1
    assert "1 of 4,000 weights" in done.output
    assert f"{_token(folder, 50)} (id 50)" in done.output


def test_rows_too_long_to_be_normalized(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8))
    [[token_id]] = m2v_fast.StaticModel.from_pretrained(folder.path).tokenize(["the"])
    _put(folder, "embeddings", [((token_id, 3), 0x60000000)], "<u4")  # 2**65
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    assert not model.encode("the", normalize=True).any()
    done = _check(folder)
    assert done.exit_code == 1
    assert "1 of 4,000 rows whose length overflows" in done.output
    assert f"'the' (id {token_id})" in done.output


def test_a_limit_of_no_tokens(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8), config={"max_length": 0})
    done = _check(folder)
    assert done.exit_code == 1
    assert "max_length is 0" in done.output


def test_an_index_of_another_tokenizer(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "model", vocabularies.unigram(), Shape(width=8))
    assert CliRunner().invoke(command_line, ["compile", str(folder.path)]).exit_code == 0
    assert _check(folder).exit_code == 0
    text = folder.tokenizer_json()
    folder.tokenizer_file.write_text(f"{text}\n")
    done = _check(folder)
    assert done.exit_code == 1
    assert re.search(r"tokenizer\.m2vindex .*compile", done.output)


@pytest.mark.parametrize("dtype", ["int8", "float32", "bfloat16"])
def test_a_sound_model_has_nothing(make_folder: MakeFolder, dtype: str) -> None:
    folder = make_folder("wordpiece", Shape(dtype, 8, "int32", "float64"))
    done = _check(folder)
    assert done.exit_code == 0
    assert re.search(r"^check +nothing found$", done.output, re.MULTILINE)


def test_the_bundled_model_is_sound() -> None:
    done = CliRunner().invoke(command_line, ["info", "--check", m2v_fast.BUNDLED_MODEL])
    assert done.exit_code == 0
