"""`m2v-fast check` and `same_as_model2vec`: what is equal passes, and what differs is found."""

from __future__ import annotations

import gzip
import inspect
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import m2v_fast
import model2vec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.shell_completion import get_completion_class
from click.testing import CliRunner, Result
from m2v_fast import comparison, compat
from m2v_fast.cli import main as command_line
from m2v_fast.reference import Reference

from tests.support import texts, vocabularies
from tests.support.folders import Shape, write_folder
from tests.support.tensors import Tensor, file_bytes, read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeFolder
    from tests.support.folders import Folder

SOME = [*texts.MULTILINGUAL, *texts.AWKWARD]
LINES = ["the first line", "Zwölf Boxkämpfer", "中文 text 👍"]


def _check(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command_line, ["check", *map(str, arguments)], input=stdin)


def _replace(path: Path, data: bytes) -> None:
    """Puts another file in a file's place; the old one stays as it is for who has it mapped."""
    other = path.with_suffix(".new")
    other.write_bytes(data)
    os.replace(other, path)  # noqa: PTH105


def _change_row(folder: Folder, row: int, by: float) -> None:
    tensors = read(folder.matrix_file)
    matrix = tensors["embeddings"].array().copy()
    matrix[row, 3] += by
    tensors["embeddings"] = Tensor.of(matrix)
    _replace(folder.matrix_file, file_bytes(tensors))


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64", "int8", "bfloat16"])
@pytest.mark.parametrize("weights", [None, "float16", "float32", "float64"])
@pytest.mark.parametrize("normalize", [True, False])
def test_models_of_every_kind_are_the_same(
    make_folder: MakeFolder, dtype: str, weights: str | None, normalize: bool
) -> None:
    shape = Shape(dtype, 24, "int64" if weights == "float32" else None, weights)
    folder = make_folder("wordpiece", shape, config={"normalize": normalize})
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    found = model.same_as_model2vec(iter(SOME))
    assert found
    assert found.same
    assert found.texts == len(SOME)
    assert found.differences == []
    # model2vec cannot load bfloat16, or not as such: what was compared instead is said.
    if dtype == "bfloat16":
        assert found.vectors_from.startswith("numpy ")
        assert "does not take the model" in found.notes[0]
    else:
        assert found.vectors_from == "model2vec 0.10.0"
        assert found.notes == []


def test_models_that_were_changed_are_compared_as_they_are(small: Folder) -> None:
    load = m2v_fast.StaticModel.from_pretrained
    shorter = load(small.path, max_length=3)
    unlimited = load(small.path, max_length=None, normalize=False)
    keeping = load(small.path, unknown="keep")
    reduced = load(small.path, quantize_to="int8", dimensionality=10)
    weighted = load(small.path)
    weighted.weights = np.linspace(0.1, 2, len(weighted.tokens))
    for model in (shorter, unlimited, keeping, reduced, weighted):
        found = model.same_as_model2vec(SOME)
        assert found.same, found
        assert found.vectors_from == "model2vec 0.10.0"


def test_a_changed_row_is_found(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8))
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    [[token]] = model.tokenize(["the"])
    _change_row(folder, token, 0.5)
    found = model.same_as_model2vec(["a word", "Of the " + "house " * 30, "another", "the"])
    assert not found
    assert found.ids_differ == 0
    assert found.vectors_differ == 2
    first, second = found.differences
    assert (first.number, second.number) == (1, 3)
    assert first.excerpt.startswith("Of the house")
    assert len(first.excerpt) == 60
    assert first.ids is None
    assert second.largest == pytest.approx(0.5)
    assert found.largest == second.largest


def test_the_smallest_difference_is_found(own_folder: MakeFolder) -> None:
    """One unit in the last place of one number."""
    folder = own_folder("wordpiece", Shape(width=8))
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    [[token]] = model.tokenize(["the"])
    _change_row(folder, token, float(np.spacing(np.abs(model.embedding[token, 3]))))
    assert model.same_as_model2vec(["the"]).vectors_differ == 1
    assert model.same_as_model2vec(["of"])


def test_other_ids_are_found(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8))
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    file = json.loads(folder.tokenizer_json())
    vocabulary = file["model"]["vocab"]
    vocabulary["the"], vocabulary["of"] = vocabulary["of"], vocabulary["the"]
    _replace(folder.tokenizer_file, json.dumps(file).encode())
    found = model.same_as_model2vec(["a word", "a word of it"])
    assert found.ids_differ == 1
    [difference] = found.differences
    assert difference.number == 1
    assert difference.ids is not None
    assert difference.reference_ids is not None
    pairs = zip(difference.ids, difference.reference_ids, strict=True)
    assert {pair for pair in pairs if len(set(pair)) == 2} == {
        (vocabulary["the"], vocabulary["of"])
    }


