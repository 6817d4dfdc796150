"""Where compiled indexes of big vocabularies are kept.

An index is what a tokenizer.json with tens of thousands of pieces is made into, so that the next
load maps it instead of reading the file again. It is found by a hash of the file, checked when it
is opened, and never needed: if it cannot be read or written, the model loads without it.

The folder is the one that the environment variable `M2V_FAST_CACHE` names ("0" or "off" for none),
else `m2v_fast` in the user's cache folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from os import PathLike

_OFF = frozenset({"0", "off", "false", "no"})


def index_folder(index: bool | str | PathLike[str]) -> Path | None:
    """Return the folder for indexes, or None if none are to be kept.

    Args:
        index: True for the default folder, False for none, or a folder.
    """
    if index is False:
        return None
    if index is not True:
        return Path(index)
    wish = os.environ.get("M2V_FAST_CACHE")
    if wish is not None:
        return None if wish.lower() in _OFF or not wish else Path(wish)
    return user_cache_path("m2v_fast", appauthor=False)
