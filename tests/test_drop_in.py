"""`m2v_fast.StaticModel` beside `model2vec.StaticModel`, case by case."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import ml_dtypes
import model2vec
import numpy as np
import pytest
from m2v_fast import ModelError, StaticModel, quantize_model
from tokenizers import Tokenizer

from tests.support import process, texts
from tests.support.compare import assert_float16_rule, assert_same_bits
from tests.support.folders import LAYOUTS, MATRIX_DTYPES, Folder, Shape, write_folder
from tests.support.tensors import Tensor, file_bytes, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import MakeFolder
    from tests.support.compare import Array

BOTH: tuple[Any, ...] = (StaticModel, model2vec.StaticModel)
#: What the reference can load.
DTYPES = tuple(name for name in MATRIX_DTYPES if name != "bfloat16")
WEIGHTS = (None, "float16", "float32", "float64")

SOME = [*texts.MULTILINGUAL, *texts.AWKWARD, *texts.paragraphs()[::60]]

PROPERTIES = (
    *("dim", "normalize", "max_length", "embedding_dtype", "vocabulary_quantization"),
    *("unk_token_id", "median_token_length", "base_model_name", "language"),
)


def load(folder: Folder | Path, **options: Any) -> tuple[Any, Any]:
    """The folder's model of either library, this one first."""
    path = folder.path if isinstance(folder, Folder) else folder
    ours, theirs = (kind.from_pretrained(path, **options) for kind in BOTH)
    return ours, theirs


def assert_same_vectors(actual: Array, expected: Array, *, normalized: bool = False) -> None:
    """float32 with the reference's bits, or by the rule for what it rounds to float16."""
    if expected.dtype == np.float16:
        assert_float16_rule(
            np.atleast_2d(actual), np.atleast_2d(expected), normalize=normalized, ulps=8
        )
        return
    assert_same_bits(actual, expected.astype(np.float32))


def assert_same_models(ours: StaticModel, theirs: model2vec.StaticModel) -> None:
    """Equal in all that can be asked of them."""
    for name in PROPERTIES:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert tuple(ours.tokens) == tuple(theirs.tokens)
    assert ours.config == theirs.config
    for name in ("embedding", "weights", "token_mapping"):
        assert_same_array(getattr(ours, name), getattr(theirs, name))
    # float64 sums become float32 before the test rounds them to float16.
    twice = theirs.weights is not None and theirs.weights.dtype == np.float64
    assert_same_vectors(ours.encode(SOME), theirs.encode(SOME), normalized=ours.normalize or twice)


def assert_same_array(actual: Array | None, expected: Array | None) -> None:
    """Both missing, or equal in shape, kind and bits."""
    assert (actual is None) == (expected is None)
    if actual is not None and expected is not None:
        assert actual.shape == expected.shape
        assert actual.dtype.kind == expected.dtype.kind
        if actual.dtype.kind == "f":
            assert actual.dtype == expected.dtype
        assert np.array_equal(actual, expected)


def parts(folder: Folder) -> dict[str, Any]:
    """Arguments for the constructor: what the folder holds."""
    tensors = {name: tensor.array() for name, tensor in read(folder.matrix_file).items()}
    return {
        "vectors": tensors["embeddings"],
        "tokenizer": Tokenizer.from_str(folder.tokenizer_json()),
        "weights": tensors.get("weights"),
        "token_mapping": tensors.get("mapping"),
    }


# Construct


@pytest.mark.parametrize("mapping", [None, "int32", "int64"])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_constructed(
    make_folder: MakeFolder, dtype: str, weights: str | None, mapping: str | None
) -> None:
    given = parts(make_folder("wordpiece-tiny", Shape(dtype, 12, mapping, weights)))
    assert_same_models(*(kind(**given) for kind in BOTH))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"config": {"hidden_dim": 7, "normalize": True, "max_length": 3}},
        {"config": {"normalize": True}, "normalize": True},
        {"normalize": True, "max_length": None},
        {"max_length": 0},
        {"base_model_name": "some/base", "language": ["en", "de"]},
    ],
    ids=str,
)
def test_constructed_with_options(make_folder: MakeFolder, options: dict[str, Any]) -> None:
    given = parts(make_folder("wordpiece-tiny"))
    kept = copy.deepcopy(options)
    ours, theirs = (kind(**given, **options) for kind in BOTH)
    assert_same_models(ours, theirs)
    assert options == kept
    ours.config["of its own"] = 1
    assert options == kept


