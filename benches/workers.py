"""What a worker takes that gets a handle: `python -m benches.workers --model FOLDER`.

Private memory of processes that stay alive at the same time, beyond what they had with pyarrow and
the package imported; and the same with a model that was pickled whole.
"""

from __future__ import annotations

import argparse
import multiprocessing
import pickle
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
from m2v_fast import StaticModel
from m2v_fast.bench.corpus import read_texts
from m2v_fast.bench.models import bundled_folder
from m2v_fast.bulk import Embedder


def private() -> float:
    """Megabytes of this process that it shares with no other."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return sum(int(size) for size in re.findall(r"Private_\w+:\s+(\d+) kB", text)) / 1024


def work(data: bytes, rows: list[str], ready: Any, results: Any) -> None:
    """Take a handle, embed, and say what that took once all have done so."""
    import m2v_fast.bulk  # noqa: F401  # part of what an engine's worker has anyway

    # So is the memory that pyarrow takes for its first array.
    column = pa.array(rows)
    before = private()
    made = pickle.loads(data)
    for _ in range(3):
        made.encode(column) if isinstance(made, Embedder) else made.encode_arrow(
            column, num_threads=1
        )
    ready.wait()
    results.put(private() - before)


def main() -> None:
    """Print the megabytes of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    rows = read_texts(None)[:2000]
    context = multiprocessing.get_context("spawn")
    for name, data in (
        ("handle", pickle.dumps(Embedder(given.model))),
        ("model, pickled whole", pickle.dumps(StaticModel.from_pretrained(given.model))),
    ):
        ready, results = context.Barrier(given.workers), context.Queue()
        children = [
            context.Process(target=work, args=(data, rows, ready, results))
            for _ in range(given.workers)
        ]
        for child in children:
            child.start()
        found = sorted(results.get() for _ in children)
        for child in children:
            child.join()
        shown = ", ".join(f"{size:.1f}" for size in found)
        print(f"{name}: {len(data):,} bytes sent, private MB of each worker: {shown}")


if __name__ == "__main__":
    main()
