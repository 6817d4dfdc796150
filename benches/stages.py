"""Ids and pooling apart and together, by instruction set: what `examples/stages.rs` tells.

cargo build --release -p m2v-fast --example stages
python -m benches.stages MODEL [FILE ...] [--rows float32 --rows float16 ...]

With --rows it is the model's tokenizer with random rows of each of these formats, 256 columns wide.
bfloat16 needs the package ml_dtypes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from m2v_fast.bench import corpus, models, tables
from m2v_fast.sources import resolve

MOMENTS = ("first", "fresh", "steady")


def run(program: Path, folder: Path, texts: list[str]) -> list[dict[str, Any]]:
    """Stages of every instruction set, on one thread of Rust, without Python."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "texts.jsonl"
        lines = (json.dumps({"text": text}) + "\n" for text in texts)
        file.write_text("".join(lines), encoding="utf-8")
        command = [str(program), str(folder), str(file), "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def rows(run: dict[str, Any]) -> list[tuple[str, ...]]:
    """Of an instruction set: ns a token, and how far `both` is from what it could be."""
    seconds = run["seconds"]
    found = [
        (
            run["backend"],
            stage,
            *(f"{seconds[stage][at] / run['tokens'] * 1e9:.1f}" for at in MOMENTS),
        )
        for stage in seconds
    ]
    both, parts = seconds["both"], (seconds["ids"], seconds["pool"])
    found.append(
        (
            run["backend"],
            "both over ids + pool",
            *(f"{both[at] / sum(part[at] for part in parts):.2f}" for at in MOMENTS),
        )
    )
    limits = (f"{both[at] / run['limit']:.2f}" for at in MOMENTS)
    return [*found, (run["backend"], "both over the limit", *limits)]


PROGRAM = Path(__file__).resolve().parents[1] / "target" / "release" / "examples" / "stages"
HEAD = ("ns a token", *MOMENTS)


def main() -> None:
    """Print a table for each file."""
    parser = argparse.ArgumentParser("python -m benches.stages", description=__doc__)
    parser.add_argument("model", help="model folder, or bundled:minilm")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts")
    parser.add_argument(
        "--documents", type=int, default=10_000, help="most taken of a file; half warm up (10,000)"
    )
    parser.add_argument("--rows", action="append", metavar="DTYPE", help="random rows (repeatable)")
    options = parser.parse_args()
    folder = resolve(options.model)
    with tempfile.TemporaryDirectory() as scratch:
        formats = {
            f", {dtype}": models.made_model(folder, Path(scratch) / dtype, 256, dtype)
            for dtype in options.rows or ()
        }
        for file in options.files or [None]:
            texts = corpus.read_texts(file, None, options.documents)
            for name, place in (formats or {"": folder}).items():
                runs = run(PROGRAM, place, texts)
                named = f"{file.name if file else 'Python manual'}{name}"
                title = f"{named}: stages, from Rust, on {runs[0]['machine']}"
                table = [row for each in runs for row in rows(each)]
                print("\n".join(tables.table(title, HEAD, table)))
                print(f"\n{runs[0]['memory'].capitalize()}.")


if __name__ == "__main__":
    main()
