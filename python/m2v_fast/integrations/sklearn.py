"""scikit-learn's transformer, computed by m2v_fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from m2v_fast._unset import UNSET
from m2v_fast.integrations._base import DEFAULT_MODEL, load, missing

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
except ImportError as error:
    raise missing(__name__, "scikit-learn", error, extra="scikit-learn") from error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

    from m2v_fast.static_model import StaticModel


class TextEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Turns texts into vectors, as a step of a pipeline.

        classifier = make_pipeline(TextEmbedder("minishlab/potion-base-8M"), LogisticRegression())
        classifier.fit(texts, labels)

    There is nothing to learn: `fit` loads the model, and so does `transform` if it has not been
    loaded. Columns are named textembedder0, textembedder1, … A pickle, and so each process of
    `n_jobs`, holds the model's name and loads it again; with a `StaticModel` as `model` it holds
    the model itself. `clone` shares the rows of a `StaticModel`.
    """

    def __init__(
        self,
        model: str | PathLike[str] | StaticModel = DEFAULT_MODEL,
        *,
        normalize: bool | None = None,
        max_length: int | Literal["model"] | None = "model",
        dimensionality: int | None = None,
        num_threads: int | None = None,
        loading: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the parameters; they are checked when the model is loaded.

        Args:
            model: A local folder, the name of a model on the Hugging Face hub,
                `m2v_fast.BUNDLED_MODEL`, or a `StaticModel`.
            normalize: Whether to divide each vector by its norm; by default as the model says.
            max_length: Most tokens kept of a text, None for no limit, "model" as the model says.
            dimensionality: Keep this many columns; by default all.
            num_threads: Most threads to use; by default as many as there are processors.
            loading: Further arguments of `StaticModel.from_pretrained` (revision, cache_dir, …).
                Like all parameters they are shown and pickled, so a token is better left to
                `hf auth login` or `HF_TOKEN`.
        """
        self.model = model
        self.normalize = normalize
        self.max_length = max_length
        self.dimensionality = dimensionality
        self.num_threads = num_threads
        self.loading = loading

    def fit(self, X: Iterable[str], y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Load the model; the texts are not looked at.

        Args:
            X: The texts.
            y: Ignored.

        Raises:
            TypeError: `X` is one str; or `dimensionality` or `loading` comes with a `StaticModel`.
            ValueError: `X` has two dimensions.
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        _check(X)
        self._load()
        return self

    def transform(self, X: Iterable[str]) -> NDArray[np.float32]:  # noqa: N803 - as above
        """Embed texts.

        Args:
            X: The texts: a list, an array of one dimension, a column of a data frame, any iterable.

        Returns:
            A float32 array of shape (n, dim), or what `set_output` chose. A text without known
            tokens is a zero vector.

        Raises:
            TypeError: An item is not a str; the message names its index. Or as `fit`.
            ValueError: `X` has two dimensions, or `max_length` or `num_threads` does not fit.
        """
        _check(X)
        vectors: NDArray[np.float32] = self._load().encode(
            X,
            normalize=self.normalize,
            max_length=UNSET if self.max_length == "model" else self.max_length,
            num_threads=self.num_threads,
        )
        return vectors

    def _load(self) -> StaticModel:
        wanted = (self.model, self.dimensionality, self.loading)
        known: tuple[Any, StaticModel] | None = self.__dict__.get("_loaded")
        # Parameters may change after `fit`: compared by identity, since a source may be anything.
        if known is None or any(a is not b for a, b in zip(known[0], wanted, strict=True)):
            arguments = dict(self.loading or {})
            if self.dimensionality is not None:
                arguments["dimensionality"] = self.dimensionality
            known = self._loaded = (wanted, load(self.model, arguments))
        return known[1]

    @property
    def _n_features_out(self) -> int:
        return self._load().dim

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the loaded model, which is found again by its name."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_loaded", None)
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _check(texts: Any) -> None:
    """Look at the kind of what was passed for texts, and not at its items."""
    if isinstance(texts, (str, bytes)):
        raise TypeError("a list of texts is needed, not one text")
    shape = getattr(texts, "shape", None)
    if shape is not None and len(shape) != 1:
        # Iterating over a data frame would embed the names of its columns.
        raise ValueError(
            f"texts are needed in one dimension, not in the shape {tuple(shape)}: pass one column; "
            'in a ColumnTransformer, name it by itself ("text") and not in a list (["text"])'
        )
