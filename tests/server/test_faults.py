"""Clients that are slow, break off or ask for too much; signals while others ask."""

from __future__ import annotations

import contextlib
import json
import re
import resource
import shutil
import signal
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.server.conftest import NAME, TEXTS, binary, bundled, running

if TYPE_CHECKING:
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.server.conftest import Server

BODY = json.dumps({"model": NAME, "input": TEXTS[0]}).encode()
HEAD = b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


def _connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def _read(stream: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := stream.recv(65536):
            parts.append(part)
    return b"".join(parts)


def _answers(server: Server) -> bool:
    return server.ask("/v1/embeddings", BODY)[0] == 200


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("strict")
    limits = {"header-timeout": "1", "body-timeout": "1", "max-body": "10000", "max-chars": "5000"}
    arguments = [f"--{name}={value}" for name, value in limits.items()]
    with running(folder, bundled(), *arguments) as server:
        yield server


def test_slow_heads_are_cut_off(strict: Server) -> None:
    with _connect(strict) as stream:
        start = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for byte in HEAD % 5:
                stream.send(bytes([byte]))
                time.sleep(0.1)
                assert time.monotonic() - start < 15, "it is still listening"
        assert b"200 OK" not in _read(stream)
    assert _answers(strict)


def test_slow_bodies_are_cut_off(strict: Server) -> None:
    with _connect(strict) as stream:
        stream.sendall(HEAD % len(BODY) + BODY[:3])
        got = _read(stream)
    assert got.startswith(b"HTTP/1.1 408 ")
    assert b"took too long" in got
    assert _answers(strict)


def test_half_closed_connections_are_answered(server: Server) -> None:
    with _connect(server) as stream:
        stream.sendall(HEAD % len(BODY) + BODY)
        stream.shutdown(socket.SHUT_WR)
        assert _read(stream).startswith(b"HTTP/1.1 200 ")


def test_broken_off_bodies(server: Server) -> None:
    with _connect(server) as stream:
        stream.sendall(HEAD % len(BODY) + BODY[:10])
        stream.shutdown(socket.SHUT_WR)
        assert b"200 OK" not in _read(stream)
    assert _answers(server)


def test_body_limit(strict: Server) -> None:
    filler = b" " * 10_000
    for size, status in ((10_000, 200), (10_001, 413)):
        body = (BODY + filler)[:size]
        assert strict.ask("/v1/embeddings", body)[0] == status
    # Also without a length that tells.
    with _connect(strict) as stream:
        stream.sendall(b"POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(3):
                stream.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")
        assert _read(stream).startswith(b"HTTP/1.1 413 ")


def test_expect_continue_is_refused_before_the_body(strict: Server) -> None:
    with _connect(strict) as stream:
        head = HEAD % 10_001
        stream.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert _read(stream).startswith(b"HTTP/1.1 413 ")


def test_character_limit(strict: Server) -> None:
    status, got, _ = strict.ask("/v1/embeddings", {"model": NAME, "input": ["a" * 2501] * 2})
    assert status == 400
    assert "5002 characters; a request may have 5000" in got["error"]["message"]


def test_too_many_at_once(tmp_path: Path) -> None:
    with running(tmp_path, bundled(), "--max-concurrent", "2", "--grace", "1") as server:
        held = [_connect(server) for _ in range(2)]
        for stream in held:
            stream.sendall(HEAD % len(BODY) + BODY[:1])
        for _ in range(200):
            if "m2v_requests_active 3" in server.ask("/metrics")[1]:
                break
            time.sleep(0.02)
        status, got, headers = server.ask("/v1/embeddings", BODY)
        assert status == 429
        assert headers["retry-after"] == "1"
        assert got["error"]["code"] == "rate_limit_exceeded"
        assert server.ask("/health")[0] == 200
        for stream in held:
            stream.sendall(BODY[1:])
            assert stream.recv(12) == b"HTTP/1.1 200"
            stream.close()
        assert _answers(server)


def test_time_limit(tmp_path: Path) -> None:
    with running(tmp_path, bundled(), "--timeout", "0.001") as server:
        body = {"model": NAME, "input": ["word " * 500] * 1000}
        status, got, _ = server.ask("/v1/embeddings", body)
        assert status == 503
        assert "longer than requests may" in got["error"]["message"]


class _Load:
    """Threads that ask the same again and again, each over connections that it keeps."""

    def __init__(self, server: Server, wanted: list[bytes], threads: int = 8) -> None:
        self.server, self.wanted = server, wanted
        self.answered = 0
        self.refused = 0
        self.wrong: list[str] = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self.over.is_set():
            connection = HTTPConnection("127.0.0.1", self.server.port, timeout=20)
            try:
                connection.connect()
            except OSError:
                # Not accepted: it stopped listening.
                self.refused += 1
                self.over.wait(0.01)
                continue
            try:
                while not self.over.is_set():
                    connection.request("POST", "/v1/embeddings", BODY)
                    answer = connection.getresponse()
                    body = answer.read()
                    vector = body.split(b'"embedding":')[1] if answer.status == 200 else body
                    with self._lock:
                        self.answered += 1
                        if not any(vector.startswith(wanted) for wanted in self.wanted):
                            self.wrong.append(f"{answer.status} {body[:200]!r}")
                    if answer.getheader("connection") == "close":
                        break
            except (OSError, HTTPException) as error:
                with self._lock:
                    self.wrong.append(repr(error))
            finally:
                connection.close()

    def stop(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(30)


def _compact(values: list[float]) -> bytes:
    """The beginning of a vector, as the server writes it."""
    return ("[" + ",".join(repr(float(str(np.float32(value)))) for value in values[:3])).encode()


def test_no_request_is_lost_on_sigterm(tmp_path: Path, reference: StaticModel) -> None:
    wanted = _compact(reference.encode(TEXTS[0]).tolist())
    with running(tmp_path, bundled()) as server:
        load = _Load(server, [wanted])
        time.sleep(0.5)
        code = server.stop()
        load.stop()
    assert code == 0
    assert load.answered > 50
    assert not load.wrong, load.wrong[:3]


def test_reload_under_load(tmp_path: Path, reference: StaticModel) -> None:
    from m2v_fast.sources import resolve

    folder = tmp_path / "model"
    shutil.copytree(resolve("bundled:minilm"), folder)
    config = folder / "config.json"
    plain = json.loads(config.read_text())
    with running(tmp_path, f"{NAME}={folder}") as server:
        texts = [
            _compact(reference.encode(TEXTS[0], normalize=normalize).tolist())
            for normalize in (True, False)
        ]
        assert texts[0] != texts[1]
        load = _Load(server, texts, threads=4)
        for normalize in (False, True, False, True, False):
            # Replaced and not written to: requests under way have the old file mapped.
            new = folder / "config.new"
            new.write_text(json.dumps({**plain, "normalize": normalize}))
            new.replace(config)
            server.process.send_signal(signal.SIGHUP)
            wanted = reference.encode(TEXTS[0], normalize=normalize)
            for _ in range(200):
                got = server.ask("/v1/embeddings", BODY)[1]["data"][0]["embedding"]
                if np.array_equal(np.float32(got), wanted):
                    break
                time.sleep(0.02)
            else:
                raise AssertionError("the new model does not answer")
        load.stop()
        assert load.answered > 50
        assert not load.wrong, load.wrong[:3]
        # What cannot be loaded leaves everything as it is.
        config.write_text("{")
        server.process.send_signal(signal.SIGHUP)
        for _ in range(200):
            if "nothing was loaded anew" in server.log():
                break
            time.sleep(0.02)
        assert re.search(r"config\.json: not valid JSON", server.log())
        assert _answers(server)


def test_descriptors_exhausted(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        with running(tmp_path, bundled(), "--workers", "1") as server:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            idle = [_connect(server) for _ in range(80)]
            for _ in range(200):
                if "can be accepted for the moment" in server.log():
                    break
                time.sleep(0.02)
            assert "can be accepted for the moment" in server.log()
            for stream in idle:
                stream.close()
            assert _answers(server)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not log.exists()


def test_unix_socket(tmp_path: Path, reference: StaticModel) -> None:
    path = tmp_path / "socket"
    with running(tmp_path, bundled(), "--unix", str(path)) as server:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(str(path))
            stream.sendall(HEAD % len(BODY) + BODY)
            stream.shutdown(socket.SHUT_WR)
            got = _read(stream)
        body = json.loads(got.split(b"\r\n\r\n", 1)[1])
        np.testing.assert_array_equal(
            np.float32(body["data"][0]["embedding"]), reference.encode(TEXTS[0])
        )
        assert server.stop() == 0
    assert not path.exists()


def test_logs_hold_nothing_of_a_text(tmp_path: Path) -> None:
    arguments = (bundled(), "--log", "json", "--log-level", "debug")
    with running(tmp_path, *arguments) as server:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        headers = {"x-request-id": "mine-1", "traceparent": trace}
        for body in ({"inputs": "secret words"}, {"inputs": ["secret"], "x": "secret"}):
            _, _, got = server.ask("/embed", body, headers=headers)
            assert (got["x-request-id"], got["traceparent"]) == ("mine-1", trace)
        server.ask("/embed", b'{"inputs": "secret')
        server.ask("/embed", b'{"inputs": {"secret": 1}}')
        server.stop()
        lines = [json.loads(line) for line in server.log().splitlines()]
    assert any(line.get("id") == "mine-1" and line.get("trace") == trace for line in lines)
    assert "secret" not in server.log()


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "keys").write_text("# none\n")
    folder = bundled()
    for arguments, words in (
        ([], "MODEL"),
        ([str(tmp_path / "no")], "no such folder"),
        ([folder, folder], "two models are named"),
        ([folder, "--alias", "a=b"], 'no model is named "b"'),
        ([folder, "--api-key-file", str(tmp_path / "keys")], "no key in it"),
        ([folder, "--timeout", "0"], "seconds"),
        ([folder, "--cors", "x"], "https://HOST"),
        ([folder, "--unix", str(tmp_path / "keys")], "is no socket"),
    ):
        done = subprocess.run(
            [binary(), "--port", "0", *arguments]
            if "--unix" not in arguments
            else [binary(), *arguments],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode != 0
        assert words in done.stderr, done.stderr


def test_cors(tmp_path: Path, server: Server) -> None:
    origin = {"Origin": "https://page.example"}
    assert "access-control-allow-origin" not in server.ask("/info", headers=origin)[2]
    with running(tmp_path, bundled(), "--cors", "https://page.example") as open_to_one:
        headers = open_to_one.ask("/info", headers=origin)[2]
        assert headers["access-control-allow-origin"] == "https://page.example"
        other = open_to_one.ask("/info", headers={"Origin": "https://other.example"})[2]
        assert "access-control-allow-origin" not in other
