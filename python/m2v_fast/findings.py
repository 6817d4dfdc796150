"""What `m2v-fast info --check` looks for: what loading accepts, and yet is hardly meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast.arrays import stored, stored_bits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel

    Rows = NDArray[np.bool_]

# Rows looked at at once, so that a big matrix is never copied whole.
_ROWS = 16_384
_SHOWN = 5


def findings(model: StaticModel) -> Iterator[str]:
    """Look at every row and weight of a model from a folder; yield each fault in words."""
    not_finite, overflowing = _rows(model)
    if not_finite.any():
        yield (
            f"{_count(not_finite)} with NaN or infinity, which every text with these tokens gets: "
            + _tokens(model, not_finite)
        )
    if overflowing.any():
        yield (
            f"{_count(overflowing)} whose length overflows float32, so that a normalized vector is "
            "zero: " + _tokens(model, overflowing)
        )
    if (weights := stored(model._native, "weights")) is not None:
        bad = ~np.isfinite(weights)
        if bad.any():
            yield (
                f"{int(bad.sum()):,} of {len(bad):,} weights are NaN or infinity: "
                + _names(model, np.flatnonzero(bad))
            )
    if model.max_length == 0:
        yield "max_length is 0: every vector is zero"
    folder = model.folder
    if folder is not None and model.engine != "fallback" and not model.indexed:
        files = model._native.files
        index = (Path(files[2]) if files else folder).with_suffix(".m2vindex")
        if index.exists():
            yield (
                f"{index} was not made of this tokenizer.json, or by another release: run "
                "m2v-fast compile"
            )


def _rows(model: StaticModel) -> tuple[Rows, Rows]:
    """Which rows hold NaN or infinity, and which are too long for a norm in float32."""
    matrix = stored_bits(model._native)
    not_finite = np.zeros(len(matrix), np.bool_)
    overflowing = np.zeros(len(matrix), np.bool_)
    if matrix.dtype == np.int8:
        return not_finite, overflowing
    for start in range(0, len(matrix), _ROWS):
        part = _numbers(matrix[start : start + _ROWS])
        with np.errstate(over="ignore", invalid="ignore"):
            # float64 rows are rounded to float32 when they are pooled.
            narrow = part.astype(np.float32)
            bad = ~np.isfinite(narrow).all(axis=1)
            squares = np.square(narrow, dtype=np.float32).sum(axis=1, dtype=np.float32)
        not_finite[start : start + _ROWS] = bad
        overflowing[start : start + _ROWS] = np.isinf(squares) & ~bad
    return not_finite, overflowing


def _numbers(part: NDArray[Any]) -> NDArray[Any]:
    if part.dtype == np.uint16:  # bfloat16: the upper half of a float32
        return (part.astype(np.uint32) << 16).view(np.float32)
    return part


def _count(rows: Rows) -> str:
    return f"{int(rows.sum()):,} of {len(rows):,} rows"


def _tokens(model: StaticModel, rows: Rows) -> str:
    """Name the tokens of some rows."""
    mapping = stored(model._native, "mapping")
    return _names(model, np.flatnonzero(rows if mapping is None else rows[mapping]))


def _names(model: StaticModel, ids: NDArray[np.intp]) -> str:
    if not len(ids):
        return "of no token"
    tokenizer = model.tokenizer
    names = (f"{tokenizer.id_to_token(int(i))!r} (id {i})" for i in ids[:_SHOWN])
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return ", ".join(names) + more
