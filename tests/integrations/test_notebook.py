"""examples/quickstart.ipynb runs from top to bottom, and does what the outputs kept in it show."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if find_spec("nbclient") is None or find_spec("matplotlib") is None:
    pytest.skip("needs nbclient and matplotlib", allow_module_level=True)

import nbformat

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"

sys.path.insert(0, str(ROOT / "scripts"))
from run_notebook import run  # noqa: E402 - the folder is named above


def _printed(notebook: Any) -> list[str]:
    """What cells print and return, the manual's paragraphs aside, which are of its release."""
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ())]
    assert not [out for out in outputs if out.get("name") == "stderr"]
    texts = [
        out.get("text") or out["data"]["text/plain"]
        for out in outputs
        if out.output_type != "display_data"
    ]
    return [text for text in texts if "[" not in text and "(" not in text]


def _pictures(notebook: Any) -> int:
    return sum(
        "image/png" in out.get("data", {})
        for cell in notebook.cells
        for out in cell.get("outputs", ())
    )


def test_it_runs_and_shows_what_it_did() -> None:
    kept = nbformat.read(NOTEBOOK, as_version=4)
    done = run(NOTEBOOK)
    printed = _printed(done)
    assert printed == _printed(kept)
    assert len(printed) == 3
    assert printed[-1] == "True"  # the vectors are model2vec's
    assert _pictures(done) == _pictures(kept) == 3
    assert [cell.source for cell in done.cells] == [cell.source for cell in kept.cells]
