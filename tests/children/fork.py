"""Forks before, after and during threaded work; every child must encode, on threads too, and end.

usage: fork.py MODEL
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import warnings

import m2v_fast

from tests.support.texts import paragraphs

FORKS = 8


def main() -> None:
    # Forking beside threads is what is tried here.
    warnings.simplefilter("ignore", DeprecationWarning)
    model = m2v_fast.StaticModel.from_pretrained(sys.argv[1])
    texts = list(paragraphs()[:1000])
    expected = model.encode(texts, num_threads=2).tobytes()
    codes = [child(model, texts, expected)]
    # Nobody has used these before the fork; the second is forked beside busy threads.
    unused = [m2v_fast.StaticModel.from_pretrained(sys.argv[1]) for _ in range(2)]
    codes.append(child(unused[0], texts, expected))

    stop = threading.Event()

    def work(threads: int) -> None:
        while not stop.is_set():
            model.encode(texts, num_threads=threads)

    workers = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
    for worker in workers:
        worker.start()
    codes.append(child(unused[1], texts, expected))
    codes += [child(model, texts, expected) for _ in range(FORKS)]
    stop.set()
    for worker in workers:
        worker.join()
    after = model.encode(texts, num_threads=2).tobytes()
    print(json.dumps({"codes": codes, "parent": after == expected}))


def child(model: m2v_fast.StaticModel, texts: list[str], expected: bytes) -> int:
    """Exit code of a forked child: 0 if its vectors are the expected ones."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.alarm(60)  # a hang ends by this signal, and shows
            same = all(
                model.encode(texts, num_threads=threads).tobytes() == expected
                for threads in (2, 1, None)
            )
            code = 0 if same else 3
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
