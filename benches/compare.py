"""Measures every implementation that is installed, side by side, in one run, and prints tables.

    python -m benches.compare [FILE ...] [--model DIR] [--json OUT.json]

Each FILE holds texts (.jsonl, .jsonl.gz or one a line), such as one language; without one, it is
Python's own reference manual. All contenders take turns in every round and the medians are
compared, so that a busy moment of the machine falls on all of them. Vectors are compared with the
NumPy reference, which has model2vec's bits, before anything is timed, and how near they are stands
beside each time. "First seen" is the first pass of a model just loaded, "steady" the passes after
it. An implementation that is not installed or does not take the model is told with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any, TypeVar

import m2v_fast
import numpy as np

from benches import fresh, machine, models, peers, stages
from benches import texts as corpus
from benches.contenders import FAST, FAST_ALL, MODEL2VEC, NUMPY
from benches.peers import OTHERS, Contender, Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Texts = dict[str, tuple[Path | None, list[str]]]

T = TypeVar("T")

KINDS = ("float32", "float16", "given")
SHORTEST_TURN = 0.1


def take_turns(
    contenders: dict[str, Contender], rounds: int, call: Callable[[Contender], T]
) -> dict[str, list[T]]:
    """What every call gave in every round; the order moves on by one each round."""
    names = list(contenders)
    found: dict[str, list[T]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found[name].append(call(contenders[name]))
    return found


def agreements(
    contenders: dict[str, Contender], texts: list[str], expected: NDArray[np.float32]
) -> dict[str, dict[str, float]]:
    """How near the vectors of each are to the reference's; ours must be equal to the bit."""
    found = {}
    for name, contender in contenders.items():
        found[name] = peers.agreement(contender.vectors(texts), expected)
        if name.startswith("m2v_fast"):
            assert found[name]["equal"] == 1, f"{name} differs from the NumPy reference"
    return found


def throughput(field: Field, texts: list[str], rounds: int) -> dict[str, Any]:
    """Documents and megabytes a second of each contender, on first sight and later."""

    def first_pass(contender: Contender) -> float:
        contender.renew()
        return contender.batch(texts)

    def further_passes(contender: Contender) -> float:
        # Fast ones go through the texts until they took about as long as slow ones do in one pass:
        # what else the machine does must have the same chance to fall on them.
        seconds = [contender.batch(texts)]
        while sum(seconds) < SHORTEST_TURN:
            seconds.append(contender.batch(texts))
        return mean(seconds)

    field.check(texts)
    contenders = field.of_batches()
    expected = contenders[NUMPY].vectors(texts)
    first = take_turns(contenders, rounds, first_pass)
    # Every word is seen by this, too.
    agree = agreements(contenders, texts, expected)
    steady = take_turns(contenders, rounds, further_passes)
    megabytes = corpus.size(texts) / 1e6
    return {
        name: {
            "docs_per_s": len(texts) / median(times),
            "mb_per_s": megabytes / median(times),
            "ratio": median(steady[MODEL2VEC]) / median(times),
            "first_docs_per_s": len(texts) / median(first[name]),
            "first_ratio": median(first[MODEL2VEC]) / median(first[name]),
            "seconds": times,
            "first_seconds": first[name],
            **agree[name],
        }
        for name, times in steady.items()
    }


def latency(field: Field, queries: list[str], at_once: int, rounds: int) -> dict[str, Any]:
    """p50 and p99 of one call, in microseconds, going through distinct queries."""
    contenders = field.of_queries()
    agree = agreements(contenders, queries, contenders[NUMPY].vectors(queries))
    take_turns(contenders, 1, lambda contender: contender.calls(queries, at_once))  # warms up
    called = take_turns(contenders, rounds, lambda contender: contender.calls(queries, at_once))
    nanoseconds = {name: np.concatenate(times) for name, times in called.items()}
    p50 = {name: float(np.percentile(times, 50)) for name, times in nanoseconds.items()}
    return {
        name: {
            "p50_us": p50[name] / 1e3,
            "p99_us": float(np.percentile(times, 99)) / 1e3,
            "ratio": p50[MODEL2VEC] / p50[name],
            "calls": len(times),
            **agree[name],
        }
        for name, times in nanoseconds.items()
    }


