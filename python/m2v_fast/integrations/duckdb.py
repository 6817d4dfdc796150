"""A function for DuckDB: `select m2v(text) from documents`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from m2v_fast.bulk import Embedder
from m2v_fast.integrations._base import missing
from m2v_fast.integrations._columns import handle

try:
    import duckdb
except ImportError as error:
    raise missing(__name__, "duckdb", error) from error

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast.static_model import StaticModel

_TYPES = {
    "float32": "FLOAT",
    "int8": "TINYINT",
    "uint8": "UTINYINT",
    "binary": "TINYINT",
    "ubinary": "UTINYINT",
}


def register(
    connection: duckdb.DuckDBPyConnection | None,
    model: str | PathLike[str] | StaticModel | Embedder,
    name: str = "m2v",
    **options: Any,
) -> None:
    """Make a function of DuckDB's of a model, VARCHAR to FLOAT[dim], null for null.

        m2v_fast.integrations.duckdb.register(connection, "minishlab/potion-base-8M")
        connection.sql("select id, m2v(text) as embedding from documents")

    DuckDB asks it from all of its threads at once, so each call uses one.

    Args:
        connection: A connection; None for DuckDB's default one.
        model: What `StaticModel.from_pretrained` takes, a loaded model, or an `Embedder`.
        name: The function's name; one of this name is replaced.
        **options: As for `m2v_fast.bulk.Embedder`: `max_length`, `normalize`, `output_dtype`,
            `ranges`, `nulls`, `revision`.

    Raises:
        ValueError: DuckDB has no type for the vectors ("float16").
        FileNotFoundError, ConnectionError: As `StaticModel.from_pretrained`.
    """
    if not isinstance(model, Embedder):
        options = {"num_threads": 1, **options}
    embed = handle(model, None, "embedding", options)
    dtype = embed.output_dtype
    if dtype not in _TYPES:
        raise ValueError(f"DuckDB has no type for {dtype}; there are {', '.join(_TYPES)}")

    def m2v(texts: Any) -> Any:
        return embed.encode(texts)

    use: Any = duckdb if connection is None else connection
    with suppress(duckdb.InvalidInputException):  # there was none
        use.remove_function(name)
    use.create_function(
        name,
        m2v,
        ["VARCHAR"],
        f"{_TYPES[dtype]}[{embed.dim}]",
        type="arrow",
        null_handling="special",
    )
