"""Runs a notebook from top to bottom, and keeps what its cells print and draw.

usage: python scripts/run_notebook.py NOTEBOOK; run by `make notebook`. It needs nbclient, ipykernel
and what the notebook imports.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


def run(path: Path) -> Any:
    """Return the notebook with fresh outputs."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        # When a cell ran is of no interest, and would differ each time.
        cell.metadata.clear()
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    # The kernel's own version would differ from machine to machine.
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main() -> None:
    """Run the notebook in its file."""
    path = Path(sys.argv[1])
    nbformat.write(run(path), path)


if __name__ == "__main__":
    main()
