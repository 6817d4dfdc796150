"""`m2v-fast embed` run in this process, and what it wrote."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
from click.testing import CliRunner
from m2v_fast.cli import main

if TYPE_CHECKING:
    from pathlib import Path

pa: Any = importlib.import_module("pyarrow")


def embed(*arguments: Any, code: int = 0, stdin: bytes | None = None) -> str:
    """Run it, and return what it says; it must end with that exit code."""
    done = CliRunner().invoke(main, ["embed", *map(str, arguments)], input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def read(path: Path) -> Any:
    """The table in a file, or in the parts of a folder."""
    if path.is_dir():
        return pa.concat_tables([read(part) for part in parts(path)])
    if path.suffix == ".parquet":
        from pyarrow import parquet as pq

        return pq.read_table(path)
    if path.suffix == ".arrow":
        from pyarrow import ipc

        with pa.OSFile(str(path)) as file:
            return ipc.open_file(file).read_all()
    from pyarrow import json as pa_json

    return pa_json.read_json(path)


def parts(folder: Path) -> list[Path]:
    """The parts of a folder in order."""
    return sorted(path for path in folder.iterdir() if path.name.startswith("part-"))


def vectors(column: Any) -> Any:
    """A column of vectors without nulls as an array."""
    return np.array(column.to_pylist(), np.float32)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
