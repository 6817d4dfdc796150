"""Random multilingual text through every engine for as long as wished; what must not change is
watched: the process's own memory, its descriptors and threads, and the vectors of fixed texts.

usage: python -m tests.long.soak [--minutes M]; exits with 1 if anything grew or changed.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import itertools
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from m2v_fast import StaticModel

from tests.support import engines, random_texts, resources
from tests.support.texts import AWKWARD, MULTILINGUAL, paragraphs

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Texts that are encoded again and again, whatever came between.
PROBES: tuple[str, ...] = (*AWKWARD, *MULTILINGUAL, *paragraphs()[:200])
BATCH = 400
#: Share of the time after which nothing may grow any more: until then caches and buffers fill.
WARM = 0.3
#: Bytes of own memory that may come on top after that: pages that are free only in part differ from
#: time to time. A leak of one small text a batch would be over it within minutes.
GROWTH = 4_000_000


def digest(model: StaticModel) -> str:
    """The vectors and ids of the probes, in every setting, as one hash."""
    hashed = hashlib.sha256()
    for max_length, normalize in itertools.product((3, 512, None), (False, True)):
        hashed.update(model.encode(PROBES, max_length=max_length, normalize=normalize).tobytes())
    hashed.update(repr(model.tokenize(PROBES)).encode())
    return hashed.hexdigest()


def one_by_one(model: StaticModel, texts: Sequence[str], vectors: object) -> None:
    """Raises if a text alone does not become what it became in its batch."""
    alone = np.stack([model.encode(text) for text in texts])
    if alone.tobytes() != np.asarray(vectors).tobytes():
        raise AssertionError("a text alone and in a batch became different vectors")


class Watch:
    """Looks at the process now and then, and remembers."""

    def __init__(self, seconds: float) -> None:
        self.start = time.monotonic()
        self.seconds = seconds
        self.samples: list[tuple[float, int]] = []
        self.highest = 0
        self.held: list[tuple[int, int]] = []

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def look(self) -> int:
        """Takes a sample; returns the process's own memory in bytes, less what is free in it."""
        gc.collect()
        self.highest = max(self.highest, resources.anonymous())
        resources.trim()
        bytes_now = resources.anonymous()
        self.samples.append((self.elapsed(), bytes_now))
        self.held.append((len(resources.open_files()), resources.threads()))
        return bytes_now

    def faults(self) -> list[str]:
        """What grew after the beginning, in words."""
        warm = [b for t, b in self.samples if t <= self.seconds * WARM] or [self.samples[0][1]]
        later = [b for t, b in self.samples if t > self.seconds * WARM]
        tail = later[len(later) // 2 :] or later
        found = []
        # The lowest points are compared: what is kept cannot be below them.
        if tail and (grown := min(tail) - min(warm[-3:])) > GROWTH:
            found.append(f"own memory grew by {grown / 1e6:.1f} MB")
        if self.held[-1] != self.held[0]:
            found.append(f"descriptors and threads went from {self.held[0]} to {self.held[-1]}")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Random texts through every engine, watched.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    wishes = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory() as root:
        models = engines.load_all(Path(root))
        expected = {name: digest(model) for name, model in models.items()}
        counts = dict.fromkeys(models, 0)
        size = 0
        watch = Watch(wishes.minutes * 60)
        next_look, next_word = 0.0, 0.0
        batches = random_texts.batches(wishes.seed, BATCH)
        for turn, batch in enumerate(batches):
            if watch.elapsed() > watch.seconds:
                break
            size += sum(map(len, batch))
            for name, model in models.items():
                limit = (None, 512, 20, 1)[turn % 4]
                vectors = model.encode(
                    batch, max_length=limit, normalize=turn % 3 == 0, num_threads=1 + turn % 3
                )
                if vectors.shape != (BATCH, model.dim) or not np.isfinite(vectors).all():
                    faults.append(f"{name}: not a vector for each text")
                if turn % 50 == 0:
                    one_by_one(model, batch[:40], model.encode(batch[:40]))
                counts[name] += BATCH
            if turn % 100 == 0:  # loading is part of what services do
                name = list(engines.NAMES)[turn // 100 % len(engines.NAMES)]
                models[name] = StaticModel.from_pretrained(models[name].folder or "")
            if watch.elapsed() >= next_look:
                own = watch.look()
                next_look = watch.elapsed() + min(10.0, watch.seconds / 100)
                changed = [n for n, model in models.items() if digest(model) != expected[n]]
                faults += [f"{name}: the vectors of the probes changed" for name in changed]
                if watch.elapsed() >= next_word:
                    next_word = watch.elapsed() + 60
                    print(f"{watch.elapsed():7.0f} s  {own / 1e6:7.1f} MB", flush=True)
        watch.look()
        faults += watch.faults()
        warm = watch.seconds * WARM
        later = [b for t, b in watch.samples if t > warm]
        print(f"{sum(counts.values()):,} texts on {len(models)} models, {size / 1e6:,.0f} million")
        print(f"characters each, in {watch.elapsed() / 60:.1f} minutes")
        print(f"own memory: {watch.samples[0][1] / 1e6:.1f} MB at first; after {warm:.0f} s")
        print(
            f"{later[0] / 1e6:.1f}, at most {max(later) / 1e6:.1f}, at last {later[-1] / 1e6:.1f};"
        )
        print(f"with what the allocator kept free at most {watch.highest / 1e6:.1f}")
        print(f"descriptors, threads: {watch.held[0]} at first, {watch.held[-1]} at last")
        print(f"digests of the probes, taken {len(watch.samples)} times: unchanged" * (not faults))
    for fault in dict.fromkeys(faults):
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
