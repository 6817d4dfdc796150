"""LangChain's `Embeddings`, computed by m2v_fast."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, load, missing

try:
    from langchain_core.embeddings import Embeddings
except ImportError as error:
    raise missing(__name__, "langchain-core", error) from error

if TYPE_CHECKING:
    from os import PathLike

    from m2v_fast.static_model import StaticModel


class M2VFastEmbeddings(Embeddings):
    """Embeds documents and queries for LangChain's vector stores and retrievers.

        store = InMemoryVectorStore(M2VFastEmbeddings("minishlab/potion-base-8M"))

    One object may serve any number of threads. The asynchronous methods work in a thread, and leave
    the event loop free meanwhile.
    """

    def __init__(
        self,
        model_source: str | PathLike[str] | StaticModel = DEFAULT_MODEL,
        **kwargs: Any,
    ) -> None:
        """Load the model, or take a loaded one.

        Args:
            model_source: A local folder, the name of a model on the Hugging Face hub,
                `m2v_fast.BUNDLED_MODEL`, or a `StaticModel`.
            **kwargs: Passed to `StaticModel.from_pretrained` (token, revision, normalize,
                max_length, …); a loaded model takes none.

        Raises:
            TypeError: Arguments for loading are given together with a loaded model.
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        self.model = load(model_source, kwargs)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts; one list of floats for each, none for an empty list.

        Raises:
            TypeError: `texts` is one str, or an item is not a str.
        """
        if isinstance(texts, str):
            raise TypeError("embed_documents takes a list of texts; embed_query takes one text")
        vectors: list[list[float]] = self.model.encode(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Embed one text, in the same way as documents.

        Raises:
            TypeError: `text` is not a str.
        """
        if not isinstance(text, str):
            raise TypeError(f"embed_query takes one text, not {type(text).__name__}")
        vector: list[float] = self.model.encode(text).tolist()
        return vector

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed texts in a thread; see `embed_documents`."""
        return await asyncio.to_thread(self.embed_documents, texts)

    async def aembed_query(self, text: str) -> list[float]:
        """Embed one text in a thread; see `embed_query`."""
        return await asyncio.to_thread(self.embed_query, text)

    def __repr__(self) -> str:
        return f"M2VFastEmbeddings({self.model!r})"
