"""`StaticModel`: model2vec's interface over the native model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, overload

from m2v_fast import arrays, copies, in_memory, options, tokenizer_object
from m2v_fast._native import Model as NativeModel
from m2v_fast._unset import UNSET, Unset
from m2v_fast.counts import TokenCounts
from m2v_fast.index import after_load, index_folder
from m2v_fast.options import DEFAULT_MAX_LENGTH
from m2v_fast.output import ArrowDtype, OutputDtype, checked_ranges, convert
from m2v_fast.persistence import Metadata, push_folder, read_config, save
from m2v_fast.recognition import RecognisedModel
from m2v_fast.similarity import similarity
from m2v_fast.sources import IncompleteModelError, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from tokenizers import Tokenizer
    from typing_extensions import Self

    from m2v_fast._native import Vectors
    from m2v_fast.arrow_types import ArrowData
    from m2v_fast.comparison import Comparison
    from m2v_fast.options import Unknown


class StaticModel(RecognisedModel):
    """A Model2Vec model.

    It may be used from any number of threads at once. A call reads `normalize` and `max_length`
    once, when it starts, so setting them never changes a call under way.
    """

    _native: NativeModel
    _normalize: bool
    _max_length: int | None
    _metadata: Metadata
    _watch: tokenizer_object.Watch | None = None
    _tokens: tuple[str, ...] | None
    _arrays: arrays.Parts | None
    config: dict[str, Any]
    """What config.json holds; `normalize` and `max_length` in it follow the properties."""

    def __init__(
        self,
        vectors: NDArray[Any],
        tokenizer: Tokenizer,
        config: Mapping[str, Any] | None = None,
        normalize: bool = False,
        base_model_name: str | None = None,
        language: list[str] | None = None,
        weights: NDArray[Any] | None = None,
        token_mapping: NDArray[Any] | None = None,
        max_length: int | None = DEFAULT_MAX_LENGTH,
        *,
        unknown: Unknown = "drop",
    ) -> None:
        """Make a model of arrays and a tokenizer.

        Args:
            vectors: The rows, of shape (rows, dim): float32, float16, float64 or int8 (or bfloat16
                of the package ml_dtypes). Kept, not copied, if C-contiguous: leave them unchanged.
            tokenizer: A tokenizer of the Hugging Face library; it is copied.
            config: Further configuration, kept in `config` and saved with the model.
            normalize: Whether `encode` divides vectors by their norm.
            base_model_name: Name of the model it was made from, for the model card.
            language: Languages of the model, for the model card.
            weights: A factor for each token id.
            token_mapping: A row of `vectors` for each token id.
            max_length: Most tokens that `encode` keeps of a text; None for no limit.
            unknown: What becomes of unknown tokens, see the property `unknown`.

        Raises:
            ModelError: The parts do not fit each other.
        """
        parts = arrays.Parts.of(vectors, weights, token_mapping)
        self._set_up(
            parts.model(tokenizer_object.to_json(tokenizer)),
            config=dict(config) if config is not None else {},
            normalize=normalize,
            max_length=max_length,
            metadata=Metadata.of(base_model_name, language),
            parts=parts,
            unknown=unknown,
        )

    def _set_up(
        self,
        native: NativeModel,
        *,
        config: dict[str, Any],
        normalize: bool,
        max_length: int | None,
        metadata: Metadata,
        parts: arrays.Parts | None = None,
        unknown: Unknown = "drop",
    ) -> None:
        self._native = native.with_unknown(options.keeps(unknown))
        self._metadata = metadata
        self.__dict__.pop("_watch", None)
        self._tokens = None
        self._arrays = parts
        self.config = config
        self.max_length = max_length
        self.normalize = normalize

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
        memory_map: bool | Literal["huge"] = True,
        index: bool | str | PathLike[str] = True,
        unknown: Unknown = "drop",
    ) -> Self:
        """Load a model from a local folder, the Hugging Face hub, or this package.

        Args:
            path: A folder, a hub name such as "minishlab/potion-base-8M", or `BUNDLED_MODEL`.
            token: Hub token for private models.
            normalize: Whether vectors are divided by their norm; by default as the model's
                configuration says, else False.
            subfolder: Folder inside `path` that holds the model.
            quantize_to: Convert the rows to "float64", "float32", "float16" or "int8".
            dimensionality: Keep this many columns.
            vocabulary_quantization: Cluster the rows into this many (needs scikit-learn).
            max_length: Most tokens that `encode` keeps of a text; None for no limit; by default as
                the model's configuration says, else 512.
            force_download: Fetch the files again even if they are in the local cache, which is
                otherwise used before the network (model2vec's default is True).
            revision: Branch, tag or commit on the hub.
            cache_dir: The hub cache to use.
            local_files_only: Never use the network.
            memory_map: Leave the matrix in its file, shared by all processes that load it. With
                False it is read into memory (and so is a compiled index), for files that are
                rewritten in place while in use. With "huge" it is read into pages of 2 MB, where
                the system has them: for work in bulk, which is some 7 % faster then; the memory is
                this process's own, and loading takes as long as reading the file.
            index: Keep compiled indexes of big vocabularies, which then load in milliseconds: True
                for the user's cache folder (see `m2v_fast.index`), a folder, or False for none. An
                index that `m2v-fast compile` put beside tokenizer.json is used in any case.
            unknown: What becomes of unknown tokens, see the property `unknown`.

        Raises:
            FileNotFoundError: There is no such folder or model, or one of its files is missing;
                if the folder is there, the error is a ValueError as well, as model2vec's.
            ModelError: A file is there but is not what a model holds.
            ConnectionError: The model is not cached and the hub could not be reached.
        """
        folder = find(
            path,
            token=token,
            revision=revision,
            subfolder=subfolder,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            force_download=force_download,
        )
        indexes = index_folder(index, folder)
        try:
            native = NativeModel.load(folder, *options.mapping(memory_map), indexes)
        except FileNotFoundError as error:
            if not os.path.isdir(folder):
                raise
            raise IncompleteModelError(*error.args) from None
        after_load(native, indexes)
        model = cls.__new__(cls)
        model._set_up(
            native,
            config=read_config(native),
            normalize=native.config_normalize if normalize is None else normalize,
            max_length=(
                native.config_max_length
                if options.is_unset(max_length)
                else options.limit(max_length)
            ),
            metadata=Metadata.in_folder(folder),
            unknown=unknown,
        )
        if quantize_to is None and dimensionality is None and vocabulary_quantization is None:
            return model
        from m2v_fast.quantization import quantize_model

        return quantize_model(model, vocabulary_quantization, quantize_to, dimensionality)

    @classmethod
    def from_bytes(
        cls,
        *,
        model: bytes,
        tokenizer: bytes | str,
        config: bytes | str | Mapping[str, Any] | None = None,
    ) -> Self:
        """Make a model of the contents of its files, without a folder.

        The rows stay where they are, in `model`. An index of a big vocabulary is not kept: such a
        tokenizer is read anew each time.

        Args:
            model: Contents of model.safetensors.
            tokenizer: Contents of tokenizer.json.
            config: Contents of config.json, or a mapping of the same.

        Raises:
            ModelError: One of them is not what a model holds, or they do not fit each other.
            TypeError: One of them is of another type.
        """
        made = cls.__new__(cls)
        copies.fill(made, in_memory.state_of(model, tokenizer, config))
        return made

    @overload
    def encode(
        self,
        sentences: str | Iterable[str] | ArrowData,
        *,
        show_progress_bar: bool = ...,
        max_length: int | Unset | None = ...,
        normalize: bool | None = ...,
        batch_size: int = ...,
        use_multiprocessing: bool = ...,
        multiprocessing_threshold: int = ...,
        num_threads: int | None = ...,
        out: NDArray[np.float32] | None = ...,
        output_dtype: Literal["float32"] = ...,
        ranges: ArrayLike | None = ...,
        truncate_dim: int | None = ...,
        unknown: Unknown | None = ...,
        **kwargs: Any,
    ) -> NDArray[np.float32]: ...

    @overload
    def encode(
        self,
        sentences: str | Iterable[str] | ArrowData,
        *,
        output_dtype: OutputDtype,
        **kwargs: Any,
    ) -> NDArray[Any]: ...

    def encode(
        self,
        sentences: str | Iterable[str] | ArrowData,
        *,
        show_progress_bar: bool = False,
        max_length: int | Unset | None = UNSET,
        normalize: bool | None = None,
        batch_size: int = 1024,
        use_multiprocessing: bool = True,
        multiprocessing_threshold: int = 10_000,
        num_threads: int | None = None,
        out: NDArray[np.float32] | None = None,
        output_dtype: OutputDtype = "float32",
        ranges: ArrayLike | None = None,
        truncate_dim: int | None = None,
        unknown: Unknown | None = None,
        **kwargs: Any,
    ) -> NDArray[Any]:
        """Embed texts: the mean of their tokens' rows.

        Args:
            sentences: One text, any iterable of texts, or a column of strings in Arrow's memory
                format (see `encode_arrow`) without nulls.
            show_progress_bar: Show a progress bar on standard error.
            max_length: Most tokens kept of a text, None for no limit; by default the model's.
            normalize: Whether to divide each vector by its norm; by default the model's setting.
            batch_size: Number of texts between two steps of the progress bar; otherwise without
                effect, as texts are encoded one by one.
            use_multiprocessing: Accepted for model2vec's sake, without effect; see `num_threads`.
            multiprocessing_threshold: Likewise.
            num_threads: Most threads to use; by default as many as there are processors that this
                process may use. The result does not depend on it.
            out: An array to write the vectors to and return: float32, C-contiguous, of the shape
                that would be returned.
            output_dtype: "float32"; "float16" or "bfloat16" (rounded); "int8" or "uint8" (each
                column's range cut into 255 steps, see `ranges`); "binary" or "ubinary" (a bit for
                each column, 1 where it is positive, eight to an int8 or uint8).
            ranges: For "int8" and "uint8": array of shape (2, dim), the smallest and the largest
                value of each column. It is never taken from the texts at hand, since vectors of
                different calls would then not be comparable.
            truncate_dim: Keep this many columns of each vector, from the first on, and normalize
                over these: for models that were trained for it (Matryoshka). By default all.
            unknown: As the property `unknown`, for this call.
            **kwargs: Ignored, as in model2vec.

        Returns:
            A C-contiguous array, float32 unless `output_dtype` says otherwise: shape (dim,) for one
            text, (n, dim) for n texts. A text without known tokens is a zero vector.

        Raises:
            TypeError: An item is not a str; the message names its index. Or `max_length` is not a
                number or `normalize` not a truth value.
            UnicodeEncodeError: A text holds a lone surrogate; the message names its index.
            ValueError: `max_length`, `num_threads`, `out`, `ranges` or `truncate_dim` does not fit.
        """
        if kwargs:
            options.warn_of_ignored(kwargs)
        native = self._native if self._watch is None else self._follow(cut=True)
        if unknown is not None:
            native = native.with_unknown(options.keeps(unknown))
        if truncate_dim is not None:
            native = native.with_dim(options.columns(truncate_dim))
        # Not by way of `_limit` where it is not given: a short query would notice the calls.
        limit = self._max_length if max_length is UNSET else self._limit(max_length)
        normalize = self._normalize if normalize is None else options.truth(normalize, "normalize")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if show_progress_bar and not isinstance(sentences, str):
            from m2v_fast.progress import encode_in_steps

            vectors = encode_in_steps(
                native, sentences, limit, normalize, batch_size, num_threads, out
            )
        else:
            vectors = native.encode(sentences, limit, normalize, num_threads, out)
        if output_dtype == "float32":
            return vectors
        return convert(vectors, output_dtype, ranges)

    def encode_arrow(
        self,
        data: ArrowData,
        column: str | None = None,
        *,
        max_length: int | Unset | None = UNSET,
        normalize: bool | None = None,
        num_threads: int | None = None,
        output_dtype: ArrowDtype = "float32",
        ranges: ArrayLike | None = None,
        nulls: Literal["null", "error"] = "null",
    ) -> Vectors:
        """Embed a column of strings in Arrow's memory format, of whatever library.

        The texts are read where they are, and the vectors can be taken by any library that speaks
        the Arrow PyCapsule interface, without a copy: `pyarrow.chunked_array(vectors)`,
        `polars.Series(vectors)`, `numpy.asarray(vectors)`. A dictionary is encoded once.

        Args:
            data: A column of strings (string, large_string, string_view, a dictionary of these, or
                null), or a table with one: anything with `__arrow_c_stream__` or
                `__arrow_c_array__`.
            column: The table's column; it may be left out if only one holds strings.
            max_length: As for `encode`.
            normalize: As for `encode`.
            num_threads: As for `encode`.
            output_dtype: As for `encode`, except "bfloat16", which Arrow lacks. No float32 vectors
                are kept on the way.
            ranges: As for `encode`.
            nulls: "null" gives null for a null text; "error" raises.

        Returns:
            A vector for each row, of Arrow's type FixedSizeList of `output_dtype` not null, in the
            chunks that the texts came in. A text without known tokens is a zero vector.

        Raises:
            TypeError: It is not Arrow data, or its column does not hold strings.
            ValueError: A string is not UTF-8 or what the producer hands over contradicts itself
                (the message names the row), there is no such column, a text is null and `nulls` is
                "error", or another argument does not fit.
        """
        native = self._native if self._watch is None else self._follow(cut=True)
        if nulls not in ("null", "error"):
            raise ValueError(f"nulls must be 'null' or 'error', not {nulls!r}")
        return native.encode_arrow(
            data,
            column,
            self._limit(max_length),
            self._normalize if normalize is None else options.truth(normalize, "normalize"),
            num_threads,
            output_dtype,
            checked_ranges(output_dtype, ranges, native.dim)
            if output_dtype in ("int8", "uint8")
            else None,
            nulls == "error",
        )

    @overload
    def encode_as_sequence(  # type: ignore[overload-overlap]  # a str is an iterable of str, too
        self,
        sentences: str,
        *,
        max_length: int | None = ...,
        batch_size: int = ...,
        show_progress_bar: bool = ...,
        use_multiprocessing: bool = ...,
        multiprocessing_threshold: int = ...,
        num_threads: int | None = ...,
    ) -> NDArray[np.float32]: ...

    @overload
    def encode_as_sequence(
        self,
        sentences: Iterable[str],
        *,
        max_length: int | None = ...,
        batch_size: int = ...,
        show_progress_bar: bool = ...,
        use_multiprocessing: bool = ...,
        multiprocessing_threshold: int = ...,
        num_threads: int | None = ...,
    ) -> list[NDArray[np.float32]]: ...

    def encode_as_sequence(
        self,
        sentences: str | Iterable[str],
        *,
        max_length: int | None = None,
        batch_size: int = 1024,
        show_progress_bar: bool = False,
        use_multiprocessing: bool = True,
        multiprocessing_threshold: int = 10_000,
        num_threads: int | None = None,
    ) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """Return the rows of each text's tokens, times their weights, without averaging them.

        Args:
            sentences: One text, or any iterable of texts.
            max_length: Most tokens kept of a text. The model's own setting is not looked at, as in
                model2vec: by default there is no limit.
            batch_size: Number of texts between two steps of the progress bar.
            show_progress_bar: Show a progress bar on standard error.
            use_multiprocessing: Accepted for model2vec's sake, without effect.
            multiprocessing_threshold: Likewise.
            num_threads: As for `encode`.

        Returns:
            A float32 array of shape (tokens, dim) for one text, a list of them for several.
        """
        native = self._native if self._watch is None else self._follow(cut=True)
        max_length = options.limit(max_length)
        if show_progress_bar and not isinstance(sentences, str):
            from m2v_fast.progress import sequences_in_steps

            return sequences_in_steps(native, sentences, max_length, batch_size, num_threads)
        sequence: NDArray[np.float32] | list[NDArray[np.float32]]
        sequence = native.encode_as_sequence(sentences, max_length, num_threads)
        return sequence

    def tokenize(self, sentences: str | Iterable[str]) -> list[list[int]]:
        """Return the ids of each text, cut to the model's `max_length`.

        Unknown tokens are left out, unless the model keeps them (`unknown`).

        Args:
            sentences: Any iterable of texts; one text counts as a list of one.
        """
        if self._watch is None:
            return self._native.tokenize(sentences, self._max_length, None)
        native = self._follow()
        return native.tokenize(sentences, self._watch.limit(), None)

    def count_tokens(
        self,
        sentences: str | Iterable[str] | ArrowData,
        *,
        max_length: int | Unset | None = UNSET,
        num_threads: int | None = None,
    ) -> TokenCounts:
        """Count what `encode` keeps of each text and leaves out, without encoding it.

        A text in a language that the model does not know turns into unknown tokens, and a long one
        is cut, both without a sign in its vector: this tells.

        Args:
            sentences: One text (counts of one), any iterable of texts, or a column of strings in
                Arrow's memory format.
            max_length: As for `encode`.
            num_threads: As for `encode`.
        """
        limit = self._limit(max_length)
        return TokenCounts(*self._follow().count_tokens(sentences, limit, num_threads))

    def similarity(self, a: Any, b: Any) -> NDArray[np.float32]:
        """Return the cosine similarity of each text or vector of `a` to each of `b`.

        Args:
            a: Texts or vectors: any iterable of texts, an array of shape (n, dim), or vectors in a
                list. One text or one vector of shape (dim,) counts as a set of one.
            b: Likewise, of as many columns.

        Returns:
            A float32 array of shape (len(a), len(b)), from -1 to 1. A vector of zeros (a text
            without known tokens) has the similarity 0 to everything.

        Raises:
            TypeError: It is neither texts nor vectors.
            ValueError: The widths of the vectors differ, or an array has more than two dimensions.
        """
        return similarity(self, a, b)

    def same_as_model2vec(self, texts: Iterable[str]) -> Comparison:
        """Compare ids and vectors with those of the libraries that decide what they are.

        Ids are compared with the package `tokenizers`, vectors with model2vec if it is installed,
        else with NumPy's mean and norm; what was not compared is in `notes`. model2vec loads the
        model's folder itself, if there is one that the model was not changed since.

        Args:
            texts: Any iterable of texts; one text counts as a list of one.

        Returns:
            What was compared and where it differs; true if nothing does.

        Raises:
            ImportError: The package tokenizers is not installed.
            ValueError: There are no texts.
        """
        from m2v_fast.comparison import compare

        return compare(self, texts)

    def _limit(self, max_length: object) -> int | None:
        """The limit of a call that was given `max_length`, by default the model's."""
        return self._max_length if options.is_unset(max_length) else options.limit(max_length)

    def save_pretrained(
        self,
        path: str | PathLike[str],
        model_name: str | None = None,
        subfolder: str | None = None,
    ) -> None:
        """Save the model to a folder, which model2vec can load too.

        Args:
            path: The folder; it is made if it is not there.
            model_name: Name for the model card; by default the folder's.
            subfolder: Folder inside `path` to save to.
        """
        self._follow()
        save(self, path, model_name=model_name, subfolder=subfolder)

    def push_to_hub(
        self,
        repo_id: str,
        private: bool = False,
        token: str | None = None,
        subfolder: str | None = None,
    ) -> None:
        """Save the model to a repository on the Hugging Face hub, which is made if need be.

        Args:
            repo_id: The repository, "owner/name".
            private: Whether a new repository is private.
            token: Hub token; by default the stored one.
            subfolder: Folder inside the repository.
        """
        self._follow()
        push_folder(self, repo_id, private=private, token=token, subfolder=subfolder)

    @property
    def unknown(self) -> Unknown:
        """What becomes of unknown tokens.

        "drop" leaves them out of a text, once they have counted against `max_length`, as model2vec
        does. "keep" takes them for tokens like any other, which have a row, as `StaticEmbedding` of
        sentence-transformers does. It is not part of a saved model.
        """
        return "keep" if self._native.keeps_unknown else "drop"

    @unknown.setter
    def unknown(self, value: Unknown) -> None:
        self._native = self._native.with_unknown(options.keeps(value))

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
        value = value is not None and options.truth(value, "normalize")
        options.warn_of_change(self.config, "normalize", value)
        self._normalize = value
        self.config["normalize"] = value

    @property
    def max_length(self) -> int | None:
        """Most tokens that `encode` and `tokenize` keep of a text; None for no limit."""
        return self._max_length

    @max_length.setter
    def max_length(self, value: int | None) -> None:
        value = options.limit(value)
        options.warn_of_change(self.config, "max_length", value)
        self._max_length = value
        if self._watch is not None:
            self._follow(cut=True)
        self.config["max_length"] = value

    @property
    def embedding(self) -> NDArray[Any]:
        """The rows, shape (rows, dim), in their stored dtype: a read-only view, nothing is copied.

        bfloat16, which NumPy lacks, needs the package ml_dtypes.
        """
        if self._arrays is not None:
            return arrays.read_only(self._arrays.vectors)
        return arrays.stored_embedding(self._native)

    @embedding.setter
    def embedding(self, value: NDArray[Any]) -> None:
        self._replace(vectors=value)

    @property
    def weights(self) -> NDArray[Any] | None:
        """The factor of each token id, if the model has weights."""
        if self._arrays is not None:
            return self._arrays.weights
        return arrays.stored(self._native, "weights")

    @weights.setter
    def weights(self, value: NDArray[Any] | None) -> None:
        self._replace(weights=value)

    @property
    def token_mapping(self) -> NDArray[Any] | None:
        """The row of each token id, if it is not the id itself."""
        if self._arrays is not None:
            return self._arrays.mapping
        return arrays.stored(self._native, "mapping")

    @token_mapping.setter
    def token_mapping(self, value: NDArray[Any] | None) -> None:
        self._replace(mapping=value)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer as an object of the Hugging Face library, made on first use.

        The model follows what is changed in it, as model2vec's does: `tokenize` cuts where it cuts,
        and `encode` sets its truncation to `max_length` again. Looking for changes costs each call
        some microseconds once this has been asked for.
        """
        watch = self._watch
        if watch is None:
            length = self._max_length
            tokenizer = tokenizer_object.from_json(self._native.tokenizer_json(), length)
            # Of several threads one is first, and all get its object.
            watch = self.__dict__.setdefault("_watch", tokenizer_object.Watch(tokenizer))
            if length != self._max_length:  # set by another thread, before it could see the object
                watch.cut(self._max_length)
        return watch.tokenizer  # type: ignore[no-any-return]

    @tokenizer.setter
    def tokenizer(self, value: Tokenizer) -> None:
        if tokenizer_object.pads(value):
            raise ValueError(
                "the tokenizer pads texts, and what it adds would count in their vectors: call its "
                "no_padding() first"
            )
        text = tokenizer_object.to_json(value)
        self._replace(tokenizer_json=text)
        self._watch = tokenizer_object.Watch(value)

    def _follow(self, *, cut: bool = False) -> NativeModel:
        """Return the native model, made anew if the tokenizer object was changed.

        With `cut`, the truncation of that object is set back, as `encode` of model2vec does.
        """
        watch = self._watch
        if watch is not None and watch.changed():
            self.tokenizer = watch.tokenizer
        if cut and self._watch is not None:
            self._watch.cut(self._max_length)
        return self._native

    def _replace(self, *, tokenizer_json: str | None = None, **changed: Any) -> None:
        """Make the native model anew of other arrays or another tokenizer."""
        parts = arrays.Parts.of(
            changed.get("vectors", self.embedding),
            changed.get("weights", self.weights),
            changed.get("mapping", self.token_mapping),
        )
        if tokenizer_json is None:
            tokenizer_json = self._native.tokenizer_json()
        else:
            self._tokens = None
        native = parts.model(tokenizer_json).with_unknown(self._native.keeps_unknown)
        self._native, self._arrays = native, parts

    @property
    def tokens(self) -> Sequence[str]:
        """All tokens, in the order of their ids."""
        if self._tokens is None:
            self._tokens = tokenizer_object.tokens_of(self._follow().tokenizer_json())
        return self._tokens

    @property
    def embedding_dtype(self) -> str:
        """Number format of the stored matrix, as NumPy names it (vectors are always float32)."""
        return self._native.embedding_dtype

    @property
    def vocabulary_quantization(self) -> int | None:
        """Number of rows, if tokens share them."""
        native = self._native
        return native.rows if native.has_mapping or native.rows != native.tokens else None

    @property
    def base_model_name(self) -> str | None:
        """Name of the model this one was made from, if its model card says."""
        name: str | None = self._metadata.get("base_model")
        return name

    @property
    def language(self) -> list[str] | None:
        """Languages of the model, if its model card says."""
        language: list[str] | None = self._metadata.get("language")
        return language

    @property
    def median_token_length(self) -> int:
        """Median length of a token in code points; `encode` cuts texts by it."""
        return self._native.median_token_length

    @property
    def unk_token_id(self) -> int | None:
        """The id that is left out of every text; None if there is none, or if it is kept.

        None may be assigned to keep it, as in model2vec (`unknown` is "keep" then).
        """
        return None if self._native.keeps_unknown else self._native.unk_token_id

    @unk_token_id.setter
    def unk_token_id(self, value: int | None) -> None:
        if value is not None and value != self._native.unk_token_id:
            raise ValueError(
                f"unk_token_id is {self._native.unk_token_id}, as the tokenizer has it, and cannot "
                f"be {value!r}: assign a tokenizer with another unknown token to model.tokenizer"
            )
        if value != self.unk_token_id:
            self.unknown = "keep" if value is None else "drop"

    @property
    def backend(self) -> str:
        """Instruction set: "portable", "neon", "avx2" or "avx512"; all give the same bits."""
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
    def indexed(self) -> bool:
        """Whether the tokenizer came from a compiled index."""
        return self._native.indexed

    @property
    def folder(self) -> Path | None:
        """The folder that the model was loaded from, if it was."""
        from pathlib import Path

        folder = self._native.folder
        return None if folder is None else Path(folder)

    def __copy__(self) -> Self:
        return self._copy(self.config)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Rows and tokenizer never change, so copies share them.
        from copy import deepcopy

        return self._copy(deepcopy(self.config, memo))

    def _copy(self, config: dict[str, Any]) -> Self:
        model = type(self).__new__(type(self))
        self._follow()
        model.__dict__.update(self.__dict__)
        model.config = dict(config)
        model.__dict__.pop("_watch", None)  # a tokenizer object of its own, when asked for
        return model

    def __getstate__(self) -> dict[str, Any]:
        return copies.state_of(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        copies.fill(self, state)

    def _with_rows(
        self,
        vectors: NDArray[Any],
        weights: NDArray[Any] | None,
        mapping: NDArray[Any] | None,
    ) -> Self:
        """Return a model of other rows with everything else of this one."""
        model = type(self).__new__(type(self))
        copies.fill(model, copies.state_with_rows(self, vectors, weights, mapping))
        return model

    def _with_backend(self, name: str) -> Self:
        """Return the same model on another instruction set, for tests and benchmarks."""
        model = self._copy(self.config)
        model._native = self._native.with_backend(name)
        return model

    def __repr__(self) -> str:
        source = repr(str(self.folder)) if self.folder is not None else "of arrays"
        return (
            f"<{type(self).__name__} {source}: {self._native.tokens} tokens, {self.dim} "
            f"dimensions, {self.embedding_dtype}, engine {self.engine}, backend {self.backend}>"
        )
