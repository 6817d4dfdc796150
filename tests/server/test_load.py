"""Many connections at once: busy ones, and ones that only wait."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.server.conftest import NAME, TEXTS, bundled, running
from tests.server.traffic import ask_all, descriptors, read_answer, request

if TYPE_CHECKING:
    from m2v_fast import StaticModel

    from tests.server.conftest import Server

IDLE = 10_000


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("connections", [1, 64, 512])
def test_connections(
    tmp_path: Path, reference: StaticModel, connections: int, workers: int
) -> None:
    texts = [text for text in TEXTS if len(text) < 200]
    wanted = reference.encode(texts)
    bodies = [json.dumps({"model": NAME, "input": text}).encode() for text in texts]
    answered = 0

    def check(place: int, status: int, body: bytes) -> None:
        nonlocal answered
        assert status == 200, body
        vector = np.float32(json.loads(body)["data"][0]["embedding"])
        np.testing.assert_array_equal(vector, wanted[place % len(texts)])
        answered += 1

    requests = [request("/v1/embeddings", body) for body in bodies] * 4
    with descriptors(4096), running(tmp_path, bundled(), "--workers", str(workers)) as server:
        ask_all(server.port, connections, requests, check)
        assert answered == connections * len(requests)
        assert f'te_request_count{{method="single"}} {answered}\n' in server.ask("/metrics")[1]


def test_more_than_may_be_at_once(tmp_path: Path) -> None:
    """Every request is answered: with vectors, or with 429 and when to come back."""
    body = json.dumps({"model": NAME, "input": ["word " * 200] * 50}).encode()
    found = {200: 0, 429: 0}

    def check(_: int, status: int, answer: bytes) -> None:
        found[status] += 1
        assert ("data" if status == 200 else "error") in json.loads(answer)

    async def one(port: int) -> None:
        # A connection each: one that was refused before its body was read is closed.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("/v1/embeddings", body))
        status, answer, _ = await asyncio.wait_for(read_answer(reader), 60)
        check(0, status, answer)
        writer.close()

    async def run(port: int) -> None:
        await asyncio.gather(*(one(port) for _ in range(200)))

    with running(tmp_path, bundled(), "--max-concurrent", "4") as server:
        asyncio.run(run(server.port))
    assert sum(found.values()) == 200
    assert found[200] >= 4


def _resident(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+)", status)
    assert resident is not None
    return int(resident[1]) * 1024


def test_idle_connections(tmp_path: Path) -> None:
    """Ten thousand that say nothing, and half a head each: others are answered all the same."""
    body = json.dumps({"model": NAME, "input": TEXTS[0]}).encode()

    async def run(server: Server, count: int) -> None:
        held = []
        for place in range(count):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            if place % 2:
                writer.write(b"POST /v1/embeddings HTTP/1.1\r\nHost: ")
            held.append(writer)
        open_now = 0
        for _ in range(400):
            text = (await asyncio.to_thread(server.ask, "/metrics"))[1]
            open_now = int(text.split("\nm2v_connections ")[1].split()[0])
            if open_now > count:
                break
            await asyncio.sleep(0.02)
        assert open_now > count
        assert (await asyncio.to_thread(server.ask, "/v1/embeddings", body))[0] == 200
        if Path("/proc/self/status").exists():
            assert _resident(server) < 40e6 + 20_000 * count
        for writer in held:
            writer.close()

    with descriptors(IDLE + 1000) as most:
        count = min(IDLE, most - 1000)
        print(f"{count} connections")
        with running(tmp_path, bundled(), "--workers", "2") as server:
            asyncio.run(run(server, count))
            assert server.ask("/v1/embeddings", body)[0] == 200
            assert server.stop() == 0


def test_slow_clients_hold_nobody(tmp_path: Path) -> None:
    """Bodies that come a byte at a time, on every one of many connections."""
    body = json.dumps({"model": NAME, "input": TEXTS[0]}).encode()
    whole = request("/v1/embeddings", body)

    async def slow(port: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in whole:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.005)
        status, _, _ = await asyncio.wait_for(read_answer(reader), 60)
        writer.close()
        return status

    async def run(server: Server) -> None:
        tasks = [asyncio.create_task(slow(server.port)) for _ in range(64)]
        await asyncio.sleep(0.2)
        assert (await asyncio.to_thread(server.ask, "/v1/embeddings", body))[0] == 200
        assert not any(task.done() for task in tasks)
        assert await asyncio.gather(*tasks) == [200] * 64

    with running(tmp_path, bundled(), "--workers", "1") as server:
        asyncio.run(run(server))
