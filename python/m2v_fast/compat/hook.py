"""Patches that wait for their module to be imported, and can be taken back."""

from __future__ import annotations

import importlib
import logging
import sys
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

logger = logging.getLogger(__name__)


class _Patched(NamedTuple):
    owner: type
    name: str
    original: Any
    ours: Any


_lock = RLock()
_patched: list[_Patched] = []
_installed = False


def installed() -> bool:
    """Whether `install` is in effect."""
    return _installed


def install() -> None:
    """Make model2vec and pymilvus use m2v_fast in this process, whether imported before or after.

    `model2vec.StaticModel.from_pretrained` then returns accelerated models, and so do the things
    built on it. `pymilvus.model.dense.Model2VecEmbeddingFunction` loads its model with m2v_fast,
    from local folders too. Models that are there already stay as they are. Calling this again
    changes nothing.
    """
    global _installed
    with _lock:
        _installed = True
        if finder not in sys.meta_path:
            sys.meta_path.insert(0, finder)
    for name in _PATCHES:
        if name in sys.modules:
            # Waits for the import, if another thread is in the middle of it.
            _apply(importlib.import_module(name))


def uninstall() -> None:
    """Take `install` back. Models that were loaded in between go on working."""
    global _installed
    with _lock:
        _installed = False
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
        while _patched:
            owner, name, original, ours = _patched.pop()
            # Someone else may have patched on top; then ours stays below and lets calls through.
            if vars(owner).get(name) is ours:
                setattr(owner, name, original)


def _replace(owner: type, name: str, make: Callable[[Any], Any]) -> None:
    original = vars(owner)[name]
    if not any(owner is p.owner and name == p.name and original is p.ours for p in _patched):
        ours = make(original)
        setattr(owner, name, ours)
        _patched.append(_Patched(owner, name, original, ours))


def _patch_model2vec(module: Any) -> None:
    reason = stands_aside()
    if reason is not None:
        logger.warning("m2v_fast leaves model2vec as it is: %s", reason)
        return

    def make(original: Any) -> Any:
        function = original.__func__

        @wraps(function)
        def from_pretrained(cls: Any, *args: Any, **kwargs: Any) -> Any:
            model = function(cls, *args, **kwargs)
            if not _installed:
                return model
            from m2v_fast.compat.model2vec_model import converted

            return converted(model)

        return classmethod(from_pretrained)

    _replace(module.StaticModel, "from_pretrained", make)


def stands_aside() -> str | None:
    """Return why the release of model2vec that is installed is left as it is, or None.

    Results are those of one release, to the bit, and its private parts are made use of.
    """
    try:
        version = str(importlib.import_module("model2vec.version").__version__)
    except Exception as error:
        return f"its version cannot be told: {error!r}"
    if not version.startswith("0.10."):
        return f"model2vec {version} is installed, and m2v_fast.compat knows 0.10"
    try:
        importlib.import_module("m2v_fast.compat.model2vec_model")
    except Exception as error:
        return f"model2vec {version} does not have what m2v_fast.compat needs: {error!r}"
    return None


def _patch_pymilvus(module: Any) -> None:
    from m2v_fast.embedding_function import Model2VecEmbeddingFunction as Native
    from m2v_fast.static_model import StaticModel

    def make_init(original: Any) -> Any:
        @wraps(original)
        def __init__(  # noqa: N807 - it replaces one
            self: Any, model_source: Any = "minishlab/potion-base-8M", **kwargs: Any
        ) -> None:
            if not _installed:
                original(self, model_source, **kwargs)
                return
            self.model_source = model_source
            self.model = StaticModel.from_pretrained(model_source, **kwargs)
            self._dim = self.model.dim

        return __init__

    def make_encode(original: Any) -> Any:
        @wraps(original)
        def _encode(self: Any, texts: Any) -> Any:
            # Made before `install`, or given another model.
            if not isinstance(self.model, StaticModel):
                return original(self, texts)
            return Native._encode(self, texts)

        return _encode

    _replace(module.Model2VecEmbeddingFunction, "__init__", make_init)
    _replace(module.Model2VecEmbeddingFunction, "_encode", make_encode)


_PATCHES: dict[str, Callable[[Any], None]] = {
    "model2vec.model": _patch_model2vec,
    "pymilvus.model.dense.model2vec_embed": _patch_pymilvus,
}


def _apply(module: ModuleType) -> None:
    with _lock:
        if not _installed:
            return
        try:
            _PATCHES[module.__name__](module)
        except Exception as error:
            # Another release than those known here: the program runs as it would without us.
            logger.warning("m2v_fast cannot take over %s: %r", module.__name__, error)


class _Finder(MetaPathFinder):
    """Lets the other finders find the modules to patch, and patches them after their import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _PATCHES:
            return None
        place = sys.meta_path.index(self) + 1 if self in sys.meta_path else 0
        for other in sys.meta_path[place:]:
            find = getattr(other, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if find is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(Loader):
    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # From here on the module looks as if we had never been there.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _apply(module)

    def __getattr__(self, name: str) -> Any:
        if name == "_loader":  # in a copy that is not filled yet
            raise AttributeError(name)
        return getattr(self._loader, name)


finder = _Finder()
