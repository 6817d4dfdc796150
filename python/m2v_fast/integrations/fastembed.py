"""fastembed's `TextEmbedding`, and with it qdrant-client's `Document`, computed by m2v_fast."""

from __future__ import annotations

import os
import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from m2v_fast.integrations._base import load, missing
from m2v_fast.sources import BUNDLED_MODEL
from m2v_fast.static_model import StaticModel

try:
    from fastembed import TextEmbedding
    from fastembed.common.model_description import DenseModelDescription, ModelSource
    from fastembed.text.text_embedding_base import TextEmbeddingBase
except ImportError as error:
    raise missing(__name__, "fastembed", error) from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

# Of a list all is there, and small batches, such as qdrant-client's of eight, only cost time.
_STEP: Final = 4096


def register(
    model: str | PathLike[str] | StaticModel, *, name: str | None = None, **kwargs: Any
) -> None:
    """Make fastembed compute a model with m2v_fast.

        register("minishlab/potion-base-8M")
        fastembed.TextEmbedding("minishlab/potion-base-8M")
        qdrant_client.models.Document(text="…", model="minishlab/potion-base-8M")

    The model is loaded now, and all objects of that name share it. A name that fastembed knows is
    ours from then on for new objects (`TextEmbedding.list_supported_models` lists it twice, ours
    first), and a name that was registered before stands for the new model. Processes that
    qdrant-client starts (`parallel=2`) import the main module, so register at its top level.

    Args:
        model: A local folder, the name of a model on the Hugging Face hub,
            `m2v_fast.BUNDLED_MODEL`, or a `StaticModel`.
        name: The name in fastembed; by default the model's, which for a folder is its path as
            given. A `StaticModel` needs one.
        **kwargs: Passed to `StaticModel.from_pretrained` (token, revision, normalize, …).

    Raises:
        TypeError: A `StaticModel` comes without a name or with arguments for loading.
        ValueError: fastembed has another model of that name, of another width.
        FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
    """
    if name is None:
        if isinstance(model, StaticModel):
            raise TypeError("a loaded model needs a name: register(model, name=…)")
        name = os.fspath(model)
    loaded = load(model, kwargs)
    for known in TextEmbedding.EMBEDDINGS_REGISTRY:
        for other in known._list_supported_models() if known is not M2VFastTextEmbedding else ():
            # qdrant-client would make collections of the other's width.
            if other.model.lower() == name.lower() and other.dim != loaded.dim:
                raise ValueError(
                    f"fastembed's own {name} has {other.dim} dimensions, and this model "
                    f"{loaded.dim}: register it by another name (name=…)"
                )
    source = None
    if isinstance(model, str) and model != BUNDLED_MODEL and not os.path.lexists(model):
        source = ModelSource(hf=model)
    M2VFastTextEmbedding._models[name.lower()] = (_describe(name, loaded, source), loaded)
    if M2VFastTextEmbedding not in TextEmbedding.EMBEDDINGS_REGISTRY:
        TextEmbedding.EMBEDDINGS_REGISTRY.insert(0, M2VFastTextEmbedding)


def unregister(name: str) -> None:
    """Take back `register`; objects that were made meanwhile go on working.

    Raises:
        KeyError: No model is registered by that name.
    """
    del M2VFastTextEmbedding._models[os.fspath(name).lower()]


