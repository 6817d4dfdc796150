"""A server that loads its model and then forks workers, as gunicorn does with --preload.

usage: preload.py MODEL [WORKERS]. Prints, for each worker, the bytes of its memory that no other
process shares, those of them that are the model's files, and whether its vectors are the parent's.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import sys
from pathlib import Path

from m2v_fast import StaticModel

from tests.support import resources
from tests.support.texts import many_paragraphs

WORKERS = 4


def private_of_files(folder: Path) -> int:
    """Bytes of mapped files below a folder that this process alone has touched."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):
            inside = str(folder) in rest
        elif inside and name in ("Private_Clean:", "Private_Dirty:"):
            total += int(rest.split()[0]) * 1024
    return total


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else WORKERS
    texts = many_paragraphs(5000)
    model = StaticModel.from_pretrained(folder)
    expected = hashlib.sha256(model.encode(texts).tobytes()).hexdigest()
    gc.freeze()  # as servers do, so that collecting does not write to what is shared
    pipes = []
    for _ in range(workers):
        answer, done = os.pipe(), os.pipe()
        if os.fork() == 0:
            signal.alarm(120)  # a hang ends by this signal, and shows
            before = resources.private()
            vectors = model.encode(texts, num_threads=2).tobytes()
            same = hashlib.sha256(vectors).hexdigest() == expected
            del vectors
            os.write(answer[1], b"+")
            os.read(done[0], 1)  # all have encoded, and all are still there
            facts = {
                "same": same,
                "private": resources.private(),
                "growth": resources.private() - before,
                "files": private_of_files(folder),
            }
            os.write(answer[1], json.dumps(facts).encode())
            os.read(done[0], 1)
            os._exit(0)
        os.close(answer[1])
        os.close(done[0])
        pipes.append((answer[0], done[1]))
    for answer_end, _ in pipes:
        os.read(answer_end, 1)
    said = []
    for answer_end, done_end in pipes:
        os.write(done_end, b"+")
        said.append(json.loads(os.read(answer_end, 1000)))
    for _, done_end in pipes:
        os.write(done_end, b"+")
    codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in pipes]
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(json.dumps({"workers": said, "codes": codes, "size": size}))


if __name__ == "__main__":
    main()
