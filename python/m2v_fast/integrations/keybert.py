"""KeyBERT's `BaseEmbedder`, computed by m2v_fast."""

from __future__ import annotations

from m2v_fast.integrations._backend import Backend
from m2v_fast.integrations._base import missing

try:
    from keybert.backend import BaseEmbedder
except ImportError as error:
    raise missing(__name__, "keybert", error) from error


class M2VFastBackend(Backend, BaseEmbedder):
    """Embeds documents and words for KeyBERT.

        keywords = KeyBERT(M2VFastBackend("minishlab/potion-base-8M")).extract_keywords(texts)

    A `StaticModel` that is given to KeyBERT itself does the same, if model2vec is installed; this
    needs keybert alone.
    """
