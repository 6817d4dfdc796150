"""The component for queries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from haystack import component, default_from_dict, default_to_dict
from haystack_integrations.components.embedders.m2v_fast._source import HUB_TOKEN, Source

from m2v_fast.integrations._base import DEFAULT_MODEL

if TYPE_CHECKING:
    from os import PathLike

    from haystack.utils import Secret


@component
class M2VFastTextEmbedder:
    """Embeds one text, such as the query before a retriever.

    M2VFastTextEmbedder("minishlab/potion-base-8M").run("a question")["embedding"]
    """

    def __init__(
        self,
        model: str | PathLike[str] = DEFAULT_MODEL,
        token: Secret | None = HUB_TOKEN,
        prefix: str = "",
        suffix: str = "",
        model_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Keep the parameters; `warm_up`, or the first `run`, loads the model.

        Args:
            model: A local folder, the name of a model on the Hugging Face hub, or
                `m2v_fast.BUNDLED_MODEL`.
            token: The hub's token.
            prefix: Put before the text.
            suffix: Put after the text.
            model_kwargs: Further arguments of `StaticModel.from_pretrained` (normalize,
                max_length, revision, …).

        Raises:
            TypeError: `model_kwargs` holds a token.
        """
        self._source = Source(model, token, model_kwargs)
        self.prefix = prefix
        self.suffix = suffix

    def to_dict(self) -> dict[str, Any]:
        """Return the component as Haystack stores it.

        Raises:
            ValueError: The token is a value, and not the name of an environment variable.
        """
        data: dict[str, Any] = default_to_dict(
            self, **self._source.parameters(), prefix=self.prefix, suffix=self.suffix
        )
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> M2VFastTextEmbedder:
        """Make the component that `to_dict` described."""
        embedder: M2VFastTextEmbedder = default_from_dict(cls, data)
        return embedder

    def warm_up(self) -> None:
        """Load the model, unless it is loaded.

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        self._source.load()

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, Any]:
        """Embed one text.

        Args:
            text: The text.

        Returns:
            "embedding": a list of dim floats.

        Raises:
            TypeError: `text` is not a str.
        """
        if not isinstance(text, str):
            raise TypeError(
                f"M2VFastTextEmbedder takes one text, not {type(text).__name__}; "
                "M2VFastDocumentEmbedder takes a list of documents"
            )
        vector = self._source.load().encode(self.prefix + text + self.suffix)
        return {"embedding": vector.tolist()}

    @component.output_types(embedding=list[float])
    async def run_async(self, text: str) -> dict[str, Any]:
        """Embed one text in a thread; see `run`."""
        return await asyncio.to_thread(self.run, text)
