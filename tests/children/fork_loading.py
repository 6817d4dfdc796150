"""Forks while a thread loads the first model of the process, and while it encodes the first text.

usage: fork_loading.py MODEL DELAY [forks]

The delay, in microseconds, is from the start of the thread to the first fork. Prints the exit codes
of the children, each of which loads the model and encodes for itself: 0 if its vectors are those of
the others. Nothing is imported here that the package might import late: such an import could be
under way at the fork.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings

import m2v_fast

TEXTS = ["a first text, with 12 numbers", "日本語 é \U0001f600", "b" * 300]
SECONDS = 10


def work(folder: str) -> bytes:
    return m2v_fast.StaticModel.from_pretrained(folder).encode(TEXTS * 40).tobytes()


def main() -> None:
    # Forking beside threads is what is tried here.
    warnings.simplefilter("ignore", DeprecationWarning)
    folder, delay, forks = sys.argv[1], int(sys.argv[2]) / 1e6, int(sys.argv[3])
    results: list[bytes] = []
    thread = threading.Thread(target=lambda: results.append(work(folder)))
    thread.start()
    time.sleep(delay)
    children = []
    for _ in range(forks):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            signal.alarm(SECONDS)  # a hang ends by this signal, and shows
            os.close(reader)
            code = 1
            try:
                with os.fdopen(writer, "wb") as pipe:
                    pipe.write(work(folder))
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        children.append((pid, reader))
    thread.join()
    codes = []
    for pid, reader in children:
        with os.fdopen(reader, "rb") as pipe:
            vectors = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        codes.append(code if code or vectors == results[0] else 3)
    print(codes)


if __name__ == "__main__":
    main()
