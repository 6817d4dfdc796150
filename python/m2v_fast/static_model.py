"""`StaticModel`: model2vec's interface over the native model."""

from __future__ import annotations

from itertools import islice
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from m2v_fast._native import Model as NativeModel
from m2v_fast._unset import UNSET, Unset
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray
    from typing_extensions import Self


class StaticModel:
    """A loaded Model2Vec model.

    It may be used from any number of threads at once. A call reads `normalize` and `max_length`
    once, when it starts, so setting them never changes a call under way.
    """

    __slots__ = ("__weakref__", "_max_length", "_native", "_normalize")

    _native: NativeModel
    _normalize: bool
    _max_length: int | None

    def __init__(self) -> None:
        raise TypeError("a StaticModel is made by StaticModel.from_pretrained(path)")

    @classmethod
    def _from_native(cls, native: NativeModel, normalize: bool, max_length: int | None) -> Self:
        model = cls.__new__(cls)
        model._native = native
        model.normalize = normalize
        model.max_length = max_length
        return model

    @classmethod
    def from_pretrained(
        cls,
        path: str | PathLike[str],
        token: str | bool | None = None,
        normalize: bool | None = None,
        subfolder: str | None = None,
        quantize_to: str | None = None,
        dimensionality: int | None = None,
        vocabulary_quantization: int | None = None,
        max_length: int | Unset | None = UNSET,
        force_download: bool = False,
        *,
        revision: str | None = None,
        cache_dir: str | PathLike[str] | None = None,
        local_files_only: bool = False,
        memory_map: bool = True,
    ) -> Self:
        """Load a model from a local folder, the Hugging Face hub, or this package.

        Args:
            path: A folder, a hub name such as "minishlab/potion-base-8M", or `BUNDLED_MODEL`.
            token: Hub token for private models.
            normalize: Whether vectors are divided by their norm; by default as the model's
                configuration says, else False.
            subfolder: Folder inside `path` that holds the model.
            quantize_to: Not supported yet; must be None.
            dimensionality: Not supported yet; must be None.
            vocabulary_quantization: Not supported yet; must be None.
            max_length: Most tokens that `encode` keeps of a text; None for no limit; by default as
                the model's configuration says, else 512.
            force_download: Fetch the files again even if they are in the local cache, which is
                otherwise used before the network (model2vec's default is True).
            revision: Branch, tag or commit on the hub.
            cache_dir: The hub cache to use.
            local_files_only: Never use the network.
            memory_map: Leave the matrix in its file, shared by all processes that load it. With
                False it is read into memory, for files that are rewritten in place while in use.

        Raises:
            FileNotFoundError: There is no such folder or model, or one of its files is missing.
            ModelError: A file is there but is not what a model holds.
            ConnectionError: The model is not cached and the hub could not be reached.
        """
        for name, value in (
            ("quantize_to", quantize_to),
            ("dimensionality", dimensionality),
            ("vocabulary_quantization", vocabulary_quantization),
        ):
            if value is not None:
                raise NotImplementedError(
                    f"{name} is not supported: load and save the model with model2vec's "
                    f"StaticModel.from_pretrained(..., {name}={value!r}) and load the result"
                )
        folder = resolve(
            path,
            token=token,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            force_download=force_download,
        )
        native = NativeModel.load(folder, memory_map)
        return cls._from_native(
            native,
            native.config_normalize if normalize is None else normalize,
            native.config_max_length if isinstance(max_length, Unset) else max_length,
        )

    def encode(
        self,
        sentences: str | Iterable[str],
        *,
        show_progress_bar: bool = False,
        max_length: int | Unset | None = UNSET,
        normalize: bool | None = None,
        batch_size: int = 1024,
        use_multiprocessing: bool = True,
        multiprocessing_threshold: int = 10_000,
        num_threads: int | None = None,
        **kwargs: Any,
    ) -> NDArray[np.float32]:
        """Embed texts: the mean of their tokens' rows.

        Args:
            sentences: One text, or any iterable of texts.
            show_progress_bar: Show a progress bar on standard error.
            max_length: Most tokens kept of a text, None for no limit; by default the model's.
            normalize: Whether to divide each vector by its norm; by default the model's setting.
            batch_size: Number of texts between two steps of the progress bar; otherwise without
                effect, as texts are encoded one by one.
            use_multiprocessing: Accepted for model2vec's sake, without effect; see `num_threads`.
            multiprocessing_threshold: Likewise.
            num_threads: Most threads to use; by default as many as there are processors that this
                process may use. The result does not depend on it.
            **kwargs: Ignored, as in model2vec.

        Returns:
            A C-contiguous float32 array: shape (dim,) for one text, (n, dim) for n texts. A text
            without known tokens is a zero vector.

        Raises:
            TypeError: An item is not a str; the message names its index.
            UnicodeEncodeError: A text holds a lone surrogate; the message names its index.
            ValueError: `max_length` or `num_threads` is out of range.
        """
        limit = self._max_length if max_length is UNSET else max_length
        if normalize is None:
            normalize = self._normalize
        if show_progress_bar and not isinstance(sentences, str):
            return self._encode_with_progress(sentences, limit, normalize, batch_size, num_threads)
        return self._native.encode(sentences, limit, normalize, num_threads)

    def _encode_with_progress(
        self,
        sentences: Iterable[str],
        max_length: int | None,
        normalize: bool,
        batch_size: int,
        num_threads: int | None,
    ) -> NDArray[np.float32]:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        from tqdm.auto import tqdm

        texts = list(sentences)
        out = np.empty((len(texts), self.dim), dtype=np.float32)
        remaining = iter(texts)
        with tqdm(total=len(texts), unit="text") as bar:
            done = 0
            while batch := list(islice(remaining, batch_size)):
                try:
                    vectors = self._native.encode(batch, max_length, normalize, num_threads)
                except (TypeError, ValueError):
                    # Once more in one piece, so that the message counts from the first text.
                    return self._native.encode(texts, max_length, normalize, num_threads)
                out[done : done + len(batch)] = vectors
                done += len(batch)
                bar.update(len(batch))
        return out

    def tokenize(self, sentences: str | Iterable[str]) -> list[list[int]]:
        """Return the ids of each text, cut to the model's `max_length`, without unknown tokens.

        Args:
            sentences: Any iterable of texts; one text counts as a list of one.
        """
        return self._native.tokenize(sentences, self._max_length, None)

    @property
    def dim(self) -> int:
        """Width of a vector."""
        return self._native.dim

    @property
    def normalize(self) -> bool:
        """Whether `encode` divides vectors by their norm unless told otherwise."""
        return self._normalize

    @normalize.setter
    def normalize(self, value: bool) -> None:
        self._normalize = bool(value)

    @property
    def max_length(self) -> int | None:
        """Most tokens that `encode` and `tokenize` keep of a text; None for no limit."""
        return self._max_length

    @max_length.setter
    def max_length(self, value: int | None) -> None:
        if value is not None:
            value = index(value)
            if value < 0:
                raise ValueError(f"max_length must be None or at least 0, not {value}")
        self._max_length = value

    @property
    def embedding_dtype(self) -> str:
        """Number format of the stored matrix, as NumPy names it (vectors are always float32)."""
        return self._native.embedding_dtype

    @property
    def median_token_length(self) -> int:
        """Median length of a token in code points; `encode` cuts texts by it."""
        return self._native.median_token_length

    @property
    def unk_token_id(self) -> int | None:
        """The id of unknown words, which is left out of every text."""
        return self._native.unk_token_id

    @property
    def backend(self) -> str:
        """Instruction set in use: "portable", "avx2" or "avx512". Results do not depend on it."""
        return self._native.backend

    @property
    def engine(self) -> str:
        """The engine that makes the ids; "fallback" is the Hugging Face tokenizers library."""
        return self._native.engine

    @property
    def engine_reason(self) -> str | None:
        """Why the fallback is in use, or None if it is not."""
        return self._native.engine_reason

    @property
    def folder(self) -> Path:
        """The folder that the model was loaded from."""
        return self._native.folder

    def _with_backend(self, name: str) -> Self:
        """Return the same model on another instruction set, for tests and benchmarks."""
        native = self._native.with_backend(name)
        return self._from_native(native, self._normalize, self._max_length)

    def __repr__(self) -> str:
        return (
            f"<StaticModel {str(self.folder)!r}: {self._native.tokens} tokens, {self.dim} "
            f"dimensions, {self.embedding_dtype}, engine {self.engine}, backend {self.backend}>"
        )