def same_ids(
    source: Path, scratch: Path, texts: Texts, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Of each file, the share of texts whose ids are the reference's, by contender."""
    found: dict[str, dict[str, float]] = {}
    field = make_field(models.float32_model(source, scratch / "ids", 64), options)
    try:
        for label, (_, some) in texts.items():
            field.check(some)
            contenders = field.of_batches()
            expected = contenders[NUMPY].vectors(some)
            found[label] = {
                name: peers.same_ids(contender.vectors(some), expected)
                for name, contender in contenders.items()
            }
    finally:
        field.close()
    return found


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


def make_field(folder: Path, options: argparse.Namespace) -> Field:
    """All contenders that were asked for, with the model of the folder."""
    return Field(
        folder,
        others=not options.no_peers,
        kernels=m2v_fast._native.backends() if options.kernels else (),
        programs=options.programs,
    )


def share(part: float | None) -> str:
    """A share in per cent; 100 only if nothing is missing."""
    if part is None:
        return ""
    return "100 %" if part == 1 else f"{min(part * 100, 99.99):.2f} %"


def table(title: str, columns: str, rows: list[str], absent: dict[str, str]) -> None:
    """Prints a table; the first column of `columns` is left out, names stand there."""
    width = columns.count("|")
    print(f"\n### {title}\n\n| | {columns} |\n|---|{'---:|' * (width + 1)}")
    for row in rows:
        print(row)
    for name, reason in absent.items():
        print(f"| {name} | {reason} |{' |' * width}")


def print_throughput(
    title: str, figures: dict[str, Any], ids: dict[str, float], absent: dict[str, str]
) -> None:
    columns = "docs/s | MB/s | ratio | first seen, docs/s | ratio | ids equal | vectors equal"
    rows = [
        f"| {name} | {row['docs_per_s']:,.0f} | {row['mb_per_s']:.1f} | {row['ratio']:.1f} "
        f"| {row['first_docs_per_s']:,.0f} | {row['first_ratio']:.1f} | {share(ids.get(name))} "
        f"| {share(row['equal'])} | {row['largest_difference']:.1e} "
        f"| {row['smallest_cosine']:.7f} |"
        for name, row in figures.items()
    ]
    table(title, f"{columns} | largest difference | smallest cosine", rows, absent)
    scaling = figures[FAST]["seconds"], figures[FAST_ALL]["seconds"]
    print(f"\nAll threads over one: {median(scaling[0]) / median(scaling[1]):.2f}.")
    name = max((n for n in (*OTHERS, MODEL2VEC, NUMPY) if n in figures), key=_rate(figures))
    times = figures[FAST]["docs_per_s"] / figures[name]["docs_per_s"]
    print(f"{FAST}, over the fastest other, {name}: {times:.1f}.")


def _rate(figures: dict[str, Any]) -> Callable[[str], float]:
    return lambda name: float(figures[name]["docs_per_s"])


def print_latency(title: str, figures: dict[str, Any], absent: dict[str, str]) -> None:
    rows = [
        f"| {name} | {row['p50_us']:.2f} | {row['p99_us']:.2f} | {row['ratio']:.1f} "
        f"| {share(row['equal'])} |"
        for name, row in figures.items()
    ]
    table(title, "p50 µs | p99 µs | ratio | vectors equal", rows, absent)


def print_summary(
    title: str,
    by_text: dict[str, dict[str, Any]],
    cell: Callable[[dict[str, Any]], str],
    absent: dict[str, str],
) -> None:
    """One column for each text."""
    if len(by_text) < 2:
        return
    rows = []
    for name in next(iter(by_text.values())):
        cells = [cell(found[name]) if name in found else "failed" for found in by_text.values()]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    table(title, " | ".join(by_text), rows, absent)


def print_stages(title: str, figures: list[dict[str, Any]]) -> None:
    """Our own parts, from Rust."""
    columns = "stage | MB/s | ns/token | first seen, MB/s | ns/token | texts/s"
    rows = [
        f"| {row['backend']} | {row['stage']} | {row['mb_per_s']:.1f} | {row['ns_per_token']:.1f} "
        f"| {row['first_mb_per_s']:.1f} | {row['first_ns_per_token']:.1f} "
        f"| {row['docs_per_s']:,.0f} |"
        for row in figures
    ]
    table(title, columns, rows, {})


def print_start(figures: dict[str, Any]) -> None:
    print("\n### Fresh interpreter, ms\n")
    print("| | whole process | import | load | first texts |\n|---|---:|---:|---:|---:|")
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


def measure(
    folder: Path,
    kind: str,
    texts: Texts,
    ids: dict[str, dict[str, float]],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Everything about one model."""
    model = m2v_fast.StaticModel.from_pretrained(folder)
    print(
        f"\n## {kind}: {model.dim} dims, {model.embedding_dtype}, "
        f"engine {model.engine}, backend {model.backend}"
    )
    field = make_field(folder, options)
    results: dict[str, Any] = {
        "dim": model.dim,
        "dtype": model.embedding_dtype,
        "absent": field.absent,
        "throughput": {},
        "one_query": {},
        "eight_queries": {},
    }
    try:
        for label, (_, some) in texts.items():
            found = throughput(field, some, options.rounds)
            results["throughput"][label] = found
            print_throughput(f"{label}: {len(some):,} documents", found, ids[label], field.absent)
            queries = corpus.queries(some)
            for key, at_once in (("one_query", 1), ("eight_queries", 8)):
                found = latency(field, queries, at_once, options.rounds)
                results[key][label] = found
                what = "one short query" if at_once == 1 else f"{at_once} short queries"
                print_latency(f"{label}: {what}, of {len(queries):,}", found, field.absent)
    finally:
        field.close()
    print_summary(
        "Documents a second, steady (times model2vec)",
        results["throughput"],
        lambda row: f"{row['docs_per_s']:,.0f} ({row['ratio']:.1f})",
        field.absent,
    )
    print_summary(
        "One short query, p50 / p99 µs (times model2vec)",
        results["one_query"],
        lambda row: f"{row['p50_us']:.2f} / {row['p99_us']:.2f} ({row['ratio']:.1f})",
        field.absent,
    )
    results["stages"] = {}
    for label, (_, some) in texts.items() if options.stages.exists() else ():
        results["stages"][label] = stages.run(options.stages, folder, some)
        print_stages(f"{label}: stages of m2v_fast, from Rust", results["stages"][label])
    if not results["stages"]:
        print("\nStages: not measured, the example is not built.")
    results["start"] = start_up(folder, options.rounds)
    print_start(results["start"])
    file = next(iter(texts.values()))[0]
    results["memory"] = private_memory(folder, file, options.field, options.documents)
    if results["memory"]:
        print_memory(results["memory"], options.documents)
    return results


def read(options: argparse.Namespace) -> Texts:
    """Texts of each file by its name."""
    texts: Texts = {}
    for file in options.files or [None]:
        label = file.name.split(".")[0] if file else "Python manual"
        label = str(file) if label in texts else label
        texts[label] = file, corpus.read_texts(file, options.field)[: options.documents]
    return texts


def load_average() -> list[float]:
    """Processes that wanted a processor in the last 1, 5 and 15 minutes, where that is told."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else []


def parse() -> argparse.Namespace:
    about = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser("python -m benches.compare", description=about)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts")
    parser.add_argument("--field", default="text", help="field of JSON lines (default: text)")
    parser.add_argument("--model", help="model folder (default: the bundled model)")
    parser.add_argument("--width", type=int, default=256, help="of the made models (256)")
    parser.add_argument(
        "--only",
        choices=KINDS,
        action="append",
        help="measure this model only: the given one, or random rows on its tokenizer; repeatable",
    )
    parser.add_argument("--documents", type=int, default=5000, help="most taken of a file (5000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each measurement (7)")
    parser.add_argument("--kernels", action="store_true", help="a row for each instruction set")
    parser.add_argument("--no-peers", action="store_true", help="only model2vec and NumPy beside")
    parser.add_argument(
        "--programs",
        type=Path,
        default=peers.ROOT / "target" / "peers" / "release",
        help="where the programs of rust/peers are (target/peers/release)",
    )
    parser.add_argument(
        "--stages",
        type=Path,
        default=peers.ROOT / "target" / "release" / "examples" / "stages",
        help="the built example `stages` (target/release/examples/stages)",
    )
    parser.add_argument("--json", type=Path, help="where the figures go")
    return parser.parse_args()


def main() -> None:
    options = parse()
    given = models.resolve(options.model)
    texts = read(options)
    with tempfile.TemporaryDirectory() as scratch:
        folders = {}
        for kind in options.only or KINDS:
            if kind == "given":
                if not models.is_whole(given):
                    print("The given folder holds a tokenizer only.", file=sys.stderr)
                    continue
                folders[kind] = given
            else:
                folders[kind] = models.made_model(given, Path(scratch) / kind, options.width, kind)
        results = machine.facts(folders.values())
        results["versions"].update(peers.versions())
        results["load"] = [load_average()]
        results["texts"] = {
            label: {"documents": len(some), "bytes": corpus.size(some)}
            for label, (_, some) in texts.items()
        }
        print(f"{results['cpu']}, {results['processors']} processors, Python {results['python']}")
        print(", ".join(f"{name} {number}" for name, number in results["versions"].items()))
        results["ids"] = same_ids(given, Path(scratch), texts, options)
        for kind, folder in folders.items():
            results[kind] = measure(folder, kind, texts, results["ids"], options)
        results["load"].append(load_average())
        print(f"\nLoad averages at the start and the end: {results['load']}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        print(f"\nwritten: {options.json}", file=sys.stderr)


if __name__ == "__main__":
    main()