@pytest.mark.parametrize("kind", BOTH, ids=["m2v_fast", "model2vec"])
@pytest.mark.parametrize("rows", [-1, 1])
def test_rows_that_do_not_match_the_tokens(make_folder: MakeFolder, kind: Any, rows: int) -> None:
    given = parts(make_folder("wordpiece-tiny"))
    vectors = given.pop("vectors")
    vectors = vectors[:rows] if rows < 0 else np.concatenate([vectors, vectors[:rows]])
    with pytest.raises(ValueError, match=r"(?i)tokens?\b"):
        kind(vectors, **given)


def test_parts_that_the_reference_fails_with_later(make_folder: MakeFolder) -> None:
    given = parts(make_folder("wordpiece-tiny", Shape(mapping="int64", weights="float32")))
    rows, size = len(given["vectors"]), len(given["weights"])
    wrong: list[tuple[str, Any]] = [
        ("token_mapping", np.full(size, rows)),
        ("token_mapping", np.full(size, -1)),  # there it wraps around
        ("token_mapping", np.zeros((size, 2), np.int64)),
        ("token_mapping", np.zeros(size - 1, np.int64)),
        ("weights", np.ones(size - 1, np.float32)),
        ("weights", np.ones((size, 1), np.float32)),
        ("vectors", np.zeros(rows, np.float32)),
        ("vectors", np.zeros((rows, 8), np.int32)),
    ]
    for name, value in wrong:
        with pytest.raises((ValueError, TypeError)) as caught:
            StaticModel(**{**given, name: value})
        assert isinstance(caught.value, (ModelError, TypeError)), (name, caught.value)


def test_the_given_tokenizer_is_left_alone(make_folder: MakeFolder) -> None:
    given = parts(make_folder("wordpiece-settings"))
    before = given["tokenizer"].to_str()
    model = StaticModel(**given)
    model.encode(SOME)
    model.max_length = 3
    assert model.tokenizer is not given["tokenizer"]
    assert given["tokenizer"].to_str() == before


# Load


