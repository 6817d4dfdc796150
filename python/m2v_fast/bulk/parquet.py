"""Parquet files of rows and vectors.

pyarrow writes the columns that are kept. For the vectors it would work out, number by number, that
every list is as long as the last one, which takes longer than computing them: their pages are put
together here, of a few bytes that say so for all rows and of the numbers as they lie in memory.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast.bulk import thrift
from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.thrift import BINARY, I32, I64, LIST, STRUCT, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

#: Rows of a row group: with 256 float32 columns 25 MB, which readers can take at once.
GROUP_ROWS = 25_000
#: Bytes of a page, the piece that readers with a page index can take by itself.
PAGE_BYTES = 1 << 20

_MAGIC = b"PAR1"
#: How hard zstd tries on the kept columns.
_LEVEL = 3
# Of the format (parquet.thrift): fields and values that are written here.
_DATA_PAGE, _PLAIN, _RLE = 0, 0, 3
_UNCOMPRESSED, _ZSTD = 0, 6


class Pages:
    """The pages of a column of vectors, one row group after another.

    Numbers of two bytes and more are stored as they are: zstd takes about as long as computing them
    does, and saves three hundredths of float32 and nothing of float16. Those of one byte are stored
    in four, for Parquet has no smaller integers, and compressed.
    """

    def __init__(self, file: Any, width: int, dtype: np.dtype[Any]) -> None:
        """Write to a file that may be written to by others in between.

        Args:
            file: Of pyarrow.
            width: Numbers of a vector.
            dtype: Of a number.
        """
        self._file, self._width = file, width
        widened = dtype.itemsize == 1
        self._stored = np.dtype("<i4") if widened else dtype.newbyteorder("<")
        self._codec = pyarrow("writing files").Codec("zstd", 1) if widened else None
        self._rows = max(1, PAGE_BYTES // (width * self._stored.itemsize))

    @property
    def codec(self) -> int:
        """Parquet's number of the compression."""
        return _UNCOMPRESSED if self._codec is None else _ZSTD

    def write(self, pieces: list[tuple[NDArray[Any], NDArray[np.bool_] | None]]) -> Chunk:
        """Write a row group.

        Args:
            pieces: Vectors of shape (rows, width), and which of them are not null, if any is.
        """
        chunk = Chunk(self._file.tell())
        page: list[tuple[NDArray[Any], NDArray[np.bool_] | None]] = []
        room = self._rows
        for vectors, valid in pieces:
            start = 0
            while start < len(vectors):
                stop = min(start + room, len(vectors))
                page.append((vectors[start:stop], None if valid is None else valid[start:stop]))
                room -= stop - start
                start = stop
                if room == 0:
                    self._page(chunk, page)
                    page, room = [], self._rows
        if page:
            self._page(chunk, page)
        return chunk

    def _page(
        self, chunk: Chunk, page: list[tuple[NDArray[Any], NDArray[np.bool_] | None]]
    ) -> None:
        rows = sum(len(vectors) for vectors, _ in page)
        runs: list[tuple[bool, int]] = []
        numbers: list[Any] = []
        for vectors, valid in page:
            runs += [(True, len(vectors))] if valid is None else _runs(valid)
            there = vectors if valid is None else vectors[valid]
            # No copy, unless there are nulls or the numbers are widened.
            numbers.append(np.ascontiguousarray(there, self._stored).reshape(-1).view(np.uint8))
        values, levels = self._levels(runs)
        body = [levels, *numbers]
        size = sum(len(part) for part in body)
        stored = size
        if self._codec is not None:
            body = [self._codec.compress(b"".join(body), asbytes=True)]
            stored = len(body[0])
        data: Struct = {1: (I32, values), 2: (I32, _PLAIN), 3: (I32, _RLE), 4: (I32, _RLE)}
        header = thrift.encode(
            {1: (I32, _DATA_PAGE), 2: (I32, size), 3: (I32, stored), 5: (STRUCT, data)}
        )
        chunk.add(rows, values, len(header), size, stored)
        # Together with the header, what is small; numbers from where they are.
        self._file.write(header + body[0])
        for part in body[1:]:
            self._file.write(part)

    def _levels(self, runs: list[tuple[bool, int]]) -> tuple[int, bytes]:
        """Say where lists begin and what is there: how many numbers and nulls, and the bytes.

        A list begins where the first level is 0. The second is 2 for a number and 0 for a null.
        """
        width = self._width
        row = _run(1, 0) + (_run(width - 1, 1) if width > 1 else b"")
        begins, there = bytearray(), bytearray()
        count = 0
        for valid, rows in runs:
            if valid:
                begins += row * rows
                there += _run(rows * width, 2)
                count += rows * width
            else:
                begins += _run(rows, 0)
                there += _run(rows, 0)
                count += rows
        lengths = (struct.pack("<I", len(part)) for part in (begins, there))
        return count, next(lengths) + begins + next(lengths) + there


def _run(count: int, level: int) -> bytes:
    """So many times the same level."""
    return thrift.integer(count << 1) + bytes([level])


def _runs(valid: NDArray[np.bool_]) -> Iterator[tuple[bool, int]]:
    """Yield rows with the same answer that follow one another."""
    ends = [*(np.flatnonzero(valid[1:] != valid[:-1]) + 1).tolist(), len(valid)]
    start = 0
    for end in ends:
        yield bool(valid[start]), end - start
        start = end


