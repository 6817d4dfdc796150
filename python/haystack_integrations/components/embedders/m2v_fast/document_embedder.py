"""The component for documents."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack_integrations.components.embedders.m2v_fast._source import HUB_TOKEN, Source

from m2v_fast.integrations._base import DEFAULT_MODEL

if TYPE_CHECKING:
    from os import PathLike

    from haystack.utils import Secret


@component
class M2VFastDocumentEmbedder:
    """Embeds documents, all of a call at once, on all processors.

    M2VFastDocumentEmbedder("minishlab/potion-base-8M").run(documents)["documents"]
    """

    def __init__(
        self,
        model: str | PathLike[str] = DEFAULT_MODEL,
        token: Secret | None = HUB_TOKEN,
        prefix: str = "",
        suffix: str = "",
        progress_bar: bool = False,
        meta_fields_to_embed: list[str] | None = None,
        embedding_separator: str = "\n",
        model_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Keep the parameters; `warm_up`, or the first `run`, loads the model.

        Args:
            model: A local folder, the name of a model on the Hugging Face hub, or
                `m2v_fast.BUNDLED_MODEL`.
            token: The hub's token.
            prefix: Put before each text.
            suffix: Put after each text.
            progress_bar: Show a progress bar on standard error.
            meta_fields_to_embed: Fields of a document's meta that are put before its content.
            embedding_separator: Put between these fields and the content.
            model_kwargs: Further arguments of `StaticModel.from_pretrained` (normalize,
                max_length, revision, …).

        Raises:
            TypeError: `model_kwargs` holds a token.
        """
        self._source = Source(model, token, model_kwargs)
        self.prefix = prefix
        self.suffix = suffix
        self.progress_bar = progress_bar
        self.meta_fields_to_embed = list(meta_fields_to_embed or [])
        self.embedding_separator = embedding_separator

    def to_dict(self) -> dict[str, Any]:
        """Return the component as Haystack stores it.

        Raises:
            ValueError: The token is a value, and not the name of an environment variable.
        """
        data: dict[str, Any] = default_to_dict(
            self,
            **self._source.parameters(),
            prefix=self.prefix,
            suffix=self.suffix,
            progress_bar=self.progress_bar,
            meta_fields_to_embed=self.meta_fields_to_embed,
            embedding_separator=self.embedding_separator,
        )
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> M2VFastDocumentEmbedder:
        """Make the component that `to_dict` described."""
        embedder: M2VFastDocumentEmbedder = default_from_dict(cls, data)
        return embedder

    def warm_up(self) -> None:
        """Load the model, unless it is loaded.

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        self._source.load()

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, Any]:
        """Embed documents.

        Args:
            documents: The documents; they are left as they are.

        Returns:
            "documents": copies with their embeddings, lists of dim floats. A document without
            content counts as an empty text.

        Raises:
            TypeError: `documents` is not a list of documents.
        """
        if not isinstance(documents, list) or not all(
            isinstance(document, Document) for document in documents
        ):
            raise TypeError(
                "M2VFastDocumentEmbedder takes a list of documents; "
                "M2VFastTextEmbedder takes one text"
            )
        vectors = self._source.load().encode(
            [self._text(document) for document in documents], show_progress_bar=self.progress_bar
        )
        embedded = [
            replace(document, embedding=vector)
            for document, vector in zip(documents, vectors.tolist(), strict=True)
        ]
        return {"documents": embedded}

    @component.output_types(documents=list[Document])
    async def run_async(self, documents: list[Document]) -> dict[str, Any]:
        """Embed documents in a thread; see `run`."""
        return await asyncio.to_thread(self.run, documents)

    def _text(self, document: Document) -> str:
        fields = [
            str(document.meta[name])
            for name in self.meta_fields_to_embed
            if document.meta.get(name) is not None
        ]
        text = self.embedding_separator.join([*fields, document.content or ""])
        return self.prefix + text + self.suffix
