"""The checked-in tables of the forms are what the installed reference does, for every scalar."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "scripts" / "make_form_tables.py"


def test_reference_still_agrees_with_the_tables() -> None:
    # Seconds: every scalar is asked about five times. Any version of the reference is asked: one
    # that differs is what this test is there to notice.
    checked = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
