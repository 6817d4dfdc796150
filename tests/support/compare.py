"""What "the same vector" means: bits, not tolerances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = npt.NDArray[Any]


def assert_result(actual: Array, rows: int | None, dim: int) -> None:
    """float32, C-contiguous, `(dim,)` for one text (`rows` None) or `(rows, dim)`."""
    assert type(actual) is np.ndarray
    assert actual.dtype == np.float32
    assert actual.flags.c_contiguous
    assert actual.shape == ((dim,) if rows is None else (rows, dim))


def assert_same_bits(
    actual: Array, expected: Array, texts: Sequence[str] | None = None, what: str = ""
) -> None:
    """Equal float32 bits everywhere; any NaN equals any NaN, and -0.0 differs from +0.0."""
    assert actual.dtype == np.float32, (what, actual.dtype)
    assert expected.dtype == np.float32, (what, expected.dtype)
    assert actual.shape == expected.shape, (what, actual.shape, expected.shape)
    left = np.ascontiguousarray(actual).view(np.uint32)
    right = np.ascontiguousarray(expected).view(np.uint32)
    different = (left != right) & ~(np.isnan(actual) & np.isnan(expected))
    if different.any():
        place = tuple(int(i) for i in np.argwhere(different)[0])
        text = "" if texts is None else f", text {texts[place[0]][:80]!r}"
        raise AssertionError(
            f"{what}: {int(different.sum())} of {different.size} values differ, first at {place}"
            f"{text}: {actual[place]!r} instead of {expected[place]!r}"
        )


def assert_float16_rule(
    actual: Array,
    reference: Array,
    *,
    normalize: bool,
    ulps: int = 3,
    texts: Sequence[str] | None = None,
) -> None:
    """What float32 vectors of a float16 model owe the reference, which rounds to float16.

    Not normalized: equal once rounded. Normalized: cosine >= 0.999999, and no value more than
    `ulps` units in the last place of float16 away.
    """
    assert reference.dtype == np.float16
    assert actual.shape == reference.shape
    if not normalize:
        rounded = actual.astype(np.float16).astype(np.float32)
        assert_same_bits(rounded, reference.astype(np.float32), texts, "rounded to float16")
        return
    ours, theirs = actual.astype(np.float64), reference.astype(np.float64)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    full = lengths > 0
    assert (full == (np.abs(ours).max(axis=1) > 0)).all(), "zero vectors in different places"
    cosine = (ours * theirs).sum(axis=1)[full] / lengths[full]
    assert (cosine >= 0.999999).all(), f"cosine {cosine.min()}"
    # Where the reference's mean is tiny, it has few float16 digits left: such values are measured
    # by the unit of 2**-9.
    unit = np.spacing(np.maximum(np.abs(reference), np.float16(2**-9))).astype(np.float64)
    apart = np.abs(actual.astype(np.float16).astype(np.float64) - theirs) / unit
    assert (apart <= ulps).all(), f"{apart.max()} units in the last place of float16"
