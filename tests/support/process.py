"""Fresh Python processes: what a test says of one is not disturbed by what other tests imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TESTS = Path(__file__).resolve().parent.parent
CHILDREN = TESTS / "children"

#: Long enough for a slow, busy machine; only a hang reaches it.
PATIENCE = 180.0


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """The environment of a child: this one, with the tests' modules; None removes a variable."""
    env = {**os.environ, "PYTHONPATH": str(TESTS.parent), "PYTHONIOENCODING": "utf-8"}
    for name, value in (changes or {}).items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


def run(
    *arguments: str | Path,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
    panics: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Runs this interpreter with the arguments and waits for it. Nothing in it may panic, unless
    `panics` says so."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment(env),
        # An empty input, so that a child that reads by mistake ends instead of waiting.
        input=stdin or b"",
        cwd=cwd,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert panics or b"panicked at" not in done.stderr, done.stderr.decode("utf-8", "replace")
    return done


def answer(
    *arguments: str | Path,
    env: Mapping[str, str | None] | None = None,
    cwd: Path | None = None,
) -> Any:
    """Runs a child that must succeed, and reads the last line that it prints as JSON."""
    done = run(*arguments, env=env, cwd=cwd)
    output = done.stdout.decode("utf-8", "replace")
    errors = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, f"exit code {done.returncode}\n{output}\n{errors}"
    return json.loads(output.strip().splitlines()[-1])
