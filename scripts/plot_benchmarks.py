#!/usr/bin/env python3
"""Draws the figures of `benches/compare.py`: documents a second, and latency of one query.

    python -m benches.compare FILE ... --json figures.json
    python scripts/plot_benchmarks.py figures.json [--kind float32] [--out docs/benchmarks]

Needs matplotlib. White background, so that the pictures read the same in light and dark pages;
ours and others differ in colour and in lightness, p50 and p99 in shape.
"""

from __future__ import annotations

import argparse
import importlib
import json
import textwrap
from pathlib import Path
from typing import Any

OURS, OTHERS, INK, FAINT = "#0072B2", "#B8BDC2", "#222222", "#D9D9D9"
NAMES = {
    "numpy": "NumPy reference",
    "tokie + numpy": "tokie + NumPy pooling",
    "model2vec-rs, from Rust": "model2vec-rs (from Rust)",
}
LANGUAGES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ja": "Japanese",
    "zh": "Chinese",
}


def pyplot() -> Any:
    """Matplotlib, set up."""
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("agg")
    matplotlib.rcParams.update(
        {
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "axes.titleweight": "bold",
            "figure.facecolor": "white",
            "font.size": 10,
            "savefig.facecolor": "white",
            "svg.hashsalt": "m2v_fast",  # the same figures give the same file
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    return importlib.import_module("matplotlib.pyplot")


def is_ours(name: str) -> bool:
    """Whether it is a way to call this package."""
    return name.startswith("m2v_fast")


def rows_of(figures: dict[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    """Implementations, slowest first, without the single instruction sets."""
    kernels = ("portable", "avx2", "avx512", "neon")
    rows = [(name, row) for name, row in figures.items() if not name.endswith(kernels)]
    return sorted(rows, key=lambda item: float(item[1][key]))


def caption(results: dict[str, Any], kind: str, what: str, note: str) -> str:
    """What stands under a picture."""
    absent = [f"{name} ({reason})" for name, reason in results[kind]["absent"].items()]
    versions = [
        f"{name} {number}"
        for name, number in results["versions"].items()
        if number != "not installed" and name not in ("huggingface_hub", "m2v-fast")
    ]
    parts = [
        what,
        f"{results[kind]['dim']} dimensions, {results[kind]['dtype']}.",
        f"{', '.join(versions)}.",
        f"Not measured: {', '.join(absent)}." if absent else "",
        note,
    ]
    return " ".join(part for part in parts if part)


def plot_throughput(results: dict[str, Any], kind: str, note: str, out: Path) -> None:
    """Bars of the steady state, a mark for the first pass; a panel for each text."""
    plt = pyplot()
    by_text = results[kind]["throughput"]
    # One order in all panels: that of the first text.
    order = [
        name
        for name, _ in rows_of(next(iter(by_text.values())), "docs_per_s")
        if all(name in figures for figures in by_text.values())
    ]
    columns = min(len(by_text), 3)
    lines = -(-len(by_text) // columns)
    size = (9.5 if columns > 1 else 8, lines * (0.32 * len(order) + 0.9) + 1.1)
    figure, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    for panel, axis in enumerate(axes.flat):
        if panel >= len(by_text):
            axis.set_visible(False)
            continue
        label = list(by_text)[panel]
        figures = by_text[label]
        rates = [figures[name]["docs_per_s"] / 1e3 for name in order]
        first = [figures[name]["first_docs_per_s"] / 1e3 for name in order]
        colours = [OURS if is_ours(name) else OTHERS for name in order]
        axis.barh(range(len(order)), rates, color=colours, height=0.72, zorder=2)
        for place, seen in enumerate(first):
            axis.plot([seen, seen], [place - 0.36, place + 0.36], color=INK, lw=1.4, zorder=3)
        end = max(*rates, *first)
        for place, name in enumerate(order):
            text = f"{rates[place]:,.0f}  ({figures[name]['ratio']:.1f}x)"
            at = max(rates[place], first[place]) + end * 0.035
            weight = "bold" if is_ours(name) else "normal"
            axis.text(at, place, text, va="center", fontsize=8.5, fontweight=weight)
        axis.set_xlim(0, end * (1.62 if columns > 1 else 1.2))
        axis.xaxis.set_major_locator(plt.MaxNLocator(4))
        axis.set_yticks(range(len(order)), [NAMES.get(name, name) for name in order])
        axis.tick_params(axis="y", length=0)
        axis.grid(axis="x", color=FAINT, lw=0.6, zorder=0)
        axis.set_title(LANGUAGES.get(label, label))
        if panel + columns >= len(by_text):
            axis.set_xlabel("thousand documents a second")
    counts = {results["texts"][label]["documents"] for label in by_text}
    what = (
        f"{'Up to ' if len(counts) > 1 else ''}{max(counts):,} texts. Bars: steady state; black "
        "marks: first pass after loading. In brackets: times model2vec in the same run. One thread "
        "each, unless it says otherwise."
    )
    finish(plt, figure, caption(results, kind, what, note), out)


def plot_latency(results: dict[str, Any], kind: str, text: str, note: str, out: Path) -> None:
    """p50 and p99 of one query as two ends of a line, on a logarithmic axis."""
    plt = pyplot()
    rows = rows_of(results[kind]["one_query"][text], "p50_us")[::-1]
    figure, axis = plt.subplots(figsize=(8, 0.42 * len(rows) + 1.9))
    for place, (name, row) in enumerate(rows):
        colour = OURS if is_ours(name) else "#6B7278"
        p50, p99 = row["p50_us"], row["p99_us"]
        axis.plot([p50, p99], [place, place], color=colour, lw=2.5, zorder=2)
        axis.plot(p50, place, "o", color=colour, ms=8, zorder=3)
        axis.plot(p99, place, "D", color="white", mec=colour, mew=1.8, ms=7, zorder=3)
        weight = "bold" if is_ours(name) else "normal"
        for value, alignment, shift in ((p50, "right", 0.88), (p99, "left", 1.15)):
            axis.text(
                value * shift,
                place,
                f"{value:.2f}" if value < 10 else f"{value:,.0f}",
                ha=alignment,
                va="center",
                fontsize=9,
                fontweight=weight,
            )
    axis.set_xscale("log")
    low = min(row["p50_us"] for _, row in rows)
    high = max(row["p99_us"] for _, row in rows)
    axis.set_xlim(low / 1.9, high * 2)
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.xaxis.set_major_formatter(plt.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_yticks(range(len(rows)), [NAMES.get(name, name) for name, _ in rows])
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", which="major", color=FAINT, lw=0.6, zorder=0)
    axis.set_xlabel("microseconds for one short query (logarithmic)")
    axis.plot([], [], "o", color=INK, ms=8, label="p50")
    axis.plot([], [], "D", color="white", mec=INK, mew=1.8, ms=7, label="p99")
    axis.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    what = f"Distinct queries in turn, {LANGUAGES.get(text, text)}."
    finish(plt, figure, caption(results, kind, what, note), out)


def finish(plt: Any, figure: Any, words: str, out: Path) -> None:
    """Adds the caption and writes the picture."""
    figure.tight_layout()
    lines = textwrap.fill(words, int(figure.get_figwidth() * 16.5))
    figure.text(0.01, -0.01, lines, va="top", fontsize=8, color="#555555")
    out.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if out.suffix == ".svg" else {}
    figure.savefig(out, bbox_inches="tight", pad_inches=0.15, dpi=160, metadata=metadata)
    plt.close(figure)
    if out.suffix == ".svg":  # matplotlib leaves spaces at the ends of lines
        text = out.read_text(encoding="utf-8")
        out.write_text("\n".join(map(str.rstrip, text.splitlines())) + "\n", encoding="utf-8")
    print(out)


def main() -> None:
    """Runs the command line."""
    about = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("figures", type=Path, help="what compare.py wrote with --json")
    parser.add_argument("--kind", default="float32", help="model: float32, float16, given")
    parser.add_argument("--text", help="text of the latency picture (default: the first)")
    parser.add_argument("--note", default="", help="added to the captions, such as the processor")
    parser.add_argument("--format", choices=["svg", "png"], default="svg")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"), help="folder")
    options = parser.parse_args()
    results = json.loads(options.figures.read_text(encoding="utf-8"))
    text = options.text or next(iter(results[options.kind]["one_query"]))
    throughput = options.out / f"throughput.{options.format}"
    plot_throughput(results, options.kind, options.note, throughput)
    latency = options.out / f"latency.{options.format}"
    plot_latency(results, options.kind, text, options.note, latency)


if __name__ == "__main__":
    main()
