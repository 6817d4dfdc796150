"""Columns in and out against lists, in one process.

usage: python -m benches.arrow [TEXTS] --model FOLDER

Every figure is a ratio of medians over rounds in which the ways take turns. On a busy machine --cpu
tells more: processor time of one thread, for the ways that have one.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from m2v_fast import StaticModel
from m2v_fast.bench.corpus import queries, read_texts
from m2v_fast.bench.machine import facts
from m2v_fast.bench.models import bundled_folder

if TYPE_CHECKING:
    from collections.abc import Callable


#: Rows of a batch, as engines have them.
BATCH = 10_000


def medians(
    ways: dict[str, Callable[[], Any]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Seconds of each way, the median over rounds in which they take turns, there and back."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in list(ways.items())[:: -1 if number % 2 else 1]:
            start = clock()
            way()
            seconds[name].append(clock() - start)
    # The first round fills caches.
    return {name: float(np.median(taken[1:])) for name, taken in seconds.items()}


def fixed_list(vectors: Any) -> Any:
    """What a program makes of an array of vectors without Arrow's help."""
    return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])


def of(
    model: StaticModel, rows: list[str], column: Any, frame: Any, connection: Any
) -> dict[str, Callable[[], Any]]:
    """Our ways of the same rows."""
    coded = column.dictionary_encode()

    def arrow(data: Any, threads: int, dtype: Any = "float32") -> Any:
        return model.encode_arrow(data, num_threads=threads, output_dtype=dtype)

    batches = [column[start : start + BATCH] for start in range(0, len(column), BATCH)]

    def each(way: Callable[[Any], Any]) -> None:
        for batch in batches:
            way(batch)

    def pylist(column: Any) -> Any:
        return fixed_list(model.encode(column.to_pylist(), num_threads=1))

    return {
        "arrow, 1 thread": lambda: pa.array(arrow(column, 1)),
        "arrow, 2 threads": lambda: pa.array(arrow(column, 2)),
        "arrow float16, 1 thread": lambda: pa.array(arrow(column, 1, "float16")),
        "to_pylist + encode + arrays, 1 thread": lambda: pylist(column),
        "arrow in batches, 1 thread": lambda: each(lambda batch: pa.array(arrow(batch, 1))),
        "arrow in batches, 2 threads": lambda: each(lambda batch: pa.array(arrow(batch, 2))),
        "to_pylist … in batches, 1 thread": lambda: each(pylist),
        "list, 1 thread": lambda: model.encode(rows, num_threads=1),
        "list, 2 threads": lambda: model.encode(rows, num_threads=2),
        "dictionary, 1 thread": lambda: pa.array(arrow(coded, 1)),
        "polars Series, 1 thread": lambda: pl.Series(arrow(frame["t"], 1)),
        "DuckDB relation, 1 thread": lambda: pa.array(
            arrow(connection.sql("select t from rows"), 1)
        ),
    }


def theirs(folder: Path, column: Any) -> dict[str, Callable[[], Any]]:
    """model2vec's way of some rows."""
    from model2vec import StaticModel as Reference

    reference = Reference.from_pretrained(folder)
    return {
        "model2vec, to_pylist + arrays, a tenth": lambda: fixed_list(
            np.ascontiguousarray(reference.encode(column.to_pylist(), use_multiprocessing=False))
        )
    }


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="?", type=Path)
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="processor time of one thread")
    parser.add_argument("--no-model2vec", action="store_true")
    given = parser.parse_args()

    source = read_texts(given.texts)
    model = StaticModel.from_pretrained(given.model)
    lots = {"paragraphs": source, "short": queries(source)}
    print(json.dumps(facts([given.model])))
    for name, some in lots.items():
        rows = (some * (given.rows // len(some) + 1))[: given.rows]
        column = pa.array(rows)
        frame = pl.DataFrame({"t": column})
        connection = duckdb.connect()
        connection.register("rows", pa.table({"t": column}))

        ways = of(model, rows, column, frame, connection)
        if not given.no_model2vec:
            ways.update(theirs(given.model, column[: given.rows // 10]))
        if given.cpu:
            ways = {name: way for name, way in ways.items() if not name.endswith("2 threads")}
        taken = medians(ways, given.rounds, time.thread_time if given.cpu else time.perf_counter)
        base = taken["arrow, 1 thread"]
        print(f"\n{name}: {len(rows):,} rows, {column.nbytes / 1e6:.1f} MB")
        for way, seconds in taken.items():
            seconds *= 10 if way.endswith("a tenth") else 1
            print(
                f"  {way:<40}{len(rows) / seconds:>12,.0f} rows/s  {seconds / base:6.2f} x its time"
            )


if __name__ == "__main__":
    main()
