"""A model's ids and vectors beside those of the libraries that decide: are they the same?

Ids are compared with the package `tokenizers`, vectors with model2vec if it is installed and takes
the model, else with NumPy's mean and norm over those ids.
"""

from __future__ import annotations

import warnings
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from m2v_fast import tokenizer_object
from m2v_fast.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel

    Encode = Callable[[list[str]], NDArray[Any]]

#: The release of model2vec whose vectors ours are.
MODEL2VEC = "0.10.0"

_BATCH = 1_000
_EXCERPT = 60
_NOTES = 10


class Difference(NamedTuple):
    """A text of which something differs."""

    number: int
    """Its place among the texts, from 0."""
    excerpt: str
    """How it begins."""
    ids: list[int] | None
    """Our ids, if they differ."""
    reference_ids: list[int] | None
    """Those of the reference, if they differ."""
    largest: float | None
    """The largest difference of the two vectors, if they differ."""
    problem: str | None = None
    """What ours raised, if that is the difference."""


class Comparison(NamedTuple):
    """What was compared, and where it differs."""

    texts: int
    """How many there were."""
    ids_from: str
    """The library that ids were compared with, and its release."""
    vectors_from: str
    """The library that vectors were compared with, and its release."""
    rule: str
    """What counts as the same vector: equal bits, or the rule for float16."""
    ids_differ: int
    """Texts whose ids differ."""
    vectors_differ: int
    """Texts whose vectors differ."""
    failed: int
    """Texts that ours refuses and the reference takes."""
    not_compared: int
    """Texts that the reference fails with."""
    largest: float
    """The largest difference of any two numbers of the vectors."""
    differences: list[Difference]
    """The first texts that differ."""
    notes: list[str]
    """What was not compared, and why."""

    @property
    def same(self) -> bool:
        """Whether nothing differs of what was compared."""
        return not (self.ids_differ or self.vectors_differ or self.failed)

    def __bool__(self) -> bool:
        return self.same


class Rule:
    """When two vectors are the same: equal bits, or what float16 and one dimension allow."""

    def __init__(
        self, *, float16: bool, normalize: bool, steps: int = 0, narrow: bool = False
    ) -> None:
        """Choose one.

        Args:
            float16: The reference rounds to float16, between its steps, too.
            normalize: Vectors are divided by their norm.
            steps: Units in the last place of float16 that may lie between vectors that are not.
            narrow: The model has one dimension, whose rows NumPy adds in another order.
        """
        self._float16, self._normalize, self._steps = float16, normalize, steps
        self._narrow = narrow
        if narrow:
            self.words = "differences up to 1e-5, as NumPy adds one dimension in another order"
        elif not float16:
            self.words = "equal bits"
        elif normalize:
            self.words = "a cosine of 0.999999, as the reference rounds to float16"
        else:
            self.words = "equal bits once rounded to float16, as the reference is"

    def same(self, ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.bool_]:
        """Say of each row whether it is the same; any NaN is like any other."""
        ours, theirs = ours.astype(np.float32), theirs.astype(np.float32)
        with np.errstate(all="ignore"):
            near = np.zeros(len(ours), np.bool_)
            if self._narrow:
                near = np.isclose(ours, theirs, rtol=1e-5, atol=1e-5).all(axis=1)
            if self._float16:
                ours = ours.astype(np.float16).astype(np.float32)
                if self._normalize:
                    near = cosines(ours, theirs) >= 0.999999
                elif self._steps:
                    step = np.spacing(np.abs(theirs.astype(np.float16))).astype(np.float32)
                    close = np.abs(ours - theirs) <= step * self._steps
                    ours = np.where(close, theirs, ours)
        equal = np.ascontiguousarray(ours).view(np.uint32) == theirs.view(np.uint32)
        equal |= np.isnan(ours) & np.isnan(theirs)
        return np.asarray(near | equal.all(axis=1))


def rule_of(model: StaticModel, *, model2vec: bool) -> Rule:
    """Return the rule for a model's vectors, beside model2vec's or NumPy's."""
    narrow = model.dim == 1
    if not model2vec:
        return Rule(float16=False, normalize=False, narrow=narrow)
    wide = model.weights is not None and model.weights.dtype == np.float64
    return Rule(
        float16=model.embedding_dtype == "float16",
        normalize=model.normalize,
        steps=int(wide),
        narrow=narrow,
    )


