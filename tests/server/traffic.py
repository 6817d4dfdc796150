"""Many connections at once that are kept and ask again and again; every answer is looked at."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def request(path: str, body: bytes) -> bytes:
    """The bytes of a request over a connection that is kept."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status and body of an answer, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return status, await reader.readexactly(length), b"connection: close" in head


async def _ask(
    port: int, requests: Sequence[bytes], check: Callable[[int, int, bytes], None]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for place, data in enumerate(requests):
            writer.write(data)
            await writer.drain()
            status, body, over = await asyncio.wait_for(read_answer(reader), 60)
            check(place, status, body)
            assert not over, "the server ends a connection that is to be kept"
    finally:
        writer.close()


def ask_all(
    port: int, connections: int, requests: Sequence[bytes], check: Callable[[int, int, bytes], None]
) -> None:
    """Sends the requests over each of so many connections at once; `check` sees every answer."""

    async def run() -> None:
        await asyncio.gather(*(_ask(port, requests, check) for _ in range(connections)))

    asyncio.run(run())


@contextlib.contextmanager
def descriptors(wanted: int) -> Iterator[int]:
    """Lets this process and those that it starts have so many descriptors, or as many as may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield max(soft, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
