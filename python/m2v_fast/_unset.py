"""The default of arguments for which None already means something."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Unset(Enum):
    """A type of one value, so that type checkers can tell it from all others."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "<unset>"


UNSET: Final = Unset.UNSET