def cosines(ours: NDArray[Any], theirs: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosine of each pair of rows: 1 of two zero vectors, 0 of one."""
    mine, other = ours.astype(np.float64), theirs.astype(np.float64)
    lengths = np.linalg.norm(mine, axis=1), np.linalg.norm(other, axis=1)
    found = (mine * other).sum(axis=1) / np.maximum(lengths[0] * lengths[1], 1e-300)
    found[(lengths[0] == 0) & (lengths[1] == 0)] = 1
    return np.asarray(found)


def model2vec_of(model: StaticModel) -> Encode:
    """Return `encode` of model2vec's own model, from the same folder or of the same arrays.

    Raises:
        ImportError: It is not installed.
        Exception: Whatever it raises for a model that it does not take.
    """
    import model2vec

    if model.embedding_dtype == "bfloat16":
        # It loads once something has imported ml_dtypes, and then rounds to eight bits in between.
        raise TypeError("it has no bfloat16 of its own")
    settings: dict[str, Any] = {"normalize": model.normalize, "max_length": model.max_length}
    kind: Any = model2vec.StaticModel
    if model.folder is not None:
        theirs = kind.from_pretrained(model.folder, force_download=False, **settings)
    else:
        tokenizer = tokenizer_object.from_json(model._native.tokenizer_json(), model.max_length)
        theirs = kind(
            model.embedding,
            tokenizer,
            weights=model.weights,
            token_mapping=model.token_mapping,
            **settings,
        )
    # With m2v_fast.compat on, it would be ours behind their name.
    theirs.__class__ = getattr(type(theirs), "_model2vec_class", type(theirs))
    if model.unknown == "keep":
        theirs.unk_token_id = None

    def encode(texts: list[str]) -> NDArray[Any]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            vectors: NDArray[Any] = theirs.encode(texts, use_multiprocessing=False)
        return vectors

    return encode


def compare(model: StaticModel, texts: Iterable[str], *, most: int = 100) -> Comparison:
    """Compare a model with the libraries that decide.

    Args:
        model: The model. If it came from a folder and was not changed since, model2vec loads that
            folder itself; else it gets the model's arrays.
        texts: Any iterable of texts, which are taken some at a time.
        most: Differences that are kept; all are counted.

    Raises:
        ImportError: The package tokenizers is not installed.
        TypeError: A text is not a str.
        ValueError: There are no texts.
    """
    try:
        reference = Reference(model)
    except ImportError as error:
        raise ImportError(
            "comparing needs the package tokenizers, whose ids decide: pip install tokenizers"
        ) from error
    notes: list[str] = []
    encode = _model2vec(model, notes)
    rule = rule_of(model, model2vec=encode is not None)
    work = _Work(model, reference, encode, rule, most, notes)
    source = iter([texts] if isinstance(texts, str) else texts)
    while batch := list(islice(source, _BATCH)):
        work.take(batch)
    if not work.texts:
        raise ValueError("there are no texts to compare")
    return work.result()


def _model2vec(model: StaticModel, notes: list[str]) -> Encode | None:
    instead = "vectors were compared with NumPy's mean and norm over the ids of tokenizers instead"
    try:
        encode = model2vec_of(model)
    except ImportError as error:
        reason = "it is not installed" if error.name == "model2vec" else str(error)
        notes.append(f"not compared with model2vec, as {reason}; {instead}")
        return None
    except Exception as error:
        notes.append(
            f"not compared with model2vec, which does not take the model ({error}); {instead}"
        )
        return None
    if (found := version("model2vec")) != MODEL2VEC:
        notes.append(
            f"model2vec {found} is installed; vectors are meant to be those of {MODEL2VEC}, and "
            "other releases may differ"
        )
    return encode


class _Work:
    """A comparison under way."""

    def __init__(
        self,
        model: StaticModel,
        reference: Reference,
        encode: Encode | None,
        rule: Rule,
        most: int,
        notes: list[str],
    ) -> None:
        self._model, self._reference, self._encode = model, reference, encode
        self._rule, self._most, self._notes = rule, most, notes
        self.texts = 0
        self._ids = self._vectors = self._failed = self._not_compared = 0
        self._largest = 0.0
        self._differences: list[Difference] = []

    def take(self, texts: list[str]) -> None:
        """Compare some texts; one by one, if any of them is an error somewhere."""
        for index, text in enumerate(texts, start=self.texts):
            if not isinstance(text, str):
                raise TypeError(f"text {index} is not a str but {type(text).__name__}")
        ours = _tried(self._ours, texts)
        theirs = _tried(self._theirs, texts)
        if isinstance(ours, Exception) or isinstance(theirs, Exception):
            if len(texts) > 1:
                for text in texts:
                    self.take([text])
                return
            self._fault(texts[0], ours, theirs)
        else:
            self._compare(texts, *ours, *theirs)
        self.texts += len(texts)

    def _ours(self, texts: list[str]) -> tuple[list[list[int]], NDArray[Any]]:
        cut = self._reference.cut(texts)
        ids = self._model._native.tokenize(cut, self._model.max_length, None)
        return ids, self._model.encode(texts)

    def _theirs(self, texts: list[str]) -> tuple[list[list[int]], NDArray[Any]]:
        ids = self._reference.ids(texts)
        return ids, self._reference.pool(ids) if self._encode is None else self._encode(texts)

    def _compare(
        self,
        texts: list[str],
        ids: list[list[int]],
        vectors: NDArray[Any],
        their_ids: list[list[int]],
        their_vectors: NDArray[Any],
    ) -> None:
        if vectors.shape != their_vectors.shape:
            raise ValueError(
                f"vectors have {vectors.shape[1]} dimensions here and {their_vectors.shape[1]} in "
                f"{self._vectors_from()}: the files were changed since the model was loaded"
            )
        same = self._rule.same(vectors, their_vectors)
        with np.errstate(all="ignore"):
            apart = np.abs(vectors.astype(np.float64) - their_vectors.astype(np.float64))
        apart[np.isnan(apart)] = 0
        largest = apart.max(axis=1, initial=0)
        self._largest = max(self._largest, float(largest.max()))
        for place, text in enumerate(texts):
            other_ids = ids[place] != their_ids[place]
            if same[place] and not other_ids:
                continue
            self._ids += other_ids
            self._vectors += not same[place]
            self._keep(
                Difference(
                    self.texts + place,
                    _excerpt(text),
                    ids[place] if other_ids else None,
                    their_ids[place] if other_ids else None,
                    None if same[place] else float(largest[place]),
                )
            )

    def _fault(self, text: str, ours: object, theirs: object) -> None:
        if isinstance(ours, Exception) and not isinstance(theirs, Exception):
            self._failed += 1
            self._keep(Difference(self.texts, _excerpt(text), None, None, None, str(ours)))
            return
        self._not_compared += 1
        if self._not_compared <= _NOTES:
            both = " (and so does m2v_fast)" if isinstance(ours, Exception) else ""
            self._notes.append(
                f"text {self.texts} was not compared: the reference fails{both}: {theirs}"
            )

    def _keep(self, difference: Difference) -> None:
        if len(self._differences) < self._most:
            self._differences.append(difference)

    def _vectors_from(self) -> str:
        return f"model2vec {version('model2vec')}" if self._encode else f"numpy {np.__version__}"

    def result(self) -> Comparison:
        """Return what was found."""
        return Comparison(
            texts=self.texts,
            ids_from=f"tokenizers {version('tokenizers')}",
            vectors_from=self._vectors_from(),
            rule=self._rule.words,
            ids_differ=self._ids,
            vectors_differ=self._vectors,
            failed=self._failed,
            not_compared=self._not_compared,
            largest=self._largest,
            differences=self._differences,
            notes=self._notes,
        )


def _tried(
    call: Callable[[list[str]], tuple[list[list[int]], NDArray[Any]]], texts: list[str]
) -> tuple[list[list[int]], NDArray[Any]] | Exception:
    try:
        return call(texts)
    except Exception as error:
        return error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust, which is no Exception
            raise
        return RuntimeError(f"it panics: {error}")


def _excerpt(text: str) -> str:
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
