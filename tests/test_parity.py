"""Vectors equal the reference's to the bit, whatever the model, the kernel and the threads.

The judges are model2vec 0.10.0, where it can load the model, and the twin, always.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import m2v_fast
import numpy as np
import pytest

from tests.support import judged, reference, testdata, texts
from tests.support.compare import Array, assert_float16_rule, assert_same_bits
from tests.support.folders import MATRIX_DTYPES, Folder, Shape, write_folder
from tests.support.tensors import Tensor
from tests.support.vocabularies import wordpiece_tiny
from tests.support.ways import assert_every_way
from tests.twin import Twin, Vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import MakeFolder

#: Around every power of two, multiples of eight and not, and the widths of real models.
WIDTHS = (
    *(2, 3, 4, 5, 6, 7, 8, 9, 11, 15, 16, 17, 23, 31, 32, 33, 40, 47, 48, 49, 56, 63, 64, 65),
    *(79, 80, 81, 95, 96, 97, 100, 112, 120, 127, 128, 129, 130, 255, 256, 257, 300, 512, 1024),
)
WEIGHTS = (None, "float16", "float32", "float64")
MAPPINGS = (None, "int32", "int64")

SAMPLE: tuple[str, ...] = (*texts.MULTILINGUAL, *texts.AWKWARD, *texts.paragraphs()[::100])


def assert_reference_agrees(
    folder: Folder, shape: Shape, actual: Array, some_texts: Sequence[str], normalize: bool
) -> None:
    """Judges by model2vec, if it can load such a model and sums it in the contract's order."""
    if shape.dtype == "bfloat16" or shape.width == 1:
        return
    theirs = reference.encode(folder.path, some_texts, normalize=normalize)
    if theirs.dtype == np.float16 and shape.weights is not None:
        # Weights widen the values that the reference then rounds, some of them to subnormals.
        assert_float16_rule(actual, theirs, normalize=True, ulps=8, texts=some_texts)
        return
    reference.assert_agrees(actual, theirs, normalize=normalize, texts=some_texts)


def check(
    folder: Folder, shape: Shape, some_texts: Sequence[str], *, alternate: int | None = None
) -> None:
    """Both judges, with and without norm, every kernel, one thread and two (or: see `ways`)."""
    twin = Twin(folder.path)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    assert model.dim == shape.width
    assert model.embedding_dtype == shape.dtype
    ids = twin.ids.to_encode(some_texts, 512)
    for normalize in (False, True):
        expected = twin.vectors.pool(ids, normalize)
        assert_every_way(model, some_texts, expected, alternate=alternate, normalize=normalize)
        assert_reference_agrees(folder, shape, expected, some_texts, normalize)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_every_dtype_at_every_kind_of_width(
    make_folder: MakeFolder, dtype: str, width: int
) -> None:
    shape = Shape(dtype, width)
    check(make_folder("wordpiece-tiny", shape), shape, SAMPLE, alternate=shape.width)


@pytest.mark.parametrize("width", [8, 37, 256])
@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_weights_and_mapping_of_every_dtype(
    make_folder: MakeFolder, dtype: str, weights: str | None, mapping: str | None, width: int
) -> None:
    shape = Shape(dtype, width, mapping, weights)
    check(make_folder("wordpiece-tiny", shape), shape, SAMPLE, alternate=shape.width)


@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_width_one_is_summed_in_token_order(make_folder: MakeFolder, dtype: str) -> None:
    shape = Shape(dtype, 1)
    check(make_folder("wordpiece-tiny", shape), shape, SAMPLE, alternate=shape.width)


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 6, 7, 9, 31, 33, 63])
@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_the_matrix_may_start_anywhere_in_the_file(
    make_folder: MakeFolder, dtype: str, shift: int
) -> None:
    shape = Shape(dtype, 37, "int32", "float32")
    check(make_folder("wordpiece-tiny", shape, shift=shift), shape, SAMPLE, alternate=shift)


