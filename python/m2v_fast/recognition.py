"""How libraries that take a model2vec model come to know one of ours.

Those that take models of several kinds tell them apart in two ways:

- KeyBERT and BERTopic look for "model2vec" in `str(type(model))`, chonkie for "Model2Vec". The
  first two load a model of their own choice when they find nothing that they know, without a word.
  So `Recognised` makes the text of a class, and of its subclasses, name the interface it has.
- The adapters behind that ask `isinstance(model, model2vec.StaticModel)`. When its type does not
  say so, `isinstance` asks for `model.__class__`: there `RecognisedModel` answers, once model2vec
  is imported, with a class that derives from both. Before that, nobody can ask for a class of
  model2vec, and model2vec is never imported here.

`type(model)` stays what it was. The class that derives from both is for looking only: whatever it
is made to make is of the class it stands for. Methods are looked up in `type(model)`, so nothing
that is done with a model takes longer, and model2vec's methods never come into it.
"""

from __future__ import annotations

import copyreg
import sys
from abc import ABCMeta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_own_class: Any = object.__dict__["__class__"]


class Recognised(ABCMeta):
    """The type of classes whose text says that they have model2vec's interface.

    It is an `ABCMeta` so that subclasses may have abstract base classes beside ours. (They cannot
    derive from a `typing.Protocol`, but need not in order to conform to it.)
    """

    def __repr__(cls) -> str:
        return (
            f"<class '{cls.__module__}.{cls.__qualname__}', "
            "with the interface of model2vec.StaticModel (Model2Vec)>"
        )


class RecognisedModel(metaclass=Recognised):
    """Base of a model that is seen as one of model2vec's, too."""

    @property
    def __class__(self) -> Any:
        """The class, which is one of `model2vec.StaticModel` as well if that is imported."""
        return _seen_as(type(self))

    @__class__.setter
    def __class__(self, value: type) -> None:
        _own_class.__set__(self, _meant(value))

    def __reduce_ex__(self, protocol: Any) -> Any:
        if type(self).__reduce__ is not object.__reduce__:  # of a subclass
            return self.__reduce__()
        # pickle refuses the usual way, as the class that it finds here is not `__class__`. Ours is
        # the same with a step between. (Before protocol 2 that class would have been written.)
        reduced: Any = super().__reduce_ex__(max(protocol, 2))
        function, arguments, *state = reduced
        return _make, (function, arguments), *state

    def __dir__(self) -> Iterable[str]:
        return sorted({*dir(type(self)), *self.__dict__})  # not that of `__class__`


def _make(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Make an object that was pickled or copied. Pickles name this function."""
    return function(*arguments)


def _meant(cls: type) -> type:
    """Return the class that one made by `_both` stands for; any other is itself."""
    meant: type = vars(cls).get("_m2v_fast_meant", cls)
    return meant


def _seen_as(cls: Any) -> type:
    reference = getattr(sys.modules.get("model2vec"), "StaticModel", None)
    seen: type = cls
    if isinstance(reference, type) and not issubclass(cls, reference):
        seen = _both(cls, reference)
    return seen


class _LookAlike(Recognised):
    """The type of classes that derive from ours and from model2vec's."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        meant = _meant(cls)
        return super().__call__(*args, **kwargs) if meant is cls else meant(*args, **kwargs)


class _Aside:
    """What comes before our class in such a class: it is made in silence, and makes ours."""

    def __init_subclass__(cls, **_: Any) -> None:
        """Keep from those who list their subclasses that there is one."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        meant: Any = _meant(cls)
        if meant is cls:  # it is a subclass of such a class
            return super().__new__(cls)
        return meant.__new__(meant, *args, **kwargs)


@lru_cache(maxsize=256)
def _both(cls: Any, reference: Any) -> type:
    """Derive a class from both, which looks and acts as the first."""
    names = ("__module__", "__qualname__", "__doc__")
    namespace = {name: getattr(cls, name) for name in names}
    namespace["_m2v_fast_meant"] = cls
    made: type
    try:
        made = _LookAlike(cls.__name__, (_Aside, cls, reference), namespace)
    except TypeError:  # their layouts or metaclasses do not go together
        made = cls
    return made


def _reduced(cls: type) -> str | tuple[Any, ...]:
    # Pickled classes are looked up by name, under which there is the one that it stands for.
    meant = _meant(cls)
    return cls.__qualname__ if meant is cls else (_meant, (meant,))


copyreg.pickle(_LookAlike, _reduced)
