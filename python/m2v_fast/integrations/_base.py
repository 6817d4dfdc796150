"""What all adapters share: where a model comes from, and what a configuration keeps of it."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

DEFAULT_MODEL: Final = "minishlab/potion-base-8M"
"""The model of an adapter that is not told which."""

# Used while loading, but not part of what a component is: a secret, and an order to fetch anew.
_NOT_KEPT = frozenset({"token", "force_download"})


def missing(adapter: str, package: str, error: ImportError, extra: str = "") -> ImportError:
    """Return the error of an adapter whose framework cannot be imported.

    Args:
        adapter: Full name of the adapter's module.
        package: What the framework is called in a package registry.
        error: The error of the framework's import.
        extra: Name of the extra; by default the last part of the module's name.
    """
    extra = extra or adapter.rpartition(".")[2]
    return ImportError(
        f"{adapter} needs {package} ({error}): pip install 'm2v-fast[{extra}]'", name=error.name
    )


def load(source: str | PathLike[str] | StaticModel, arguments: Mapping[str, Any]) -> StaticModel:
    """Load a model, or take a loaded one.

    Args:
        source: What `StaticModel.from_pretrained` takes, or a `StaticModel`.
        arguments: Arguments of `StaticModel.from_pretrained`; a loaded model takes none.

    Raises:
        TypeError: Arguments are given together with a loaded model.
        FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
    """
    if not isinstance(source, StaticModel):
        return StaticModel.from_pretrained(source, **arguments)
    if arguments:
        raise TypeError(f"a loaded model takes no arguments: {', '.join(arguments)}")
    return source


def vectors(model: StaticModel, texts: Iterable[str]) -> list[NDArray[np.float32]]:
    """Embed texts.

    Returns:
        One float32 array of shape (dim,) for each; none for no texts.

    Raises:
        TypeError: `texts` is one str, or an item is not a str.
    """
    if isinstance(texts, str):
        raise TypeError("a list of texts is needed, not one text")
    return list(model.encode(texts))


def plain(value: Any) -> Any:
    """Return a path as a str, and everything else as it is: configurations become JSON."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a configuration keeps of the arguments that a model was loaded with."""
    return {name: plain(value) for name, value in arguments.items() if name not in _NOT_KEPT}


def load_again(source: str, arguments: Mapping[str, Any]) -> StaticModel:
    """Load the model that a stored configuration names.

    Databases read the configuration with every query, so the last few models are kept.
    """
    return _load_again(json.dumps([source, arguments], sort_keys=True))


@lru_cache(maxsize=4)
def _load_again(key: str) -> StaticModel:
    source, arguments = json.loads(key)
    return StaticModel.from_pretrained(source, **arguments)
