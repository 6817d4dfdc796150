"""How pictures look: SVG with text in it, readable on light and on dark pages.

matplotlib draws for a light page; a style sheet in the file turns the colours where a page is dark.
"""

from __future__ import annotations

import importlib
import re
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INK, QUIET, FAINT, PAPER = "#222222", "#555555", "#d9d9d9", "#ffffff"
OURS, OTHERS = "#0072b2", "#b8bdc2"
#: What differs from its neighbours in lightness as well as in colour.
SERIES = ("#d55e00", "#009e73", "#aa4499", "#999933", "#882255", "#44aa99", "#ddcc77", "#6b7278")
_DARK = {
    INK: "#e6e6e6",
    QUIET: "#a5abb1",
    FAINT: "#3a3f44",
    PAPER: "#0d1117",
    OURS: "#4ba6e0",
    OTHERS: "#6b7278",
    "#aa4499": "#d580c4",
    "#882255": "#c4628f",
    "#6b7278": "#9aa2aa",
}
_FONTS = ["DejaVu Sans", "Verdana", "Arial", "sans-serif"]


def matplotlib() -> Any:
    """Import matplotlib.

    Raises:
        ImportError: It is not installed; the message says what to do.
    """
    try:
        return importlib.import_module("matplotlib")
    except ImportError as error:
        raise ImportError(
            f"drawing needs matplotlib ({error}): pip install 'm2v-fast[plot]'", name="matplotlib"
        ) from error


def settings() -> dict[str, Any]:
    """Return what matplotlib is to be set to while drawing."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": INK,
        "axes.facecolor": "none",
        "axes.labelcolor": INK,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "figure.facecolor": PAPER,
        "font.family": "sans-serif",
        "font.sans-serif": _FONTS,
        "font.size": 10,
        "legend.frameon": False,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "none",
        "svg.hashsalt": "m2v_fast",  # the same figures give the same file
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }


def new(width: float, height: float) -> Any:
    """Return an empty figure, within `settings`."""
    matplotlib()
    module = importlib.import_module("matplotlib.figure")
    return module.Figure(figsize=(width, height), layout="constrained")


def finish(figure: Any, words: str, out: Path) -> None:
    """Put the caption under a figure and write it."""
    lines = textwrap.fill(words, int(figure.get_figwidth() * 15.5))
    figure.text(0.01, -0.01, lines, va="top", fontsize=8, color=QUIET)
    out.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if out.suffix == ".svg" else {}
    figure.savefig(out, bbox_inches="tight", pad_inches=0.15, dpi=160, metadata=metadata)
    if out.suffix == ".svg":
        out.write_text(with_dark(out.read_text(encoding="utf-8")), encoding="utf-8")


def with_dark(svg: str) -> str:
    """Add the colours of dark pages to a picture."""
    rules = "".join(_rules())
    style = f"<style>@media (prefers-color-scheme: dark) {{ {rules}}}</style>"
    svg = re.sub(r"(<svg [^>]*>)", lambda found: f"{found[1]}\n {style}", svg, count=1)
    # matplotlib leaves spaces at the ends of lines.
    return "\n".join(map(str.rstrip, svg.splitlines())) + "\n"


def _rules() -> Iterator[str]:
    for light, dark in _DARK.items():
        for key in ("fill", "stroke"):
            yield f'[style*="{key}: {light}"] {{ {key}: {dark} !important }} '
    # Text without a colour of its own is black.
    yield f'text:not([style*="fill"]) {{ fill: {_DARK[INK]} }} '
