"""Who is measured, and the proof that all of them compute the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import m2v_fast
import model2vec
import numpy as np

from benches.reference import NumpyModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MODEL2VEC = "model2vec"
NUMPY = "numpy"
FAST = "m2v_fast, 1 thread"
FAST_ALL = "m2v_fast, all threads"
NAMES = (MODEL2VEC, NUMPY, FAST, FAST_ALL)


class Encode(Protocol):
    """Texts to vectors; takes `max_length`."""

    def __call__(self, texts: Sequence[str], **options: Any) -> NDArray[Any]: ...


def contenders(folder: Path) -> dict[str, Encode]:
    """All contenders, each loaded with the model of the folder."""
    theirs = model2vec.StaticModel.from_pretrained(folder)
    plain = NumpyModel(folder)
    ours = m2v_fast.StaticModel.from_pretrained(folder)

    def of_model2vec(texts: Sequence[str], **options: Any) -> NDArray[Any]:
        return theirs.encode(texts, use_multiprocessing=False, **options)

    def on_all_threads(texts: Sequence[str], **options: Any) -> NDArray[Any]:
        return ours.encode(texts, **options)

    def on_one_thread(texts: Sequence[str], **options: Any) -> NDArray[Any]:
        return ours.encode(texts, num_threads=1, **options)

    return {
        MODEL2VEC: of_model2vec,
        NUMPY: plain.encode,
        FAST: on_one_thread,
        FAST_ALL: on_all_threads,
    }


def assert_equal(encoders: dict[str, Encode], texts: Sequence[str], **options: Any) -> None:
    """Asserts that all contenders give the same vectors: there is no point in timing others.

    Bits must be equal, except those of model2vec on float16 models: it rounds to float16.
    """
    expected = encoders[NUMPY](texts, **options)
    for name, encode in encoders.items():
        actual = encode(texts, **options)
        if actual.dtype == np.float16:
            wide = actual.astype(np.float32)
            lengths = np.linalg.norm(wide, axis=1) * np.linalg.norm(expected, axis=1)
            cosine = (wide * expected).sum(axis=1) / np.maximum(lengths, 1e-30)
            assert ((cosine >= 0.99999) | (lengths == 0)).all(), f"{name} differs"
        else:
            same = actual.astype(np.float32).tobytes() == expected.tobytes()
            assert same, f"{name} differs from the NumPy reference"
