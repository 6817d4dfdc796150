"""A pytest plugin for model2vec's own tests: `M2V_FAST_WAY` says on which class they run.

"plain": model2vec's; "compat": the same with `m2v_fast.compat`; "in-place": `m2v_fast.StaticModel`
under the name of model2vec's, in every module that has it.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from contextlib import suppress
from typing import Any


def pytest_configure(config: Any) -> None:
    """Put the class of choice in place before any test module is imported."""
    way = os.environ["M2V_FAST_WAY"]
    if way == "compat":
        from m2v_fast import compat

        compat.install()
    elif way == "in-place":
        put_in_place()
    elif way != "plain":
        raise ValueError(f"M2V_FAST_WAY is {way!r}")


def put_in_place() -> None:
    """Give every module of model2vec our class in the place of theirs."""
    import m2v_fast
    import model2vec

    theirs = model2vec.StaticModel
    for module in pkgutil.walk_packages(model2vec.__path__, "model2vec."):
        with suppress(ImportError):  # of an extra that is not installed
            importlib.import_module(module.name)
    replaced = 0
    for name, loaded in list(sys.modules.items()):
        if name.partition(".")[0] == "model2vec" and vars(loaded).get("StaticModel") is theirs:
            vars(loaded)["StaticModel"] = m2v_fast.StaticModel
            replaced += 1
    if replaced < 5:
        raise RuntimeError(f"model2vec's class was found in {replaced} modules only")
