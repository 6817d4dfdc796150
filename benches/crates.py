"""This crate beside model2vec-rs, from Rust: vectors compared, then batches in turn.

make bench-crates MODEL=FOLDER TEXTS="FILE ..."
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from m2v_fast._native import available_threads
from m2v_fast.bench import corpus, machine, tables
from m2v_fast.sources import resolve

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / "target" / "release" / "examples" / "timed"
PEER = ROOT / "target" / "peers" / "release" / "peer-model2vec-rs"
HEAD = ("threads", "load", "documents/s, first", "again")


class Program:
    """A program that times a crate when it is told to."""

    def __init__(self, command: list[str], threads: int) -> None:
        variables = {
            "TOKENIZERS_PARALLELISM": "false" if threads == 1 else "true",
            "RAYON_NUM_THREADS": str(threads),
        }
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | variables,
        )

    def ask(self, command: str) -> str:
        """Give a command; return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._process.args!r} ended in the middle of {command!r}")
        return answer.strip()

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()


def programs(folder: Path, threads: int) -> dict[str, Program]:
    """Both crates, each in a process of its own."""
    return {
        "m2v-fast": Program([str(OURS), str(folder), str(threads)], threads),
        "model2vec-rs": Program([str(PEER), str(folder)], threads),
    }


def measure(
    folder: Path, texts: Path, threads: int, rounds: int, count: int
) -> list[tuple[str, ...]]:
    """A row for each crate: medians of loading, of the first batch after it and of the next."""
    found: dict[str, list[list[float]]] = {}
    running = programs(folder, threads)
    for program in running.values():
        program.ask(f"texts {texts}")
    for _ in range(rounds):
        for name, program in running.items():
            times = [float(program.ask(command)) for command in ("load", "batch", "batch")]
            found.setdefault(name, []).append(times)
    for program in running.values():
        program.end()
    rows = []
    for name, times_of in found.items():
        load, first, again = (statistics.median(column) for column in zip(*times_of, strict=True))
        speeds = (f"{count / seconds:,.0f}" for seconds in (first, again))
        rows.append((name, str(threads), f"{load * 1e3:.1f} ms", *speeds))
    return rows


def compare(folder: Path, texts: Path) -> str:
    """Say how many vectors are the same."""
    made = []
    for name, program in programs(folder, 1).items():
        program.ask(f"texts {texts}")
        file = texts.with_name(name)
        width = int(program.ask(f"vectors {file}"))
        program.end()
        made.append(np.fromfile(file, np.float32).reshape(-1, width))
    ours, theirs = made
    same = (ours.view(np.uint32) == theirs.view(np.uint32)).all(axis=1)
    return (
        f"{np.count_nonzero(same):,} of {len(same):,} vectors have the same bits; the largest "
        f"difference of a number is {np.abs(ours - theirs).max():.2g}"
    )


def main() -> None:
    """Compare vectors, and print a table for each file."""
    parser = argparse.ArgumentParser("python -m benches.crates", description=__doc__)
    parser.add_argument("model", help="model folder, or bundled:minilm")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts")
    parser.add_argument("--documents", type=int, default=5_000, help="most taken of a file (5,000)")
    parser.add_argument("--rounds", type=int, default=7, help="whose median is shown (7)")
    options = parser.parse_args()
    folder = resolve(options.model)
    print(f"{machine.cpu_model()}, load {machine.load_average()[0]:.1f}")
    for file in options.files or [None]:
        texts = corpus.read_texts(file, None, options.documents)
        with tempfile.TemporaryDirectory() as name:
            written = Path(name) / "texts.jsonl"
            lines = (json.dumps(text) + "\n" for text in texts)
            written.write_text("".join(lines), encoding="utf-8")
            print(compare(folder, written))
            rows = [
                row
                for threads in sorted({1, available_threads()})
                for row in measure(folder, written, threads, options.rounds, len(texts))
            ]
        title = f"{file.name if file else 'Python manual'}: {len(texts):,} documents, from Rust"
        print("\n".join(tables.table(title, HEAD, rows)))


if __name__ == "__main__":
    main()
