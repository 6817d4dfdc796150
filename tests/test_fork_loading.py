"""A fork at any moment of a first load, or of a first call, leaves a child that works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support import engines, process

if TYPE_CHECKING:
    from pathlib import Path

#: One process for each: microseconds from the start of the load to the first fork. What is made
#: once in a process is made within the first milliseconds.
DELAYS = (0, 300, 1000, 2500, 6000, 15_000)
FORKS = 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("name", engines.NAMES)
def test_forks_during_the_first_load(tmp_path: Path, name: str) -> None:
    folder = engines.write(tmp_path, name)
    script = process.CHILDREN / "fork_loading.py"
    codes = [process.answer(script, folder, str(delay), str(FORKS)) for delay in DELAYS]
    assert codes == [[0] * FORKS] * len(DELAYS)
