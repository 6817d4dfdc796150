"""What both embedders share: the model that they are told to load."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from haystack.utils import Secret

from m2v_fast.integrations._base import kept
from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

HUB_TOKEN: Final = Secret.from_env_var(["HF_API_TOKEN", "HF_TOKEN"], strict=False)
"""The hub's token where the environment has one, as in Haystack's other embedders."""


class Source:
    """The name of a model, the arguments to load it with, and the model once it is loaded."""

    def __init__(
        self,
        model: str | PathLike[str],
        token: Secret | None,
        model_kwargs: Mapping[str, Any] | None,
    ) -> None:
        self.name = os.fspath(model)
        self.token = token
        self.arguments = dict(model_kwargs or {})
        if "token" in self.arguments:
            raise TypeError("pass the token as token=Secret.from_env_var(…), not in model_kwargs")
        self._model: StaticModel | None = None

    def load(self) -> StaticModel:
        """Return the model, loaded at the first call.

        Raises:
            FileNotFoundError, ModelError, ConnectionError: As `StaticModel.from_pretrained`.
        """
        if self._model is None:
            token = self.token.resolve_value() if self.token is not None else None
            self._model = StaticModel.from_pretrained(self.name, token=token, **self.arguments)
        return self._model

    def parameters(self) -> dict[str, Any]:
        """Return the arguments that made this object, to be stored as JSON or YAML."""
        return {
            "model": self.name,
            "token": self.token,
            "model_kwargs": kept(self.arguments),
        }
