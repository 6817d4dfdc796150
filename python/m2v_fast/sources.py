"""A model source - a folder, a hub name, the bundled model - to a local folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from os import PathLike

BUNDLED_MODEL: Final = "bundled:minilm"
"""Name of the model inside this package, accepted wherever a model source is.

all-MiniLM-L6-v2 (Apache-2.0) distilled with model2vec and made small; see docs/bundled-model.md.
"""

_BUNDLED_FOLDERS = {BUNDLED_MODEL: "minilm"}

# What the hub accepts as a name: one or two parts of letters, digits, "-", "_" and ".".
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)


def resolve(
    source: str | PathLike[str],
    *,
    token: str | bool | None = None,
    revision: str | None = None,
    subfolder: str | None = None,
    cache_dir: str | PathLike[str] | None = None,
    local_files_only: bool = False,
    force_download: bool = False,
) -> Path:
    """Find the folder that holds a model's files.

    An existing folder is taken as it is. A hub name is looked up in the local cache, and only if it
    is not there in full (or with `force_download`) over the network.

    Args:
        source: A local folder, the name of a model on the Hugging Face hub, or `BUNDLED_MODEL`.
        token: Hub token for private models; by default the one that `hf auth login` stored.
        revision: Branch, tag or commit on the hub; by default the main branch.
        subfolder: Folder inside `source` that holds the model.
        cache_dir: The hub cache to use; by default huggingface_hub's.
        local_files_only: Never use the network.
        force_download: Fetch the files again even if they are cached.

    Raises:
        FileNotFoundError: There is no such folder, hub name, or cached copy.
        ConnectionError: The model is not cached, and the hub could not be reached.
        PermissionError: The hub refuses access.
    """
    name = os.fspath(source)
    if not name:
        raise FileNotFoundError("the model source is empty: pass a folder or a hub name")
    if name in _BUNDLED_FOLDERS:
        folder = Path(__file__).parent / "bundled" / _BUNDLED_FOLDERS[name]
    elif os.path.lexists(name):  # a link that leads nowhere is a broken folder, not a hub's name
        folder = Path(name)
    elif isinstance(source, str) and _HUB_NAME.fullmatch(name) and not name.startswith("."):
        from m2v_fast.hub import snapshot

        folder = snapshot(
            name,
            token=token,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            force_download=force_download,
        )
    elif name.startswith("bundled:"):
        raise FileNotFoundError(
            f"no bundled model is named {name!r}; there is: {', '.join(_BUNDLED_FOLDERS)}"
        )
    else:
        raise FileNotFoundError(
            f"{name}: no such folder, and not a name that the Hugging Face hub could have "
            '("owner/model")'
        )
    return folder / subfolder if subfolder else folder
