"""A model source - a folder, a hub name, the bundled model - to a local folder."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

BUNDLED_MODEL: Final = "bundled:minilm"
"""Name of the model inside this package, accepted wherever a model source is.

all-MiniLM-L6-v2 (Apache-2.0) distilled with model2vec and made small; see docs/bundled-model.md.
"""

_BUNDLED_FOLDERS = {BUNDLED_MODEL: "minilm"}

# What the hub accepts as a name: one or two parts of letters, digits, "-", "_" and ".", with a dot
# not first. Compiled when it is asked for, which an import would have to wait for.
_HUB_NAME: Final = r"(?!\.)[\w.-]+(/[\w.-]+)?"
# Mistaken for a name: the address of its page, or a revision behind an "@".
_HUB_ADDRESS: Final = (
    r"(?:(?:https?://)?(?:huggingface\.co|hf\.co)/|hf://)?"
    r"(?P<name>(?!\.)[\w.-]+/(?!\.)[\w.-]+)(?:(?:@|/(?:tree|resolve|blob)/)(?P<revision>[\w.-]+))?/?"
)


class IncompleteModelError(FileNotFoundError, ValueError):
    """A folder is there, and a model's files are not: model2vec raises a ValueError then."""


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
    from pathlib import Path

    return Path(
        find(
            source,
            token=token,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            force_download=force_download,
        )
    )


def find(
    source: str | PathLike[str],
    *,
    token: str | bool | None,
    revision: str | None,
    subfolder: str | None,
    cache_dir: str | PathLike[str] | None,
    local_files_only: bool,
    force_download: bool,
) -> str:
    """Do what `resolve` does without pathlib, a good part of what a small model's load takes."""
    name = _name_of(source)
    if name in _BUNDLED_FOLDERS:
        folder = os.path.join(os.path.dirname(__file__), "bundled", _BUNDLED_FOLDERS[name])
    elif os.path.lexists(name):  # a link that leads nowhere is a broken folder, not a hub's name
        folder = name
    elif re.fullmatch(_HUB_NAME, hub_name := name.rstrip("/"), re.ASCII):
        from m2v_fast.hub import snapshot

        folder = str(
            snapshot(
                hub_name,
                token=token,
                revision=revision,
                subfolder=subfolder,
                cache_dir=cache_dir,
                local_files_only=local_files_only,
                force_download=force_download,
            )
        )
    elif name.startswith("bundled:"):
        raise FileNotFoundError(
            f"no bundled model is named {name!r}; there is: {', '.join(_BUNDLED_FOLDERS)}"
        )
    elif found := re.fullmatch(_HUB_ADDRESS, name, re.ASCII):
        at = f" and revision={found['revision']!r}" if found["revision"] else ""
        raise FileNotFoundError(
            f"{name}: no such folder; for the model on the hub pass {found['name']!r}{at}"
        )
    else:
        raise FileNotFoundError(
            f"{name}: no such folder, and not a name that the Hugging Face hub could have "
            '("owner/model")'
        )
    return os.path.join(folder, subfolder) if subfolder else folder


def _name_of(source: str | PathLike[str]) -> str:
    """Return a source as a str, with forward slashes if it is a relative path."""
    name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else None
    if not isinstance(name, str):
        raise TypeError(
            "the model source must be a folder (str or os.PathLike) or the name of a model, not "
            f"{source!r}"
        )
    if not name:
        raise FileNotFoundError("the model source is empty: pass a folder or a hub name")
    if name.startswith("~") and not os.path.lexists(name):
        expanded = os.path.expanduser(name)  # that of pathlib raises where there is no home
        if os.path.lexists(expanded):
            return expanded
    # Of a path of pathlib: the hub's names have forward slashes on Windows as well.
    as_posix = getattr(source, "as_posix", None)
    return name if as_posix is None or os.path.isabs(name) else str(as_posix())
