"""Milvus' interface to Model2Vec models, without Milvus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray


class Model2VecEmbeddingFunction:
    """Embeds documents and queries for a vector database.

    Takes the place of `pymilvus.model.dense.Model2VecEmbeddingFunction`, and needs neither pymilvus
    nor model2vec.
    """

    def __init__(
        self, model_source: str | PathLike[str] = "minishlab/potion-base-8M", **kwargs: Any
    ) -> None:
        """Load the model.

        Args:
            model_source: A local folder, the name of a model on the Hugging Face hub, or
                `m2v_fast.BUNDLED_MODEL`.
            **kwargs: Passed to `StaticModel.from_pretrained` (token, revision, subfolder,
                normalize, max_length, cache_dir, local_files_only, …).

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        self.model_source = model_source
        self.model = StaticModel.from_pretrained(model_source, **kwargs)

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self.model.dim

    def encode_documents(self, documents: Iterable[str]) -> list[NDArray[np.float32]]:
        """Embed documents.

        Returns:
            One float32 array of shape (dim,) for each; none for an empty list.

        Raises:
            TypeError: `documents` is one str, or an item is not a str.
            UnicodeEncodeError: A text holds a lone surrogate.
        """
        return self._encode(documents)

    def encode_queries(self, queries: Iterable[str]) -> list[NDArray[np.float32]]:
        """Embed queries, in the same way as documents.

        Returns, raises: As `encode_documents`.
        """
        return self._encode(queries)

    def __call__(self, texts: Iterable[str]) -> list[NDArray[np.float32]]:
        """Embed texts; the same as `encode_documents`."""
        return self._encode(texts)

    def _encode(self, texts: Iterable[str]) -> list[NDArray[np.float32]]:
        model = self.model
        return model._native.encode_list(texts, model._max_length, model._normalize, None)

    # pymilvus' class has these too, and code that subclasses or wraps it calls them.

    @property
    def _dim(self) -> int:
        return self.model.dim

    def _encode_query(self, query: str) -> NDArray[np.float32]:
        return self.model.encode(query)

    def _encode_document(self, document: str) -> NDArray[np.float32]:
        return self.model.encode(document)

    def __repr__(self) -> str:
        return f"Model2VecEmbeddingFunction({self.model_source!r})"
