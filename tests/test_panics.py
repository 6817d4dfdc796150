"""A panic is a defect even where something catches it: a test during which one happens fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import process

if TYPE_CHECKING:
    from pathlib import Path

PANICS = """
import os

def test_with_a_panic():
    os.write(2, b"\\nthread 'main' panicked at rust/core/src/lib.rs:1:1:\\nindex out of bounds\\n")

def test_without():
    os.write(2, b"nothing to see\\n")
"""


def test_a_test_fails_during_which_something_panicked(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PANICS)
    done = process.run("-m", "pytest", "-p", "tests.conftest", tmp_path, cwd=tmp_path, panics=True)
    assert done.returncode == 1
    assert b"1 failed, 1 passed" in done.stdout
    assert b"something panicked" in done.stdout


def test_so_does_one_with_a_child_that_panicked() -> None:
    code = "import sys; sys.stderr.write(\"thread 'main' panicked at x.rs:1:1\")"
    with pytest.raises(AssertionError, match="panicked"):
        process.run("-c", code)
