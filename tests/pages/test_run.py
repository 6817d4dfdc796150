"""README and every page, run from top to bottom as they are printed.

`M2V_FAST_PAGES` names the environment whose blocks are run; the Makefile sets it where it is not
that of the other tests.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages import blocks, material
from tests.support import hub, process

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = os.environ.get("M2V_FAST_PAGES", blocks.HERE)

if os.name == "nt":
    pytest.skip("the pages are written for a POSIX shell", allow_module_level=True)
if not (blocks.ROOT / "rust" / "server").exists():
    pytest.skip("of a checkout, not of a source distribution", allow_module_level=True)


def _sessions() -> dict[str, list[blocks.Block]]:
    found: dict[str, list[blocks.Block]] = {}
    for block in blocks.all_blocks():
        if block.environment == ENVIRONMENT and block.not_run is None:
            found.setdefault(block.page, []).append(block)
    return found


SESSIONS = _sessions()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A hub that has the models that the pages name."""
    with hub.serve() as running:
        material.offer(running)
        yield running.address


def test_there_is_something_to_run() -> None:
    assert SESSIONS, f"no page has a block for the environment {ENVIRONMENT!r}"


@pytest.mark.parametrize("page", SESSIONS)
def test_page(page: str, address: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    material.lay(folder)
    session = tmp_path / "session.json"
    session.write_text(
        json.dumps([{**asdict(block), "name": block.name} for block in SESSIONS[page]]),
        encoding="utf-8",
    )
    done = process.run(
        "-m",
        "tests.pages.session",
        session,
        blocks.ROOT,
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HF_ENDPOINT": address,
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_OFFLINE": None,
            "TRANSFORMERS_OFFLINE": None,
        },
    )
    printed = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, printed
