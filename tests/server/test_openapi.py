"""The OpenAPI document, the pages, and requests that are made of the document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.server.conftest import Server


DOCUMENT = (
    Path(__file__).resolve().parents[2] / "rust" / "server" / "src" / "pages" / "openapi.json"
)


def test_every_address_is_there(server: Server) -> None:
    status, document, _ = server.ask("/openapi.json")
    assert status == 200
    for path, operations in document["paths"].items():
        if "{" in path:
            continue
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            wish = (
                None
                if body is None
                else json.dumps(body["example"])
                .replace("minishlab/potion-base-8M", "minilm")
                .encode()
            )
            got = server.ask(path, wish, method=method.upper())
            assert str(got[0]) in operation["responses"], (path, got)
            assert got[0] < 300, (path, got)


def test_pages_need_no_network(server: Server) -> None:
    for path in ("/", "/docs"):
        status, page, headers = server.ask(path)
        assert status == 200
        assert headers["content-type"] == "text/html; charset=utf-8"
        for mark in ("http:", "https:", 'src="//', "@import"):
            assert mark not in page


def test_schemathesis(server: Server, tmp_path: Path) -> None:
    assert server.ask("/openapi.json")[1] == json.loads(DOCUMENT.read_text())
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            str(DOCUMENT),
            f"--url={server.url}",
            "--max-examples=15",
            "--seed=1",
            "--phases=examples,coverage,fuzzing",
            # Whatever is sent: no fault, and the answer is as the document says.
            "--checks=not_a_server_error,status_code_conformance,response_schema_conformance,"
            "content_type_conformance",
            "--generation-database=none",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
