"""Every kind of request, for as long as wished, with clients that break off and models that are
loaded anew; the server's own memory, descriptors and threads are watched, and its answers.

usage: python -m tests.long.soak_server [--minutes M]; exits with 1 if anything grew or was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import m2v_fast
import numpy as np

from tests.server.conftest import NAME, Server, bundled, running
from tests.server.traffic import read_answer, request
from tests.support import random_texts

CONNECTIONS = 32
#: Share of the time after which nothing may grow any more.
WARM = 0.3
#: Bytes of own memory that may come on top after that: what the allocator keeps differs.
GROWTH = 4_000_000
PROBE = "How do I keep bread fresh?"


def bodies(texts: list[str], draw: random.Random) -> tuple[str, Any, int]:
    """An address, what is sent to it, and the status that it has to answer with."""
    some = draw.sample(texts, draw.choice((1, 1, 1, 4, 40)))
    choices: list[tuple[str, Any, int]] = [
        ("/v1/embeddings", {"model": NAME, "input": some, "encoding_format": "base64"}, 200),
        ("/v1/embeddings", {"model": NAME, "input": some, "dimensions": 7}, 200),
        ("/v1/embeddings", {"model": "nobody", "input": some}, 404),
        ("/embed", {"inputs": some, "truncation_direction": "left"}, 200),
        ("/embed_all", {"inputs": some[:4]}, 200),
        ("/similarity", {"inputs": {"source_sentence": PROBE, "sentences": some}}, 200),
        ("/tokenize", {"inputs": some[:4]}, 200),
        ("/decode", {"ids": [[1000, 2000, 3000]]}, 200),
        ("/vertex", {"instances": [{"inputs": text} for text in some[:4]]}, 200),
        ("/api/embed", {"model": NAME, "input": some}, 200),
        ("/api/show", {"model": NAME}, 200),
        ("/vectors", {"texts": some}, 200),
        ("/v2/embed", {"model": NAME, "texts": some, "input_type": "x",
                       "embedding_types": ["float", "ubinary"]}, 200),
        ("/embed", b'{"inputs": ', 400),
        ("/embed", {"inputs": []}, 400),
        ("/nothing", {}, 404),
    ]  # fmt: skip
    return draw.choice(choices)


class Soak:
    """The clients, and what they found."""

    def __init__(self, server: Server, seconds: float, seed: int) -> None:
        self.server, self.seconds, self.seed = server, seconds, seed
        self.start = time.monotonic()
        self.answered = self.broken_off = self.reloads = 0
        self.faults: list[str] = []
        self.samples: list[tuple[float, int, int, int]] = []
        vector = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL).encode(PROBE)
        self.wanted = vector.tobytes()

    def elapsed(self) -> float:
        return time.monotonic() - self.start

    async def client(self, number: int) -> None:
        draw = random.Random(self.seed * 1000 + number)
        texts = [text for text in next(random_texts.batches(self.seed + number, 200)) if text]
        texts = [text for text in texts if text.encode("utf-8", "replace").decode() == text]
        while self.elapsed() < self.seconds:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
            for _ in range(draw.randrange(1, 200)):
                path, body, wanted = bodies(texts, draw)
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                sent = request(path, raw)
                if draw.random() < 0.01:  # in the midst of a request, or before its answer
                    writer.write(sent[: draw.randrange(1, len(sent) + 1)])
                    self.broken_off += 1
                    break
                writer.write(sent)
                status, answer, over = await asyncio.wait_for(read_answer(reader), 60)
                self.answered += 1
                if status != wanted:
                    self.faults.append(f"{path}: {status} and not {wanted}: {answer[:200]!r}")
                if over or self.elapsed() > self.seconds:
                    break
            writer.close()

    async def watch(self) -> None:
        said = 0.0
        while self.elapsed() < self.seconds:
            await asyncio.sleep(min(5.0, self.seconds / 60))
            got = await asyncio.to_thread(
                self.server.ask, "/v1/embeddings", {"model": NAME, "input": PROBE}
            )
            vector = np.float32(got[1]["data"][0]["embedding"])
            if vector.tobytes() != self.wanted:
                self.faults.append("the probe's vector changed")
            self.look()
            if len(self.samples) % 10 == 0:
                self.server.process.send_signal(signal.SIGHUP)
                self.reloads += 1
            if self.elapsed() >= said:
                said = self.elapsed() + 60
                print(f"{self.elapsed():7.0f} s  {self.samples[-1][1] / 1e6:7.1f} MB", flush=True)

    def look(self) -> None:
        process = Path(f"/proc/{self.server.process.pid}")
        anonymous = re.search(r"RssAnon:\s+(\d+)", (process / "status").read_text())
        assert anonymous is not None
        open_files = len(list((process / "fd").iterdir()))
        threads = len(list((process / "task").iterdir()))
        self.samples.append((self.elapsed(), int(anonymous[1]) * 1024, open_files, threads))

    async def run(self) -> None:
        await asyncio.gather(self.watch(), *(self.client(n) for n in range(CONNECTIONS)))

    def grown(self) -> list[str]:
        """What grew after the beginning, in words; the lowest points are compared."""
        warm = [sample for sample in self.samples if sample[0] <= self.seconds * WARM]
        later = [sample for sample in self.samples if sample[0] > self.seconds * WARM]
        tail = later[len(later) // 2 :]
        if len(warm) < 3 or not tail:
            return ["it was too short to tell"]
        found = []
        if (more := min(s[1] for s in tail) - min(s[1] for s in warm[-3:])) > GROWTH:
            found.append(f"own memory grew by {more / 1e6:.1f} MB")
        # Connections come and go: each has one.
        if min(s[2] for s in tail) > min(s[2] for s in warm) + CONNECTIONS:
            found.append("descriptors are not given back")
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description="The server, asked for a long time, watched.")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    wishes = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as root,
        running(Path(root), bundled(), "--workers", "2") as server,
    ):
        soak = Soak(server, wishes.minutes * 60, wishes.seed)
        asyncio.run(soak.run())
        soak.look()
        faults = soak.faults + soak.grown()
        if (code := server.stop()) != 0:
            faults.append(f"it ended with {code}")
        first, last = soak.samples[0], soak.samples[-1]
        most = max(sample[1] for sample in soak.samples)
        print(
            f"{soak.answered:,} answers in {soak.elapsed() / 60:.1f} minutes, {soak.reloads} "
            f"reloads, {soak.broken_off} connections broken off; own memory {first[1] / 1e6:.1f} "
            f"MB at first, at most {most / 1e6:.1f}, at last {last[1] / 1e6:.1f}; "
            f"descriptors {first[2]} to {last[2]}, threads {first[3]} to {last[3]}"
        )
    for fault in faults[:20]:
        print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
