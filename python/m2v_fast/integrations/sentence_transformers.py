"""Models of sentence-transformers that are made of static embeddings, run by m2v_fast.

    from sentence_transformers import SentenceTransformer
    from m2v_fast.integrations.sentence_transformers import accelerate

    model = accelerate(SentenceTransformer("sentence-transformers/static-retrieval-mrl-en-v1"))
    vectors = model.encode(texts)

Two steps of the library are taken over, and all the rest is its own: tokenizing, on any device and
while training, too, with the same ids to the last one; and, in releases that have it as a step
(`_inference`), going from texts to the vectors that `encode` then converts, on the CPU.
"""

from __future__ import annotations

import copyreg
import logging
from abc import ABCMeta
from functools import cache
from itertools import chain
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from m2v_fast.integrations._base import missing

try:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from sentence_transformers.util import truncate_embeddings
except ImportError as error:
    raise missing(__name__, "sentence-transformers 6", error, "sentence-transformers") from error

from m2v_fast.static_model import StaticModel
from m2v_fast.tokenizer_object import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

Model = TypeVar("Model", SentenceTransformer, StaticEmbedding)

#: What `_inference` is called with. With anything else, the library's own does it.
_NEEDED = frozenset(
    ("prompt", "batch_size", "show_progress_bar", "output_value", "normalize_embeddings")
)
_KNOWN = _NEEDED | {"save_to_cpu", "truncate_dim", "device", "task", "processing_kwargs"}
_AT_ONCE = 4096
"""About how many texts are embedded between two steps of a progress bar."""


def accelerate(model: Model) -> Model:
    """Make a model tokenize and embed natively, in place.

    The model stays what it was to the library, which saves, copies, pickles, trains and moves it as
    before, and whose options of `encode` all work as before. Vectors differ from torch's by its
    rounding only. What the native code does not take, torch computes; a warning tells if that is so
    for the whole model. Weights that are trained or assigned, and another or a changed tokenizer,
    are followed.

    Args:
        model: A `SentenceTransformer` whose first module is a `StaticEmbedding`; or such a module,
            which then tokenizes natively. With modules behind it that do more than normalize, the
            model tokenizes natively as well and the rest is torch's.

    Returns:
        The same object.

    Raises:
        TypeError: It is neither, or is of a class that tokenizes or embeds in its own way.
    """
    changed: Any = model
    if isinstance(model, SentenceTransformer):
        accelerate(model[0])
        own = _own(model, SentenceTransformer, "_inference", "preprocess", "forward")
        if not isinstance(model, _Model) and own is None:
            changed.__class__ = _class_of(changed.__class__, _Model)
        return model
    if not isinstance(model, StaticEmbedding):
        raise TypeError(
            "accelerate takes a SentenceTransformer whose first module is a StaticEmbedding, or a "
            f"StaticEmbedding, not {type(model).__name__}"
        )
    if not isinstance(model, _Embedding):
        own = _own(model, StaticEmbedding, "preprocess", "tokenize", "forward")
        if own is not None:
            raise TypeError(f"{type(model).__name__} has a {own} of its own")
        changed.__class__ = _class_of(changed.__class__, _Embedding)
        changed._m2v_fast_parts()  # now rather than when first used
    return model


class _Same:
    """Something of a class of the library's, with some methods replaced, that goes by its name."""

    _library_class: ClassVar[Any]
    _mixin: ClassVar[Any]

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced: Any = super().__reduce_ex__(max(protocol, 2))
        _, _, *state = reduced
        return _new, (self._library_class, self._mixin), *state


class _Embedding(_Same):
    """The methods of an accelerated `StaticEmbedding`."""

    tokenizer: Any
    embedding: Any

    def preprocess(
        self, inputs: list[str], prompt: str | None = None, **kwargs: Any
    ) -> dict[str, torch.Tensor]:
        ids = self._m2v_fast_parts().ids(inputs, prompt)
        if ids is None:
            features: dict[str, torch.Tensor]
            features = self._library_class.preprocess(self, inputs, prompt=prompt, **kwargs)
            return features
        return _features(ids)

    def _m2v_fast_parts(self) -> _Parts:
        parts: _Parts | None = self.__dict__.get("_m2v_fast")
        if parts is None or not parts.follow(self):
            parts = self.__dict__["_m2v_fast"] = _Parts(self)
        return parts


