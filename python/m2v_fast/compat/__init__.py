"""For code that uses model2vec, or pymilvus' class for it, and should stay as it is.

    from m2v_fast import compat

    fast = compat.accelerate(model)  # one model2vec.StaticModel or StaticModelPipeline
    compat.install()                 # all models loaded from now on

`m2v-fast run COMMAND` does what `install` does, without any code, and `m2v-fast compat enable` does
it for all programs of an environment. Vectors keep model2vec's dtypes and shapes. Neither model2vec
nor pymilvus is imported here.
"""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from m2v_fast.compat.hook import finder, install, stands_aside, uninstall

if TYPE_CHECKING:
    from model2vec import StaticModel
    from model2vec.inference import StaticModelPipeline

    Model = TypeVar("Model", StaticModel, StaticModelPipeline)

__all__ = ["accelerate", "finder", "install", "uninstall"]


def accelerate(model: Model) -> Model:
    """Return the same model with native `encode`, `encode_as_sequence` and `tokenize`.

    The result is an instance of the model's class and may be used wherever it may: it shares the
    arrays, has settings, configuration and tokenizer of its own, and can be saved, pickled and
    copied. Setting `normalize` or `max_length`, assigning arrays and changing or assigning the
    tokenizer have the usual effect. What the native code does not take (a number format it does not
    know, say) model2vec's own code computes; a warning tells if that is so for the whole model.

    Args:
        model: A `model2vec.StaticModel`, or a `model2vec.inference.StaticModelPipeline`, whose
            embedding is then native. One that is accelerated already is returned as it is.

    Raises:
        TypeError: It is neither of them.
        ImportError: The release of model2vec is one that is not known here.
    """
    # Whoever has such an object has imported its module.
    pipelines: Any = sys.modules.get("model2vec.inference.model")
    if pipelines is not None and isinstance(model, pipelines.StaticModelPipeline):
        pipeline: Any = model
        inner = accelerate(pipeline.model)
        if inner is not pipeline.model:
            pipeline = copy.copy(pipeline)
            pipeline.model = inner
        return cast("Model", pipeline)
    # It would pass for one of model2vec's below.
    if isinstance(model, sys.modules["m2v_fast"].StaticModel):
        raise TypeError("this is an m2v_fast.StaticModel, which is native already")
    models: Any = sys.modules.get("model2vec.model")
    if models is None or not isinstance(model, models.StaticModel):
        raise TypeError(
            "accelerate takes a model2vec.StaticModel or a model2vec.inference.StaticModelPipeline,"
            f" not {type(model).__name__}"
        )
    reason = stands_aside()
    if reason is not None:
        raise ImportError(f"this model cannot be accelerated: {reason}")
    from m2v_fast.compat.model2vec_model import accelerated

    return cast("Model", accelerated(model))
