"""What the adapters of engines share: a model, however it is given, as a handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bulk import Embedder

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast.static_model import StaticModel


def handle(
    model: str | PathLike[str] | StaticModel | Embedder,
    column: str | None,
    to: str,
    options: dict[str, Any],
) -> Embedder:
    """Return a handle on a model: one that is given, or one of what `Embedder` takes.

    Raises:
        TypeError: Options are given together with a handle.
        FileNotFoundError, ConnectionError, ValueError: As `Embedder`.
    """
    if not isinstance(model, Embedder):
        return Embedder(model, column, to, **options)
    if options:
        raise TypeError(f"an Embedder has its own options: {', '.join(options)}")
    return model
