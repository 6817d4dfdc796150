"""`make ab`: two builds in turn, on few texts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import m2v_fast

ROOT = Path(__file__).resolve().parent.parent

#: A package that takes as long as it is told to, and gives as many zeros.
FAKE = """
import time
import numpy as np
class StaticModel:
    backend = "made up"
    @classmethod
    def from_pretrained(cls, folder):
        return cls()
    def encode(self, texts, num_threads):
        time.sleep({sleep})
        return np.zeros({zeros})
"""


def _compared(old: Path, new: Path, *more: str) -> str:
    few = ["--rounds", "2", "--texts", "10", "--seconds", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "benches.ab", str(old), str(new), *few, *more],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "M2V_FAST_TEST_DATA"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _ratios(told: str) -> dict[str, list[float]]:
    rows = [line.strip("|").split("|") for line in told.splitlines() if line.startswith("| Word")]
    return {f"{row[0].strip()}, {row[1].strip()}": [float(x) for x in row[-2:]] for row in rows}


def test_a_build_beside_itself() -> None:
    package = Path(m2v_fast.__file__).parent.parent
    told = _compared(package, package)
    assert set(_ratios(told)) == {
        f"WordPiece, {kind}, {turn}"
        for kind in ("en", "one query a call")
        for turn in ("first", "steady")
    }
    model = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)
    assert f"instruction set: {model.backend}; rounds: 2" in told
    assert "OTHER VECTORS" not in told
    mean = re.search(r"geometric mean of old/new: ([\d.]+) \(min\), ([\d.]+) \(median\)", told)
    assert mean is not None


def test_a_faster_build_of_other_vectors_out_of_a_wheel(tmp_path: Path) -> None:
    (tmp_path / "m2v_fast").mkdir()
    slow = FAKE.format(sleep=0.05, zeros=3)
    (tmp_path / "m2v_fast" / "__init__.py").write_text(slow, encoding="utf-8")
    wheel = tmp_path / "m2v_fast-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("m2v_fast/__init__.py", FAKE.format(sleep=0.0001, zeros=4))
    told = _compared(tmp_path, wheel)
    ratios = _ratios(told)
    assert len(ratios) == 4
    # Five hundred times as fast by what it sleeps, of which another program may take a part.
    assert all(minimum > 3 for name, (minimum, _) in ratios.items() if "steady" in name), told
    assert all(minimum > 1 for minimum, _ in ratios.values()), told
    assert told.count("OTHER VECTORS") == 4
