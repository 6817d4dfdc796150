"""BERTopic's `BaseEmbedder`, computed by m2v_fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, load, missing

try:
    from bertopic.backend import BaseEmbedder
except ImportError as error:
    raise missing(__name__, "bertopic", error) from error


if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel


class M2VFastBackend(BaseEmbedder):
    """Embeds documents and words for BERTopic.

        topics = BERTopic(embedding_model=M2VFastBackend("minishlab/potion-base-8M"))

    A `StaticModel` that is given to BERTopic itself does the same, if model2vec is installed; this
    needs bertopic alone.

    A topic model that is saved as "safetensors" or "pytorch" does not hold it: name it again with
    `BERTopic.load(folder, embedding_model=M2VFastBackend(...))`.
    """

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
        super().__init__(embedding_model=load(model_source, kwargs))

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
