"""One text of a million characters: 512 tokens of it kept, and all of them.

usage: python -m benches.long_text [FILE] [--model FOLDER]

Milliseconds, medians over rounds in which all take turns.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import model2vec
from m2v_fast import StaticModel
from m2v_fast.bench.corpus import one_long, read_texts
from m2v_fast.bench.models import bundled_folder

from benches.arrow import medians

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="?", type=Path)
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    text = [one_long(read_texts(given.texts))]
    ours = StaticModel.from_pretrained(given.model)
    theirs = model2vec.StaticModel.from_pretrained(given.model)
    ways: dict[str, Callable[[], Any]] = {
        "512 tokens kept, m2v_fast": lambda: ours.encode(text, max_length=512),
        "512 tokens kept, model2vec": lambda: theirs.encode(text, max_length=512),
        "all kept, m2v_fast": lambda: ours.encode(text, max_length=None),
        "all kept, model2vec": lambda: theirs.encode(text, max_length=None),
    }
    for name, seconds in medians(ways, given.rounds).items():
        print(f"{name:<28}{seconds * 1e3:>10,.3f} ms")


if __name__ == "__main__":
    main()
