"""What other libraries' columns and tables have, as types."""

from __future__ import annotations

from typing import Any, Protocol, Union


class ArrowArray(Protocol):
    """Something that gives one array by the Arrow PyCapsule interface."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        """Return capsules of the type and of the buffers."""


class ArrowStream(Protocol):
    """Something that gives arrays one after another by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return a capsule of the stream."""


ArrowData = Union[ArrowArray, ArrowStream]  # noqa: UP007 - looked at while the module is made
"""A column or a table of whatever library."""
