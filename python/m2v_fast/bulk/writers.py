"""A file of rows and vectors, which appears under its name once it is whole."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast.bulk._pyarrow import pyarrow

if TYPE_CHECKING:
    from pathlib import Path

    from m2v_fast._native import Vectors

#: What can be written, and how such files end.
ENDS = {"parquet": ".parquet", "arrow": ".arrow", "jsonl": ".jsonl", "npy": ".npy"}


def temporary(target: Path) -> Path:
    """Return the name under which a file is written: of this process, beside its place."""
    return target.with_name(f".{target.name}.tmp-{socket.gethostname()}-{os.getpid()}")


def remove_temporary(target: Path) -> None:
    """Remove what processes left of a file that ended before it was whole."""
    for path in target.parent.glob(f".{target.name}.tmp-*"):
        host, _, process = path.name.partition(".tmp-")[2].rpartition("-")
        if host == socket.gethostname() and _runs(process):
            continue
        with suppress(OSError):
            path.unlink()


def _runs(process: str) -> bool:
    if not process.isdigit() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Writer:
    """Writes rows of one file.

    Use as a context: leaving it by an exception removes what was written.
    """

    def __init__(self, target: Path, schema: Any, to: str, metadata: dict[str, str]) -> None:
        """Start a file.

        Args:
            target: Where it is to be.
            schema: Of the columns that are kept.
            to: Name of the column of vectors.
            metadata: What the file says of itself, if its format has a place for it.
        """
        self._target, self._temporary = target, temporary(target)
        self._schema, self._to, self._metadata = schema, to, metadata
        self._rows = 0
        self._open = self._left = False
        # Of rows that another thread adds, and of the end of the file.
        self._lock = threading.Lock()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            return
        # A thread that adds rows may still run and would start the file anew: where a join was
        # interrupted, Python 3.11 takes it for ended.
        with self._lock:
            self._left = True
            with suppress(Exception):
                self._close()
            with suppress(OSError):
                self._temporary.unlink()

    def add(self, kept: Any, vectors: Vectors) -> None:
        """Append some rows: a RecordBatch of the kept columns, and a vector for each.

        Once the context was left by an exception, they go nowhere.
        """
        with self._lock:
            if self._left:
                return
            if not self._open:
                self._start(vectors)
                self._open = True
            self._write(kept, vectors)
            self._rows += len(vectors)

    def commit(self, empty: Vectors) -> int:
        """Put the file in its place, and return its number of rows.

        Args:
            empty: Vectors of no text, of whose type a file without rows is.
        """
        if not self._open:
            self._start(empty)
            self._open = True
        self._close()
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())
        self._temporary.replace(self._target)
        if os.name == "posix":
            folder = os.open(self._target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self._rows

    def _start(self, vectors: Vectors) -> None:
        raise NotImplementedError

    def _write(self, kept: Any, vectors: Vectors) -> None:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError


class _Tables(Writer):
    """What Parquet and Arrow share: a schema with the vectors, and batches of it."""

    _made: Any

    def _whole_schema(self, vectors: Vectors) -> Any:
        pa = pyarrow("writing files")
        field = pa.field(self._to, pa.field(vectors).type)
        schema = pa.schema([*self._schema, field])
        return schema.with_metadata(self._metadata)

    def _batch(self, kept: Any, vectors: Vectors) -> Any:
        pa = pyarrow("writing files")
        columns = [kept.column(name) for name in self._schema.names]
        return pa.RecordBatch.from_arrays([*columns, pa.array(vectors)], schema=self._made)


class Parquet(_Tables):
    """Parquet: row groups of 25,000 rows with a page index, zstd but for vectors of floats."""

    def _start(self, vectors: Vectors) -> None:
        from m2v_fast.bulk import parquet

        self._group_rows = parquet.GROUP_ROWS
        schema = self._whole_schema(vectors)
        self._file = parquet.File(
            self._temporary, schema, vectors.shape[1], np.dtype(vectors.dtype)
        )
        self._kept: list[Any] = []
        self._pieces: list[tuple[Any, Any]] = []
        self._waiting = 0

    def _write(self, kept: Any, vectors: Vectors) -> None:
        numbers, valid = _numbers_of(vectors)
        start = 0
        while start < len(vectors):
            stop = min(len(vectors), start + self._group_rows - self._waiting)
            self._kept.append(kept.slice(start, stop - start))
            self._pieces.append((numbers[start:stop], None if valid is None else valid[start:stop]))
            self._waiting += stop - start
            start = stop
            if self._waiting == self._group_rows:
                self._group()

    def _group(self) -> None:
        self._file.write(self._kept, self._pieces)
        self._kept, self._pieces, self._waiting = [], [], 0

    def _close(self) -> None:
        if self._waiting:
            self._group()
        self._file.close()


class Arrow(_Tables):
    """An Arrow file, which readers map."""

    def _start(self, vectors: Vectors) -> None:
        from pyarrow import ipc

        self._made = self._whole_schema(vectors)
        self._file = pyarrow("writing files").OSFile(str(self._temporary), "wb")
        self._writer = ipc.new_file(self._file, self._made)

    def _write(self, kept: Any, vectors: Vectors) -> None:
        self._writer.write_batch(self._batch(kept, vectors))

    def _close(self) -> None:
        self._writer.close()
        self._file.close()


class JsonLines(Writer):
    """A JSON object a line."""

    def _start(self, vectors: Vectors) -> None:
        self._file = self._temporary.open("wb")

    def _write(self, kept: Any, vectors: Vectors) -> None:
        numbers, valid = _numbers_of(vectors)
        there_all = [True] * len(numbers) if valid is None else valid.tolist()
        lines = []
        records = kept.to_pylist() if self._schema.names else [{} for _ in there_all]
        for record, there, vector in zip(records, there_all, numbers, strict=True):
            made = {name: record[name] for name in self._schema.names}
            head = json.dumps(made, ensure_ascii=False, default=str)[:-1]
            head += ", " if made else ""
            shown = _numbers(vector) if there else "null"
            lines.append(f"{head}{json.dumps(self._to)}: {shown}}}\n")
        self._file.write("".join(lines).encode("utf-8"))

    def _close(self) -> None:
        self._file.close()


def _numbers_of(vectors: Vectors) -> tuple[Any, Any]:
    """Return the numbers, of shape (rows, width), and which rows are not null, if any is."""
    if vectors.null_count == 0:
        return np.asarray(vectors), None
    column = pyarrow("writing files").array(vectors)
    numbers = column.values.to_numpy(zero_copy_only=False)
    return numbers.reshape(vectors.shape), column.is_valid().to_numpy(zero_copy_only=False)


def _numbers(vector: Any) -> str:
    """The shortest digits that give the same numbers again."""
    if vector.dtype.kind != "f":
        return json.dumps(vector.tolist())
    return "[" + ", ".join(map(str, vector)) + "]"


class Npy(Writer):
    """A NumPy file of the vectors alone."""

    def _start(self, vectors: Vectors) -> None:
        self._file = self._temporary.open("wb")
        self._dtype, self._width = np.dtype(vectors.dtype), vectors.shape[1]
        self._head = self._header(0)
        self._file.write(self._head)

    def _header(self, rows: int) -> bytes:
        from numpy.lib import format as npy_format

        buffer = io.BytesIO()
        header = {
            "descr": npy_format.dtype_to_descr(self._dtype.newbyteorder("<")),
            "fortran_order": False,
            "shape": (rows, self._width),
        }
        npy_format.write_array_header_1_0(buffer, header)
        return buffer.getvalue()

    def _write(self, kept: Any, vectors: Vectors) -> None:
        self._file.write(np.asarray(vectors).data)

    def _close(self) -> None:
        head = self._header(self._rows)
        if len(head) != len(self._head):  # NumPy pads it so that the first axis can grow
            raise RuntimeError("the header of the .npy file changed its size")
        self._file.seek(0)
        self._file.write(head)
        self._file.close()


WRITERS: dict[str, type[Writer]] = {
    "parquet": Parquet,
    "arrow": Arrow,
    "jsonl": JsonLines,
    "npy": Npy,
}


def check(path: Path, kind: str) -> None:
    """Look whether a file that is there is whole.

    Raises:
        ValueError: It is not.
    """
    try:
        if kind == "parquet":
            from pyarrow import parquet as pq

            pq.read_metadata(path)
        elif kind == "arrow":
            from pyarrow import ipc

            with pyarrow("reading files").OSFile(str(path)) as file:
                ipc.open_file(file)
        elif kind == "npy":
            np.load(path, mmap_mode="r")
        elif path.stat().st_size:
            with path.open("rb") as file:
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":
                    raise ValueError("its last line is not whole")
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{path}: this part is there and cannot be read ({error}); remove it, and it is made "
            "again"
        ) from error
