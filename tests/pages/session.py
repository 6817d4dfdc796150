"""Runs the blocks of a page, one after the other, in this interpreter and in shells.

usage: python -m tests.pages.session FILE; FILE is JSON: a list of blocks. The first that fails, or
prints something else than the page shows, ends it with a message that names the page and the line.
"""

from __future__ import annotations

import contextlib
import difflib
import doctest
import io
import json
import subprocess
import sys
import time
import traceback
import types
import urllib.request
from pathlib import Path
from typing import Any

#: Tenths of a second for a server to answer.
PATIENCE = 300
_LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _fits(wanted: str, printed: str) -> bool:
    """Whether it is what the page shows; there, … stands for anything."""
    return doctest.OutputChecker().check_output(wanted.replace("…", "..."), printed, _LIKE)


def _python(block: dict[str, Any], module: types.ModuleType) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block["code"], block["name"], "exec"), module.__dict__)
    return printed.getvalue()


def _shell(block: dict[str, Any], checkout: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block["code"]],
        cwd=checkout if block["at_checkout"] else None,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Server:
    """A block that keeps running: at most one at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, block: dict[str, Any]) -> str:
        """Start it in the place of the one before, and wait until it answers."""
        self.stop()
        # Bash becomes the last command of its script, so that it is what is ended.
        self._process = subprocess.Popen(["bash", "-euc", block["code"]])
        for _ in range(PATIENCE):
            if self._process.poll() is not None:
                raise RuntimeError("it does not keep running")
            with contextlib.suppress(OSError), urllib.request.urlopen(block["url"]) as answer:
                return str(answer.status)
            time.sleep(0.1)
        raise RuntimeError(f"nothing answers at {block['url']}")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None


def main() -> None:
    """Run them."""
    server = Server()
    try:
        _run(server)
    finally:
        server.stop()


def _run(server: Server) -> None:
    blocks = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # As in a script or at a prompt, so that what pickles by name works.
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    for block in blocks:
        try:
            if block["language"] == "python":
                printed = _python(block, module)
            elif block["url"] is not None:
                printed = server.start(block)
            else:
                printed = _shell(block, sys.argv[2])
        except BaseException:
            traceback.print_exc()
            sys.exit(f"{block['name']} fails:\n{block['code']}")
        wanted = block["output"]
        if wanted is not None and not _fits(wanted, printed):
            lines = difflib.unified_diff(
                wanted.splitlines(),
                printed.splitlines(),
                "the page",
                "what is printed",
                lineterm="",
            )
            sys.exit(f"{block['name']} prints something else:\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
