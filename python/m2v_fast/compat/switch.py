"""Switching compat on for programs that are started, and for good in an environment.

Both ways lead to the folder `startup` beside this file: a child process finds it on PYTHONPATH, and
an environment's interpreter through a line in a .pth file of its site-packages.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

STARTUP = Path(__file__).resolve().parent / "startup"

#: The name is that of the file which older wheels brought along.
FILE = "m2v_fast_compat.pth"

_OFF = ("0", "false", "no", "off")
_FIRST = "import os, sys; folder = "
_LINE = (
    "{first}{folder}; os.path.isdir(folder) and (sys.path.insert(0, folder), "
    "__import__('_m2v_fast_startup'), sys.path.remove(folder))\n"
)
# What that file said, and the module beside it.
_OLD_FIRST = 'import os; os.environ.get("M2V_FAST_COMPAT", "0")'
_OLD_MODULE = "_m2v_fast_compat.py"
_OLD_MODULE_FIRST = '"""Imported at interpreter start if M2V_FAST_COMPAT says so'


class Found(NamedTuple):
    """A start-up file in a folder of site-packages."""

    path: Path
    kind: Literal["ours", "old", "unknown"]
    folder: str | None
    """The start-up folder that it names, if it is ours."""


def is_off() -> bool:
    """Whether M2V_FAST_COMPAT switches compat off."""
    return os.environ.get("M2V_FAST_COMPAT", "").strip().lower() in _OFF


def on_for_children(environment: MutableMapping[str, str]) -> None:
    """Change the environment of programs so that their Python processes have compat on.

    Raises:
        ValueError: The package lies in a folder that PYTHONPATH cannot name.
    """
    ours = str(STARTUP)
    if os.pathsep in ours:
        raise ValueError(f"{ours} cannot be named in PYTHONPATH, as it contains {os.pathsep!r}")
    before = environment.get("PYTHONPATH", "")
    others = [entry for entry in before.split(os.pathsep) if entry != ours] if before else []
    environment["PYTHONPATH"] = os.pathsep.join([ours, *others])


def for_good(*, user: bool) -> Path:
    """Return the folder of site-packages that `enable` writes to.

    Raises:
        ValueError: With `user`, this interpreter does not look into the user's site-packages.
    """
    if user:
        if not site.ENABLE_USER_SITE:
            raise ValueError(
                "this Python does not look into the user's site-packages (a virtual environment "
                "does not): leave --user away"
            )
        return Path(site.getusersitepackages())
    folders = [Path(folder) for folder in site.getsitepackages()]
    usual = Path(sysconfig.get_path("purelib"))
    return usual if usual in folders else folders[0]


def enable(*, user: bool) -> Path:
    """Write the start-up file, in one step, and return where it is.

    Raises:
        OSError: The folder cannot be written to.
        ValueError: As `for_good`; or a file of that name is there which is not ours.
    """
    from m2v_fast._native import NewFile

    folder = for_good(user=user)
    path = folder / FILE
    found = _look(path)
    if found is not None and found.kind == "unknown":
        raise ValueError(f"{path} is there and not of m2v_fast: it is left as it is")
    if user:
        folder.mkdir(parents=True, exist_ok=True)
    new = NewFile(path)
    # `ascii` keeps it one line, in any encoding.
    new.write(_LINE.format(first=_FIRST, folder=ascii(str(STARTUP))).encode("ascii"))
    new.commit()
    if found is not None and found.kind == "old":
        list(_without_old_module(folder))
    return path


def disable() -> Iterator[Path]:
    """Remove the start-up files of this environment, and those that older releases have left."""
    for found in files():
        if found.kind == "unknown":
            continue
        found.path.unlink()
        yield found.path
        if found.kind == "old":
            yield from _without_old_module(found.path.parent)


def _without_old_module(folder: Path) -> Iterator[Path]:
    module = folder / _OLD_MODULE
    if (_text(module) or "").startswith(_OLD_MODULE_FIRST):
        module.unlink()
        yield module


def files() -> list[Found]:
    """Find the start-up files that interpreters of this environment read."""
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    found = [_look(Path(folder) / FILE) for folder in dict.fromkeys(folders)]
    return [file for file in found if file is not None]


def by_path() -> bool:
    """Whether PYTHONPATH names a start-up folder, as it does below `m2v-fast run`."""
    return str(STARTUP) in os.environ.get("PYTHONPATH", "").split(os.pathsep)


def on_here() -> bool:
    """Whether this very interpreter was started with compat on."""
    module = sys.modules.get("_m2v_fast_startup")
    return module is not None and bool(module.on)


def _look(path: Path) -> Found | None:
    text = _text(path)
    if text is None:
        return None
    if text.startswith(_OLD_FIRST):
        return Found(path, "old", None)
    if not text.startswith(_FIRST):
        return Found(path, "unknown", None)
    from ast import literal_eval

    try:
        folder = str(literal_eval(text.removeprefix(_FIRST).partition("; os.path")[0]))
    except (ValueError, SyntaxError):
        return Found(path, "unknown", None)
    return Found(path, "ours", folder)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