@pytest.mark.parametrize("subfolder", [None, "inner", "inner/most"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(
    tmp_path: Path, tokenizer_text: Callable[[str], str], layout: str, subfolder: str | None
) -> None:
    folder = tmp_path / subfolder if subfolder else tmp_path
    write_folder(folder, tokenizer_text("wordpiece-tiny"), Shape(), layout=layout)
    assert_same_models(*load(tmp_path, subfolder=subfolder))
    assert_same_models(*load(folder))


@pytest.mark.parametrize("configured", [{}, {"normalize": True}, {"normalize": False}], ids=str)
@pytest.mark.parametrize("argument", [{}, {"normalize": True}, {"normalize": False}], ids=str)
def test_where_normalize_comes_from(
    make_folder: MakeFolder, configured: dict[str, Any], argument: dict[str, Any]
) -> None:
    ours, theirs = load(make_folder("wordpiece-tiny", config=configured), **argument)
    assert_same_models(ours, theirs)


@pytest.mark.parametrize(
    "configured", [{}, {"max_length": 9}, {"max_length": None}, {"seq_length": 5}], ids=str
)
@pytest.mark.parametrize("argument", [{}, {"max_length": 4}, {"max_length": None}], ids=str)
def test_where_max_length_comes_from(
    make_folder: MakeFolder, configured: dict[str, Any], argument: dict[str, Any]
) -> None:
    ours, theirs = load(make_folder("wordpiece-tiny", config=configured), **argument)
    assert_same_models(ours, theirs)
    assert ours.tokenize(SOME) == theirs.tokenize(SOME)


@pytest.mark.parametrize("kind", BOTH, ids=["m2v_fast", "model2vec"])
def test_folders_that_are_no_models(own_folder: MakeFolder, kind: Any) -> None:
    folder = own_folder("wordpiece-tiny")
    folder.tokenizer_file.unlink()
    with pytest.raises((FileNotFoundError, ValueError)):
        kind.from_pretrained(folder.path)


CARDS = {
    "a card": "---\nlanguage:\n- en\n- de\nbase_model: some/base\n---\n# Text\n",
    "one language": "---\nlanguage: en\nbase_model: some/base\n---\n",
    "several bases": "---\nbase_model:\n- some/base\n- another/base\n---\n",
    "no header": "# Text\n",
    "an empty file": "",
    "other things": "---\nlicense: mit\ntags: [a, b]\n---\n",
}


@pytest.mark.parametrize("card", CARDS)
def test_what_a_card_says(own_folder: MakeFolder, card: str) -> None:
    folder = own_folder("wordpiece-tiny")
    (folder.path / "README.md").write_text(CARDS[card], encoding="utf-8")
    assert_same_models(*load(folder))


# Save and load again


@pytest.mark.parametrize("mapping", [None, "int32", "int64"])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_each_loads_what_the_other_saved(
    make_folder: MakeFolder, tmp_path: Path, dtype: str, weights: str | None, mapping: str | None
) -> None:
    folder = make_folder("wordpiece-tiny", Shape(dtype, 12, mapping, weights))
    original = load(folder, normalize=True, max_length=20)
    for name, model in zip(("ours", "theirs"), original, strict=True):
        model.save_pretrained(tmp_path / name, model_name="name")
        again = load(tmp_path / name)
        assert_same_models(*again)
        assert (again[0].normalize, again[0].max_length) == (True, 20)
        assert_same_array(again[0].embedding, original[0].embedding)
        assert_same_bits(again[0].encode(SOME), original[0].encode(SOME))
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for file in ("config.json", "modules.json"):
        assert json.loads((ours / file).read_text()) == json.loads((theirs / file).read_text())
    left, right = (read(path / "model.safetensors") for path in (ours, theirs))
    assert {n: (t.shape, t.data) for n, t in left.items() if n != "mapping"} == {
        n: (t.shape, t.data) for n, t in right.items() if n != "mapping"
    }
    assert {p.name for p in ours.iterdir()} == {p.name for p in theirs.iterdir()}


@pytest.mark.parametrize(
    "kind", ["wordpiece-settings", "wordpiece-added", "wordlevel", "unigram", "bpe-bytes"]
)
def test_tokenizers_survive(make_folder: MakeFolder, tmp_path: Path, kind: str) -> None:
    for name, model in zip(("ours", "theirs"), load(make_folder(kind)), strict=True):
        model.save_pretrained(tmp_path / name)
        assert_same_models(*load(tmp_path / name))


def test_saved_to_a_subfolder(small: Folder, tmp_path: Path) -> None:
    for name, model in zip(("ours", "theirs"), load(small), strict=True):
        model.save_pretrained(str(tmp_path), subfolder=name)
        assert_same_models(*load(tmp_path, subfolder=name))


def test_constructed_and_saved(make_folder: MakeFolder, tmp_path: Path) -> None:
    given = parts(make_folder("wordpiece-tiny", Shape(mapping="int32", weights="float32")))
    options = {"base_model_name": "some/base", "language": ["en"], "config": {"hidden_dim": 7}}
    for name, kind in zip(("ours", "theirs"), BOTH, strict=True):
        kind(**given, **options).save_pretrained(tmp_path / name)
        ours, theirs = load(tmp_path / name)
        assert_same_models(ours, theirs)
        assert (ours.base_model_name, ours.language) == ("some/base", ["en"])


def test_a_folder_may_be_saved_onto_itself(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece-tiny", Shape("float16", 16))
    model = StaticModel.from_pretrained(folder.path, memory_map=False)
    expected = model.encode(SOME)
    model.save_pretrained(folder.path)
    assert_same_bits(StaticModel.from_pretrained(folder.path).encode(SOME), expected)
    assert_same_bits(model.encode(SOME), expected)


@pytest.mark.parametrize("mapping", [None, "int64"])
@pytest.mark.parametrize("weights", [None, "float32"])
def test_bfloat16_with_m2v_fast_alone(
    make_folder: MakeFolder, tmp_path: Path, weights: str | None, mapping: str | None
) -> None:
    # The reference has no bfloat16.
    folder = make_folder("wordpiece-tiny", Shape("bfloat16", 16, mapping, weights))
    model = StaticModel.from_pretrained(folder.path)
    assert model.embedding.dtype == ml_dtypes.bfloat16
    model.save_pretrained(tmp_path)
    before, after = read(folder.matrix_file), read(tmp_path / "model.safetensors")
    assert (after["embeddings"].dtype, after["embeddings"].data) == (
        "BF16",
        before["embeddings"].data,
    )
    made = StaticModel(
        model.embedding, model.tokenizer, weights=model.weights, token_mapping=model.token_mapping
    )
    for other in (StaticModel.from_pretrained(tmp_path), made, pickle.loads(pickle.dumps(made))):
        assert other.embedding_dtype == "bfloat16"
        assert_same_array(other.weights, model.weights)
        assert_same_array(other.token_mapping, model.token_mapping)
        assert_same_bits(other.encode(SOME), model.encode(SOME))


# Quantize


@pytest.fixture
def one_core() -> Iterator[None]:
    """Clusters on one core, which does not wait for others on a busy machine."""
    with import_module("threadpoolctl").threadpool_limits(1):
        yield


@pytest.mark.parametrize("dimensionality", [None, 5])
@pytest.mark.parametrize("quantize_to", [None, "float64", "float32", "float16", "int8"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_quantized(
    make_folder: MakeFolder, dtype: str, quantize_to: str | None, dimensionality: int | None
) -> None:
    folder = make_folder("wordpiece-tiny", Shape(dtype, 12), config={"normalize": True})
    options: dict[str, Any] = {"quantize_to": quantize_to, "dimensionality": dimensionality}
    assert_same_models(*load(folder, **options))
    plain = load(folder)
    again = quantize_model(plain[0], **options)
    assert_same_models(again, model2vec.quantize_model(plain[1], **options))
    # The model itself stays as it is.
    assert_same_models(*plain)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("dimensionality", [None, 5])
@pytest.mark.parametrize(
    ("dtype", "quantize_to"),
    [
        *(("float32", name) for name in (None, "float64", "float32", "float16", "int8")),
        *((dtype, name) for dtype in ("float16", "float64", "int8") for name in (None, "int8")),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_clustered_and_quantized(
    make_folder: MakeFolder, dtype: str, quantize_to: str | None, dimensionality: int | None
) -> None:
    folder = make_folder("wordpiece-tiny", Shape(dtype, 12), config={"normalize": True})
    options: dict[str, Any] = {"quantize_to": quantize_to, "dimensionality": dimensionality}
    ours, theirs = load(folder, vocabulary_quantization=40, **options)
    assert ours.vocabulary_quantization == 40
    assert_same_models(ours, theirs)


@pytest.mark.usefixtures("one_core")
@pytest.mark.parametrize("weights", ["float16", "float32", "float64"])
def test_clusters_of_weighted_models(make_folder: MakeFolder, weights: str) -> None:
    folder = make_folder("wordpiece-tiny", Shape("float32", 12, None, weights))
    assert_same_models(*load(folder, vocabulary_quantization=30, quantize_to="int8"))


@pytest.mark.usefixtures("one_core")
def test_clusters_survive_saving(small: Folder, tmp_path: Path) -> None:
    for name, model in zip(
        ("ours", "theirs"), load(small, vocabulary_quantization=50), strict=True
    ):
        model.save_pretrained(tmp_path / name)
        ours, theirs = load(tmp_path / name)
        assert_same_models(ours, theirs)
        assert ours.vocabulary_quantization == 50


@pytest.mark.parametrize(
    "options",
    [
        {"dimensionality": 33},
        {"quantize_to": "int4"},
        {"quantize_to": "bfloat16"},
        {"vocabulary_quantization": 10_000},
    ],
    ids=str,
)
def test_wishes_that_cannot_be_met(small: Folder, options: dict[str, Any]) -> None:
    for kind in BOTH:
        with pytest.raises(ValueError):  # noqa: PT011 - the words differ
            kind.from_pretrained(small.path, **options)


def test_rows_are_clustered_once(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece-tiny", Shape(mapping="int64"))
    for kind in BOTH:
        with pytest.raises(ValueError, match=r"(?i)already"):
            kind.from_pretrained(folder.path, vocabulary_quantization=10)


def test_the_references_own_names_of_dtypes(small: Folder) -> None:
    from model2vec.quantization import DType

    assert_same_models(*load(small, quantize_to=DType.Int8))


# Encode


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("max_length", [None, 1, 2, 7, 512, 5000])
def test_long_texts_are_cut_alike(small: Folder, max_length: int | None, normalize: bool) -> None:
    ours, theirs = load(small)
    long = [
        "the of and in " * 2000,
        "x" * 20_000,
        " ".join(texts.paragraphs()[:200]),
        "unbelievablylongcompound" * 300,
        " " * 3000 + "end",
        "\U0001d15e\u0301" * 1500,
        *SOME,
    ]
    options: dict[str, Any] = {"max_length": max_length, "normalize": normalize}
    assert_same_bits(ours.encode(long, **options), theirs.encode(long, **options))
    for text in long[:6]:
        assert_same_bits(ours.encode(text, **options), theirs.encode(text, **options))


@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_texts(make_folder: MakeFolder, dtype: str) -> None:
    ours, theirs = load(make_folder("wordpiece-tiny", Shape(dtype, 8)))
    for sentences in ([""], ["", " ", "\n"], ["", "text", ""], "", " ", ["[UNK]"]):
        for normalize in (False, True):
            actual = ours.encode(sentences, normalize=normalize)
            expected = theirs.encode(sentences, normalize=normalize)
            assert actual.shape == expected.shape
            assert_same_vectors(actual, expected, normalized=normalize)
        if not isinstance(sentences, str):
            assert ours.tokenize(sentences) == theirs.tokenize(sentences)
    # Where the reference fails, there are no vectors.
    assert ours.encode([]).shape == (0, 8)
    with pytest.raises(ValueError, match="concatenate"):
        theirs.encode([])


@pytest.mark.parametrize("max_length", [None, 0, 1, 6])
@pytest.mark.parametrize(
    ("dtype", "weights", "mapping"),
    [(dtype, None, None) for dtype in DTYPES]
    + [(dtype, weights, "int32") for dtype in DTYPES for weights in WEIGHTS[1:]],
)
def test_sequences(
    make_folder: MakeFolder,
    dtype: str,
    weights: str | None,
    mapping: str | None,
    max_length: int | None,
) -> None:
    ours, theirs = load(make_folder("wordpiece-tiny", Shape(dtype, 12, mapping, weights)))
    actual = ours.encode_as_sequence(SOME, max_length=max_length)
    expected = theirs.encode_as_sequence(SOME, max_length=max_length)
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert_same_bits(one, other.astype(np.float32))
    single = ours.encode_as_sequence(SOME[1], max_length=max_length)
    assert_same_bits(single, actual[1])
    assert ours.encode_as_sequence([]) == theirs.encode_as_sequence([]) == []


def test_sequences_do_not_look_at_the_models_length(small: Folder) -> None:
    ours, theirs = load(small, max_length=3)
    text = "the of and in to a " * 200
    assert len(ours.encode_as_sequence(text)) == len(theirs.encode_as_sequence(text)) == 1200
    shown = ours.encode_as_sequence(SOME, show_progress_bar=True, batch_size=5)
    for one, other in zip(shown, theirs.encode_as_sequence(SOME), strict=True):
        assert_same_bits(one, other.astype(np.float32))


@pytest.mark.parametrize(
    "kind", ["wordpiece", "wordpiece-settings", "wordlevel", "unigram", "bpe-bytes", "bpe-unknown"]
)
def test_ids(make_folder: MakeFolder, kind: str) -> None:
    ours, theirs = load(make_folder(kind))
    assert ours.tokenize(SOME) == theirs.tokenize(SOME)
    assert ours.tokenize([]) == theirs.tokenize([]) == []
    ours.max_length = theirs.max_length = 4
    assert ours.tokenize(SOME) == theirs.tokenize(SOME)


# Settings and properties


def messages(caplog: pytest.LogCaptureFixture, action: Callable[[], object]) -> int:
    """How many warnings an action logs."""
    caplog.clear()
    action()
    return sum(record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize(
    "configured",
    [{}, {"normalize": True, "max_length": 7}, {"normalize": False, "max_length": None}],
    ids=str,
)
def test_settings_change_the_configuration(
    make_folder: MakeFolder, configured: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    both = load(make_folder("wordpiece-tiny", config=configured))
    changes: list[tuple[str, Any]] = [
        ("normalize", True),
        ("normalize", True),
        ("normalize", False),
        ("max_length", 5),
        ("max_length", 5),
        ("max_length", None),
        ("max_length", 512),
    ]
    for name, value in changes:
        warned = [messages(caplog, partial(setattr, model, name, value)) for model in both]
        assert warned[0] == warned[1], (name, value)
        assert_same_models(*both)
        assert both[0].tokenize(SOME) == both[1].tokenize(SOME)
        assert both[0].tokenizer.truncation == both[1].tokenizer.truncation, (name, value)


@pytest.mark.parametrize(
    "options", [{}, {"normalize": False}, {"max_length": 3}, {"max_length": None}], ids=str
)
def test_loading_warns_alike(
    make_folder: MakeFolder, options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_folder("wordpiece-tiny", config={"normalize": True, "max_length": 7})
    warned = [
        messages(caplog, partial(kind.from_pretrained, folder.path, **options)) for kind in BOTH
    ]
    assert warned[0] == warned[1] == len(options)


@pytest.mark.parametrize("kind", ["wordpiece", "wordpiece-added", "unigram", "bpe-bytes"])
def test_the_tokenizer(make_folder: MakeFolder, kind: str) -> None:
    ours, theirs = load(make_folder(kind))
    assert isinstance(ours.tokenizer, Tokenizer)
    assert ours.tokenizer is ours.tokenizer
    assert ours.tokenizer.get_vocab() == theirs.tokenizer.get_vocab()
    some = [text for text in SOME if text]
    for text in some:
        left, right = (
            model.tokenizer.encode(text, add_special_tokens=False).ids for model in (ours, theirs)
        )
        assert left == right
    assert list(ours.tokens) == list(theirs.tokens)
    assert all(ours.tokenizer.token_to_id(token) == i for i, token in enumerate(ours.tokens))


# Copies


def _from_another_process(model: Any, folder: Path) -> list[Any]:
    file = folder / "model.pickle"
    file.write_bytes(pickle.dumps(model))
    code = (
        "import json, pickle, sys\n"
        "model = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(json.dumps([model.encode(['one text', '']).tolist(), model.config]))"
    )
    answer: list[Any] = process.answer("-c", code, file)
    return answer


def test_pickles_are_read_by_other_processes(small: Folder, tmp_path: Path) -> None:
    found = [_from_another_process(model, tmp_path) for model in load(small)]
    assert found[0] == found[1]


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle 2": lambda model: pickle.loads(pickle.dumps(model, 2)),
    "pickle 5": lambda model: pickle.loads(pickle.dumps(model, 5)),
}


@pytest.mark.parametrize("made", ["loaded", "constructed"])
@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_copies(make_folder: MakeFolder, dtype: str, way: str, made: str) -> None:
    folder = make_folder("wordpiece-tiny", Shape(dtype, 12, "int32", "float32"))
    if made == "loaded":
        both = load(folder, normalize=True, max_length=20)
    else:
        given = {**parts(folder), "base_model_name": "a/b", "language": ["en"]}
        both = (StaticModel(**given), model2vec.StaticModel(**given))
    copied = [COPIES[way](model) for model in both]
    assert [type(model) for model in copied] == list(BOTH)
    assert_same_models(copied[0], copied[1])
    # A copy has settings of its own.
    copied[0].normalize, copied[0].max_length = False, 3
    assert both[0].max_length != 3
    assert both[0].config["max_length"] != 3
    assert_same_models(both[0], both[1])


def test_a_copy_outlives_its_model(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece-tiny")
    model = StaticModel.from_pretrained(folder.path)
    expected = model.encode(SOME)
    others = [make(model) for make in COPIES.values()]
    del model
    for other in others:
        assert_same_bits(other.encode(SOME), expected)


# Memory


def test_rows_are_a_view_that_cannot_be_written(small: Folder) -> None:
    loaded = StaticModel.from_pretrained(small.path)
    given = parts(small)
    made = StaticModel(**given)
    for model in (loaded, made):
        assert not model.embedding.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            model.embedding[0] = 1
        with pytest.raises(ValueError, match=r"WRITEABLE|writeable"):
            model.embedding.flags.writeable = True
        assert np.shares_memory(model.embedding, model.embedding)
    assert np.shares_memory(made.embedding, given["vectors"])


def test_rows_outlive_their_model(small: Folder) -> None:
    model = StaticModel.from_pretrained(small.path)
    rows, expected = model.embedding, model.embedding.copy()
    del model
    assert np.array_equal(rows, expected)


@pytest.mark.parametrize("order", ["F", "strided", "big-endian"])
def test_arrays_in_another_order(make_folder: MakeFolder, order: str) -> None:
    given = parts(make_folder("wordpiece-tiny"))
    expected = StaticModel(**given).encode(SOME)
    vectors = given.pop("vectors")
    if order == "F":
        vectors = np.asfortranarray(vectors)
    elif order == "strided":
        vectors = np.repeat(vectors, 2, axis=1)[:, ::2]
    else:
        vectors = vectors.astype(">f4")
    assert_same_bits(StaticModel(vectors, **given).encode(SOME), expected)


def test_vectors_are_written_to_a_given_array(small: Folder) -> None:
    ours, theirs = load(small)
    expected = theirs.encode(SOME)
    out = np.full((len(SOME), 32), np.nan, np.float32)
    assert ours.encode(SOME, out=out) is out
    assert_same_bits(out, expected)
    big = np.full((len(SOME) + 2, 32), 7, np.float32)
    ours.encode(SOME, out=big[1:-1])
    assert_same_bits(big[1:-1], expected)
    assert (big[[0, -1]] == 7).all()
    one = np.empty(32, np.float32)
    assert ours.encode(SOME[1], out=one) is one
    assert_same_bits(one, expected[1])
    assert ours.encode(SOME, out=out, show_progress_bar=True, batch_size=7) is out
    assert_same_bits(out, expected)


@pytest.mark.parametrize(
    "out",
    [
        np.empty((2, 32), np.float64),
        np.empty((3, 32), np.float32),
        np.empty((2, 31), np.float32),
        np.empty(64, np.float32),
        np.empty((32, 2), np.float32).T,
        np.empty((4, 32), np.float32)[::2],
        np.broadcast_to(np.float32(0), (2, 32)),
        [[0.0] * 32] * 2,
    ],
    ids=["dtype", "rows", "width", "flat", "transposed", "strided", "read-only", "list"],
)
def test_arrays_that_cannot_be_written(model: StaticModel, out: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        model.encode(["one", "two"], out=out)


def test_a_tensor_more_is_no_harm(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece-tiny")
    tensors = read(folder.matrix_file)
    tensors["something else"] = Tensor.of(np.arange(3, dtype=np.int64))
    folder.matrix_file.write_bytes(file_bytes(tensors))
    assert_same_models(*load(folder))
