"""Memory of the process's own, while models are loaded anew."""

from __future__ import annotations

import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tests.server.conftest import bundled, running

if TYPE_CHECKING:
    from tests.server.conftest import Server

#: Above `BIG` of the server's: encoded on a thread of its own, with a worker's caches.
LARGE = {"input": [f"text {place} of some words " * 8 for place in range(300)]}
#: Requests between two reloads, of kinds that keep something with the model: a worker's caches, and
#: the tokenizer that takes many small blocks.
ASKED = (
    ("/tokenize", {"inputs": ["a b"]}),
    ("/v1/embeddings", {**LARGE, "encoding_format": "base64"}),
    ("/embed", {"inputs": "some words"}),
) * 8
#: Bytes that the process may have of its own right after many reloads. Some 20 MB were seen, and
#: 46 to 71 MB where nothing was given back.
MOST = 32_000_000


def _private(server: Server) -> int:
    told = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"Private_Dirty:\s+(\d+) kB", told)
    assert found is not None
    return int(found[1]) * 1024


def _reload(server: Server) -> None:
    said = "loaded anew"
    before = server.log().count(said)
    server.process.send_signal(signal.SIGHUP)
    until = time.monotonic() + 20
    while server.log().count(said) == before:
        assert time.monotonic() < until, server.log()
        time.sleep(0.01)


def test_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    sizes = []
    with (
        running(tmp_path, bundled(), "--workers", "2") as server,
        ThreadPoolExecutor(12) as clients,
    ):
        for _ in range(40):
            answers = clients.map(lambda asked: server.ask(*asked)[0], ASKED)
            assert set(answers) == {200}
            _reload(server)
            sizes.append(_private(server))
    # The lowest of them: which thread did what differs.
    assert min(sizes[-10:]) < MOST, [f"{size / 1e6:.0f} MB" for size in sizes]
