"""LlamaIndex's `BaseEmbedding`, computed by m2v_fast."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, kept, missing
from m2v_fast.static_model import StaticModel

try:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.bridge.pydantic import Field, PrivateAttr
except ImportError as error:
    raise missing(__name__, "llama-index-core", error, extra="llama-index") from error

if TYPE_CHECKING:
    from os import PathLike


class M2VFastEmbedding(BaseEmbedding):
    """Embeds nodes and queries for LlamaIndex.

        index = VectorStoreIndex.from_documents(documents, embed_model=M2VFastEmbedding())

    Its configuration (`to_dict`, `to_json`, pickle) is the model's name and the arguments it was
    loaded with, except for the token; reading it back loads the model again.
    """

    loading: dict[str, Any] = Field(
        default_factory=dict,
        description="Arguments of StaticModel.from_pretrained that the model was loaded with.",
    )
    _model: StaticModel = PrivateAttr()

    def __init__(
        self,
        model_name: str | PathLike[str] = DEFAULT_MODEL,
        *,
        embed_batch_size: int = 2048,
        loading: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Load the model.

        Args:
            model_name: A local folder, the name of a model on the Hugging Face hub, or
                `m2v_fast.BUNDLED_MODEL`.
            embed_batch_size: Number of texts that LlamaIndex hands over at once; more it does not
                allow.
            loading: Arguments of `StaticModel.from_pretrained`, as the configuration keeps them.
            **kwargs: Fields of `BaseEmbedding` (callback_manager, num_workers, …); all others are
                passed to `StaticModel.from_pretrained` (token, revision, normalize, max_length, …).

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        fields: dict[str, Any] = {
            name: kwargs.pop(name) for name in [*kwargs] if name in type(self).model_fields
        }
        arguments = {**(loading or {}), **kwargs}
        model = StaticModel.from_pretrained(model_name, **arguments)
        fields["model_name"] = os.fspath(model_name)
        fields["embed_batch_size"] = embed_batch_size
        fields["loading"] = kept(arguments)
        super().__init__(**fields)
        self._model = model

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the loaded model: `__setstate__` of the base class calls `__init__`."""
        bare = self.model_copy()
        bare.__pydantic_private__ = None
        state: dict[str, Any] = super(M2VFastEmbedding, bare).__getstate__()
        return state

    @classmethod
    def class_name(cls) -> str:
        """Name the class in configurations."""
        return "M2VFastEmbedding"

    @property
    def model(self) -> StaticModel:
        """The loaded model."""
        return self._model

    def _get_text_embedding(self, text: str) -> list[float]:
        vector: list[float] = self._model.encode(text).tolist()
        return vector

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.encode(texts).tolist()
        return vectors

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)