class Chunk:
    """What the footer says of the vectors of a row group."""

    def __init__(self, start: int) -> None:
        """Begin at a place in the file."""
        self.start = self._at = start
        self.rows = self.values = self.size = self.stored = 0
        self._pages: list[Struct] = []

    def add(self, rows: int, values: int, header: int, size: int, stored: int) -> None:
        """Take note of a page that comes next: its rows and values, and the bytes of its parts."""
        place: Struct = {1: (I64, self._at), 2: (I32, header + stored), 3: (I64, self.rows)}
        self._pages.append(place)
        self._at += header + stored
        self.rows += rows
        self.values += values
        self.size += header + size
        self.stored += header + stored

    def index(self) -> bytes:
        """Where its pages are (OffsetIndex)."""
        return thrift.encode({1: (LIST, (STRUCT, self._pages))})

    def described(self, column: Struct, path: list[bytes], codec: int, index: int) -> Struct:
        """Describe it (ColumnChunk).

        Args:
            column: The numbers' entry in the schema.
            path: The names that lead to them.
            codec: The compression.
            index: Where its index is.
        """
        about: Struct = {
            1: column[1],
            2: (LIST, (I32, [_PLAIN, _RLE])),
            3: (LIST, (BINARY, path)),
            4: (I32, codec),
            5: (I64, self.values),
            6: (I64, self.size),
            7: (I64, self.stored),
            9: (I64, self.start),
        }
        return {
            2: (I64, 0),
            3: (STRUCT, about),
            4: (I64, index),
            5: (I32, len(self.index())),
        }


class File:
    """A file of kept columns and vectors, row group by row group."""

    def __init__(self, path: Path, schema: Any, width: int, dtype: np.dtype[Any]) -> None:
        """Begin it.

        Args:
            path: Where it is written.
            schema: Of all columns; the vectors are the last.
            width: Numbers of a vector.
            dtype: Of a number.
        """
        pa = pyarrow("writing files")
        from pyarrow import parquet as pq

        self._path, self._schema = path, schema
        self._file = pa.OSFile(str(path), "wb")
        self._pages = Pages(self._file, width, dtype)
        self._chunks: list[Chunk] = []
        self._kept = None
        if len(schema) > 1:
            self._kept = pq.ParquetWriter(
                self._file,
                pa.schema(list(schema)[:-1]),
                compression="zstd",
                compression_level=_LEVEL,
                write_page_index=True,
            )
        else:
            self._file.write(_MAGIC)

    def write(
        self, kept: list[Any], pieces: list[tuple[NDArray[Any], NDArray[np.bool_] | None]]
    ) -> None:
        """Write a row group: batches of the kept columns, and as many vectors."""
        if self._kept is not None:
            table = pyarrow("writing files").Table.from_batches(kept)
            self._kept.write_table(table, row_group_size=max(1, table.num_rows))
        # Its own place in the file, which pyarrow asks for before it writes the next one.
        self._chunks.append(self._pages.write(pieces))

    def close(self) -> None:
        """Write the footer."""
        groups: list[Struct]
        if self._kept is None:
            groups = [{1: (LIST, (STRUCT, []))} for _ in self._chunks]
        else:
            self._kept.close()
        self._file.close()
        with self._path.open("r+b") as file:
            if self._kept is not None:
                groups = _footer(file)[4][1][1]
            file.seek(0, 2)
            footer = _empty(self._schema)
            schema = footer[2][1][1]
            # The root, the kept columns, and of the vectors the list, its entries and the numbers.
            path = [element[4][1] for element in schema[-3:]]
            for number, (group, chunk) in enumerate(zip(groups, self._chunks, strict=True)):
                index = file.tell()
                file.write(chunk.index())
                columns = group[1][1][1]
                columns.append(chunk.described(schema[-1], path, self._pages.codec, index))
                abouts = [column[3][1] for column in columns]
                first = abouts[0]
                group[1] = (LIST, (STRUCT, columns))
                group[2] = (I64, sum(about[6][1] for about in abouts))
                group[3] = (I64, chunk.rows)
                group[5] = (I64, first.get(11, first[9])[1])
                group[6] = (I64, sum(about[7][1] for about in abouts))
                group[7] = (thrift.I16, number)
            footer[3] = (I64, sum(chunk.rows for chunk in self._chunks))
            footer[4] = (LIST, (STRUCT, groups))
            data = thrift.encode(footer)
            file.write(data + struct.pack("<I", len(data)) + _MAGIC)


def _footer(file: Any) -> Struct:
    """Take the footer off a file."""
    file.seek(-8, 2)
    length, magic = struct.unpack("<I4s", file.read(8))
    if magic != _MAGIC:
        raise RuntimeError("pyarrow wrote no footer")
    start = file.seek(-8 - length, 2)
    found = thrift.decode(file.read(length))
    file.seek(start)
    file.truncate()
    return found


def _empty(schema: Any) -> Struct:
    """The footer of a file of this schema without rows, as pyarrow writes it."""
    pa = pyarrow("writing files")
    from pyarrow import parquet as pq

    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema, write_page_index=True).close()
    return _footer(io.BytesIO(sink.getvalue().to_pybytes()))
