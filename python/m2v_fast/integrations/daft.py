"""A column of vectors for Daft's frames, and a provider for its `embed_text`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, missing
from m2v_fast.integrations._columns import handle

try:
    import daft
    from daft import DataType, Series
    from daft.ai.protocols import TextEmbedderDescriptor
    from daft.ai.provider import Provider
    from daft.ai.typing import EmbeddingDimensions, UDFOptions
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

    kind_of_vectors = DataType.embedding(kind(), embed.dim)

    @daft.cls
    class Encode:
        """Daft makes one for each worker of what is sent there."""

        def __init__(self, embed: Embedder) -> None:
            self._embed = embed

        @daft.method.batch(return_dtype=kind_of_vectors)
        def encode(self, texts: Series) -> Any:
            """Texts to vectors."""
            import pyarrow as pa

            return pa.array(self._embed.encode(texts.to_arrow()))

    made: daft.Expression = Encode(embed).encode(texts)
    return made


class M2VFastProvider(Provider):
    """A provider for Daft's own `embed_text`.

        embed_text(daft.col("text"), provider=M2VFastProvider(), model="minishlab/potion-base-8M")

    Daft hands such providers lists of str and takes lists of arrays: `embed_column` does without.
    """

    def __init__(self, **options: Any) -> None:
        """Make a provider.

        Args:
            **options: As for `m2v_fast.bulk.Embedder`, for every model of this provider.
        """
        self._options = options

    @property
    def name(self) -> str:
        """What Daft calls it."""
        return "m2v_fast"

    def get_text_embedder(
        self, model: str | None = None, dimensions: int | None = None, **options: Any
    ) -> TextEmbedderDescriptor:
        """Describe a model.

        Raises:
            ValueError: It has another width than is asked for, or an option does not fit.
        """
        embed = handle(model or DEFAULT_MODEL, None, "embedding", {**self._options, **options})
        if dimensions not in (None, embed.dim):
            raise ValueError(f"vectors of {embed.dim} numbers cannot become {dimensions}")
        return _Descriptor(embed)


class _Descriptor(TextEmbedderDescriptor):
    """What Daft sends to its workers: a handle."""

    def __init__(self, embed: Embedder) -> None:
        self._embed = embed

    def get_provider(self) -> str:
        return "m2v_fast"

    def get_model(self) -> str:
        return repr(self._embed)

    def get_options(self) -> dict[str, Any]:
        return {}

    def get_dimensions(self) -> EmbeddingDimensions:
        return EmbeddingDimensions(self._embed.dim, _TYPES[self._embed.output_dtype]())

    def get_udf_options(self) -> UDFOptions:
        return UDFOptions()

    def instantiate(self) -> _TextEmbedder:
        return _TextEmbedder(self._embed)


class _TextEmbedder:
    """What Daft asks in a worker."""

    def __init__(self, embed: Embedder) -> None:
        self._embed = embed

    def embed_text(self, text: list[str | None]) -> list[Any]:
        import pyarrow as pa

        made = pa.array(self._embed.encode(pa.array(text, pa.string())))
        valid = made.is_valid().to_pylist()
        numbers = made.values.to_numpy(zero_copy_only=False).reshape(len(valid), -1)
        return [row if there else None for row, there in zip(numbers, valid, strict=True)]
