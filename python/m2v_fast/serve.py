"""`m2v-fast serve`: names to folders, and then the server in this process's place."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from m2v_fast.index import default_folder
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

_BINARY = "m2v-server"


def find_binary() -> str:
    """Return the path of the server that the package m2v-fast-server installs.

    Raises:
        FileNotFoundError: It is neither beside this interpreter nor on the search path.
    """
    beside = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")]
    found = shutil.which(_BINARY, path=os.pathsep.join(beside)) or shutil.which(_BINARY)
    if found is None:
        raise FileNotFoundError(
            f'{_BINARY} is not installed: pip install "m2v-fast[server]" (or `make server` in a '
            "checkout, and target/release on the PATH)"
        )
    return found


def command(words: Sequence[str], revision: str | None = None) -> list[str]:
    """Return the command that serves models.

    Args:
        words: The models, each as a folder or a hub name, or as `NAME=` and one of these; from the
            first word that begins with "-" on, arguments of the server.
        revision: Branch, tag or commit of those on the hub.

    Raises:
        FileNotFoundError: There is no such model, or no server.
        ValueError: No model is named.
    """
    count = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    models, rest = words[:count], list(words[count:])
    asks = {"-h", "--help", "-V", "--version"} & set(rest)
    if not models and not asks:
        raise ValueError("name the models first, and then the server's options")
    made = [find_binary(), *(_named_folder(model, revision) for model in models)]
    if not any(word.split("=")[0] == "--index-folder" for word in rest):
        folder = default_folder()
        made.append(f"--index-folder={'off' if folder is None else folder}")
    return made + rest


def _named_folder(model: str, revision: str | None) -> str:
    """Return `NAME=FOLDER`, where the name is what the user wrote."""
    name, equals, source = model.partition("=")
    if not equals or Path(model).exists():
        name, source = model, model
    folder = resolve(source, revision=revision).absolute()
    if name == model and Path(model).exists():
        name = ""  # a folder: the server takes its name
    return f"{name}={folder}" if name else str(folder)


def run(words: Sequence[str], revision: str | None = None) -> None:
    """Become the server: signals go straight to it, and no interpreter stays."""
    made = command(words, revision)
    os.execv(made[0], made)
