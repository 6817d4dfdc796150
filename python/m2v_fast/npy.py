"""A .npy file written row by row, its number of rows not known beforehand."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy_format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def write_rows(output: Path | IO[bytes], dim: int, parts: Iterable[NDArray[np.float32]]) -> int:
    """Write arrays of shape (n, dim) one below the other, and return the number of rows.

    A file appears under its name only once it is complete. A stream, which may be a pipe, is
    written from a temporary file at the end.
    """
    folder = output.parent if isinstance(output, Path) else None
    if folder is not None and not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder to write {output} into")
    with NamedTemporaryFile(dir=folder, prefix=".m2v-fast-", suffix=".npy", delete=False) as file:
        temporary = Path(file.name)
        try:
            rows = 0
            _write_header(file, rows, dim)
            start = file.tell()
            for part in parts:
                file.write(np.ascontiguousarray(part).data)
                rows += len(part)
            file.seek(0)
            _write_header(file, rows, dim)
            if file.tell() != start:  # NumPy pads the header so that the first axis can grow
                raise RuntimeError("the header of the .npy file changed its size")
            if isinstance(output, Path):
                file.close()
                temporary.chmod(0o666 & ~_umask())
                temporary.replace(output)
            else:
                file.seek(0)
                shutil.copyfileobj(file, output)
                output.flush()
        finally:
            file.close()
            temporary.unlink(missing_ok=True)
    return rows


def _write_header(file: IO[bytes], rows: int, dim: int) -> None:
    header = {
        "descr": npy_format.dtype_to_descr(np.dtype("<f4")),
        "fortran_order": False,
        "shape": (rows, dim),
    }
    npy_format.write_array_header_1_0(file, header)


def _umask() -> int:
    """Return the permissions that new files do not get: temporary files ignore it."""
    import os

    mask = os.umask(0o077)
    os.umask(mask)
    return mask
