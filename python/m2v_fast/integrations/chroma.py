"""Chroma's `EmbeddingFunction`, computed by m2v_fast."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m2v_fast.integrations._base import DEFAULT_MODEL, kept, load_again, missing, vectors
from m2v_fast.static_model import StaticModel

try:
    from chromadb import Documents, EmbeddingFunction
    from chromadb.utils.embedding_functions import register_embedding_function
except ImportError as error:
    raise missing(__name__, "chromadb", error) from error

if TYPE_CHECKING:
    from os import PathLike

    from chromadb import Embeddings
    from chromadb.api.types import Space

# Where to look for the same model: may change during the life of a collection.
_PLACES = frozenset({"cache_dir", "local_files_only", "memory_map"})


class M2VFastEmbeddingFunction(EmbeddingFunction[Documents]):
    """Embeds documents and queries for Chroma's collections.

        function = M2VFastEmbeddingFunction("minishlab/potion-base-8M")
        collection = client.create_collection("texts", embedding_function=function)

    Chroma stores the model's name and the arguments it was loaded with, except for the token, so
    that `client.get_collection("texts")` finds the function again. For this, a process that reads a
    collection has to import this module first. A local folder is stored as it was given.
    """

    def __init__(self, model_source: str | PathLike[str] = DEFAULT_MODEL, **kwargs: Any) -> None:
        """Load the model.

        Args:
            model_source: A local folder, the name of a model on the Hugging Face hub, or
                `m2v_fast.BUNDLED_MODEL`.
            **kwargs: Passed to `StaticModel.from_pretrained` (token, revision, subfolder,
                normalize, max_length, cache_dir, local_files_only, …).

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        self._set_up(StaticModel.from_pretrained(model_source, **kwargs), model_source, kwargs)

    def _set_up(
        self, model: StaticModel, source: str | PathLike[str], arguments: dict[str, Any]
    ) -> None:
        self._model = model
        self._config: dict[str, Any] = {
            "model_source": os.fspath(source),
            "kwargs": kept(arguments),
        }

    def __call__(self, input: Documents) -> Embeddings:  # noqa: A002 - Chroma's name for it
        """Embed texts; one float32 array for each."""
        return [*vectors(self._model, input)]

    def embed_query(self, input: Documents) -> Embeddings:  # noqa: A002 - as above
        """Embed queries, in the same way as documents."""
        return self(input)

    @staticmethod
    def name() -> str:
        """Name the function in the configuration of a collection."""
        return "m2v_fast"

    def default_space(self) -> Space:
        """Return the distance of collections that do not choose one."""
        return "cosine"

    def supported_spaces(self) -> list[Space]:
        """Return the distances that make sense for the vectors."""
        return ["cosine", "l2", "ip"]

    def get_config(self) -> dict[str, Any]:
        """Return what `build_from_config` needs to load the model again."""
        return {**self._config, "kwargs": dict(self._config["kwargs"])}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> M2VFastEmbeddingFunction:
        """Make the function that `get_config` described.

        Chroma asks for it with every query of a collection that was opened without naming its
        function, so the last few models are kept.
        """
        M2VFastEmbeddingFunction.validate_config(config)
        source, arguments = config["model_source"], config.get("kwargs", {})
        function = M2VFastEmbeddingFunction.__new__(M2VFastEmbeddingFunction)
        function._set_up(load_again(source, arguments), source, arguments)
        return function

    @staticmethod
    def validate_config(config: dict[str, Any]) -> None:
        """Check the form of a configuration.

        Raises:
            ValueError: It is not one that `get_config` returns.
        """
        if not isinstance(config.get("model_source"), str):
            raise ValueError(f"model_source must be a str, not {config.get('model_source')!r}")
        if not isinstance(config.get("kwargs", {}), dict):
            raise ValueError(f"kwargs must be a dict, not {config['kwargs']!r}")
        if unknown := config.keys() - {"model_source", "kwargs"}:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")

    def validate_config_update(
        self, old_config: dict[str, Any], new_config: dict[str, Any]
    ) -> None:
        """Check that a changed configuration stands for the same vectors.

        A model may move from or to an absolute path; cache folder and the like may change.

        Raises:
            ValueError: Another model, or an argument on which vectors depend, was chosen.
        """
        self.validate_config(new_config)
        old, new = old_config["model_source"], new_config["model_source"]
        if old != new and not (Path(old).is_absolute() or Path(new).is_absolute()):
            raise ValueError(f"the model of a collection cannot change from {old!r} to {new!r}")
        before, after = (
            {name: value for name, value in config.get("kwargs", {}).items() if name not in _PLACES}
            for config in (old_config, new_config)
        )
        if before != after:
            raise ValueError(
                f"the model's arguments cannot change within a collection: {before} to {after}"
            )


register_embedding_function(M2VFastEmbeddingFunction)
