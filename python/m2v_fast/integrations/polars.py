"""A namespace for Polars' expressions: `pl.col("text").m2v.encode(model)`.

Importing this module registers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import missing
from m2v_fast.integrations._columns import handle

try:
    import polars as pl
except ImportError as error:
    raise missing(__name__, "polars", error) from error

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast.bulk import Embedder
    from m2v_fast.static_model import StaticModel

_TYPES = {
    "float32": pl.Float32,
    "int8": pl.Int8,
    "uint8": pl.UInt8,
    "binary": pl.Int8,
    "ubinary": pl.UInt8,
}
if hasattr(pl, "Float16"):
    _TYPES["float16"] = pl.Float16


class _Encode:
    """What an expression calls: pickled with a query, it is as small as the handle."""

    def __init__(self, embed: Embedder) -> None:
        self._embed = embed

    def __call__(self, texts: pl.Series) -> pl.Series:
        return pl.Series(self._embed.encode(texts)).alias(texts.name)


@pl.api.register_expr_namespace("m2v")
class M2VNamespace:
    """Vectors of an expression's texts."""

    def __init__(self, expression: pl.Expr) -> None:
        self._expression = expression

    def encode(
        self, model: str | PathLike[str] | StaticModel | Embedder, **options: Any
    ) -> pl.Expr:
        """Embed texts: an expression of type Array(Float32, dim), null for null.

            import m2v_fast.integrations.polars

            frame.lazy().with_columns(
                pl.col("text").m2v.encode("minishlab/potion-base-8M").alias("embedding")
            ).sink_parquet("out.parquet")

        It is element-wise, so queries stream through it.

        Args:
            model: What `StaticModel.from_pretrained` takes, a loaded model, or an `Embedder`.
            **options: As for `m2v_fast.bulk.Embedder`: `max_length`, `normalize`, `output_dtype`,
                `ranges`, `nulls`, `revision`, `num_threads`.

        Raises:
            FileNotFoundError, ConnectionError: As `StaticModel.from_pretrained`.
            ValueError: An option does not fit.
        """
        embed = handle(model, None, "embedding", options)
        dtype = _TYPES.get(embed.output_dtype)
        if dtype is None:
            raise ValueError(f"this release of Polars has no type for {embed.output_dtype}")
        return self._expression.map_batches(
            _Encode(embed), return_dtype=pl.Array(dtype, embed.dim), is_elementwise=True
        )
