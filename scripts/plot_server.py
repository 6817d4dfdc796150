"""Draws the figures of `benches/server`: requests a second, and p99 at half of that.

    python -m benches.server --json figures.json
    python scripts/plot_server.py figures.json [--out docs/benchmarks/server.svg]

Needs matplotlib; looks as the pictures of `m2v-fast bench`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

from m2v_fast.bench.drawing import FAINT, OTHERS, OURS, finish, matplotlib, new, settings

OURS_NAME = "m2v-server"


def panel(axis: Any, figures: dict[str, dict[str, list[float]]], key: str, label: str) -> None:
    """Bars on a logarithmic axis, each with its number and its ratio to ours."""
    names = list(figures)[::-1]
    values = [median(figures[name][key]) for name in names]
    ours = median(figures[OURS_NAME][key])
    colours = [OURS if name == OURS_NAME else OTHERS for name in names]
    axis.barh(range(len(names)), values, color=colours, height=0.7, zorder=2)
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        number = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
        ratio = "" if name == OURS_NAME else f"  ({max(ours, value) / min(ours, value):.2g}x)"
        axis.text(value * 1.12, place, number + ratio, va="center", fontsize=8.5)
    axis.set_xscale("log")
    axis.set_xlim(min(values) / 2, max(values) * 9)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", which="major", color=FAINT, lw=0.6, zorder=0)
    axis.set_title(label)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("figures", type=Path, help="what benches.server wrote with --json")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/server.svg"))
    options = parser.parse_args()
    results = json.loads(options.figures.read_text(encoding="utf-8"))
    client = "the same" if results["processors"] == 1 else "another"
    words = (
        "One text of 20 words a request, 64 connections that are kept, one worker on one "
        f"processor, wrk on {client}. Logarithmic; in brackets: how many times m2v-server's figure "
        f"is it, or the other way round. {results['cpu']}, {results['backend']}. Medians of five."
    )
    with matplotlib().rc_context(settings()):
        figure = new(10, 3)
        axes = figure.subplots(1, 2, sharey=True)
        panel(axes[0], results["rates"], "per_second", "requests a second")
        panel(axes[1], results["rates"], "p99_ms", "p99 at half of that, ms")
        finish(figure, words, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
