"""model2vec 0.10.0, the judge wherever it can load a model."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import model2vec
import numpy as np
import numpy.typing as npt

from tests.support.compare import assert_float16_rule, assert_same_bits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Array = npt.NDArray[Any]

assert model2vec.__version__ == "0.10.0", "the reference is model2vec 0.10.0, no other release"


@lru_cache(maxsize=2)
def load(folder: Path) -> model2vec.StaticModel:
    """The reference's model of a folder."""
    return model2vec.StaticModel.from_pretrained(folder)


def encode(folder: Path, texts: Sequence[str], **options: Any) -> Array:
    """The reference's vectors, in the dtype in which it gives them."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        return load(folder).encode(list(texts), use_multiprocessing=False, **options)


def assert_agrees(
    actual: Array, reference: Array, *, normalize: bool, texts: Sequence[str] | None = None
) -> None:
    """Equal bits, or the float16 rule where the reference rounds its output to float16."""
    if reference.dtype == np.float16:
        assert_float16_rule(actual, reference, normalize=normalize, texts=texts)
        return
    with np.errstate(all="ignore"):
        expected = reference.astype(np.float32)
    assert_same_bits(actual, expected, texts, "against model2vec")
