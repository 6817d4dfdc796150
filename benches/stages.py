"""Ids and pooling apart and together, by instruction set: what `examples/stages.rs` tells."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"\s+([\d.]+)"
_STAGE = re.compile(
    rf"\s+(\w+)\s+first{_NUMBER} MB/s{_NUMBER} ns/token\s+steady{_NUMBER} MB/s{_NUMBER} ns/token"
    rf"{_NUMBER} texts/s"
)
_KEYS = ("first_mb_per_s", "first_ns_per_token", "mb_per_s", "ns_per_token", "docs_per_s")


def run(program: Path, folder: Path, texts: list[str]) -> list[dict[str, Any]]:
    """Stages of every instruction set, on one thread of Rust, without Python."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "texts.jsonl"
        lines = (json.dumps({"text": text}) + "\n" for text in texts)
        file.write_text("".join(lines), encoding="utf-8")
        command = [str(program), str(folder), str(file)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return list(_parse(done.stdout))


def _parse(told: str) -> Iterator[dict[str, Any]]:
    backend = ""
    for line in told.splitlines():
        found = _STAGE.match(line)
        if found:
            figures = map(float, found.groups()[1:])
            stage = {"backend": backend, "stage": found[1]}
            yield stage | dict(zip(_KEYS, figures, strict=True))
        else:
            backend = line.partition(" ")[0]
