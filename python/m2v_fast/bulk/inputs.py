"""Names of inputs to files: globs, folders, addresses of object stores, standard input."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m2v_fast.bulk._pyarrow import pyarrow

#: Format by the end of a name, and what a compressed one ends with besides.
FORMATS = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "text",
    ".text": "text",
}
COMPRESSIONS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_URI = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """A file to read, and what tells that it is still the same one."""

    name: str
    """As it was asked for, for messages."""
    path: str
    format: str
    compression: str | None
    size: int
    time: int
    """Of the last change, in nanoseconds since the epoch."""
    filesystem: Any = None

    def stamp(self) -> list[Any]:
        """What a plan says of it."""
        return [self.name if self.filesystem is not None else self.path, self.size, self.time]

    def open(self, *, random: bool = False) -> Any:
        """Open it as a pyarrow file, decompressed unless `random` access is wanted.

        Raises:
            OSError: It cannot be opened, or is no longer what it was.
        """
        pa = pyarrow("reading files")
        from pyarrow import fs

        filesystem = self.filesystem or fs.LocalFileSystem()
        if self.path != "-":
            info = filesystem.get_file_info(self.path)
            if (info.size, info.mtime_ns) != (self.size, self.time):
                raise OSError(f"{self.name}: changed while the run was under way")
        if random:
            return filesystem.open_input_file(self.path)
        if self.path == "-":
            from m2v_fast import streams

            raw = pa.PythonFile(streams.standard_input(), mode="r")
            return raw if self.compression is None else pa.CompressedInputStream(raw, "gzip")
        return filesystem.open_input_stream(self.path, compression=self.compression)


def kind_of(name: str) -> tuple[str | None, str | None]:
    """Return format and compression by a file's name."""
    stem, end = os.path.splitext(name.lower())  # noqa: PTH122 - of addresses, too
    compression = COMPRESSIONS.get(end)
    if compression is not None:
        end = os.path.splitext(stem)[1]  # noqa: PTH122
    return FORMATS.get(end), compression


def find(names: tuple[str, ...], wanted: str | None) -> list[Source]:
    """Find the files that names stand for, in the order of their paths for each name.

    Args:
        names: Files, globs, folders (every file of a known format in them), addresses such as
            `s3://bucket/folder`, or "-".
        wanted: Their format; by default each file's name says.

    Raises:
        FileNotFoundError: Nothing is there.
        ValueError: The format of a file is not known.
    """
    found: dict[str, Source] = {}
    for name in names:
        if name == "-":
            source = Source("standard input", "-", wanted or "text", None, -1, 0)
            found["-"] = source
            continue
        for source in _find(name, wanted):
            found.setdefault(source.stamp()[0], source)
    return list(found.values())


def _find(name: str, wanted: str | None) -> list[Source]:
    from pyarrow import fs

    filesystem, path = None, name
    if _URI.match(name) and not name.lower().startswith("file://"):
        # What follows a question mark are options of the file system.
        address, mark, options = name.partition("?")
        fixed = re.split(r"[*\[]", address)[0]
        if fixed != address:
            fixed = fixed.rpartition("/")[0]
        filesystem, path = fs.FileSystem.from_uri(fixed + mark + options)
        infos = _remote(filesystem, path + address[len(fixed) :])
    else:
        if name.lower().startswith("file://"):
            path = name[7:]
        paths = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else [path]  # noqa: PTH207
        local = fs.LocalFileSystem()
        infos = []
        for one in paths:
            absolute = str(Path(one).absolute())
            info = local.get_file_info(absolute)
            if info.type == fs.FileType.Directory:
                infos += _in_folder(local, absolute)
            elif info.type != fs.FileType.NotFound:
                infos.append(info)
    if not infos:
        raise FileNotFoundError(f"{name}: no such file, nothing that fits, or an empty folder")
    root = name.partition("://")[0] + "://" if filesystem is not None else ""
    return [_source(info, filesystem, root, wanted) for info in infos]


def _in_folder(filesystem: Any, path: str) -> list[Any]:
    from pyarrow import fs

    wanted = fs.FileSelector(path, recursive=True, allow_not_found=True)
    infos = filesystem.get_file_info(wanted)
    return sorted(
        (
            info
            for info in infos
            if info.type == fs.FileType.File
            and not info.base_name.startswith(("_", "."))
            and kind_of(info.path)[0] is not None
        ),
        key=lambda info: info.path,
    )


def _remote(filesystem: Any, path: str) -> list[Any]:
    from fnmatch import fnmatchcase

    from pyarrow import fs

    fixed = re.split(r"[*\[]", path)[0]
    if fixed != path:
        # Everything below what has no wildcard, as a store has no folders.
        base = fixed.rpartition("/")[0]
        return [info for info in _in_folder(filesystem, base) if fnmatchcase(info.path, path)]
    info = filesystem.get_file_info(path.rstrip("/"))
    if info.type == fs.FileType.Directory:
        return _in_folder(filesystem, info.path)
    return [info] if info.type == fs.FileType.File else []


def _source(info: Any, filesystem: Any, root: str, wanted: str | None) -> Source:
    name = root + info.path
    kind, compression = kind_of(name)
    kind = wanted or kind
    if kind is None:
        raise ValueError(
            f"{name}: the end of the name does not say what it is; pass --input-format, one of "
            f"{', '.join(dict.fromkeys(FORMATS.values()))}"
        )
    return Source(name, info.path, kind, compression, info.size, info.mtime_ns or 0, filesystem)
