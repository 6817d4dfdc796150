"""chonkie's `BaseEmbeddings`, computed by m2v_fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, load, missing

try:
    from chonkie.embeddings import BaseEmbeddings
    from chonkie.embeddings.registry import EmbeddingsRegistry
except ImportError as error:
    raise missing(__name__, "chonkie", error) from error

from m2v_fast import tokenizer_object

if TYPE_CHECKING:
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from m2v_fast.static_model import StaticModel


class M2VFastEmbeddings(BaseEmbeddings):
    """Embeds sentences and chunks for chonkie.

        chunker = SemanticChunker(M2VFastEmbeddings("minishlab/potion-base-8M"))

    Once this module is imported, `"m2v_fast://minishlab/potion-base-8M"` names the same wherever
    chonkie takes the name of a model, and `AutoEmbeddings.get_embeddings` takes a `StaticModel`.
    """

    def __init__(
        self,
        model: str | PathLike[str] | StaticModel = DEFAULT_MODEL,
        **kwargs: Any,
    ) -> None:
        """Load the model, or take a loaded one.

        Args:
            model: A local folder, the name of a model on the Hugging Face hub,
                `m2v_fast.BUNDLED_MODEL`, or a `StaticModel`.
            **kwargs: Passed to `StaticModel.from_pretrained` (token, revision, normalize,
                max_length, …); a loaded model takes none.

        Raises:
            TypeError: Arguments for loading are given together with a loaded model.
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        super().__init__()
        self.model = load(model, kwargs)

    @property
    def dimension(self) -> int:
        """Width of a vector."""
        return self.model.dim

    def embed(self, text: str) -> NDArray[np.float32]:
        """Embed one text: a float32 array of shape (dim,).

        Raises:
            TypeError: `text` is not a str.
        """
        if not isinstance(text, str):
            raise TypeError(f"embed takes one text, not {type(text).__name__}")
        return self.model.encode(text)

    def embed_batch(self, texts: list[str]) -> list[NDArray[np.float32]]:
        """Embed texts; one float32 array of shape (dim,) for each.

        Raises:
            TypeError: `texts` is one str, or an item is not a str.
        """
        if isinstance(texts, str):
            raise TypeError("embed_batch takes a list of texts; embed takes one text")
        return list(self.model.encode(texts))

    def get_tokenizer(self) -> Tokenizer:
        """Return a tokenizer of the Hugging Face library that counts the tokens of a text.

        It does not cut texts, however long, since chonkie compares the count with the size of a
        chunk.
        """
        native = self.model._follow()
        return tokenizer_object.from_json(native.tokenizer_json(), None)

    def __repr__(self) -> str:
        return f"M2VFastEmbeddings({self.model!r})"


def _register() -> None:
    EmbeddingsRegistry.register_provider("m2v_fast", M2VFastEmbeddings)
    # The first type whose name is found is taken, and chonkie's own adapter, which needs model2vec,
    # is there for "Model2Vec" already.
    types = EmbeddingsRegistry.type_registry
    others = {name: cls for name, cls in types.items() if cls is not M2VFastEmbeddings}
    types.clear()
    EmbeddingsRegistry.register_types("interface of model2vec.StaticModel", M2VFastEmbeddings)
    types.update(others)


_register()
