"""A model by what its files hold: the same wherever they lie, another if one byte is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from m2v_fast._native import Model, is_model_folder

if TYPE_CHECKING:
    from pathlib import Path

#: What else may lie in a folder does not change a vector.
_NAMES = (
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "model.safetensors",
    "tokenizer.json",
    "0_StaticEmbedding/model.safetensors",
    "0_StaticEmbedding/tokenizer.json",
)


class _Stamp(NamedTuple):
    """What tells that a file is still the one that was read."""

    path: str
    size: int
    time: int
    inode: int
    device: int


_known: dict[_Stamp, str] = {}


def files(folder: Path) -> dict[str, Path]:
    """Return the files of the model in a folder, by their names in it.

    Raises:
        FileNotFoundError: There is no complete model.
    """
    if not is_model_folder(folder):
        Model.load(folder)  # which says what is missing
        raise FileNotFoundError(f"{folder}: no complete Model2Vec model")
    return {name: folder / name for name in _NAMES if (folder / name).is_file()}


def fingerprint(folder: Path) -> str:
    """Return a hash of the contents of a model's files, 64 hexadecimal digits.

    A file is read again only if its size, time or inode is another than when it was read last by
    this process.

    Raises:
        FileNotFoundError: There is no complete model.
    """
    whole = hashlib.sha256()
    for name, path in sorted(files(folder).items()):
        whole.update(f"{name}\0{_digest(path)}\0".encode())
    return whole.hexdigest()


def _digest(path: Path) -> str:
    info = path.stat()
    stamp = _Stamp(str(path), info.st_size, info.st_mtime_ns, info.st_ino, info.st_dev)
    known = _known.get(stamp)
    if known is None:
        content = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                content.update(block)
        known = _known[stamp] = content.hexdigest()
    return known
