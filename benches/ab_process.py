"""One build's times for one workload, in a process of its own: what `benches.ab` starts.

usage: python -m benches.ab_process WORKLOAD.json, with the build's package first on Python's path.
Nothing of the checkout's own package is imported, and of the build's only what every revision has.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast

if TYPE_CHECKING:
    from collections.abc import Callable


def _passes(
    model: Any, texts: list[str], one_by_one: bool, seconds: float, clock: Callable[[], float]
) -> list[float]:
    """Seconds of each pass over the texts: the first one, and then as many as fit."""
    calls = [[text] for text in texts] if one_by_one else [texts]
    took: list[float] = []
    while len(took) < 4 or sum(took[1:]) < seconds:
        begun = clock()
        for call in calls:
            model.encode(call, num_threads=1)
        took.append(clock() - begun)
    return took


def main() -> None:
    """Tell times, and what says that the build is the right one and computes the same."""
    workload = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    texts = workload["texts"]
    model = m2v_fast.StaticModel.from_pretrained(workload["model"])
    clock = time.process_time if workload["cpu"] else time.perf_counter
    took = _passes(model, texts, workload["one_by_one"], workload["seconds"], clock)
    vectors = model.encode(texts, num_threads=1)
    told = {
        "module": m2v_fast.__file__,
        "backend": model.backend,
        "first": took[0],
        "steady": took[1:],
        "vectors": hashlib.sha256(vectors.tobytes()).hexdigest(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
