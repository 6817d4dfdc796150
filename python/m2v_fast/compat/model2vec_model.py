"""model2vec's `StaticModel` with native methods. Imported when there is a model to accelerate."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sized
from functools import cache
from types import NoneType, new_class
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from model2vec.model import StaticModel
from model2vec.types import _UNSET, _UnsetType

import m2v_fast
from m2v_fast.tokenizer_object import Watch, pads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

logger = logging.getLogger(__name__)

Model = TypeVar("Model", bound=StaticModel)

_DTYPES = ("float32", "float16", "float64", "int8")

#: Methods that `encode` and its like are made of: a class of one's own may replace them.
_STEPS = (
    *("tokenize", "_batch", "_encode_batch", "_encode_batch_as_sequence", "_encode_dispatch"),
    *("_encode_helper", "_set_max_length_in_tokenizer"),
)
_missing = [name for name in _STEPS if not hasattr(StaticModel, name)]
if _missing:
    raise ImportError(f"model2vec.StaticModel has no {_missing[0]}")
_REFUSED = (TypeError, ValueError, OverflowError)


def accelerated(model: Model) -> Model:
    """Return an accelerated model beside the given one."""
    if isinstance(model, AcceleratedStaticModel):
        return model
    model = copy.copy(model)
    model.config = copy.copy(model.config)
    model.tokenizer = copy.deepcopy(model.tokenizer)
    changed: Any = converted(model)
    changed._m2v_fast_parts()  # now rather than when first used
    return model


def converted(model: Model) -> Model:
    """Accelerate a model in place."""
    if isinstance(model, AcceleratedStaticModel) or not isinstance(model, StaticModel):
        return model
    model.embedding = np.ascontiguousarray(model.embedding)  # so that no second copy is made
    changed: Any = model
    # A class of one's own may have kept the tokenizer, and changes may come from there.
    changed.__dict__["_m2v_fast_shown"] = type(model) is not StaticModel
    changed.__class__ = _class_of(changed.__class__)
    return model


class AcceleratedStaticModel(StaticModel):
    """A `model2vec.StaticModel` that embeds natively."""

    _model2vec_class: ClassVar[type[StaticModel]] = StaticModel

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer, which the model follows when it is changed.

        Looking for changes costs each call some microseconds once this has been asked for.
        """
        self._m2v_fast_show()
        tokenizer: Tokenizer = self.__dict__["tokenizer"]
        return tokenizer

    @tokenizer.setter
    def tokenizer(self, value: Tokenizer) -> None:
        self.__dict__["tokenizer"] = value
        self._m2v_fast_show()

    def encode(
        self,
        sentences: Sequence[str],
        *,
        show_progress_bar: bool = False,
        max_length: int | _UnsetType | None = _UNSET,
        normalize: bool | None = None,
        batch_size: int = 1024,
        use_multiprocessing: bool = True,
        multiprocessing_threshold: int = 10_000,
        **kwargs: Any,
    ) -> NDArray[Any]:
        """Embed texts, as `model2vec.StaticModel.encode` does and in its dtype.

        `use_multiprocessing` and `multiprocessing_threshold` are without effect.
        """
        limit = self.max_length if isinstance(max_length, _UnsetType) else max_length
        if normalize is None:
            normalize = self.normalize
        sentences = _again_and_again(sentences)
        options: dict[str, Any] = {
            "show_progress_bar": show_progress_bar,
            "batch_size": batch_size,
        }
        parts = self._m2v_fast_parts()
        # model2vec has no vectors for no texts, but an error.
        if parts.native is not None and batch_size >= 1 and not _none(sentences):
            try:
                vectors = parts.encode(sentences, limit, bool(normalize), options)
                parts.cut(self.max_length)
                return vectors
            except _REFUSED:
                # Something that only model2vec takes; or nobody, and then the error is model2vec's.
                return StaticModel.encode(
                    self._plain(), sentences, max_length=limit, normalize=normalize, **options
                )
        options |= {
            "use_multiprocessing": use_multiprocessing,
            "multiprocessing_threshold": multiprocessing_threshold,
        }
        return StaticModel.encode(
            self._plain(), sentences, max_length=limit, normalize=normalize, **options
        )

    def encode_as_sequence(  # type: ignore[override]  # one signature instead of two
        self,
        sentences: str | list[str],
        *,
        max_length: int | None = None,
        batch_size: int = 1024,
        show_progress_bar: bool = False,
        use_multiprocessing: bool = True,
        multiprocessing_threshold: int = 10_000,
    ) -> list[NDArray[Any]] | NDArray[Any]:
        """Return the rows of each text's tokens, as the method of `model2vec.StaticModel`."""
        sentences = _again_and_again(sentences)
        options: dict[str, Any] = {
            "show_progress_bar": show_progress_bar,
            "batch_size": batch_size,
        }
        parts = self._m2v_fast_parts()
        if parts.native is not None and batch_size >= 1:
            try:
                rows = parts.encode_as_sequence(sentences, max_length, options)
                parts.cut(self.max_length)
                return rows
            except _REFUSED:
                return StaticModel.encode_as_sequence(
                    self._plain(), sentences, max_length=max_length, **options
                )
        options |= {
            "use_multiprocessing": use_multiprocessing,
            "multiprocessing_threshold": multiprocessing_threshold,
        }
        return StaticModel.encode_as_sequence(
            self._plain(), sentences, max_length=max_length, **options
        )

    def tokenize(self, sentences: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, as the method of `model2vec.StaticModel`."""
        parts = self._m2v_fast_parts()
        if parts.native is not None and not _one(sentences):
            try:
                limit = parts.limit(self.max_length)
                return parts.native._native.tokenize(sentences, limit, None)
            except _REFUSED:
                return StaticModel.tokenize(self._plain(), sentences)
        return StaticModel.tokenize(self._plain(), sentences)

    def _set_max_length_in_tokenizer(self, max_length: int | None) -> None:
        StaticModel._set_max_length_in_tokenizer(self._plain(), max_length)

    def _m2v_fast_show(self) -> None:
        """Look for changes of the tokenizer from now on, as others have it."""
        self.__dict__["_m2v_fast_shown"] = True
        parts: _Parts | None = self.__dict__.get("_m2v_fast")
        if parts is not None:
            parts.look()

    def _plain(self) -> StaticModel:
        """The same model, whose steps are those of the class that was accelerated."""
        cls = self._model2vec_class
        plain = cls.__new__(cls)
        plain.__dict__ = self.__dict__
        return plain

    def _m2v_fast_parts(self) -> _Parts:
        parts: _Parts | None = self.__dict__.get("_m2v_fast")
        if parts is None or not parts.are_of(self):
            parts = _Parts(self)
            self.__dict__["_m2v_fast"] = parts
        return parts

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._m2v_fast_show()  # a shallow copy has the same tokenizer
        reduced: Any = super().__reduce_ex__(max(protocol, 2))
        _, _, *state = reduced
        return _new, (self._model2vec_class,), *state


@cache
def _class_of(base: Any) -> type[AcceleratedStaticModel]:
    """The accelerated class of a class: what the class itself defines comes before what we do."""
    if base is StaticModel:
        return AcceleratedStaticModel

    def fill(namespace: dict[str, Any]) -> None:
        namespace["__module__"] = base.__module__
        namespace["__qualname__"] = base.__qualname__
        namespace["__doc__"] = base.__doc__
        namespace["_model2vec_class"] = base

    cls: type[AcceleratedStaticModel]
    cls = new_class(base.__name__, (base, AcceleratedStaticModel), exec_body=fill)
    return cls


def _new(base: Any) -> AcceleratedStaticModel:
    """Make an empty model, for `pickle` and `copy`, which fill it."""
    cls: Any = _class_of(base)
    accelerated: AcceleratedStaticModel = cls.__new__(cls)
    return accelerated


class _Parts:
    """The native model of the arrays that an accelerated model had when it was made."""

    def __init__(self, model: AcceleratedStaticModel) -> None:
        self.native: m2v_fast.StaticModel | None = None
        self._embedding = model.embedding
        self._weights = model.weights
        self._mapping = model.token_mapping
        self._tokenizer = model.__dict__["tokenizer"]
        self._watch: Watch | None = None
        if model.__dict__.get("_m2v_fast_shown", True):
            self.look()
        self._unknown = model.unk_token_id
        self._median = model.median_token_length
        self._replaced = self._replaced_steps(model)
        try:
            self._set_up(model._model2vec_class)
        except Exception as error:
            logger.warning("m2v_fast cannot run this model, model2vec's own code does: %s", error)

    def are_of(self, model: AcceleratedStaticModel) -> bool:
        """Whether nothing has been assigned to the model since, or changed in its tokenizer."""
        return (
            model.embedding is self._embedding
            and model.weights is self._weights
            and model.token_mapping is self._mapping
            and model.__dict__["tokenizer"] is self._tokenizer
            and (self._watch is None or not self._watch.changed())
            and model.unk_token_id == self._unknown
            and model.median_token_length == self._median
            and self._replaced_steps(model) == self._replaced
        )

    def look(self) -> None:
        """Look for changes of the tokenizer from now on."""
        if self._watch is None:
            self._watch = Watch(self._tokenizer)

    def limit(self, default: int | None) -> int | None:
        """Return the number of tokens that the tokenizer cuts texts to by itself."""
        return default if self._watch is None else self._watch.limit()

    def cut(self, length: int | None) -> None:
        """Leave the tokenizer as a call of model2vec's does, in case someone looks at it."""
        if self._watch is not None:
            self._watch.cut(length)

    def __reduce__(self) -> Any:
        # Copies and pickles hold None instead, and are set up anew when they are first used.
        return NoneType, ()

    @staticmethod
    def _replaced_steps(model: AcceleratedStaticModel) -> set[str]:
        return model.__dict__.keys() & set(_STEPS)

    def _set_up(self, cls: type[StaticModel]) -> None:
        embedding, weights, mapping = self._embedding, self._weights, self._mapping
        replaced = [name for name in _STEPS if getattr(cls, name) is not getattr(StaticModel, name)]
        replaced += self._replaced
        if replaced:
            raise ValueError(f"it has a {replaced[0]} of its own")
        if embedding.dtype.name not in _DTYPES:
            raise ValueError(f"its rows are {embedding.dtype}")
        if weights is not None and weights.dtype.name not in _DTYPES[:3]:
            raise ValueError(f"its weights are {weights.dtype}")
        if mapping is not None and mapping.dtype.kind not in "iu":
            raise ValueError(f"its token mapping is {mapping.dtype}")
        if self._tokenizer.encode_special_tokens:
            raise ValueError("its tokenizer encodes special tokens as text")
        if pads(self._tokenizer):
            raise ValueError("its tokenizer pads texts")
        native = m2v_fast.StaticModel(
            embedding, self._tokenizer, weights=weights, token_mapping=mapping
        )
        if (native.unk_token_id, native.median_token_length) != (self._unknown, self._median):
            raise ValueError("its unk_token_id or median_token_length is not the tokenizer's")

        #: What `encode` returns, and what one row times its weight is.
        self._out = np.dtype(np.float32) if embedding.dtype == np.int8 else embedding.dtype
        self._product = np.result_type(*(a for a in (embedding, weights) if a is not None))
        self.native = native

    def encode(
        self, sentences: Any, limit: int | None, normalize: bool, options: dict[str, Any]
    ) -> NDArray[Any]:
        """Embed in the dtype and to the bits of model2vec."""
        assert self.native is not None
        out, product = self._out.name, self._product.name
        if (
            (out == "float64" and not normalize)
            # Rounding to float32 first could give another float16.
            or (out == "float16" and product == "float64")
            # NumPy adds up a single column in another order.
            or self._embedding.shape[1] == 1
        ):
            return self._pool(sentences, limit, normalize)
        if out != "float16":
            vectors = self.native.encode(
                sentences, max_length=limit, normalize=normalize, **options
            )
            return vectors.astype(self._out, copy=False)
        vectors = self.native.encode(sentences, max_length=limit, normalize=False, **options)
        with np.errstate(over="ignore"):
            halves = vectors.astype(self._out)
        return _normalized(halves) if normalize else halves

    def encode_as_sequence(
        self, sentences: Any, limit: int | None, options: dict[str, Any]
    ) -> list[NDArray[Any]] | NDArray[Any]:
        """Return rows in the dtype and to the bits of model2vec."""
        assert self.native is not None
        one = _one(sentences)
        texts = [sentences] if one else sentences
        if self._product.name == "float64":
            found = [self._rows(ids) for ids in self._ids(texts, limit)]
        else:
            native = self.native.encode_as_sequence(texts, max_length=limit, **options)
            found = [rows.astype(self._product, copy=False) for rows in native]
        # Without tokens there are no rows to take the dtype from.
        found = [rows if len(rows) else np.zeros((0, rows.shape[1])) for rows in found]
        return found[0] if one else found

    def _ids(self, texts: Any, limit: int | None) -> list[list[int]]:
        assert self.native is not None
        if limit is not None:
            texts = [text[: limit * self._median] for text in texts]
        return self.native._native.tokenize(texts, limit, None)

    def _rows(self, ids: list[int]) -> NDArray[Any]:
        rows: NDArray[Any] = self._embedding[ids if self._mapping is None else self._mapping[ids]]
        if self._weights is not None:
            rows = rows * self._weights[ids][:, None]
        return rows

    def _pool(self, sentences: Any, limit: int | None, normalize: bool) -> NDArray[Any]:
        """Native ids, and NumPy for sums that must not be rounded to float32."""
        one = _one(sentences)
        ids = self._ids([sentences] if one else sentences, limit)
        out = np.zeros((len(ids), self._embedding.shape[1]), self._out)
        for vector, some in zip(out, ids, strict=True):
            if some:
                vector[:] = self._rows(some).mean(axis=0)
        if normalize:
            out = _normalized(out)
        return out[0] if one else out


def _normalized(vectors: NDArray[Any]) -> NDArray[Any]:
    wide = vectors.astype(np.float32)
    wide /= np.linalg.norm(wide, axis=-1, keepdims=True) + 1e-32
    return wide.astype(vectors.dtype)


def _one(sentences: Any) -> bool:
    return isinstance(sentences, str)


def _none(sentences: Any) -> bool:
    return isinstance(sentences, Sized) and not _one(sentences) and not len(sentences)


def _again_and_again(sentences: Any) -> Any:
    """A list instead of what can be gone through only once, as it may be read twice."""
    return sentences if isinstance(sentences, Sized) or sentences is None else list(sentences)
