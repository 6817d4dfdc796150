"""Every way to run a model: each kernel that this processor has, on one thread and on two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import m2v_fast
from m2v_fast import _native

from tests.support.compare import Array, assert_same_bits

THREADS = (1, 2)

Encode = Callable[..., Array]


def ways(model: m2v_fast.StaticModel, alternate: int | None = None) -> Iterator[tuple[str, Encode]]:
    """`(name, encode)` for every kernel and number of threads.

    With `alternate`, every kernel but only one number of threads each: another one for the next
    kernel, and another one for the next value of `alternate`.
    """
    for number, kernel in enumerate(_native.backends()):
        forced = model._with_backend(kernel)
        assert forced.backend == kernel
        turn = None if alternate is None else (number + alternate) % len(THREADS)
        for threads in THREADS if turn is None else (THREADS[turn],):

            def encode(
                texts: Sequence[str],
                forced: m2v_fast.StaticModel = forced,
                threads: int = threads,
                **options: Any,
            ) -> Array:
                return forced.encode(texts, num_threads=threads, **options)

            yield f"{kernel}, {threads} thread(s)", encode


def assert_every_way(
    model: m2v_fast.StaticModel,
    texts: Sequence[str],
    expected: Array,
    *,
    alternate: int | None = None,
    **options: Any,
) -> None:
    """All ways give the expected bits, and so does the way chosen by default."""
    if alternate is None:
        assert_same_bits(model.encode(texts, **options), expected, texts, "default")
    for name, encode in ways(model, alternate):
        assert_same_bits(encode(texts, **options), expected, texts, name)
