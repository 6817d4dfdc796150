"""Models that travel as bytes: unpacked once for each machine, then mapped like any other."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from m2v_fast.bulk.fingerprint import files, fingerprint
from m2v_fast.index import default_folder


def pack(folder: Path) -> dict[str, bytes]:
    """Return the contents of a model's files by their names."""
    return {name: path.read_bytes() for name, path in files(folder).items()}


def place(mark: str) -> Path:
    """Return the folder that a shipped model is unpacked to on this machine."""
    kept = default_folder()
    if kept is None:
        # No cache is wanted, but a process must find what another unpacked.
        user = os.getuid() if hasattr(os, "getuid") else 0
        kept = str(Path(tempfile.gettempdir()) / f"m2v_fast-{user}")
    return Path(kept) / f"shipped-{mark[:32]}"


def unpack(contents: dict[str, bytes], mark: str) -> Path:
    """Write a model to its place, if it is not there already, and return that.

    The folder appears whole or not at all, whoever else unpacks the same meanwhile.

    Raises:
        OSError: It cannot be written; the message names the folder and the variable that moves it.
    """
    target = place(mark)
    with suppress(OSError):
        if fingerprint(target) == mark:
            return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    except OSError as error:
        raise OSError(
            error.errno,
            "a shipped model cannot be unpacked there: set M2V_FAST_CACHE to a folder that can be "
            "written",
            str(target.parent),
        ) from error
    try:
        for name, content in contents.items():
            path = making / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        _put(making, target, mark)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return target


def _put(making: Path, target: Path, mark: str) -> None:
    for last in (False, True):
        try:
            making.rename(target)
            return
        except OSError:
            # Somebody was faster, or something else is there.
            with suppress(OSError):
                if fingerprint(target) == mark:
                    return
            if last:
                raise
            stale = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
            with suppress(OSError):
                target.rename(stale / "old")
            shutil.rmtree(stale, ignore_errors=True)
