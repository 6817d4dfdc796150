"""A column of vectors for Dask's frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.bulk import Embedder
from m2v_fast.integrations._base import missing
from m2v_fast.integrations._columns import handle

try:
    import dask.dataframe as dd  # noqa: TC002 - asked for here, so that it is missed here
except ImportError as error:
    raise missing(__name__, "dask[dataframe]", error) from error

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast.static_model import StaticModel


def embed_column(
    frame: dd.DataFrame,
    column: str,
    to: str,
    model: str | PathLike[str] | StaticModel | Embedder,
    **options: Any,
) -> dd.DataFrame:
    """Add a column of vectors to a frame, partition by partition.

    Tasks carry a handle of less than a kilobyte; each process loads the model once. A call uses one
    thread, since Dask has one for each processor.

    Args:
        frame: A frame of Dask's.
        column: Its column of texts.
        to: The column that is added: an ArrowDtype of a FixedSizeList, null for null.
        model: What `StaticModel.from_pretrained` takes, a loaded model, or an `Embedder`, whose own
            columns and options count.
        **options: As for `m2v_fast.bulk.Embedder`.

    Raises:
        FileNotFoundError, ConnectionError, ValueError: As `Embedder`.
    """
    if not isinstance(model, Embedder):
        options = {"num_threads": 1, **options}
    embed = handle(model, column, to, options)
    return frame.map_partitions(embed, meta=embed(frame._meta))
