"""What callers pass for options: model2vec's own marks, mistakes, other libraries' keywords."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from m2v_fast._log import warning
from m2v_fast._unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Mapping

Unknown = Literal["drop", "keep"]
"""What becomes of unknown tokens."""

#: model2vec's `max_length` where nothing says another one.
DEFAULT_MAX_LENGTH = 512

#: Keywords that other libraries' `encode` has, and what does here what they would.
_ELSEWHERE = {
    "normalise": "normalize",
    "normalize_embeddings": "normalize",
    "precision": "output_dtype",
    "convert_to_tensor": "torch.from_numpy of the result",
    "prompt": "a text put together with its prompt",
    "prompt_name": "a text put together with its prompt",
}
_warned: set[str] = set()


def is_unset(value: object) -> bool:
    """Whether an argument is the mark for "not given", ours or that of model2vec."""
    if value is UNSET:
        return True
    kind = type(value)
    return kind.__name__ == "_UnsetType" and kind.__module__.partition(".")[0] == "model2vec"


def mapping(memory_map: bool | Literal["huge"]) -> tuple[bool, bool]:
    """Return whether files are mapped, and whether rows are in large pages.

    Raises:
        ValueError: It is another word than "huge".
    """
    if not isinstance(memory_map, str):
        return memory_map, False
    if memory_map != "huge":
        raise ValueError(f'memory_map must be True, False or "huge", not {memory_map!r}')
    return False, True


def limit(value: Any) -> int | None:
    """Check a `max_length`.

    Raises:
        TypeError: It is neither None nor an integer.
        ValueError: It is negative.
    """
    if value is None:
        return None
    try:
        number = index(value)
    except TypeError:
        raise TypeError(
            f"max_length must be an integer or None, not {type(value).__name__} ({value!r})"
        ) from None
    if number < 0:
        raise ValueError(f"max_length must be None or at least 0, not {number}")
    return number


def keeps(unknown: Unknown) -> bool:
    """Whether unknown tokens are kept.

    Raises:
        ValueError: `unknown` is neither "drop" nor "keep".
    """
    if unknown not in ("drop", "keep"):
        raise ValueError(f"unknown must be 'drop' or 'keep', not {unknown!r}")
    return unknown == "keep"


def columns(value: Any) -> int:
    """Check a `truncate_dim`.

    Raises:
        TypeError: It is no integer.
        ValueError: It is less than 1.
    """
    try:
        number = index(value)
    except TypeError:
        raise TypeError(
            f"truncate_dim must be an integer or None, not {type(value).__name__} ({value!r})"
        ) from None
    if number < 1:
        raise ValueError(f"truncate_dim must be None or at least 1, not {number}")
    return number


def truth(value: Any, name: str) -> bool:
    """Check an argument that says yes or no; a number does, too, as in model2vec.

    Raises:
        TypeError: It is something else: the text "no" would count as yes.
    """
    if isinstance(value, (bool, int, float, np.bool_, np.number)):
        return bool(value)
    raise TypeError(f"{name} must be True or False, not {type(value).__name__} ({value!r})")


def warn_of_ignored(keywords: Mapping[str, Any]) -> None:
    """Say once for each name that `encode` ignores a keyword which would change the result."""
    for name, value in keywords.items():
        instead = _ELSEWHERE.get(name)
        # None and False ask for what is done anyway, and so does the precision "float32". But
        # `normalise=False` may be meant to switch off what the model does.
        asked = value is not None and (value is not False or name.startswith("normali"))
        if instead is None or not asked or (name == "precision" and value == "float32"):
            continue
        if name not in _warned:
            _warned.add(name)
            message = "encode ignores %s=%r, as model2vec does: use %s"
            warning(__name__, message, name, value, instead)


def warn_of_change(config: Mapping[str, Any], name: str, value: object) -> None:
    """Say that a setting is not, or no longer, what the model's configuration says."""
    configured = config.get(name)
    if configured is not None and configured != value:
        warning(
            __name__,
            "%s is set to %r; the configuration said %r and is changed",
            name,
            value,
            configured,
        )