@pytest.mark.parametrize("dtype", MATRIX_DTYPES)
def test_the_manual_on_models_of_every_dtype(make_folder: MakeFolder, dtype: str) -> None:
    # Batches large enough that two threads really share them.
    shape = Shape(dtype, 256)
    check(make_folder("wordpiece", shape), shape, texts.paragraphs())


@pytest.mark.parametrize(
    "kind", ["wordpiece-added", "wordlevel", "unigram", "unigram-whole", "bpe-bytes", "bpe-unknown"]
)
def test_models_on_every_kind_of_tokenizer(make_folder: MakeFolder, kind: str) -> None:
    shape = Shape("float32", 64)
    check(make_folder(kind, shape), shape, texts.hard_texts())


def _special_values(dtype: str, rows: int, width: int) -> Tensor:
    """Ordinary rows, with rows between them that hold the values that sums trip over."""
    rng = np.random.default_rng(7)
    values = rng.standard_normal((rows, width))
    big, tiny = {
        "float16": (6e4, 6e-8),
        "float32": (3e38, 1e-45),
        "bfloat16": (3e38, 1e-40),
        "float64": (1.7e308, 5e-324),
    }[dtype]
    special = [np.nan, np.inf, -np.inf, -0.0, 0.0, big, -big, tiny, -tiny]
    for i in range(0, rows, 3):
        values[i] = special[(i // 3) % len(special)]
        if i % 2:
            values[i, ::2] = 1.0
    with np.errstate(over="ignore"):
        if dtype == "bfloat16":
            return Tensor.bfloat16(values.astype(np.float32))
        return Tensor.of(values.astype(dtype))


@pytest.mark.parametrize("weights", [None, "float32"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_special_values_go_through_as_in_numpy(
    make_folder: MakeFolder,
    tmp_path_factory: pytest.TempPathFactory,
    dtype: str,
    weights: str | None,
) -> None:
    tokenizer = wordpiece_tiny()
    tokens, width = tokenizer.get_vocab_size(), 19
    tensors = {"embeddings": _special_values(dtype, tokens, width)}
    if weights:
        values = np.resize(np.array([1, -1, 0, np.inf, np.nan, 1e-30, -0.0]), tokens)
        tensors["weights"] = Tensor.of(values.astype(weights))
    folder = write_folder(tmp_path_factory.mktemp("special"), tokenizer, tensors)
    # One character is mostly one token: single rows, where -0.0 must become +0.0.
    alone = [t for t in tokenizer.get_vocab() if len(t) == 1]
    some_texts = [*alone, *("".join(pair) for pair in itertools.pairwise(alone)), *SAMPLE]
    twin = Twin(folder.path)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    for normalize in (False, True):
        expected = twin.encode(some_texts, normalize=normalize)
        assert np.isnan(expected).any()
        assert_every_way(model, some_texts, expected, normalize=normalize)
        if dtype in ("float32", "float64"):
            theirs = reference.encode(folder.path, some_texts, normalize=normalize)
            reference.assert_agrees(expected, theirs, normalize=normalize, texts=some_texts)


def test_a_row_of_minus_zero_alone_gives_plus_zero(make_folder: MakeFolder) -> None:
    tokenizer = wordpiece_tiny()
    matrix = np.full((tokenizer.get_vocab_size(), 5), -0.0, np.float32)
    folder = make_folder("wordpiece-tiny", Shape(width=5))
    folder = write_folder(
        folder.path.with_name("minus-zero"), tokenizer, {"embeddings": Tensor.of(matrix)}
    )
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    assert_every_way(model, ["a", "a b", ""], np.zeros((3, 5), np.float32))


def test_integer_sums_do_not_stop_at_24_bits(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tokenizer = wordpiece_tiny()
    rows = np.full((tokenizer.get_vocab_size(), 4), 127, np.int8)
    rows[:, 1] = -128
    rows[::2, 2] = 1
    tensors = {"embeddings": Tensor.of(rows)}
    folder = write_folder(tmp_path_factory.mktemp("int8"), tokenizer, tensors)
    model = m2v_fast.StaticModel.from_pretrained(folder.path, max_length=None)
    text = ["a b c d e f g h " * 25_000 + "i"]
    expected = reference.encode(folder.path, text, max_length=None)
    assert_every_way(model, text, expected)


def test_long_texts_add_up_in_token_order(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece", Shape("float32", 24))
    model = m2v_fast.StaticModel.from_pretrained(folder.path, max_length=None)
    long = [" ".join(texts.paragraphs()[i::7]) for i in range(7)]
    expected = reference.encode(folder.path, long, max_length=None, normalize=True)
    assert_every_way(model, long, expected, normalize=True)


def test_same_bits_alone_in_a_batch_and_in_any_order(model: m2v_fast.StaticModel) -> None:
    some = texts.hard_texts()
    together = model.encode(some)
    for i, text in enumerate(some):
        assert_same_bits(model.encode(text), together[i], what=f"text {i} alone")
    for size in (1, 7, 1024, 10**9):
        assert_same_bits(model.encode(some, batch_size=size), together, some, f"batch_size={size}")
    backwards = model.encode(some[::-1], num_threads=2)
    assert_same_bits(np.ascontiguousarray(backwards[::-1]), together, some, "backwards")


@pytest.mark.parametrize("max_length", [0, 1, 2, 3, 5, 8, 13, 64, 511, 512, 513, None])
def test_every_max_length(
    model: m2v_fast.StaticModel, small: Folder, max_length: int | None
) -> None:
    some = texts.hard_texts()
    expected = reference.encode(small.path, some, max_length=max_length)
    assert_every_way(model, some, expected, max_length=max_length)


# With the test data: real models, real tokenizers, real paragraphs in six languages.

#: (tokenizer, shape); a shape of None is the complete model as it is. Neighbours share a tokenizer.
REAL: list[tuple[str, Shape | None]] = [
    *((name, None) for name in testdata.MODELS),
    *(
        (name, shape)
        for name in testdata.TOKENIZERS
        if name == "potion-wordpiece"
        for shape in (
            *(Shape(dtype, 256) for dtype in MATRIX_DTYPES),
            Shape("float32", 96, "int64", "float64", rows=5000),
            Shape("int8", 300, "int32", "float32", rows=5000),
        )
    ),
    *(
        (name, Shape("float32", 64))
        for name in testdata.TOKENIZERS
        if name not in testdata.MODELS and name != "potion-wordpiece"
    ),
]


#: Measured in full, every kernel on one thread and on two; the others take turns (see `ways`).
IN_FULL = {("minilm-m2v-256", None), ("potion-wordpiece", Shape("float32", 256))}


def _label(value: object) -> str:
    if isinstance(value, Shape):
        parts = (value.dtype, value.width, value.mapping, value.weights)
        return "-".join(str(part) for part in parts if part)
    return "as-it-is" if value is None else str(value)


@pytest.mark.skipif(not REAL, reason=f"{testdata.VARIABLE} is not set")
@pytest.mark.parametrize(("name", "shape"), REAL, ids=_label)
def test_real_paragraphs_in_every_language(
    make_folder: MakeFolder, name: str, shape: Shape | None
) -> None:
    folder = make_folder(name, shape) if shape else Folder(testdata.model_folder(name))
    vectors = Vectors(folder.path)
    model = m2v_fast.StaticModel.from_pretrained(folder.path)
    reloaded = shape or Shape(model.embedding_dtype, model.dim)
    tokenizer_json = folder.tokenizer_json()
    for number, language in enumerate(testdata.LANGUAGES):
        some = testdata.corpus(language)
        ids = judged.ids(tokenizer_json, language)
        assert sum(map(len, ids)) > 3 * len(some)
        expected = vectors.pool(ids, True)
        alternate = None if (name, shape) in IN_FULL else number
        assert_every_way(model, some, expected, alternate=alternate, normalize=True)
        if shape is None or shape.dtype in ("float32", "int8"):
            assert_reference_agrees(folder, reloaded, expected, some, True)