def test_all_are_counted_and_some_kept(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=8))
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    [[token]] = model.tokenize(["the"])
    _change_row(folder, token, 1.0)
    found = comparison.compare(model, ["the"] * 2500, most=7)
    assert found.vectors_differ == 2500
    assert [difference.number for difference in found.differences] == list(range(7))


def test_float16_has_a_rule_of_its_own(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape("float16", 64), config={"normalize": True})
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    assert "float16" in model.same_as_model2vec(SOME).rule
    [[token]] = model.tokenize(["the"])
    _change_row(folder, token, 0.5)
    assert model.same_as_model2vec(["the"]).vectors_differ == 1


def test_one_dimension_is_the_exception(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece", Shape(width=1))
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    found = model.same_as_model2vec(SOME)
    assert found
    assert 0 < found.largest < 1e-5
    assert "1e-5" in found.rule
    [[token]] = model.tokenize(["the"])
    tensors = read(folder.matrix_file)
    matrix = tensors["embeddings"].array().copy()
    matrix[token] += 0.001
    tensors["embeddings"] = Tensor.of(matrix)
    _replace(folder.matrix_file, file_bytes(tensors))
    assert model.same_as_model2vec(["of", "the"]).vectors_differ == 1


def test_without_model2vec_it_says_what_was_compared_instead(
    model: m2v_fast.StaticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "model2vec", None)
    found = model.same_as_model2vec(SOME)
    assert found
    assert found.vectors_from == f"numpy {np.__version__}"
    assert found.notes == [
        "not compared with model2vec, as it is not installed; vectors were compared with NumPy's "
        "mean and norm over the ids of tokenizers instead"
    ]
    # And that comparison finds differences, too.
    judge = Reference(model)
    judge.rows = np.array(judge.rows)
    judge.rows[model.tokenize(["the"])[0][0]] += 1
    monkeypatch.setattr(comparison, "Reference", lambda _: judge)
    assert model.same_as_model2vec(["of", "the"]).vectors_differ == 1


def test_without_tokenizers_it_says_what_to_do(
    model: m2v_fast.StaticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match="pip install tokenizers"):
        model.same_as_model2vec(SOME)


def test_another_release_of_model2vec_is_named(
    model: m2v_fast.StaticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "version", lambda name: "0.9.0")
    found = model.same_as_model2vec(SOME)
    assert found.vectors_from == "model2vec 0.9.0"
    assert "0.9.0" in found.notes[0]


def test_with_compat_on_model2vec_is_still_its_own(small: Folder) -> None:
    model = m2v_fast.StaticModel.from_pretrained(small.path)
    compat.install()
    try:
        assert type(model2vec.StaticModel.from_pretrained(small.path)) is not model2vec.StaticModel
        theirs = inspect.getclosurevars(comparison.model2vec_of(model)).nonlocals["theirs"]
        assert type(theirs) is model2vec.StaticModel
        assert model.same_as_model2vec(SOME)
    finally:
        compat.uninstall()


def test_what_neither_takes_is_not_compared(model: m2v_fast.StaticModel) -> None:
    found = model.same_as_model2vec(["fine", "half a pair: \ud800", "fine"])
    assert found.not_compared == 1
    assert "text 1 was not compared" in found.notes[0]
    assert found.same


def test_what_only_ours_refuses_is_a_difference(
    model: m2v_fast.StaticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = m2v_fast.StaticModel.encode

    def picky(self: m2v_fast.StaticModel, sentences: Any, **options: Any) -> Any:
        if any("bad" in text for text in sentences):
            raise ValueError("not this one")
        return encode(self, sentences, **options)

    monkeypatch.setattr(m2v_fast.StaticModel, "encode", picky)
    found = model.same_as_model2vec(["good", "bad", "good"])
    assert not found
    assert found.failed == 1
    assert found.differences[0].number == 1
    assert found.differences[0].problem == "not this one"


@pytest.mark.parametrize("given", [[], iter(())])
def test_nothing_is_no_comparison(model: m2v_fast.StaticModel, given: Any) -> None:
    with pytest.raises(ValueError, match="no texts"):
        model.same_as_model2vec(given)


def test_what_is_no_text_is_named(model: m2v_fast.StaticModel) -> None:
    wrong: Any = ["one", 2]
    with pytest.raises(TypeError, match="text 1 is not a str but int"):
        model.same_as_model2vec(wrong)
    assert model.same_as_model2vec("one text").texts == 1


def test_the_bundled_model() -> None:
    done = _check(m2v_fast.BUNDLED_MODEL)
    assert done.exit_code == 0, done.output
    assert f"texts    {len(SOME)}" in done.output
    assert f"the same for {len(SOME)} of {len(SOME)}: model2vec 0.10.0" in done.output


def test_the_command_finds_what_was_changed(
    own_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_folder("wordpiece", Shape(width=8))
    load = m2v_fast.StaticModel.from_pretrained
    [[token]] = load(folder.path).tokenize(["the"])

    def and_change(*arguments: Any, **options: Any) -> m2v_fast.StaticModel:
        model = load(*arguments, **options)
        _change_row(folder, token, 1.0)
        return model

    monkeypatch.setattr(m2v_fast.StaticModel, "from_pretrained", and_change)
    done = _check(folder.path, "-", stdin=b"of\nthe\nthe the\n")
    assert done.exit_code == 1
    assert "DIFFERENT for 2 of 3, compared with model2vec 0.10.0" in done.output
    assert "text 1 (from 0): 'the'" in done.output
    assert "vectors differ by 1" in done.output
    done = _check(folder.path, "-", "--json", "--most", "1", stdin=b"of\nthe\nthe the\n")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["same"] is False
    assert told["vectors_differ"] == 2
    assert [row["number"] for row in told["differences"]] == [1]


def test_texts_come_from_any_file(small: Folder, tmp_path: Path) -> None:
    text = "".join(f"{line}\n" for line in LINES).encode()
    records = "".join(json.dumps({"id": 1, "said": line}) + "\n" for line in LINES).encode()
    (tmp_path / "a.txt").write_bytes(text)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text))
    (tmp_path / "a.jsonl").write_bytes(records)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(records))
    pq.write_table(pa.table({"said": [*LINES, None]}), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("said\n" + "\n".join(LINES) + "\n", encoding="utf-8")
    column = ["--column", "said"]
    for arguments, stdin in (
        (["a.txt"], None),
        (["a.txt.gz"], None),
        (["a.jsonl", *column], None),
        (["a.jsonl.gz", *column], None),
        (["a.parquet", *column], None),
        (["a.csv", *column], None),
        (["-"], text),
        (["-", *column], records),
    ):
        name, *rest = arguments
        source = name if name == "-" else tmp_path / name
        done = _check(small.path, source, *rest, "--json", stdin=stdin)
        assert done.exit_code == 0, (arguments, done.output)
        assert json.loads(done.stdout)["texts"] == len(LINES), arguments


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.jsonl", b'{"other": "x"}\n', "line 1 is not a JSON object with a text in 'text'"),
        ("a.txt", b"\xff\n", "line 1 is not UTF-8"),
        ("a.txt.gz", b"no gzip", "a.txt.gz"),
        ("a.txt.gz", gzip.compress(b"line\n" * 999)[:-9], "a.txt.gz"),
        ("a.txt", b"", "no texts"),
    ],
)
def test_files_that_cannot_be_read_are_named(
    small: Folder, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    done = _check(small.path, tmp_path / name)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert words in done.output


def test_a_file_that_is_not_there(small: Folder, tmp_path: Path) -> None:
    for name in ("none.txt", "none.parquet", "none"):
        done = _check(small.path, tmp_path / name)
        assert done.exit_code == 1
        assert "none" in done.output


def test_other_layouts_and_engines(tmp_path: Path) -> None:
    for layout in ("sentence-transformers", "nested"):
        shape = Shape(width=8)
        folder = write_folder(tmp_path / layout, vocabularies.unigram(), shape, layout=layout)
        found = m2v_fast.StaticModel.from_pretrained(folder.path).same_as_model2vec(SOME)
        assert found, layout
        assert found.vectors_from == "model2vec 0.10.0"


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ("m2v-fast che", "plain", "check"),
        ("m2v-fast benc", "plain", "bench"),
        ("m2v-fast check ./mod", "file", "./mod"),
        ("m2v-fast bench model tex", "file", "tex"),
        ("m2v-fast bench --only lat", "plain", "latency"),
    ],
)
def test_shells_complete_both_commands(words: str, kind: str, value: str) -> None:
    completion = get_completion_class("bash")
    assert completion is not None
    *before, last = words.split()[1:]
    found = completion(command_line, {}, "m2v-fast", "_").get_completions(before, last)
    assert [(item.type, item.value) for item in found] == [(kind, value)]
