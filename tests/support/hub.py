"""A small model hub on the loopback interface, with as much of the real one's API as a download
asks for: the commit of a revision, the list of its files, and the files with their headers.
"""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Files = dict[str, bytes]


@dataclass
class Repository:
    """Commits by hash, revisions by name, and who may read them."""

    commits: dict[str, Files] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    #: Files that the hub refuses to hand out.
    withheld: set[str] = field(default_factory=set)
    #: What every request is answered with instead: status and code.
    refusal: tuple[int, str] | None = None

    def commit(self, files: Files, *names: str) -> str:
        """Adds a commit, to which the names (`main`, say) point from now on."""
        digest = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits[digest] = files
        self.revisions.update(dict.fromkeys(names, digest))
        return digest

    def resolve(self, revision: str) -> str | None:
        """The commit that a revision means."""
        return revision if revision in self.commits else self.revisions.get(revision)


@dataclass
class Hub:
    """A running hub: its address, what it holds and what it was asked for."""

    address: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def asked(self) -> list[tuple[str, str]]:
        """Requests that concern a repository, as (method, path); then forgets them."""
        names = tuple(self.repositories)
        found = [r for r in self.requests if any(name in r[1] for name in names)]
        self.requests.clear()
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: ClassVar[Hub]

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append((self.command, path))
        api = path.startswith("/api/models/")
        name, rest = _split(path.removeprefix("/api/models").lstrip("/"))
        repository = self.hub.repositories.get(name)
        allowed = repository is not None and (
            repository.token is None
            or self.headers.get("Authorization") == f"Bearer {repository.token}"
        )
        if repository is None or not allowed:
            # As the real one: to strangers, a private repository is one that does not exist.
            self._refuse(401, "RepoNotFound")
            return
        if repository.refusal is not None:
            self._refuse(*repository.refusal)
            return
        what, revision, *inside = rest or ["revision", "main"]
        commit = repository.resolve(revision)
        if commit is None:
            self._refuse(404, "RevisionNotFound")
        elif not api:
            self._file(repository, commit, "/".join(inside))
        elif what == "tree":
            files = repository.commits[commit].items()
            self._json([_entry(name, data) for name, data in sorted(files)])
        else:
            siblings = [{"rfilename": file} for file in sorted(repository.commits[commit])]
            facts = {"_id": "0", "id": name, "modelId": name, "sha": commit, "siblings": siblings}
            self._json({**facts, "private": False, "tags": [], "downloads": 0, "likes": 0})

    def _file(self, repository: Repository, commit: str, file: str) -> None:
        data = repository.commits[commit].get(file)
        if data is None:
            self._refuse(404, "EntryNotFound")
        elif file in repository.withheld:
            self._refuse(403, "Forbidden")
        else:
            headers = {
                "ETag": f'"{_digest(data)}"',
                "X-Repo-Commit": commit,
                "Content-Type": "application/octet-stream",
            }
            self._send(200, headers, data)

    def _json(self, content: object) -> None:
        self._send(200, {"Content-Type": "application/json"}, json.dumps(content).encode())

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, {"X-Error-Code": code, "X-Error-Message": code}, b"")

    def _send(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _split(path: str) -> tuple[str, list[str]]:
    """`owner/name` and what follows."""
    parts = path.split("/")
    return "/".join(parts[:2]), parts[2:]


def _digest(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _entry(name: str, data: bytes) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(data), "oid": _digest(data)}


@contextmanager
def serve() -> Iterator[Hub]:
    """Runs a hub until the block ends; after that its address refuses connections."""

    class Handler(_Handler):
        """Of this hub alone."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.hub = Hub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Handler.hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
