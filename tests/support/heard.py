"""A model that keeps what it is asked to embed: which texts a library hands over, and to whom."""

from __future__ import annotations

from typing import Any

from m2v_fast import BUNDLED_MODEL, StaticModel


class Heard(StaticModel):
    """A model, and what it was asked to embed."""

    heard: list[list[str]]

    def encode(self, sentences: Any, **kwargs: Any) -> Any:
        self.heard.append(list(sentences))
        return super().encode(sentences, **kwargs)


def bundled() -> Heard:
    """The bundled model, asked nothing yet."""
    model = Heard.from_pretrained(BUNDLED_MODEL)
    model.heard = []
    return model
