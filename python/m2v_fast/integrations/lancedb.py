"""LanceDB's `TextEmbeddingFunction`, computed by m2v_fast and registered as "m2v-fast"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from m2v_fast.integrations._base import DEFAULT_MODEL, kept, load_again, missing, plain
from m2v_fast.static_model import StaticModel

try:
    from lancedb.embeddings import TextEmbeddingFunction, get_registry
    from pydantic import ConfigDict, Field, PrivateAttr
except ImportError as error:
    raise missing(__name__, "lancedb", error) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


class M2VFastEmbeddings(TextEmbeddingFunction):
    """Embeds the texts of a table's column, and queries.

        function = get_registry().get("m2v-fast").create(name="minishlab/potion-base-8M")

        class Text(LanceModel):
            text: str = function.SourceField()
            vector: Vector(function.ndims()) = function.VectorField()

    LanceDB stores the arguments of `create` with the table, so that `open_table` finds the function
    again; a process that does so has to import this module first. A token is never stored: pass it
    as `token="$var:name"`, after `get_registry().set_var("name", …)`. A local folder is stored as
    it was given. The model is loaded when the first text or the width is asked for; processes that
    read many tables share it.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = DEFAULT_MODEL
    """A local folder, the name of a model on the Hugging Face hub, or `m2v_fast.BUNDLED_MODEL`."""
    # What follows are arguments of StaticModel.from_pretrained; only those that are given are
    # passed, so that the model's configuration decides on the rest.
    token: str | bool | None = Field(default=None, repr=False)
    normalize: bool | None = None
    subfolder: str | None = None
    quantize_to: str | None = None
    dimensionality: int | None = None
    vocabulary_quantization: int | None = None
    max_length: int | None = None
    revision: str | None = None
    cache_dir: str | None = None
    local_files_only: bool = False
    memory_map: bool | Literal["huge"] = True
    index: bool | str = True

    _model: StaticModel | None = PrivateAttr(default=None)

    @classmethod
    def create(cls, **kwargs: Any) -> M2VFastEmbeddings:
        """Make the function.

        Args:
            **kwargs: The fields: `name`, and arguments of `StaticModel.from_pretrained`.

        Raises:
            ValueError: A field is unknown or of the wrong type, or `token` is not a variable.
        """
        function: M2VFastEmbeddings = super().create(
            **{name: plain(value) for name, value in kwargs.items()}
        )
        return function

    @staticmethod
    def sensitive_keys() -> list[str]:
        """Name the arguments that LanceDB must not store."""
        return ["token"]

    @property
    def model(self) -> StaticModel:
        """The model, loaded when first asked for.

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        if self._model is None:
            arguments = self.model_dump(exclude_unset=True, exclude={"name", "max_retries"})
            if "token" in arguments:  # a secret is no part of the key by which models are kept
                self._model = StaticModel.from_pretrained(self.name, **arguments)
            else:
                self._model = load_again(self.name, kept(arguments))
        return self._model

    def ndims(self) -> int:
        """Return the width of a vector."""
        return self.model.dim

    def generate_embeddings(
        self, texts: Sequence[str | None] | NDArray[Any], *args: Any, **kwargs: Any
    ) -> list[NDArray[np.float32] | None]:
        """Embed texts.

        Returns:
            A float32 array of shape (dim,) for each text, and None for each null.

        Raises:
            TypeError: An item is neither a str nor None.
        """
        items = list(texts)
        vectors = iter(self.model.encode([text for text in items if text is not None]))
        return [None if text is None else next(vectors) for text in items]

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out the loaded model, which is found again by its name."""
        state: dict[Any, Any] = super().__getstate__()
        private = state["__pydantic_private__"]
        return {**state, "__pydantic_private__": {**private, "_model": None}}

    # LanceDB asks by these names, and tries seven times with growing pauses. What fails on this
    # machine fails again.

    def compute_query_embeddings_with_retry(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Embed a query, without trying again after an error."""
        found: list[Any] = self.compute_query_embeddings(*args, **kwargs)
        return found

    def compute_source_embeddings_with_retry(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Embed a column, without trying again after an error."""
        found: list[Any] = self.compute_source_embeddings(*args, **kwargs)
        return found


get_registry().register("m2v-fast")(M2VFastEmbeddings)
