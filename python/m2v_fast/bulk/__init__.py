"""Tables in, tables out: a handle on a model for engines that run elsewhere, and files.

    from m2v_fast.bulk import Embedder

    embed = Embedder("minishlab/potion-base-8M", column="text", to="embedding")
    dataset.map_batches(embed, batch_format="pyarrow")  # Ray; and the same object anywhere else

See docs/bulk.md.
"""

from m2v_fast.bulk.embedder import Embedder

__all__ = ["Embedder"]
