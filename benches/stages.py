"""Ids and pooling apart and together, by instruction set: what `examples/stages.rs` tells.

cargo build --release -p m2v-core --example stages
python -m benches.stages MODEL [FILE ...]
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m2v_fast.bench import corpus, tables
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"\s+([\d.]+)"
_STAGE = re.compile(
    rf"\s+(\w+)\s+first{_NUMBER} MB/s{_NUMBER} ns/token\s+steady{_NUMBER} MB/s{_NUMBER} ns/token"
    rf"{_NUMBER} texts/s"
)
_KEYS = ("first_mb_per_s", "first_ns_per_token", "mb_per_s", "ns_per_token", "docs_per_s")


def run(program: Path, folder: Path, texts: list[str]) -> list[dict[str, Any]]:
    """Stages of every instruction set, on one thread of Rust, without Python."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "texts.jsonl"
        lines = (json.dumps({"text": text}) + "\n" for text in texts)
        file.write_text("".join(lines), encoding="utf-8")
        command = [str(program), str(folder), str(file)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return list(_parse(done.stdout))


def _parse(told: str) -> Iterator[dict[str, Any]]:
    backend = ""
    for line in told.splitlines():
        found = _STAGE.match(line)
        if found:
            figures = map(float, found.groups()[1:])
            stage = {"backend": backend, "stage": found[1]}
            yield stage | dict(zip(_KEYS, figures, strict=True))
        else:
            backend = line.partition(" ")[0]


PROGRAM = Path(__file__).resolve().parents[1] / "target" / "release" / "examples" / "stages"
HEAD = ("stage", "MB/s", "ns/token", "first seen, MB/s", "ns/token", "texts/s")


def main() -> None:
    """Print a table for each file."""
    parser = argparse.ArgumentParser("python -m benches.stages")
    parser.add_argument("model", help="model folder, or bundled:minilm")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts")
    parser.add_argument("--documents", type=int, default=5000, help="most taken of a file (5000)")
    options = parser.parse_args()
    for file in options.files or [None]:
        texts = corpus.read_texts(file, None, options.documents)
        rows = [
            (
                row["backend"],
                row["stage"],
                f"{row['mb_per_s']:.1f}",
                f"{row['ns_per_token']:.1f}",
                f"{row['first_mb_per_s']:.1f}",
                f"{row['first_ns_per_token']:.1f}",
                f"{row['docs_per_s']:,.0f}",
            )
            for row in run(PROGRAM, resolve(options.model), texts)
        ]
        title = f"{file.name if file else 'Python manual'}: stages, from Rust"
        print("\n".join(tables.table(title, HEAD, rows)))


if __name__ == "__main__":
    main()
