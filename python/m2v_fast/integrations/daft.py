"""A column of vectors for Daft's frames, and a provider for its `embed_text`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import missing
from m2v_fast.integrations._columns import handle

try:
    import daft
    from daft import DataType, Series
except ImportError as error:
    raise missing(__name__, "daft", error) from error

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast.bulk import Embedder
    from m2v_fast.static_model import StaticModel

_TYPES: dict[str, Any] = {
    "float32": DataType.float32,
    "int8": DataType.int8,
    "uint8": DataType.uint8,
    "binary": DataType.int8,
    "ubinary": DataType.uint8,
}


def embed_column(
    frame: daft.DataFrame,
    column: str,
    to: str,
    model: str | PathLike[str] | StaticModel | Embedder,
    **options: Any,
) -> daft.DataFrame:
    """Add a column of vectors to a frame.

    Args:
        frame: A frame of Daft's.
        column: Its column of texts.
        to: The column that is added: an embedding of the model's width, null for null.
        model: What `StaticModel.from_pretrained` takes, a loaded model, or an `Embedder`.
        **options: As for `m2v_fast.bulk.Embedder`.

    Raises:
        ValueError: Daft has no type for the vectors ("float16").
        FileNotFoundError, ConnectionError: As `Embedder`.
    """
    return frame.with_column(to, expression(daft.col(column), model, **options))


def expression(
    texts: daft.Expression, model: str | PathLike[str] | StaticModel | Embedder, **options: Any
) -> daft.Expression:
    """Return the expression that `embed_column` adds; arguments and errors are the same."""
    embed = handle(model, None, "embedding", options)
    kind = _TYPES.get(embed.output_dtype)
    if kind is None:
        raise ValueError(
            f"Daft has no type for {embed.output_dtype}; there are {', '.join(_TYPES)}"
        )

    @daft.cls
    class Encode:
        """Daft makes one for each worker of what is sent there."""

        def __init__(self, embed: Embedder) -> None:
            self._embed = embed

        @daft.method.batch(return_dtype=DataType.embedding(kind(), embed.dim))
        def encode(self, texts: Series) -> Any:
            """Texts to vectors."""
            import pyarrow as pa

            return pa.array(self._embed.encode(texts.to_arrow()))

    made: daft.Expression = Encode(embed).encode(texts)
    return made
