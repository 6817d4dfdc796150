"""Where compiled indexes of big vocabularies are kept.

An index is what a tokenizer.json with tens of thousands of tokens is made into, so that the next
load takes it from there instead of reading the file again. It is found by a hash of the file,
checked when it is opened, and never needed: if it cannot be read or written, the model loads
without it.

The folder is the one that the environment variable `M2V_FAST_CACHE` names ("0" or "off" for none),
else `m2v_fast` in the user's cache folder. Several users may share one: an index is readable by all
who may read new files in it, and whoever comes second uses what is there. `M2V_FAST_CACHE_SIZE`
bounds it (2 GB by default): when an index is added, those not used for longest go.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from m2v_fast._log import warning

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast._native import Model

_OFF = frozenset({"0", "off", "false", "no"})


# A vocabulary of which an index is kept (60,000 tokens) takes more than this: `"word":12345,`.
_LEAST_BYTES: Final = 600_000


def index_folder(index: bool | str | PathLike[str], model: str | PathLike[str]) -> str | None:
    """Return the folder for indexes, or None if none are to be kept.

    Args:
        index: True for the default folder, False for none, or a folder.
        model: The model's folder: a small vocabulary needs no index, and so no folder.
    """
    if index is False or _tokenizer_size(model) < _LEAST_BYTES:
        return None
    if index is not True:
        return os.fspath(index)
    return default_folder()


def default_folder() -> str | None:
    """Return the folder for indexes unless a caller names another; None if there is none."""
    wish = os.environ.get("M2V_FAST_CACHE")
    if wish is not None:
        return None if wish.lower() in _OFF or not wish else wish
    if sys.platform == "linux":
        # What platformdirs says there. To import it takes as long as to load a small model.
        home = os.environ.get("XDG_CACHE_HOME", "")
        # The specification wants relative ones to be passed over.
        return os.path.join(
            home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "m2v_fast"
        )
    from platformdirs import user_cache_dir

    return user_cache_dir("m2v_fast", appauthor=False)


# Format and hash; "unigram" when only such models had them. Not what was made ahead of time.
_NAME: Final = r"(tokenizer|unigram)-\d+-[0-9a-f]+\.m2vindex"


class Entry(NamedTuple):
    """An index that is kept."""

    path: str
    size: int
    used: float
    """When it was used last, in seconds since the epoch, to a day."""


def kept(folder: str | PathLike[str]) -> list[Entry]:
    """Return the indexes that loading keeps in a folder, those used last first."""
    entries = []
    with suppress(OSError), os.scandir(folder) as files:  # no folder, or none of ours
        for file in files:
            # Those made ahead of time may lie there as well.
            if not re.fullmatch(_NAME, file.name):
                continue
            with suppress(OSError):  # gone meanwhile
                info = file.stat()
                entries.append(Entry(file.path, info.st_size, info.st_mtime))
    return sorted(entries, key=lambda entry: -entry.used)


def keep_within_bounds(folder: str) -> None:
    """Remove the indexes not used for longest, until the folder is as small as it is to be.

    The newest stays, whatever its size, and so does what another user owns.
    """
    room = _size(os.environ.get("M2V_FAST_CACHE_SIZE", ""))
    for place, entry in enumerate(kept(folder)):
        room -= entry.size
        if room < 0 and place > 0:
            with suppress(OSError):
                os.unlink(entry.path)


_UNITS: Final = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_DEFAULT_SIZE: Final = 2e9


def _size(text: str) -> float:
    text = text.strip().upper().removesuffix("B")
    if not text:
        return _DEFAULT_SIZE
    try:
        size = float(text.rstrip("KMGT")) * _UNITS.get(text[-1], 1)
    except ValueError:
        size = -1
    if not 0 <= size < float("inf"):
        _warn_once(f"M2V_FAST_CACHE_SIZE is {text!r}, not a size such as 500M; 2G is used")
        return _DEFAULT_SIZE
    return size


_warned: set[str] = set()


def _warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        warning(__name__, "%s", message)


def after_load(native: Model, folder: str | None) -> None:
    """Look after the folder once a model was loaded that may have added an index to it."""
    if folder is None or native.indexed:
        return
    if native.index_problem is None:
        keep_within_bounds(folder)
    elif not _warned:
        _warn_once(
            f"no index is kept, so each load reads the whole vocabulary again: "
            f"{native.index_problem}. Set M2V_FAST_CACHE to a folder that can be written, or to "
            '"off"'
        )


def _tokenizer_size(model: str | PathLike[str]) -> int:
    for name in ("tokenizer.json", "0_StaticEmbedding/tokenizer.json"):
        try:
            return os.stat(os.path.join(model, name)).st_size
        except OSError:
            continue
    return 0
