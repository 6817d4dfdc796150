"""Kills `m2v-fast embed` at random moments and goes on: the folder must become what it would have.

    python -m tests.long.kills --kills 20

Each kill is SIGKILL, after a random part of the time that the whole run takes; in between the run
is gone on with, until one comes to its end. The folder is compared byte for byte with one of a run
that nobody disturbed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from m2v_fast import BUNDLED_MODEL

from tests.support import process, texts
from tests.support.embedding import contents


def make_inputs(folder: Path, rows: int) -> list[Path]:
    """Parquet, JSON lines and text, of rows that repeat nowhere."""
    pa: Any = importlib.import_module("pyarrow")
    pq: Any = importlib.import_module("pyarrow.parquet")
    lines = [f"{i} {' '.join(text.split())}" for i, text in enumerate(texts.many_paragraphs(rows))]
    third = rows // 3
    parquet, json_lines, plain = (folder / name for name in ("a.parquet", "b.jsonl", "c.txt"))
    pq.write_table(pa.table({"text": lines[:third]}), parquet, row_group_size=third // 3)
    rest = (json.dumps({"n": 1, "text": line}) for line in lines[third : 2 * third])
    json_lines.write_text("\n".join(rest) + "\n")
    plain.write_text("\n".join(lines[2 * third :]))
    return [parquet, json_lines, plain]


def command(inputs: list[Path], out: Path, model: str, *options: str) -> list[str]:
    """A run in parts."""
    fixed = ["-o", f"{out}/", "--model", model, "--keep", "text", "--rows-per-part", "700"]
    return [sys.executable, "-m", "m2v_fast", "embed", *map(str, inputs), *fixed, *options]


def run(arguments: list[str], kill_after: float | None = None) -> bool:
    """Run it, and say whether it came to its end."""
    child = subprocess.Popen(
        arguments, env=process.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, said = child.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return False
    assert child.returncode == 0, said.decode()
    return True


def kill_and_go_on(folder: Path, kills: int, rows: int, seed: int, model: str) -> tuple[int, int]:
    """Return how many runs were killed, and how many folders became whole."""
    chance = random.Random(seed)
    inputs = make_inputs(folder, rows)
    start = time.perf_counter()
    assert run(command(inputs, folder / "undisturbed", model))
    whole_time = time.perf_counter() - start
    expected = contents(folder / "undisturbed")
    killed = finished = 0
    while killed < kills or not finished:
        out = folder / f"out-{finished}"
        while True:
            # Starting is half of it; what is left becomes less with every run.
            after = chance.uniform(0.1, 1.0) * whole_time if killed < kills else None
            # Where there is no plan yet, --resume begins as well.
            planned = (out / "_m2v_fast.json").exists()
            options = ["--resume"] if planned or chance.random() < 0.5 else []
            if run(command(inputs, out, model, *options), after):
                break
            killed += 1
        found = contents(out)
        assert found.keys() == expected.keys(), (sorted(found), sorted(expected))
        for name, content in expected.items():
            assert found[name] == content, name
        finished += 1
    return killed, finished


def main() -> None:
    """Kill as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default=BUNDLED_MODEL)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        killed, finished = kill_and_go_on(
            Path(folder), given.kills, given.rows, given.seed, given.model
        )
    print(f"{killed} kills, {finished} folders that equal an undisturbed one to the byte")


if __name__ == "__main__":
    main()
