"""Encodes for much longer than anyone waits, until Ctrl-C; then shows that the model still works.

usage: interrupt.py MODEL THREADS. Speaks JSON lines; `threads` 0 stands for the default.
"""

from __future__ import annotations

import json
import signal
import sys
import time

import m2v_fast

from tests.support.texts import paragraphs


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    # A process started in the background may have been told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    model = m2v_fast.StaticModel.from_pretrained(sys.argv[1])
    threads = int(sys.argv[2]) or None
    texts = list(paragraphs())
    before = model.encode(texts)
    start = time.perf_counter()
    model.encode(texts, num_threads=threads)
    one_pass = time.perf_counter() - start
    # Half a minute's work, within what a small machine has memory for.
    batch = texts * max(2, min(int(30 / one_pass), 8_000_000 // len(texts)))
    say(ready=True)
    try:
        model.encode(batch, num_threads=threads)
        say(interrupted=False)
    except KeyboardInterrupt:
        caught = time.monotonic()
        again = model.encode(texts, num_threads=threads)
        say(interrupted=True, caught=caught, same=before.tobytes() == again.tobytes())


if __name__ == "__main__":
    main()
