"""What encoding keeps of texts and what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TokenCounts(NamedTuple):
    """One number for each text; `unknown.sum() / tokens.sum()` is the share unknown."""

    tokens: NDArray[np.int64]
    """Tokens within the limit, unknown ones included."""
    unknown: NDArray[np.int64]
    """How many of these the vocabulary does not know; encoding leaves them out."""
    truncated: NDArray[np.bool_]
    """Whether the limit cut the text."""