class _Model(_Same):
    """The methods of a `SentenceTransformer` whose first module is accelerated."""

    @torch.inference_mode()
    def _inference(self, inputs: list[Any], **kwargs: Any) -> Any:
        model: Any = self
        vectors = None
        if (
            inputs
            and _NEEDED <= kwargs.keys() <= _KNOWN
            and kwargs["output_value"] == "sentence_embedding"
            and _is_plain(model)
            and model._resolve_inference_device(kwargs.get("device")).type == "cpu"
        ):
            shown = kwargs["batch_size"] if kwargs["show_progress_bar"] else None
            vectors = model[0]._m2v_fast_parts().vectors(model[0], inputs, kwargs["prompt"], shown)
        if vectors is None:
            return self._library_class._inference(self, inputs, **kwargs)
        model.eval()
        found = torch.from_numpy(vectors)
        for _ in range(len(model) - 1):
            found = torch.nn.functional.normalize(found, p=2, dim=-1)
        if kwargs.get("truncate_dim") is not None:
            found = truncate_embeddings(found, kwargs["truncate_dim"]).contiguous()
        if kwargs["normalize_embeddings"]:
            found = torch.nn.functional.normalize(found, p=2, dim=1)
        return found


class _Parts:
    """The native model of a module's tokenizer, and of its weights if they are such as it takes."""

    def __init__(self, module: _Embedding) -> None:
        self.model: StaticModel | None = None
        self._tokenizer = module.tokenizer
        self._watch = Watch(module.tokenizer)
        self._weight = _weight(module)
        self._place = _place(self._weight)
        if self._weight is None:  # for ids alone
            vocabulary = module.tokenizer.get_vocab(with_added_tokens=True)
            rows = np.zeros((1 + max(vocabulary.values()), 1), np.float32)
        else:
            rows = self._weight.detach().numpy()  # the same memory, so training it is seen
        try:
            self.model = StaticModel(rows, module.tokenizer, max_length=None, unknown="keep")
        except Exception as error:
            logger.warning("m2v_fast cannot run this model, torch does: %s", error)

    def __reduce__(self) -> Any:
        # Copies and pickles hold None instead, and are set up anew when they are first used.
        return NoneType, ()

    def follow(self, module: _Embedding) -> bool:
        """Whether nothing has been assigned to the module since, and its tokenizer not changed."""
        weight = _weight(module)
        return (
            module.tokenizer is self._tokenizer
            and not self._watch.changed()
            and weight is self._weight
            and _place(weight) == self._place
        )

    def ids(self, inputs: Sequence[Any], prompt: str | None) -> list[list[int]] | None:
        """Return the ids of texts, or None if the library has to find out what to do."""
        limit, model = self._limit(), self.model
        if model is None or limit == 0 or isinstance(inputs, str):
            return None
        try:
            return model._native.tokenize(_prompted(inputs, prompt), limit, None)
        except (TypeError, ValueError):
            return None

    def vectors(
        self, module: Any, inputs: list[Any], prompt: str | None, shown: int | None
    ) -> NDArray[np.float32] | None:
        """Return the means of the rows, or None as above; with a progress bar of such batches."""
        limit, model = self._limit(), self.model
        if model is None or limit == 0 or self._weight is None:
            return None
        try:
            texts = _prompted(inputs, prompt)
            vectors = _encode(model, texts, limit, shown)
        except (TypeError, ValueError):
            return None
        if limit is not None:
            # `encode` cuts characters before it cuts tokens, as model2vec does and torch does not.
            most = limit * model.median_token_length
            long = [index for index, text in enumerate(texts) if len(text) > most]
            if long:
                ids = model._native.tokenize([texts[index] for index in long], limit, None)
                vectors[long] = module(_features(ids))["sentence_embedding"].numpy()
        return vectors

    def _limit(self) -> int | None:
        """Return the number of tokens that the tokenizer cuts to; 0 if it does something else."""
        try:
            return self._watch.limit() if self._tokenizer.padding is None else 0
        except ValueError:
            return 0


