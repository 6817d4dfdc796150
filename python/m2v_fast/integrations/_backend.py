"""What BERTopic and KeyBERT ask of a backend: the same, of two base classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel


class Backend:
    """Embeds documents and words. A library's own base class stands behind it."""

    embedding_model: StaticModel

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
        behind: Any = super()
        behind.__init__(embedding_model=load(model_source, kwargs))

    def embed(self, documents: Iterable[str], verbose: bool = False) -> NDArray[np.float32]:
        """Embed documents or words.

        Args:
            documents: The texts.
            verbose: Whether to show a progress bar.

        Returns:
            A float32 array of shape (texts, dim).

        Raises:
            TypeError: `documents` is one str, or an item is not a str.
        """
        if isinstance(documents, str):
            raise TypeError("embed takes a list of texts, not one text")
        return self.embedding_model.encode(documents, show_progress_bar=verbose)

    def __repr__(self) -> str:
        return f"M2VFastBackend({self.embedding_model!r})"
