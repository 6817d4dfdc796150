"""What a process holds, as Linux tells it: memory of its own, descriptors, mappings, threads."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_SELF = Path("/proc/self")

#: Whether there is anything to be told.
TELLS = (_SELF / "smaps_rollup").exists() and "RssAnon:" in (_SELF / "status").read_text()


def _field(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"the kernel does not tell {name}")


def anonymous() -> int:
    """Bytes of memory that belong to no file."""
    return _field(_SELF / "status", "RssAnon")


def trim() -> None:
    """Has the C library give memory that is free back to the system, so that none but what is in
    use is counted: it keeps an arena for each of the threads that came and went."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if give_back is not None:
        give_back(0)


def peak() -> int:
    """Most bytes that were resident at once, files included, since `reset_peak`."""
    return _field(_SELF / "status", "VmHWM")


def reset_peak() -> None:
    """Begin `peak` anew."""
    (_SELF / "clear_refs").write_text("5")


def private(pid: int | None = None) -> int:
    """Bytes of a process that no other process shares."""
    rollup = Path("/proc") / str(pid or "self") / "smaps_rollup"
    return sum(_field(rollup, name) for name in ("Private_Clean", "Private_Dirty"))


def open_files() -> dict[str, str]:
    """Open descriptors and what they are of."""
    found = {}
    for entry in (_SELF / "fd").iterdir():
        try:
            found[entry.name] = os.readlink(entry)  # noqa: PTH115 - may name a pipe
        except FileNotFoundError:  # the one that this listing itself had open
            continue
    return found


def mapped_files(folder: Path) -> list[str]:
    """Mappings of files below a folder."""
    lines = (_SELF / "maps").read_text().splitlines()
    return [line for line in lines if str(folder) in line]


def threads() -> int:
    """Threads of this process."""
    return len(list((_SELF / "task").iterdir()))
