"""pyarrow, which only files and tables of its own need."""

from __future__ import annotations

from typing import Any


def pyarrow(what: str) -> Any:
    """Import pyarrow.

    Args:
        what: What it is needed for.

    Raises:
        ImportError: It is not installed; the message says what to do.
    """
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            f"{what} needs pyarrow ({error}): pip install 'm2v-fast[files]'", name="pyarrow"
        ) from error
    return pyarrow