class M2VFastTextEmbedding(TextEmbeddingBase):
    """What `fastembed.TextEmbedding` makes for a name that is registered here."""

    _models: ClassVar[dict[str, tuple[Any, StaticModel]]] = {}

    @classmethod
    def _list_supported_models(cls) -> list[Any]:
        return [description for description, _ in cls._models.values()]

    def __init__(
        self,
        model_name: str,
        cache_dir: str | None = None,
        threads: int | None = None,
        providers: Any = None,
        cuda: Any = None,
        device_ids: list[int] | None = None,
        lazy_load: bool = False,
        **kwargs: Any,
    ) -> None:
        """Find the registered model.

        Args:
            model_name: The name it was registered by; upper and lower case are the same.
            cache_dir: Without effect, as the model is loaded.
            threads: Most threads to use; by default as many as there are processors.
            providers: Of ONNX: warned about, if given.
            cuda: Warned about, if asked for.
            device_ids: Warned about, if given.
            lazy_load: Without effect, as the model is loaded.
            **kwargs: fastembed's further options; those that would change results are errors.

        Raises:
            TypeError: `specific_model_path` is given: register the folder instead.
        """
        if kwargs.get("specific_model_path") is not None:
            raise TypeError(
                f"{model_name} is computed by m2v_fast, which has loaded it: for another folder "
                "call register(folder, name=…)"
            )
        # The default of `cuda` is "auto" or False, depending on who calls.
        asked = {"providers": providers, "device_ids": device_ids, "cuda": cuda in (True, "cuda")}
        if ignored := [option for option, value in asked.items() if value]:
            warnings.warn(
                f"{model_name} is computed by m2v_fast on the processor, without effect are: "
                f"{', '.join(ignored)}",
                UserWarning,
                stacklevel=3,
            )
        super().__init__(model_name, cache_dir, threads, **kwargs)
        self.model_description, self.model = self._models[model_name.lower()]

    def embed(
        self,
        documents: str | Iterable[str],
        batch_size: int = 256,
        parallel: int | None = None,
        **kwargs: Any,
    ) -> Iterator[NDArray[np.float32]]:
        """Embed one text or many, lazily.

        Args:
            documents: The texts. Of a list big steps are taken, of other iterables `batch_size`.
            batch_size: Number of texts taken from an iterable at once.
            parallel: Number of threads (no processes are started), 0 for all processors; by
                default `threads`.
            **kwargs: Ignored, as by fastembed's own.

        Yields:
            A float32 array of shape (dim,) for each text.

        Raises:
            TypeError: An item is not a str; the message names its index in the step.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        threads = self.threads if parallel is None else parallel or None
        documents = [documents] if isinstance(documents, str) else documents
        step = max(batch_size, _STEP) if isinstance(documents, (list, tuple)) else batch_size
        texts = iter(documents)
        while batch := list(islice(texts, step)):
            yield from self.model.encode(batch, num_threads=threads)

    @classmethod
    def get_embedding_size(cls, model_name: str) -> int:
        """Return the width of a registered model's vectors."""
        return cls._models[model_name.lower()][1].dim

    @property
    def embedding_size(self) -> int:
        """Width of a vector."""
        return self.model.dim

    def token_count(self, texts: str | Iterable[str], batch_size: int = 1024, **kwargs: Any) -> int:
        """Return the number of tokens within the limit, unknown ones included, of all texts.

        Args:
            texts: One text or many.
            batch_size: Number of texts taken from an iterable at once.
            **kwargs: Ignored.
        """
        remaining = iter([texts] if isinstance(texts, str) else texts)
        total = 0
        while batch := list(islice(remaining, batch_size)):
            total += int(self.model.count_tokens(batch).tokens.sum())
        return total


def _describe(name: str, model: StaticModel, source: Any) -> Any:
    """Return what fastembed lists of a model; no source stands for its folder."""
    folder = model.folder
    file = next(iter(sorted(folder.rglob("model.safetensors"))), None) if folder else None
    if source is None:  # which fastembed does not allow
        source = ModelSource(url=folder.resolve().as_uri()) if folder else ModelSource(hf=name)
    return DenseModelDescription(
        model=name,
        sources=source,
        model_file=file.relative_to(folder).as_posix() if folder and file else "",
        description=f"Model2Vec, computed by m2v_fast: {model.dim} dimensions",
        license="",
        size_in_GB=round(file.stat().st_size / 1e9, 3) if file else 0.0,
        dim=model.dim,
    )
