"""What a copy or a pickle of a model holds, and a model made of that again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from m2v_fast import arrays
from m2v_fast.persistence import Metadata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel


def state_of(model: StaticModel) -> dict[str, Any]:
    """Return all that a model consists of, as it is now."""
    native = model._follow()
    return {
        "parts": arrays.Parts.of(model.embedding, model.weights, model.token_mapping),
        "tokenizer": native.tokenizer_json(),
        "config": model.config,
        "normalize": model._normalize,
        "max_length": model._max_length,
        "base_model_name": model.base_model_name,
        "language": model.language,
        "unknown": model.unknown,
    }


def fill(model: StaticModel, state: dict[str, Any]) -> None:
    """Make a new, empty model what the state says."""
    parts: arrays.Parts = state["parts"]
    model._set_up(
        parts.model(state["tokenizer"]),
        config=state["config"],
        normalize=state["normalize"],
        max_length=state["max_length"],
        metadata=Metadata.of(state["base_model_name"], state["language"]),
        parts=parts,
        # Of pickles that are older than the choice.
        unknown=state.get("unknown", "drop"),
    )


def state_with_rows(
    model: StaticModel,
    vectors: NDArray[Any],
    weights: NDArray[Any] | None,
    mapping: NDArray[Any] | None,
) -> dict[str, Any]:
    """Return the state of a model of other rows with everything else of this one."""
    parts = arrays.Parts.of(vectors, weights, mapping)
    return {**state_of(model), "parts": parts, "config": dict(model.config)}
