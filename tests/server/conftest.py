"""A server of the tests' own: the binary on a free port of the loopback."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast
import pytest
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
NAME = "test/minilm"
TEXTS = (
    "How do I index vectors?",
    "Fünf große Äpfel 🍎 and a naïve café",
    "東京は日本の首都です",
    "a",
    "word " * 3000,
    'tab\tand\nnewline \\ "quoted" \u2028',
)


def binary() -> str:
    """The server under test: `M2V_SERVER`, or the one that is installed."""
    found = os.environ.get("M2V_SERVER") or shutil.which("m2v-server")
    assert found, "no m2v-server: `make test-server` builds and installs it"
    return found


class Server:
    """A running server."""

    def __init__(
        self,
        *arguments: str,
        log: Path,
        env: dict[str, str] | None = None,
        command: list[str] | None = None,
        only_env: dict[str, str] | None = None,
    ) -> None:
        """Starts the binary with these arguments, or a command that becomes it; `env` is added to
        this process's environment, `only_env` stands in its place."""
        self._log = log.open("wb")
        self.log_file = log
        if command is None:
            command = [binary(), *arguments]
            if "--unix" not in arguments:
                command += ["--port", "0"]
        if only_env is None:
            only_env = {**os.environ, "M2V_FAST_CACHE": "off", **(env or {})}
        self.process = subprocess.Popen(command, stderr=self._log, env=only_env)
        self.url = self._wait()

    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def _wait(self) -> str:
        for _ in range(600):
            if found := re.search(r"listening at (\S+?)[\s\"]", self.log()):
                return found[1]
            assert self.process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError(f"it does not listen:\n{self.log()}")

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON (or text) and headers of an answer. A body of bytes is sent as it is."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, raw, got = answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                status, raw, got = error.code, error.read(), dict(error.headers)
        text = raw.decode()
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        return status, value, {name.lower(): text for name, text in got.items()}

    def stop(self) -> int:
        """Asks it to end, and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=40)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self._log.close()


@contextlib.contextmanager
def running(folder: Path, *arguments: str, **options: Any) -> Iterator[Server]:
    """A server with the bundled model and these arguments; it must not have failed inside."""
    count = len(list(folder.glob("server*.log")))
    server = Server(*arguments, log=folder / f"server{count}.log", **options)
    try:
        yield server
    finally:
        server.stop()
    assert "a fault of the server" not in server.log(), server.log()


def bundled(name: str = NAME) -> str:
    return f"{name}={resolve(m2v_fast.BUNDLED_MODEL)}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(folder, bundled(), "--alias", "other=minilm", "--workers", "2") as server:
        yield server


@pytest.fixture(scope="session")
def reference() -> m2v_fast.StaticModel:
    return m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)
