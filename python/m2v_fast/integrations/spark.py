"""A column of vectors for Spark's frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import missing
from m2v_fast.integrations._columns import handle

try:
    from pyspark.sql import functions
    from pyspark.sql.types import ArrayType, ByteType, FloatType, ShortType
except ImportError as error:
    raise missing(__name__, "pyspark", error) from error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from pyspark.sql import DataFrame

    from m2v_fast.bulk import Embedder
    from m2v_fast.static_model import StaticModel

_TYPES = {
    "float32": FloatType,
    "int8": ByteType,
    "binary": ByteType,
    # Spark has no unsigned bytes.
    "uint8": ShortType,
    "ubinary": ShortType,
}


def udf(model: str | PathLike[str] | StaticModel | Embedder, **options: Any) -> Any:
    """Make a function of columns: texts to arrays of numbers, null for null.

        embed = m2v_fast.integrations.spark.udf("/shared/potion-base-8M")
        frame.select("id", embed("text").alias("embedding"))

    Args:
        model: What `StaticModel.from_pretrained` takes, a loaded model, or an `Embedder`. Workers
            look it up again: see `ship` there.
        **options: As for `m2v_fast.bulk.Embedder`.

    Raises:
        ValueError: Spark has no type for the vectors ("float16").
        FileNotFoundError, ConnectionError: As `Embedder`.
    """
    embed = handle(model, None, "embedding", options)
    kind = _TYPES.get(embed.output_dtype)
    if kind is None:
        raise ValueError(
            f"Spark has no type for {embed.output_dtype}; there are {', '.join(_TYPES)}"
        )

    def vectors(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for texts in batches:
            made = pa.array(embed.encode(texts))
            # Spark's arrays have no fixed size.
            yield made.cast(pa.list_(made.type.value_type))

    # Spark reads what an arrow_udf takes and gives from these.
    import pyarrow as pa

    vectors.__annotations__ = {
        "batches": _iterator_of(pa.Array),
        "return": _iterator_of(pa.Array),
    }
    return functions.arrow_udf(vectors, ArrayType(kind(), containsNull=False))


def _iterator_of(kind: Any) -> Any:
    from collections.abc import Iterator

    return Iterator[kind]


def embed_column(
    frame: DataFrame,
    column: str,
    to: str,
    model: str | PathLike[str] | StaticModel | Embedder,
    **options: Any,
) -> DataFrame:
    """Add a column of vectors to a frame, which workers compute with a thread each.

    Args:
        frame: A frame of Spark's.
        column: Its column of texts.
        to: The column that is added, or replaced: array<float>, null for null.
        model: As for `udf`.
        **options: As for `udf`.

    Raises:
        ValueError, FileNotFoundError, ConnectionError: As `udf`.
    """
    return frame.withColumn(to, udf(model, **options)(functions.col(column)))
