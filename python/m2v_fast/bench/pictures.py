"""Pictures of what `m2v-fast bench` measured, all of one JSON."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from m2v_fast.bench import drawing
from m2v_fast.bench.drawing import FAINT, INK, OTHERS, OURS, SERIES
from m2v_fast.bench.field import is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Results = Mapping[str, Any]

_LANGUAGES = {
    "bn": "Bengali",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "ja": "Japanese",
    "th": "Thai",
    "zh": "Chinese",
}
_LIBRARIES = (
    *("m2v-fast", "model2vec", "tokenizers", "numpy", "fastembed", "tokie", "torch"),
    *("laghu", "laghu-rs", "static-embed-runner"),
)
_KERNELS = ("portable", "avx2", "avx512", "neon")


def draw(results: Results, out: Path, *, folder: bool, note: str = "") -> list[Path]:
    """Draw one picture of everything, or with `folder` one of each kind into it.

    Returns:
        The files that were written.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: Nothing was measured that could be drawn.
    """
    kinds = {name: kind for name, (there, kind) in _KINDS.items() if results[there]}
    if not kinds:
        raise ValueError("nothing was measured that could be drawn")
    with drawing.matplotlib().rc_context(drawing.settings()):
        if not folder:
            _overview(results, out, note)
            return [out]
        files = []
        for name, kind in kinds.items():
            files.append(out / f"{name}.svg")
            kind(results, files[-1], note)
    return files


def label_of(text: str) -> str:
    """Return what a text is called in a picture."""
    return _LANGUAGES.get(text, text)


def caption(results: Results, what: str, note: str) -> str:
    """Return what stands under a picture."""
    machine, model = results["machine"], results["model"]
    absent = [f"{name} ({reason})" for name, reason in results["absent"].items()]
    versions = [f"{n} {machine['versions'][n]}" for n in _LIBRARIES if n in machine["versions"]]
    parts = (
        what,
        f"{machine['cpu']} with {model['backend']}, {machine['processors']} processors.",
        f"{model['name']}: {model['tokens']:,} tokens, {model['dim']} dimensions, "
        f"{model['dtype']}.",
        f"Python {machine['python']}, {', '.join(versions)}.",
        f"Not measured: {', '.join(absent)}." if absent else "",
        note,
    )
    return " ".join(part for part in parts if part)


def _shown(figures: Mapping[str, Any], key: str) -> list[str]:
    """Implementations, slowest first, without the single instruction sets."""
    names = [name for name in figures if not name.endswith(_KERNELS)]
    return sorted(names, key=lambda name: float(figures[name][key]))


def _beside(axis: Any, x: float, y: float, words: str, name: str) -> None:
    """Put words to the right of a bar."""
    axis.annotate(
        words,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        fontweight="bold" if is_ours(name) else "normal",
    )


def _bars_of_names(axis: Any, names: list[str]) -> None:
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color=FAINT, lw=0.6)


def _rates(axis: Any, figures: Mapping[str, Any], names: list[str], end: float) -> None:
    """Bars of the steady state, a mark for the first pass."""
    for place, name in enumerate(names):
        row = figures.get(name)
        if row is None:
            _beside(axis, 0, place, "failed", name)
            continue
        rate, first = row["docs_per_s"] / 1e3, row["first_docs_per_s"] / 1e3
        axis.barh(place, rate, color=OURS if is_ours(name) else OTHERS, height=0.72)
        axis.plot([first, first], [place - 0.36, place + 0.36], color=INK, lw=1.4)
        _beside(axis, max(rate, first), place, f"{_rate(rate)}  ({row['ratio']:.1f}x)", name)
    axis.set_xlim(0, end * 1.5)
    _bars_of_names(axis, names)
    axis.set_xlabel("thousand documents a second")


def _rate(thousands: float) -> str:
    return f"{thousands:,.0f}" if thousands >= 100 else f"{thousands:.1f}"


def _end_of_rates(by_text: Mapping[str, Any]) -> float:
    return max(
        max(float(row["docs_per_s"]), float(row["first_docs_per_s"])) / 1e3
        for figures in by_text.values()
        for name, row in figures.items()
        if not name.endswith(_KERNELS)
    )


def _names_of_rates(results: Results) -> list[str]:
    """One order in all panels: that of the first text."""
    by_text = results["throughput"]
    names = _shown(next(iter(by_text.values())), "docs_per_s")
    others = (name for found in by_text.values() for name in _shown(found, "docs_per_s"))
    return list(dict.fromkeys([*names, *others]))


_RATES = (
    "Bars: steady state; marks: first pass after loading. In brackets: times {base} in the same "
    "run. One thread each, unless it says otherwise; tokenizers alone makes ids and no vectors."
)


def _throughput(results: Results, out: Path, note: str) -> None:
    by_text, names = results["throughput"], _names_of_rates(results)
    columns = min(len(by_text), 3)
    lines = -(-len(by_text) // columns)
    size = (10.5 if columns > 1 else 8, lines * (0.32 * len(names) + 0.9) + 0.5)
    figure = drawing.new(*size)
    # The same axis everywhere: bars of two texts can be compared.
    axes = figure.subplots(lines, columns, sharey=True, sharex=True, squeeze=False)
    for axis, label in zip(axes.flat, [*by_text, *[None] * (lines * columns)], strict=False):
        if label is None:
            axis.set_visible(False)
            continue
        _rates(axis, by_text[label], names, _end_of_rates(by_text))
        axis.set_title(label_of(label))
        axis.label_outer()
    counts = {results["texts"][label]["documents"] for label in by_text}
    what = f"{'Up to ' if len(counts) > 1 else ''}{max(counts):,} texts."
    words = f"{what} {_RATES.format(base=results['base'])}"
    drawing.finish(figure, caption(results, words, note), out)


def _colours(names: list[str]) -> dict[str, tuple[str, str]]:
    """A colour and a dash for each, ours always in the same colour."""
    dashes = ("-", "--", "-.", ":")
    ours = [name for name in names if is_ours(name)]
    others = [name for name in names if not is_ours(name)]
    found = {name: (OURS, dashes[place % 4]) for place, name in enumerate(ours)}
    for place, name in enumerate(others):
        found[name] = (SERIES[place % len(SERIES)], "-" if place < 4 else "--")
    return found


def _distribution(axis: Any, figures: Mapping[str, Any]) -> None:
    """How many of the calls took no longer than that."""
    names = _shown(figures, "p50_us")
    colours = _colours(names)
    for name in names:
        row = figures[name]
        shares = [float(q) for q in row["quantiles_us"]]
        colour, dash = colours[name]
        label = f"{name}: p50 {_short(row['p50_us'])}, p99 {_short(row['p99_us'])} µs"
        times = list(row["quantiles_us"].values())
        axis.plot(times, shares, dash, color=colour, lw=2 if is_ours(name) else 1.5, label=label)
        axis.plot([row["p50_us"], row["p99_us"]], [50, 99], "o", color=colour, ms=4)
    axis.set_xscale("log")
    # The slowest call of all is of the machine more than of anybody here.
    axis.set_xlim(
        min(row["quantiles_us"]["0"] for row in figures.values()) / 1.3,
        max(row["quantiles_us"]["99.9"] for row in figures.values()) * 1.3,
    )
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_ylim(0, 101)
    axis.grid(color=FAINT, lw=0.6)
    axis.set_xlabel("microseconds for one short query (logarithmic)")
    axis.set_ylabel("calls that took no longer, %")
    axis.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.16))


def _short(microseconds: float) -> str:
    return f"{microseconds:.2f}" if microseconds < 10 else f"{microseconds:,.0f}"


def _latency(results: Results, out: Path, note: str) -> None:
    label, figures = next(iter(results["one_query"].items()))
    figure = drawing.new(8, 3.9 + 0.17 * len(figures))
    axis = figure.subplots()
    _distribution(axis, figures)
    axis.set_title(f"One short query, {label_of(label)}")
    calls = next(iter(figures.values()))["calls"]
    what = f"Distinct queries in turn, {calls:,} calls each; dots: p50 and p99."
    drawing.finish(figure, caption(results, what, note), out)


_STEPS = {"import_ms": "import", "load_ms": "load", "first_ms": "first texts"}


def _by_start(figures: Mapping[str, Any]) -> list[str]:
    """Those that take longest first: they are at the bottom."""
    return sorted(figures, key=lambda name: -sum(float(figures[name][key]) for key in _STEPS))


def _start(axis: Any, figures: Mapping[str, Any]) -> None:
    """What a new process takes, in its steps."""
    names = _by_start(figures)
    for place, name in enumerate(names):
        row = figures[name]
        ours = is_ours(name)
        left = 0.0
        for shade, key in zip((0.45, 0.7, 1.0), _STEPS, strict=True):
            colour = OURS if ours else OTHERS
            axis.barh(place, row[key], left=left, color=colour, alpha=shade, height=0.7)
            left += row[key]
        told = ", ".join(f"{_ms(row[key])}" for key in _STEPS)
        _beside(axis, left, place, told, name)
    end = max(sum(row[key] for key in _STEPS) for row in figures.values())
    axis.set_xlim(0, end * 1.45)
    _bars_of_names(axis, names)
    axis.set_xlabel("milliseconds: import, load, first texts (pale to full)")


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _memory(axis: Any, figures: Mapping[str, Any]) -> None:
    names = _by_start(figures)
    for place, name in enumerate(names):
        size = figures[name].get("all_mb")
        if size is None:
            continue
        axis.barh(place, size, color=OURS if is_ours(name) else OTHERS, height=0.7)
        _beside(axis, size, place, f"{size:,.1f}", name)
    end = max((row.get("all_mb", 0) for row in figures.values()), default=0)
    axis.set_xlim(0, max(end, 1) * 1.25)
    _bars_of_names(axis, names)
    axis.set_xlabel("MB that loading and encoding add")


def _start_and_memory(results: Results, out: Path, note: str) -> None:
    figures = results["start"]
    figure = drawing.new(10.5, 0.42 * len(figures) + 1.3)
    axes = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    _start(axes[0], figures)
    axes[0].set_title("A new process")
    _memory(axes[1], figures)
    axes[1].set_title("Private memory")
    what = (
        "New interpreters, files in the system's cache, medians. First texts: eight, in as many "
        "scripts. Memory is anonymous memory over that after the import, at most."
    )
    drawing.finish(figure, caption(results, what, note), out)


def _scaling(axis: Any, by_text: Mapping[str, Mapping[str, float]]) -> None:
    most = 1
    for place, (label, rates) in enumerate(by_text.items()):
        counts = [int(count) for count in rates]
        most = max(most, *counts)
        colour = OURS if len(by_text) == 1 else SERIES[place % len(SERIES)]
        times = [rate / rates["1"] for rate in rates.values()]
        axis.plot(counts, times, "o-", color=colour, label=label_of(label))
    axis.plot([1, most], [1, most], ":", color=OTHERS, label="as many times as threads")
    axis.set_xticks(
        range(1, most + 1) if most <= 16 else [int(n) for n in next(iter(by_text.values()))]
    )
    axis.set_ylim(0, most * 1.1)
    axis.grid(color=FAINT, lw=0.6)
    axis.set_xlabel("threads")
    axis.set_ylabel("times one thread")
    axis.legend(fontsize=8)


def _threads(results: Results, out: Path, note: str) -> None:
    figure = drawing.new(6.5, 4)
    axis = figure.subplots()
    _scaling(axis, results["threads"])
    axis.set_title("m2v_fast over threads")
    what = "Documents a second, over those on one thread; medians of rounds in turn."
    drawing.finish(figure, caption(results, what, note), out)


def _tokenizers(results: Results, out: Path, note: str) -> None:
    """A square for each real tokenizer: full where it runs on an engine of ours."""
    rows = sorted(results["tokenizers"].items(), key=lambda row: (row[1]["engine"], row[0]))
    columns = 3
    lines = -(-len(rows) // columns)
    figure = drawing.new(10, 0.27 * lines + 0.9)
    axis = figure.subplots()
    for place, (name, row) in enumerate(rows):
        x, y = place // lines, place % lines
        fast = row["engine"] != "fallback"
        axis.plot(x, y, "s", ms=9, color=OURS if fast else OTHERS)
        axis.text(x + 0.05, y, f"{name}, {row['engine']}", va="center", fontsize=8.5)
    axis.set_xlim(-0.05, columns)
    axis.set_ylim(lines - 0.4, -0.6)
    axis.axis("off")
    fast = sum(1 for _, row in rows if row["engine"] != "fallback")
    axis.set_title(f"{fast} of {len(rows)} tokenizers run on an engine of m2v_fast")
    version = results["machine"]["versions"]["m2v-fast"]
    what = f"tokenizer.json files and the engine of m2v-fast {version} that runs each. {note}"
    drawing.finish(figure, what.strip(), out)


def _overview(results: Results, out: Path, note: str) -> None:
    """Everything in one picture, of the first text."""
    panels: list[tuple[float, str, Callable[[Any], None]]] = []
    if results["throughput"]:
        label, rates = next(iter(results["throughput"].items()))
        names, end = _shown(rates, "docs_per_s"), _end_of_rates({label: rates})
        panels.append(
            (
                0.32 * len(names) + 1,
                f"Throughput, {label_of(label)}",
                partial(_rates, figures=rates, names=names, end=end),
            )
        )
    if results["one_query"]:
        label, single = next(iter(results["one_query"].items()))
        title = f"One short query, {label_of(label)}"
        height = 3.6 + 0.2 * len(single)
        panels.append((height, title, partial(_distribution, figures=single)))
    if results["start"]:
        started = results["start"]
        height = 0.36 * len(started) + 1
        panels.append((height, "A new process", partial(_start, figures=started)))
        if any("all_mb" in row for row in started.values()):
            panels.append((height, "Private memory", partial(_memory, figures=started)))
    if results["threads"]:
        panels.append((3.2, "m2v_fast over threads", partial(_scaling, by_text=results["threads"])))
    heights = [height for height, _, _ in panels]
    figure = drawing.new(8.5, sum(heights))
    parts = figure.subfigures(len(panels), 1, squeeze=False, height_ratios=heights)
    for part, (_, title, panel) in zip(parts.flat, panels, strict=True):
        axis = part.subplots()
        panel(axis)
        axis.set_title(title)
    drawing.finish(figure, caption(results, _RATES.format(base=results["base"]), note), out)


#: Name of a picture: which figures it needs, and what draws it.
_KINDS: dict[str, tuple[str, Callable[[Results, Path, str], None]]] = {
    "throughput": ("throughput", _throughput),
    "latency": ("one_query", _latency),
    "start": ("start", _start_and_memory),
    "threads": ("threads", _threads),
    "tokenizers": ("tokenizers", _tokenizers),
}
