"""The examples for nginx and Caddy in docs/server.md, run as they stand there, addresses aside."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.server.conftest import NAME, ROOT, TEXTS, bundled, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m2v_fast import StaticModel


def _example(language: str) -> str:
    text = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    assert found is not None
    return found[1]


def _replace(text: str, parts: dict[str, str]) -> str:
    for old, new in parts.items():
        assert text.count(old) == 1, f"{old!r} is not in the example once"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def _proxy(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        # What a proxy keeps goes beside its log.
        kept = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(log.parent))
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **kept}
        )
        try:
            for _ in range(300):
                assert process.poll() is None, log.read_text()
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _ask(port: int, certificate: Path, body: bytes) -> tuple[int, Any, Any]:
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    request = urllib.request.Request(f"https://localhost:{port}/v1/embeddings", data=body)
    try:
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def _check(port: int, certificate: Path, reference: StaticModel) -> None:
    body = json.dumps({"model": NAME, "input": list(TEXTS)}).encode()
    for _ in range(50):
        status, got, headers = _ask(port, certificate, body)
        assert status == 200, got
        vectors = np.asarray([row["embedding"] for row in json.loads(got)["data"]], np.float32)
        np.testing.assert_array_equal(vectors, reference.encode(list(TEXTS)))
        assert headers["x-request-id"]
    assert _ask(port, certificate, b"{")[0] == 400


@pytest.fixture(scope="module")
def reference() -> StaticModel:
    import m2v_fast

    return m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)


def test_nginx(tmp_path: Path, certificate: Path, reference: StaticModel) -> None:
    port, path = _free_port(), tmp_path / "m2v.sock"
    example = _replace(
        _example("nginx"),
        {
            "unix:/run/m2v.sock": f"unix:{path}",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "cert.pem": str(certificate / "cert.pem"),
            "key.pem": str(certificate / "key.pem"),
        },
    )
    folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{name}_temp_path {tmp_path}/{name};\n" for name in folders)
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{example}\n}}\n"
    )
    command = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    with (
        running(tmp_path, bundled(), "--unix", str(path)),
        _proxy(command, port, tmp_path / "nginx.log"),
    ):
        _check(port, certificate, reference)
        # nginx has a limit of its own: it refuses by the length, before the body comes.
        context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=context)
        connection.putrequest("POST", "/v1/embeddings")
        connection.putheader("Content-Length", str(9 << 20))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_caddy(tmp_path: Path, certificate: Path, reference: StaticModel) -> None:
    port = _free_port()
    with running(tmp_path, bundled()) as server:
        # A certificate of the test's own, in place of one that Caddy would ask for.
        tls = f"  tls {certificate}/cert.pem {certificate}/key.pem\n"
        ours = f"https://localhost:{port} {{\n  bind 127.0.0.1\n{tls}"
        example = _replace(
            _example("caddy"),
            {
                "embed.example.org {\n": ours,
                "127.0.0.1:8080": f"127.0.0.1:{server.port}",
            },
        )
        options = "{\n  admin off\n  auto_https disable_redirects\n}\n"
        (tmp_path / "Caddyfile").write_text(options + example)
        command = ["caddy", "run", "--config", str(tmp_path / "Caddyfile"), "--adapter=caddyfile"]
        with _proxy(command, port, tmp_path / "caddy.log"):
            _check(port, certificate, reference)
