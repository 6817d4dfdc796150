"""`StaticModel` where model2vec's is expected: its own classes, callers' habits and mistakes."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, options, tokenizer_object
from model2vec.inference import StaticModelPipeline
from model2vec.inference.mlp import Activation, Layer, MLPHead
from tokenizers import AddedToken, normalizers

from tests.support import process, texts
from tests.support.folders import Shape

if TYPE_CHECKING:
    from tests.conftest import MakeFolder
    from tests.support.folders import Folder

SOME = [*texts.MULTILINGUAL, *texts.AWKWARD]
LONG = "word " * 600


@pytest.fixture
def ours(small: Folder) -> StaticModel:
    return StaticModel.from_pretrained(small.path)


@pytest.fixture
def theirs(small: Folder) -> model2vec.StaticModel:
    return model2vec.StaticModel.from_pretrained(small.path)


def same(ours: StaticModel, theirs: model2vec.StaticModel) -> None:
    assert ours.tokenize(SOME) == theirs.tokenize(SOME)
    assert np.array_equal(ours.encode(SOME), theirs.encode(SOME))


def test_arrays_can_be_assigned(ours: StaticModel, theirs: model2vec.StaticModel) -> None:
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((len(ours.tokens), 8)).astype(np.float32)
    weights = rng.random(len(rows)).astype(np.float32)
    mapping = rng.integers(0, 5, len(rows))
    for name, value in (
        ("embedding", np.nan_to_num(rows)),
        ("weights", weights),
        ("token_mapping", mapping),
        ("weights", None),
    ):
        setattr(ours, name, value)
        setattr(theirs, name, value)
        same(ours, theirs)
    assert ours.dim == 8
    with pytest.raises(ValueError, match="mapping"):
        ours.token_mapping = mapping[:3]
    same(ours, theirs)  # what was refused has changed nothing


def test_the_unknown_token_cannot_be_another(ours: StaticModel) -> None:
    ours.unk_token_id = ours.unk_token_id
    with pytest.raises(ValueError, match="unk_token_id"):
        ours.unk_token_id = 3


def test_a_pipeline_of_model2vec(ours: StaticModel, theirs: model2vec.StaticModel) -> None:
    rng = np.random.default_rng(1)
    layer = Layer(rng.standard_normal((2, ours.dim)).astype(np.float32), np.zeros(2, np.float32))
    head = MLPHead([layer], Activation.SOFTMAX, np.array(["no", "yes"]))
    ours_too: Any = ours
    expected = StaticModelPipeline(theirs, head).predict(SOME)
    assert list(StaticModelPipeline(ours_too, head).predict(SOME)) == list(expected)


def test_the_tokenizer_s_truncation(ours: StaticModel, theirs: model2vec.StaticModel) -> None:
    seen_by = []
    for model in (ours, theirs):
        any_model: Any = model
        seen = [len(any_model.tokenize([LONG])[0])]
        any_model.tokenizer.no_truncation()
        seen.append(len(any_model.tokenize([LONG])[0]))
        any_model.encode([LONG])
        seen.append(len(any_model.tokenize([LONG])[0]))
        any_model.tokenizer.enable_truncation(7)
        seen.append(len(any_model.tokenize([LONG])[0]))
        any_model.max_length = 9
        seen.append(len(any_model.tokenize([LONG])[0]))
        assert seen[1] >= 600
        seen_by.append(seen)
    assert seen_by[0] == seen_by[1]
    assert seen_by[0][::2] == [512, 512, 9]
    ours.tokenizer.enable_truncation(7, direction="left")
    with pytest.raises(ValueError, match="truncation"):
        ours.tokenize([LONG])


def test_changes_of_the_tokenizer_are_followed(
    ours: StaticModel, theirs: model2vec.StaticModel
) -> None:
    for model in (ours, theirs):
        model.tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Replace("e", "a"), normalizers.Lowercase()]
        )
    same(ours, theirs)
    for model in (ours, theirs):
        model.tokenizer.normalizer = normalizers.NFC()
    # `tokenize` does not cut characters first, which `encode` and `count_tokens` do.
    short = [text for text in SOME if len(text) < 500]
    counts = ours.count_tokens(short)
    assert (counts.tokens - counts.unknown).tolist() == [len(i) for i in theirs.tokenize(short)]
    same(ours, theirs)
    token = theirs.tokens[50]
    for model in (ours, theirs):
        model.tokenizer.add_tokens([AddedToken(token, lstrip=True, rstrip=True)])
    same(ours, theirs)
    ours.tokenizer.encode_special_tokens = True
    with pytest.raises(ValueError, match="encode_special_tokens"):
        ours.encode(SOME)


def test_tokens_are_those_of_the_library(every_model: Any) -> None:
    model = every_model
    vocabulary = model.tokenizer.get_vocab()
    expected = tuple(sorted(vocabulary, key=vocabulary.__getitem__))
    assert tokenizer_object.tokens_of(model._native.tokenizer_json()) == expected
    assert model.tokens == expected


@pytest.fixture(params=["small", "bundled"])
def every_model(request: pytest.FixtureRequest, small: Folder) -> StaticModel:
    return StaticModel.from_pretrained(small.path if request.param == "small" else BUNDLED_MODEL)


def test_nothing_but_the_tokenizer_itself_needs_the_library(small: Folder, tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['tokenizers'] = None\n"
        "from m2v_fast import StaticModel\n"
        "m = StaticModel.from_pretrained(sys.argv[1], quantize_to='int8', dimensionality=8)\n"
        "m.tokens; m.save_pretrained(sys.argv[2]); m.encode('a')\n"
        "assert StaticModel.from_pretrained(sys.argv[2]).dim == 8\n"
        "try: m.tokenizer\nexcept ImportError: print('needs it')"
    )
    done = process.run("-c", code, small.path, tmp_path / "saved")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [b"needs", b"it"]


def test_a_tokenizer_that_cannot_be_written() -> None:
    new = type("Tokenizer", (), {"__module__": "tokenizers"})()
    with pytest.raises(TypeError, match="tokenizers<1"):
        tokenizer_object.to_json(new)
    with pytest.raises(TypeError, match=r"must be a tokenizers\.Tokenizer, not builtins\.int"):
        tokenizer_object.to_json(3)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    for error in (ValueError, FileNotFoundError):
        with pytest.raises(error, match=r"tokenizer\.json|config\.json|safetensors"):
            StaticModel.from_pretrained(tmp_path)


def test_home(small: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(small.path.parent))
    monkeypatch.setenv("USERPROFILE", str(small.path.parent))
    assert StaticModel.from_pretrained(os.path.join("~", small.path.name)).dim == 32  # noqa: PTH118


@pytest.mark.parametrize("source", [None, 3, ["a"]])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(TypeError, match="model source"):
        StaticModel.from_pretrained(source)


@pytest.mark.parametrize(
    ("source", "name", "revision"),
    [
        ("https://huggingface.co/owner/model", "owner/model", None),
        ("https://huggingface.co/owner/model/tree/v1", "owner/model", "v1"),
        ("hf://owner/model", "owner/model", None),
        ("owner/model@v1", "owner/model", "v1"),
    ],
)
def test_addresses_of_the_hub(source: str, name: str, revision: str | None) -> None:
    with pytest.raises(FileNotFoundError, match="for the model on the hub pass") as caught:
        StaticModel.from_pretrained(source)
    assert repr(name) in str(caught.value)
    assert revision is None or f"revision={revision!r}" in str(caught.value)


@pytest.mark.parametrize("source", ["./nothing", "../nothing", "a/./b", "./a/b", "/a/b", ".hidden"])
def test_paths_are_no_addresses_of_the_hub(source: str) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder, and not a name"):
        StaticModel.from_pretrained(source)


@pytest.mark.parametrize("source", ["owner/model/", Path("owner/model")])
def test_names_in_other_shapes(source: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'owner/model'.*cache"):
        StaticModel.from_pretrained(source, cache_dir=tmp_path, local_files_only=True)


@pytest.mark.parametrize("call", ["encode", "encode_as_sequence", "count_tokens"])
def test_a_limit_that_is_none(ours: StaticModel, call: str) -> None:
    with pytest.raises(TypeError, match="max_length must be an integer or None, not str"):
        getattr(ours, call)("a", max_length="3")
    with pytest.raises(TypeError, match="max_length must be an integer or None, not float"):
        ours.max_length = 3.0  # type: ignore[assignment]


def test_truth_is_taken_for_normalize(ours: StaticModel) -> None:
    values: list[Any] = [1, 1.0, np.True_, np.int64(1), np.array(True)[()]]
    for value in values:
        assert np.array_equal(ours.encode(SOME, normalize=value), ours.encode(SOME, normalize=True))


@pytest.mark.parametrize("value", ["no", "", b"1", [], object, np.array([True, False])], ids=str)
def test_what_is_neither_true_nor_false(ours: StaticModel, small: Folder, value: Any) -> None:
    message = f"normalize must be True or False, not {type(value).__name__}"
    with pytest.raises(TypeError, match=message):
        ours.encode(SOME, normalize=value)
    with pytest.raises(TypeError, match=message):
        ours.normalize = value
    with pytest.raises(TypeError, match=message):
        StaticModel.from_pretrained(small.path, normalize=value)
    with pytest.raises(TypeError, match=message):
        StaticModel(ours.embedding, ours.tokenizer, normalize=value)
    assert ours.normalize is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("normalise", False),
        ("normalize_embeddings", True),
        ("precision", "binary"),
        ("convert_to_tensor", True),
        ("prompt", "query: "),
    ],
)
def test_keywords_that_would_change_something(
    ours: StaticModel, caplog: pytest.LogCaptureFixture, name: str, value: Any
) -> None:
    options._warned.discard(name)
    keywords = {name: value}
    with caplog.at_level(logging.WARNING):
        ours.encode("a", **keywords)
        ours.encode("a", **keywords)
    [record] = caplog.records
    assert name in record.getMessage()


def test_keywords_that_ask_for_what_is_done(
    ours: StaticModel, caplog: pytest.LogCaptureFixture
) -> None:
    silent: dict[str, Any] = {"convert_to_numpy": True, "device": "cpu", "convert_to_tensor": False}
    silent |= {"precision": "float32", "prompt": None}
    ours.encode("a", **silent)
    assert not caplog.records


NOWHERE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_TOKEN": None, "HF_HUB_OFFLINE": None}


def test_pushing_without_a_hub() -> None:
    code = (
        "from m2v_fast import BUNDLED_MODEL, StaticModel\n"
        "model = StaticModel.from_pretrained(BUNDLED_MODEL)\n"
        "try: model.push_to_hub('owner/model')\n"
        "except ConnectionError as error: print(error)"
    )
    done = process.run("-c", code, env=NOWHERE)
    assert b"could not be pushed to 'owner/model', as http://127.0.0.1:9" in done.stdout


def test_half_a_cache_and_no_hub(tmp_path: Path) -> None:
    repository = tmp_path / "models--owner--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    (repository / "snapshots" / ("a" * 40)).mkdir(parents=True)
    (repository / "snapshots" / ("a" * 40) / "config.json").write_text("{}")
    code = (
        "import sys\nfrom m2v_fast import StaticModel\n"
        "try: StaticModel.from_pretrained('owner/model', cache_dir=sys.argv[1])\n"
        "except ConnectionError as error: print(error)"
    )
    done = process.run("-c", code, tmp_path, env=NOWHERE)
    assert b"could not be fetched from http://127.0.0.1:9" in done.stdout, done.stderr


def _cached(folder: Folder, cache: Path, revision: str) -> Path:
    """A model in a cache of which only the snapshots were brought along."""
    snapshot = cache / "models--owner--model" / "snapshots" / revision
    snapshot.mkdir(parents=True)
    for file in (folder.config_file, folder.matrix_file, folder.tokenizer_file):
        (snapshot / file.name).write_bytes(file.read_bytes())
    return snapshot


def test_a_snapshot_without_refs(
    small: Folder, make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"cache_dir": tmp_path, "local_files_only": True}
    newest = _cached(small, tmp_path, "a" * 40)
    assert StaticModel.from_pretrained("owner/model", **options).folder == newest
    older = _cached(make_folder("wordpiece", Shape(width=8)), tmp_path, "b" * 40)
    broken = _cached(small, tmp_path, "c" * 40)
    (broken / "tokenizer.json").unlink()
    for age, path in enumerate((broken, newest, older)):
        os.utime(path, (10**9 - age, 10**9 - age))
    assert StaticModel.from_pretrained("owner/model", **options).folder == newest
    # model2vec takes the newest, too, if that is whole.
    monkeypatch.setattr("model2vec.persistence.hf.HF_HUB_CACHE", str(tmp_path))
    os.utime(broken, (10**8, 10**8))
    theirs = model2vec.StaticModel.from_pretrained("owner/model", force_download=False)
    assert theirs.dim == 32
    # A revision that is named is not guessed, and neither is one that the cache says.
    with pytest.raises(FileNotFoundError, match="'v1'"):
        StaticModel.from_pretrained("owner/model", revision="v1", **options)
    by_commit = StaticModel.from_pretrained("owner/model", revision="b" * 40, **options)
    assert by_commit.dim == 8
    (tmp_path / "models--owner--model" / "refs").mkdir()
    (tmp_path / "models--owner--model" / "refs" / "main").write_text("c" * 40)
    with pytest.raises(FileNotFoundError, match="not complete"):
        StaticModel.from_pretrained("owner/model", **options)
    (tmp_path / "models--owner--model" / "refs" / "main").write_text("b" * 40)
    assert StaticModel.from_pretrained("owner/model", **options).dim == 8


def test_a_snapshot_without_refs_needs_no_hub(small: Folder, tmp_path: Path) -> None:
    _cached(small, tmp_path, "a" * 40)
    code = (
        "import sys\nfrom m2v_fast import StaticModel\n"
        "print(StaticModel.from_pretrained('owner/model', cache_dir=sys.argv[1]).dim)"
    )
    done = process.run("-c", code, tmp_path, env=NOWHERE)
    assert done.stdout.split() == [b"32"], done.stderr