def _encode(
    model: StaticModel, texts: list[str], limit: int | None, shown: int | None
) -> NDArray[np.float32]:
    if shown is None:
        return model.encode(texts, max_length=limit)
    from tqdm.autonotebook import tqdm

    vectors = np.empty((len(texts), model.dim), np.float32)
    step = shown * max(1, _AT_ONCE // shown)
    with tqdm(total=-(-len(texts) // shown), desc="Batches") as bar:
        for start in range(0, len(texts), step):
            some = texts[start : start + step]
            model.encode(some, max_length=limit, out=vectors[start : start + step])
            bar.update(-(-len(some) // shown))
    return vectors


def _features(ids: list[list[int]]) -> dict[str, torch.Tensor]:
    """Return what `StaticEmbedding.preprocess` makes of ids."""
    ends = np.cumsum([0, *map(len, ids)])
    flat = np.fromiter(chain.from_iterable(ids), np.int64, ends[-1])
    offsets = ends[:-1] if ids else ends
    return {"input_ids": torch.from_numpy(flat), "offsets": torch.from_numpy(offsets)}


def _prompted(inputs: Sequence[Any], prompt: str | None) -> list[str]:
    return [prompt + text for text in inputs] if prompt else list(inputs)


def _weight(module: _Embedding) -> Any:
    """Return the weights of a module if means of them are what it computes, in float32, here."""
    bag = module.embedding
    if type(bag) is not torch.nn.EmbeddingBag or bag.mode != "mean":
        return None
    weight = bag.weight
    usual = bag.padding_idx is None and bag.max_norm is None and not bag.include_last_offset
    here = weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.is_contiguous()
    return weight if usual and here else None


def _place(weight: Any) -> tuple[Any, ...] | None:
    """Where the numbers are, which `weight.data = ...` changes."""
    return None if weight is None else (weight.data_ptr(), weight.shape)


def _is_plain(model: Any) -> bool:
    """Whether calling the modules would do nothing but embed, and then normalize."""
    first, *others = model
    return (
        isinstance(first, _Embedding)
        and all(
            not module._forward_hooks
            and not module._forward_pre_hooks
            and module._compiled_call_impl is None
            and not module.__dict__.keys() & {"preprocess", "forward"}
            for module in (model, first, first.embedding, *others)
        )
        and all(
            type(module) is Normalize
            and module.module_input_name == module.module_output_name == "sentence_embedding"
            for module in others
        )
    )


def _own(model: Any, library: Any, *names: str) -> str | None:
    """Return the name of a method that a subclass has replaced, or that the library lacks."""
    for name in names:
        if getattr(type(model), name, None) is not getattr(library, name, name):
            return name
    return None


class _Kind(ABCMeta):
    """The type of the classes that `_class_of` makes."""


def _reduced(cls: type) -> str | tuple[Any, ...]:
    # Pickled classes are looked up by name, under which there is the library's own.
    own = vars(cls)
    if "_library_class" not in own:  # a subclass of such a class
        return cls.__qualname__
    return _class_of, (own["_library_class"], own["_mixin"])


copyreg.pickle(_Kind, _reduced)


@cache
def _class_of(library_class: Any, mixin: Any) -> Any:
    names = ("__module__", "__qualname__", "__doc__")
    namespace = {name: getattr(library_class, name) for name in names}
    namespace["_library_class"] = library_class
    # What is to be assigned to `__class__` must have the library's class for its first base, so
    # methods that replace its own are put into the class itself.
    namespace |= {name: value for name, value in vars(mixin).items() if not name.startswith("__")}
    namespace["_mixin"] = mixin
    return _Kind(library_class.__name__, (library_class, mixin), namespace)


def _new(library_class: Any, mixin: Any) -> Any:
    """Make an empty object, for `pickle` and `copy`, which fill it."""
    cls = _class_of(library_class, mixin)
    return cls.__new__(cls)
