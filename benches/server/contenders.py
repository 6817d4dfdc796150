"""The servers that are measured, each as a process of its own on one processor."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / "target" / "release"
OURS, NOTHING = "m2v-server", "the same, encoding nothing"
GRANIAN, FASTAPI = "granian + Starlette + m2v_fast", "uvicorn + FastAPI + model2vec"
WEAVIATE = "Weaviate's container code"
SERVER = str(BINARIES / "m2v-server")
NAME = "model"


@dataclass(frozen=True)
class Contender:
    """How a server is started, and what it is asked."""

    command: tuple[str, ...]
    #: Port that the command ends with or names as PORT.
    path: str = "/v1/embeddings"
    #: The key that holds the text.
    field: str = "input"

    def body(self, texts: str | list[str], encoding: str = "base64") -> dict[str, object]:
        if self.field == "text":
            return {"text": texts}
        return {"model": NAME, self.field: texts, "encoding_format": encoding}


def contenders(sample: Path) -> dict[str, Contender]:
    """All of them; the one that encodes nothing answers what `sample` is answered with."""
    python = Path(sys.executable).parent
    here = "benches.server.apps"
    model = (f"{NAME}=MODEL", "--port=PORT", "--workers=1")
    uvicorn = (str(python / "uvicorn"), "--factory", "--port=PORT", "--log-level=warning")
    granian = (str(python / "granian"), "--interface=asgi", "--factory", "--workers=1")
    quiet = ("--no-ws", "--log-level=warning", "--port=PORT")
    return {
        OURS: Contender((SERVER, *model)),
        NOTHING: Contender((str(BINARIES / "examples" / "no_encode"), str(sample), *model)),
        GRANIAN: Contender((*granian, *quiet, f"{here}:starlette_app")),
        FASTAPI: Contender((*uvicorn, "--no-access-log", f"{here}:fastapi_app")),
        WEAVIATE: Contender(
            (*uvicorn, "--no-access-log", f"{here}:weaviate_app"), "/vectors", "text"
        ),
    }


def processors() -> tuple[set[int], set[int]]:
    """Where servers run, and where clients do: apart, if there is more than one processor."""
    there = sorted(os.sched_getaffinity(0))
    return {there[0]}, set(there[1:]) or {there[0]}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(contender: Contender, model: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Starts one and waits until it answers."""
    port = free_port()
    words = [
        word.replace("PORT", str(port)).replace("MODEL", str(model)) for word in contender.command
    ]
    on, _ = processors()
    process = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, on)), *words],
        cwd=ROOT,
        env={**os.environ, "MODEL": str(model), "M2V_FAST_CACHE": "off"},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(1500):
            if process.poll() is not None:
                raise RuntimeError(f"it ended at once: {' '.join(words)}")
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/")
                connection.getresponse().read()
                connection.close()
                break
            time.sleep(0.02)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=30)
