"""The figures as tables, which are Markdown as well as plain to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bench.field import FAST, FAST_ALL, is_ours, on_all_threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = tuple[str, ...]


def share(part: float | None) -> str:
    """Return a share in per cent; 100 only if nothing is missing."""
    if part is None:
        return ""
    return "100 %" if part == 1 else f"{min(part * 100, 99.99):.2f} %"


def table(title: str, head: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of a table."""
    cells = [("", *head), *rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]

    def line(row: Row) -> str:
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join([first, *others])} |"

    yield f"\n### {title}\n"
    yield line(cells[0])
    yield f"|{'-' * (widths[0] + 2)}|" + "".join(f"{'-' * (w + 1)}:|" for w in widths[1:])
    yield from map(line, rows)


def absent(reasons: Mapping[str, str]) -> Iterator[str]:
    """Yield who was not measured, and why."""
    if reasons:
        yield ""
    for name, reason in reasons.items():
        yield f"Not measured: {name}: {reason}."


def load(averages: Sequence[Sequence[float]]) -> Iterator[str]:
    """Yield how busy the machine was, where that is told."""
    if all(averages):
        yield f"\nLoad averages at the start and the end: {averages[0]}, {averages[-1]}."


def _equality(row: Mapping[str, Any]) -> Row:
    if "equal_ids" in row:
        return (f"ids only: {share(row['equal_ids'])}", "", "")
    if "equal" not in row:
        return ("ids only", "", "")
    return (
        share(row["equal"]),
        f"{row['largest_difference']:.1e}",
        f"{row['smallest_cosine']:.7f}",
    )


_EQUALITY = ("vectors the same", "largest difference", "smallest cosine")


def throughput(title: str, base: str, figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of one text."""
    head = ("docs/s", "MB/s", f"x {base}", "first seen, docs/s", f"x {base}", *_EQUALITY)
    rows = [
        (
            name,
            f"{row['docs_per_s']:,.0f}",
            f"{row['mb_per_s']:.1f}",
            f"{row['ratio']:.1f}",
            f"{row['first_docs_per_s']:,.0f}",
            f"{row['first_ratio']:.1f}",
            *_equality(row),
        )
        for name, row in figures.items()
    ]
    yield from table(title, head, rows)
    others = [name for name in figures if not is_ours(name) and "equal" in figures[name]]
    for ours in (FAST, FAST_ALL):
        beside = [name for name in others if on_all_threads(name) == on_all_threads(ours)]
        if ours in figures and beside:
            best = max(beside, key=lambda name: float(figures[name]["docs_per_s"]))
            times = figures[ours]["docs_per_s"] / figures[best]["docs_per_s"]
            yield f"\n{ours}, over the fastest other with vectors, {best}: {times:.1f}."


def latency(title: str, base: str, figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of one text's queries."""
    rows = [
        (
            name,
            f"{row['p50_us']:.2f}",
            f"{row['p99_us']:.2f}",
            f"{row['ratio']:.1f}",
            *_equality(row),
        )
        for name, row in figures.items()
    ]
    yield from table(title, ("p50 µs", "p99 µs", f"x {base}", *_EQUALITY), rows)


def summary(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield one column for each text, if there are several."""
    by_text, base = results["throughput"], results["base"]
    if len(by_text) < 2:
        return
    rows = []
    for name in dict.fromkeys(name for found in by_text.values() for name in found):
        cells = [
            f"{found[name]['docs_per_s']:,.0f} ({found[name]['ratio']:.1f})"
            if name in found
            else "failed"
            for found in by_text.values()
        ]
        rows.append((name, *cells))
    yield from table(f"Documents a second, steady (times {base})", tuple(by_text), rows)


_PARTS = {
    "process_ms": "whole process, ms",
    "import_ms": "import",
    "load_ms": "load",
    "first_ms": "first texts",
    "load_mb": "load, MB",
    "all_mb": "load and encode, MB",
    "peak_mb": "peak, MB",
}


def start_up(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the table of new processes."""
    rows = [
        (name, *(f"{row[key]:.1f}" if key in row else "" for key in _PARTS))
        for name, row in figures.items()
    ]
    title = "A new process; memory is private memory over the import, and the peak of all"
    yield from table(title, tuple(_PARTS.values()), rows)


def threads(label: str, figures: Mapping[str, float]) -> Iterator[str]:
    """Yield the table of threads."""
    one = figures["1"]
    rows = [(n, f"{rate:,.0f}", f"{rate / one:.2f}") for n, rate in figures.items()]
    yield from table(f"{label}: m2v_fast by threads", ("docs/s", "x one thread"), rows)


def tokenizers(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many tokenizers run on an engine of ours."""
    fast = sum(1 for row in figures.values() if row["engine"] != "fallback")
    yield f"\n{fast} of {len(figures)} tokenizers run on an engine of m2v_fast."
    for name, row in figures.items():
        if row["engine"] == "fallback":
            yield f"{name} does not: {row['reason']}"


def head(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the figures depend on."""
    machine, model = results["machine"], results["model"]
    yield (
        f"{machine['cpu']}, {machine['backend']}, {machine['processors']} processors, "
        f"Python {machine['python']}"
    )
    yield ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    yield (
        f"{model['name']}: {model['tokens']:,} tokens, {model['dim']} dimensions, "
        f"{model['dtype']}, engine {model['engine']}, backend {model['backend']}"
    )


def equality(label: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Yield how ours compared, before anything was timed."""
    yield (
        f"{label}: {found['texts']:,} texts, ids of m2v_fast as {found['ids_from']}, vectors as "
        f"{found['vectors_from']} ({found['rule']})"
    )
    for note in found["notes"]:
        yield f"  {note}"


def whole(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything again, of figures that were kept."""
    base = results["base"]
    yield from head(results)
    for label, found in results["equality"].items():
        yield from equality(label, found)
    for label, figures in results["throughput"].items():
        count = results["texts"][label]["documents"]
        yield from throughput(f"{label}: {count:,} documents", base, figures)
    for key, what in (("one_query", "one short query"), ("eight_queries", "eight short queries")):
        for label, figures in results[key].items():
            yield from latency(f"{label}: {what}", base, figures)
    yield from summary(results)
    for label, rates in results["threads"].items():
        yield from threads(label, rates)
    if results["start"]:
        yield from start_up(results["start"])
    if results["tokenizers"]:
        yield from tokenizers(results["tokenizers"])
    yield from absent(results["absent"])
    yield from load(results["machine"]["load"])
