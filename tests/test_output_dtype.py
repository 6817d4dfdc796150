"""`encode(output_dtype=…)`: sentence-transformers' number formats, without its batch ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest
from m2v_fast import StaticModel

from tests.support import texts
from tests.support.folders import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import MakeFolder
    from tests.support.compare import Array

SOME = [*texts.MULTILINGUAL, *texts.paragraphs()[::40]]

DTYPES = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "int8": np.dtype(np.int8),
    "uint8": np.dtype(np.uint8),
    "binary": np.dtype(np.int8),
    "ubinary": np.dtype(np.uint8),
}
BITS, STEPS = ("binary", "ubinary"), ("int8", "uint8")


def quantize_embeddings(
    vectors: NDArray[np.float32], precision: str, ranges: Array | None = None
) -> Array:
    """The oracle: the definition of the words in sentence-transformers, value by value."""
    out = []
    for vector in vectors:
        if precision in BITS:
            row = []
            for start in range(0, len(vector), 8):
                byte = 0
                for value in vector[start : start + 8]:
                    byte = byte * 2 + (1 if value > 0 else 0)
                row.append(byte if precision == "ubinary" else byte - 128)
        else:
            assert ranges is not None
            row = []
            for value, low, high in zip(vector, *ranges, strict=True):
                step = (high - low) / np.float32(255)
                place = (value - low) / step
                row.append(int(place if precision == "uint8" else place - np.float32(128)))
        out.append(row)
    return np.array(out).astype(DTYPES[precision])


@pytest.fixture
def ranges(model: StaticModel) -> NDArray[np.float32]:
    """Ranges of a sample that includes the texts: no value lies outside."""
    vectors = model.encode([*SOME, *texts.paragraphs()])
    return np.stack([vectors.min(axis=0), vectors.max(axis=0)])


def assert_equal(actual: Array, expected: Array) -> None:
    """Equal shape, dtype and bytes."""
    assert type(actual) is np.ndarray
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    assert actual.flags.c_contiguous
    assert actual.tobytes() == expected.tobytes()


@pytest.mark.parametrize("precision", BITS)
@pytest.mark.parametrize("normalize", [False, True])
def test_bits_equal_the_oracle(model: StaticModel, precision: Any, normalize: bool) -> None:
    vectors = model.encode(SOME, normalize=normalize)
    actual = model.encode(SOME, normalize=normalize, output_dtype=precision)
    assert actual.shape == (len(SOME), 32 // 8)
    assert_equal(actual, quantize_embeddings(vectors, precision))


@pytest.mark.parametrize("precision", STEPS)
@pytest.mark.parametrize("normalize", [False, True])
def test_steps_equal_the_oracle(
    model: StaticModel, ranges: NDArray[np.float32], precision: Any, normalize: bool
) -> None:
    model.normalize = normalize
    vectors = model.encode(SOME)
    if not normalize:
        sample = model.encode(texts.paragraphs())
        ranges = np.stack([sample.min(axis=0), sample.max(axis=0)])
        ranges[0] -= 1
        ranges[1] += 1
    actual = model.encode(SOME, output_dtype=precision, ranges=ranges)
    assert_equal(actual, quantize_embeddings(vectors, precision, ranges))


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_short_floats_are_rounded(model: StaticModel, precision: Any) -> None:
    vectors = model.encode(SOME)
    actual = model.encode(SOME, output_dtype=precision)
    assert_equal(actual, vectors.astype(DTYPES[precision]))
    # To the nearest, not cut off.
    wide = actual.astype(np.float32)
    digits = 11 if precision == "float16" else 8
    tiny = 2.0**-25 if precision == "float16" else 0.0
    assert (np.abs(wide - vectors) <= np.maximum(np.abs(vectors) * 2.0**-digits, tiny)).all()


def test_bfloat16_by_its_definition(model: StaticModel) -> None:
    # The upper half of a float32, rounded to the even one where both are as near.
    bits = model.encode(SOME).view(np.uint32).astype(np.uint64)
    expected = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    actual = model.encode(SOME, output_dtype="bfloat16")
    assert (actual.view(np.uint16) == expected).all()


@pytest.mark.parametrize("precision", ["float32", *DTYPES])
def test_shapes(model: StaticModel, ranges: Array, precision: Any) -> None:
    options: dict[str, Any] = {"output_dtype": precision}
    if precision in STEPS:
        options["ranges"] = ranges
    width = 4 if precision in BITS else 32
    dtype = DTYPES.get(precision, np.dtype(np.float32))
    many = model.encode(SOME, **options)
    assert (many.shape, many.dtype) == ((len(SOME), width), dtype)
    one = model.encode(SOME[0], **options)
    assert one.shape == (width,)
    assert_equal(one, many[0])
    none = model.encode([], **options)
    assert (none.shape, none.dtype) == ((0, width), dtype)
    assert_equal(model.encode(SOME, show_progress_bar=True, batch_size=7, **options), many)
    assert_equal(model.encode(iter(SOME), num_threads=2, **options), many)


@pytest.mark.parametrize("precision", STEPS)
def test_what_lies_outside_stops_at_the_ends(model: StaticModel, precision: Any) -> None:
    narrow = np.stack([np.full(32, -0.01, np.float32), np.full(32, 0.01, np.float32)])
    vectors = model.encode(SOME)
    actual = model.encode(SOME, output_dtype=precision, ranges=narrow)
    lowest, highest = (0, 255) if precision == "uint8" else (-128, 127)
    assert (actual[vectors <= -0.01] == lowest).all()
    assert (actual[vectors >= 0.01] == highest).all()
    assert (vectors < -0.01).any()
    assert (vectors > 0.01).any()


@pytest.mark.parametrize("precision", STEPS)
def test_texts_at_hand_do_not_change_the_result(
    model: StaticModel, ranges: Array, precision: Any
) -> None:
    together = model.encode(SOME, output_dtype=precision, ranges=ranges)
    for i in (0, 7, len(SOME) - 1):
        alone = model.encode([SOME[i]], output_dtype=precision, ranges=ranges)
        assert_equal(alone[0], together[i])


@pytest.mark.parametrize("kind", [np.asarray, np.float64, np.ndarray.tolist], ids=str)
def test_ranges_of_other_types(model: StaticModel, ranges: Array, kind: Any) -> None:
    expected = model.encode(SOME, output_dtype="int8", ranges=ranges)
    assert_equal(model.encode(SOME, output_dtype="int8", ranges=kind(ranges)), expected)


def _with(place: tuple[int, int], value: float) -> Array:
    ranges = np.stack([np.full(32, -1.0), np.full(32, 1.0)])
    ranges[place] = value
    return ranges


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        (None, "needs ranges"),
        (np.zeros((2, 31)), "shape"),
        (np.zeros((32, 2)), "shape"),
        (np.zeros(32), "shape"),
        (np.zeros((2, 32)), "no range"),
        (_with((0, 9), 1.0), r"ranges\[:, 9\]"),
        (_with((0, 9), 2.0), r"ranges\[:, 9\]"),
        (_with((1, 31), np.nan), r"ranges\[:, 31\]"),
        (_with((0, 0), -np.inf), r"ranges\[:, 0\]"),
    ],
)
@pytest.mark.parametrize("precision", STEPS)
def test_wrong_ranges(model: StaticModel, precision: Any, ranges: Any, message: str) -> None:
    for sentences in (SOME, SOME[0], []):
        with pytest.raises(ValueError, match=message):
            model.encode(sentences, output_dtype=precision, ranges=ranges)


@pytest.mark.parametrize("precision", ["float64", "int4", "", None, np.float16])
def test_unknown_formats(model: StaticModel, precision: Any) -> None:
    with pytest.raises(ValueError, match="output_dtype"):
        model.encode(SOME, output_dtype=precision)


@pytest.mark.parametrize("precision", BITS)
def test_bits_need_whole_bytes(make_folder: MakeFolder, precision: Any) -> None:
    model = StaticModel.from_pretrained(make_folder("wordpiece-tiny", Shape(width=12)).path)
    with pytest.raises(ValueError, match="12 columns"):
        model.encode(SOME, output_dtype=precision)


@pytest.mark.parametrize("stored", ["float16", "int8", "bfloat16", "float64"])
def test_models_of_other_formats(make_folder: MakeFolder, stored: str) -> None:
    model = StaticModel.from_pretrained(make_folder("wordpiece-tiny", Shape(stored, 16)).path)
    vectors = model.encode(SOME)
    assert_equal(model.encode(SOME, output_dtype="binary"), quantize_embeddings(vectors, "binary"))
    assert_equal(model.encode(SOME, output_dtype="float16"), vectors.astype(np.float16))
