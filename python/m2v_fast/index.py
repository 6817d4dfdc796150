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
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from os import PathLike

_OFF = frozenset({"0", "off", "false", "no"})


# A vocabulary that is worth an index (60,000 pieces) takes more than this.
_LEAST_BYTES: Final = 1_000_000


def index_folder(index: bool | str | PathLike[str], model: Path) -> Path | None:
    """Return the folder for indexes, or None if none are to be kept.

    Args:
        index: True for the default folder, False for none, or a folder.
        model: The model's folder: a small vocabulary needs no index, and so no folder.
    """
    if index is False or _tokenizer_size(model) < _LEAST_BYTES:
        return None
    if index is not True:
        return Path(index)
    wish = os.environ.get("M2V_FAST_CACHE")
    if wish is not None:
        return None if wish.lower() in _OFF or not wish else Path(wish)
    # Imported here: it takes as long as loading a small model.
    from platformdirs import user_cache_path

    return user_cache_path("m2v_fast", appauthor=False)


def _tokenizer_size(model: Path) -> int:
    for name in ("tokenizer.json", "0_StaticEmbedding/tokenizer.json"):
        try:
            return (model / name).stat().st_size
        except OSError:
            continue
    return 0
