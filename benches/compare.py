"""Measures model2vec, plain NumPy and m2v_fast side by side, in one run, and prints a table.

    python -m benches.compare [FILE ...] [--model DIR] [--json OUT.json]

Each FILE holds texts (.jsonl, .jsonl.gz or one a line), such as one language; without one, it is
Python's own reference manual. All contenders take turns in every round and the medians are
compared, so that a busy moment of the machine falls on all of them. Vectors are compared before
anything is timed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np

from benches import contenders, fresh, machine, models
from benches import texts as corpus
from benches.contenders import FAST, FAST_ALL, MODEL2VEC, NAMES, NUMPY, Encode

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SEEN = "m2v_fast, 1 thread, first seen"
QUERIES_OF_FUNCTION = "m2v_fast, encode_queries"


def take_turns(
    calls: dict[str, Callable[[], object]], rounds: int, prepare: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds of every call in every round; the order moves on by one each round."""
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            prepare(name)
            start = time.perf_counter()
            calls[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def throughput(
    folder: Path, encoders: dict[str, Encode], texts: list[str], rounds: int
) -> dict[str, Any]:
    """Documents and megabytes a second of each contender."""
    fresh_model: list[m2v_fast.StaticModel] = []

    def prepare(name: str) -> None:
        if name == FIRST_SEEN:
            fresh_model[:] = [m2v_fast.StaticModel.from_pretrained(folder)]

    calls: dict[str, Callable[[], object]] = {
        name: partial(encode, texts) for name, encode in encoders.items()
    }
    calls[FIRST_SEEN] = lambda: fresh_model[0].encode(texts, num_threads=1)
    megabytes = corpus.size(texts) / 1e6
    seconds = take_turns(calls, rounds, prepare)
    base = median(seconds[MODEL2VEC])
    return {
        name: {
            "docs_per_s": len(texts) / median(times),
            "mb_per_s": megabytes / median(times),
            "ratio": base / median(times),
            "seconds": times,
        }
        for name, times in seconds.items()
    }


def latency(
    folder: Path, encoders: dict[str, Encode], queries: list[str], at_once: int, rounds: int
) -> dict[str, Any]:
    """p50 and p99 of one call, in microseconds, going through distinct queries."""
    batches = [queries[i : i + at_once] for i in range(0, len(queries), at_once)]
    calls: dict[str, Callable[[list[str]], object]] = {
        name: encoders[name] for name in (MODEL2VEC, NUMPY)
    }
    # As a user calls it: without arguments, the default number of threads.
    model = m2v_fast.StaticModel.from_pretrained(folder)
    calls["m2v_fast, encode"] = model.encode
    calls[QUERIES_OF_FUNCTION] = m2v_fast.Model2VecEmbeddingFunction(folder).encode_queries
    nanoseconds: dict[str, list[int]] = {name: [] for name in calls}
    clock = time.perf_counter_ns
    for turn in range(rounds + 1):
        for name, call in calls.items():
            times = []
            for batch in batches:
                start = clock()
                call(batch)
                times.append(clock() - start)
            if turn:  # the first one warms up
                nanoseconds[name] += times
    p50 = {name: float(np.percentile(times, 50)) for name, times in nanoseconds.items()}
    return {
        name: {
            "p50_us": p50[name] / 1e3,
            "p99_us": float(np.percentile(times, 99)) / 1e3,
            "ratio": p50[MODEL2VEC] / p50[name],
            "calls": len(times),
        }
        for name, times in nanoseconds.items()
    }


def start_up(folder: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds of whole fresh processes, and of their parts where they tell them."""
    programs = fresh.programs(folder)
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    parts: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, program in programs.items():
            whole, told = fresh.run(program)
            if turn:  # the first one warms the file cache
                seconds[name].append(whole)
                parts[name].append(told)
    return {
        name: {
            "process_ms": median(times) * 1e3,
            **{
                f"{part}_ms": median(told[part] for told in parts[name]) * 1e3
                for part in parts[name][0]
            },
        }
        for name, times in seconds.items()
    }


def private_memory(
    folder: Path, file: Path | None, field: str, documents: int
) -> dict[str, dict[str, int]] | None:
    """Anonymous memory added by load and encode; None where the system does not tell it."""
    status = Path("/proc/self/status")
    if not status.exists() or "RssAnon" not in status.read_text():
        return None
    return {
        package: fresh.memory(package, folder, file, field, documents)
        for package in ("model2vec", "m2v_fast")
    }


def print_throughput(title: str, figures: dict[str, Any]) -> None:
    print(f"\n### {title}\n\n| | docs/s | MB/s | ratio |\n|---|---:|---:|---:|")
    for name in (*NAMES, FIRST_SEEN):
        row = figures[name]
        print(f"| {name} | {row['docs_per_s']:,.0f} | {row['mb_per_s']:.1f} | {row['ratio']:.1f} |")
    scaling = figures[FAST]["seconds"], figures[FAST_ALL]["seconds"]
    print(f"\nAll threads over one: {median(scaling[0]) / median(scaling[1]):.2f}")


def print_latency(title: str, figures: dict[str, Any]) -> None:
    print(f"\n### {title}\n\n| | p50 µs | p99 µs | ratio |\n|---|---:|---:|---:|")
    for name, row in figures.items():
        print(f"| {name} | {row['p50_us']:.2f} | {row['p99_us']:.2f} | {row['ratio']:.1f} |")


def print_start(figures: dict[str, Any]) -> None:
    print("\n### Fresh interpreter, ms\n")
    print("| | whole process | import | load | first query |\n|---|---:|---:|---:|---:|")
    for name, row in figures.items():
        told = [f"{row[key]:.1f}" if key in row else "" for key in _PARTS]
        print(f"| {name} | {row['process_ms']:.1f} | {' | '.join(told)} |")


_PARTS = ("import_ms", "load_ms", "query_ms")


def print_memory(figures: dict[str, dict[str, int]], documents: int) -> None:
    print(f"\n### Memory, MB (anonymous over the import; {documents:,} documents)\n")
    print("| | load | load and encode | peak resident |\n|---|---:|---:|---:|")
    for name, row in figures.items():
        told = " | ".join(f"{row[key] / 1e6:.1f}" for key in ("load", "all", "peak"))
        print(f"| {name} | {told} |")


def measure(folder: Path, kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """Everything about one model."""
    encoders = contenders.contenders(folder)
    model = m2v_fast.StaticModel.from_pretrained(folder)
    print(
        f"\n## {kind}: {model.dim} dims, {model.embedding_dtype}, "
        f"engine {model.engine}, backend {model.backend}"
    )
    files: list[Path | None] = options.files or [None]
    results: dict[str, Any] = {"throughput": {}, "one_query": {}, "eight_queries": {}}
    for file in files:
        label = file.name.split(".")[0] if file else "Python manual"
        texts = corpus.read_texts(file, options.field)[: options.documents]
        queries = corpus.queries(texts)
        contenders.assert_equal(encoders, texts)
        contenders.assert_equal(encoders, queries)
        found = throughput(folder, encoders, texts, options.rounds)
        results["throughput"][label] = found
        print_throughput(f"{label}: {len(texts):,} documents", found)
        for key, at_once in (("one_query", 1), ("eight_queries", 8)):
            found = latency(folder, encoders, queries, at_once, options.rounds)
            results[key][label] = found
            what = "one short query" if at_once == 1 else f"{at_once} short queries"
            print_latency(f"{label}: {what}, of {len(queries):,}", found)
    results["start"] = start_up(folder, options.rounds)
    print_start(results["start"])
    results["memory"] = private_memory(folder, files[0], options.field, options.documents)
    if results["memory"]:
        print_memory(results["memory"], options.documents)
    return results


def main() -> None:
    about = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser("python -m benches.compare", description=about)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts")
    parser.add_argument("--field", default="text", help="field of JSON lines (default: text)")
    parser.add_argument("--model", help="model folder (default: the bundled model)")
    parser.add_argument("--width", type=int, default=256, help="of the float32 model (256)")
    parser.add_argument("--only", choices=["float32", "given"], help="measure one model only")
    parser.add_argument("--documents", type=int, default=5000, help="most taken of a file (5000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each measurement (7)")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()

    given = models.resolve(options.model)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {
            "float32": models.float32_model(given, Path(scratch) / "float32", options.width),
            "given": given,
        }
        if options.only:
            folders = {options.only: folders[options.only]}
        results = machine.facts(folders.values())
        print(f"{results['cpu']}, {results['processors']} processors, Python {results['python']}")
        print(", ".join(f"{name} {number}" for name, number in results["versions"].items()))
        for kind, folder in folders.items():
            results[kind] = measure(folder, kind, options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        print(f"\nwritten: {options.json}", file=sys.stderr)


if __name__ == "__main__":
    main()
