"""What libraries that take model2vec's models ask of one of ours, and that it stays what it is."""

from __future__ import annotations

import copy
import copyreg
import pickle
from abc import ABC, abstractmethod
from functools import singledispatch
from typing import Any, Generic, TypeVar

import model2vec
import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel

from tests.support import process

TEXTS = ["A text.", "", "Another text."]


class Sub(StaticModel):
    """A subclass with a method that uses `super`, and an attribute of its own."""

    def encode(self, *args: Any, **kwargs: Any) -> Any:
        return 2 * super().encode(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "own": 1}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.own = state.pop("own")
        super().__setstate__(state)


class Reducing(StaticModel):
    """A subclass that says itself how it is made, naming its class in the usual way."""

    def __reduce__(self) -> Any:
        return self.__class__.from_pretrained, (BUNDLED_MODEL,)


@pytest.fixture(params=[StaticModel, Sub, Reducing])
def model(request: pytest.FixtureRequest) -> StaticModel:
    loaded: StaticModel = request.param.from_pretrained(BUNDLED_MODEL)
    return loaded


def test_the_text_of_the_class_names_the_interface(model: StaticModel) -> None:
    cls = type(model)
    assert repr(cls) == (
        f"<class '{cls.__module__}.{cls.__qualname__}', "
        "with the interface of model2vec.StaticModel (Model2Vec)>"
    )
    # What other libraries look for, which ask for these before they ask for model2vec.
    for other in ("flair", "spacy", "gensim", "saved_model", "sentence_transformers", "pipeline"):
        assert other not in repr(StaticModel)


def test_an_instance_of_both(model: StaticModel) -> None:
    assert isinstance(model, model2vec.StaticModel)
    assert isinstance(model, StaticModel)
    assert isinstance(model, type(model))
    assert type(model) in (StaticModel, Sub, Reducing)
    seen = model.__class__
    assert seen is model.__class__
    assert issubclass(seen, type(model))
    assert issubclass(seen, model2vec.StaticModel)
    assert (seen.__name__, seen.__qualname__, seen.__module__, repr(seen)) == (
        *(type(model).__name__, type(model).__qualname__, type(model).__module__),
        repr(type(model)),
    )
    # One way only.
    reference = model2vec.StaticModel(model.embedding, model.tokenizer)
    assert not isinstance(reference, StaticModel)
    assert not issubclass(StaticModel, model2vec.StaticModel)


def test_the_class_that_it_is_seen_as_makes_models_of_its_own(model: StaticModel) -> None:
    seen, cls = model.__class__, type(model)
    made = seen(model.embedding, model.tokenizer, normalize=model.normalize)
    loaded = seen.from_pretrained(BUNDLED_MODEL)
    empty = seen.__new__(seen)
    assert [type(one) for one in (made, loaded, empty)] == [cls] * 3
    assert np.array_equal(made.encode(TEXTS), model.encode(TEXTS))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(seen, protocol)) is cls


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled(model: StaticModel, protocol: int) -> None:
    python: Any = pickle  # its twins in Python are not in the stubs
    for dumps, loads in ((pickle.dumps, pickle.loads), (python._dumps, python._loads)):
        again = loads(dumps(model, protocol))
        assert type(again) is type(model)
        assert again.encode(TEXTS).tobytes() == model.encode(TEXTS).tobytes()
        assert getattr(again, "own", 1) == 1


class Earlier:
    """Pickled in the way that models were, before there was `recognition`."""

    def __init__(self, model: StaticModel) -> None:
        self.model = model

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (StaticModel,), self.model.__getstate__()  # type: ignore[attr-defined]


def test_pickles_of_earlier_releases() -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    again = pickle.loads(pickle.dumps(Earlier(model), 1))
    assert type(again) is StaticModel
    assert again.encode(TEXTS).tobytes() == model.encode(TEXTS).tobytes()


def test_copies(model: StaticModel) -> None:
    for again in (copy.copy(model), copy.deepcopy(model), copy.deepcopy([model])[0]):
        assert type(again) is type(model)
        assert again is not model
        assert again.encode(TEXTS).tobytes() == model.encode(TEXTS).tobytes()


