"""A .npy file written row by row, into a file that appears once it is whole, or into a stream."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy_format

from m2v_fast._native import NewFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray


def write_file(path: Path, dim: int, parts: Iterable[NDArray[np.float32]]) -> int:
    """Write arrays of shape (n, dim) one below the other, and return the number of rows.

    The file appears under its name only once it is complete; what is not is removed.
    """
    file = NewFile(path)
    try:
        rows = 0
        header = _header(rows, dim)
        file.write(header)
        for part in parts:
            file.write_array(np.ascontiguousarray(part))
            rows += len(part)
        whole = _header(rows, dim)
        if len(whole) != len(header):  # NumPy pads the header so that the first axis can grow
            raise RuntimeError("the header of the .npy file changed its size")
        file.write_first(whole)
        file.commit()
    finally:
        file.discard()
    return rows


def write_stream(
    stream: BinaryIO, rows: int, dim: int, parts: Iterable[NDArray[np.float32]]
) -> int:
    """Write as many rows as are announced, as they come, and return how many.

    Raises:
        ValueError: There are more or fewer than that; what was written is not whole then.
    """
    stream.write(_header(rows, dim))
    written = 0
    for part in parts:
        if written + len(part) > rows:
            break
        stream.write(np.ascontiguousarray(part).data)
        written += len(part)
    else:
        if written == rows:
            stream.flush()
            return rows
    raise ValueError(f"the input changed while it was read: it no longer has {rows} texts")


def _header(rows: int, dim: int) -> bytes:
    buffer = io.BytesIO()
    header = {
        "descr": npy_format.dtype_to_descr(np.dtype("<f4")),
        "fortran_order": False,
        "shape": (rows, dim),
    }
    npy_format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()