def test_classes_can_be_derived_from_both_and_assigned(model: StaticModel) -> None:
    seen, cls = model.__class__, type(model)

    class Wrapped(seen):  # type: ignore[misc, valid-type]
        pass

    made = Wrapped(model.embedding, model.tokenizer, normalize=model.normalize)
    assert type(made) is Wrapped
    assert type(Wrapped.from_pretrained(BUNDLED_MODEL)) is Wrapped
    assert isinstance(made, model2vec.StaticModel)
    assert made.__class__ is Wrapped
    assert made.encode("text").tobytes() == model.encode("text").tobytes()
    changed: Any = model
    changed.__class__ = Wrapped
    assert type(changed) is Wrapped
    changed.__class__ = seen
    assert type(changed) is cls


class Embedder(ABC):
    @abstractmethod
    def encode(self, sentences: Any) -> Any: ...


Text = TypeVar("Text")


def test_subclasses_with_other_bases() -> None:
    class Abstract(StaticModel, Embedder):
        pass

    class Of(StaticModel, Generic[Text]):
        pass

    classes: tuple[type[StaticModel], ...] = (Abstract, Of)
    for cls in classes:
        model = cls.from_pretrained(BUNDLED_MODEL)
        assert type(model) is cls
        assert isinstance(model, model2vec.StaticModel)
        assert isinstance(model, Embedder) == (cls is Abstract)
    Of[str].from_pretrained(BUNDLED_MODEL)


def test_subclasses_are_told_of_only_if_someone_wrote_them() -> None:
    told = []

    class Base(StaticModel):
        def __init_subclass__(cls) -> None:
            told.append(cls.__name__)

    class Derived(Base):
        pass

    assert isinstance(Derived.from_pretrained(BUNDLED_MODEL), model2vec.StaticModel)
    assert told == ["Derived"]


def test_of_both_by_inheritance_already() -> None:
    class Mixed(StaticModel, model2vec.StaticModel):  # type: ignore[misc, override]
        pass

    model = Mixed.from_pretrained(BUNDLED_MODEL)
    assert type(model) is Mixed
    assert model.__class__ is Mixed


def test_dispatch_finds_ours_first(model: StaticModel) -> None:
    @singledispatch
    def kind(_: object) -> str:
        return "none"

    kind.register(model2vec.StaticModel, lambda _: "model2vec")
    assert kind(model) == "model2vec"
    kind.register(StaticModel, lambda _: "m2v_fast")
    assert kind(model) == "m2v_fast"


def test_attributes_are_listed_that_are_there(model: StaticModel) -> None:
    assert {"encode", "embedding", "config"} <= {*dir(model)}
    assert "_encode_batch" in dir(model2vec.StaticModel)
    assert [name for name in dir(model) if not hasattr(model, name)] == []


class Meta(type):
    pass


class Other(metaclass=Meta):
    """Of a metaclass that does not go with others."""


@pytest.mark.parametrize("found", [None, 3, ABC, Other])
def test_whatever_is_called_model2vec(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    monkeypatch.setattr(model2vec, "StaticModel", found)
    assert isinstance(model, StaticModel)
    if isinstance(found, type):
        assert isinstance(model, found) == (found is ABC)
    assert type(pickle.loads(pickle.dumps(model))) is StaticModel


def test_model2vec_is_not_imported_for_it() -> None:
    code = """
import json, pickle, sys
from m2v_fast import BUNDLED_MODEL, StaticModel
model = StaticModel.from_pretrained(BUNDLED_MODEL)
before = [model.__class__ is StaticModel, "model2vec" in str(type(model))]
same = all(type(pickle.loads(pickle.dumps(model, p))) is StaticModel for p in range(6))
absent = "model2vec" not in sys.modules
import model2vec
after = [model.__class__ is StaticModel, isinstance(model, model2vec.StaticModel)]
print(json.dumps([before, same, absent, after]))
"""
    assert process.answer("-c", code) == [[True, True], True, True, [False, True]]
