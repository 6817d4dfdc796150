"""BERTopic's `BaseEmbedder`, computed by m2v_fast."""

from __future__ import annotations

from m2v_fast.integrations._backend import Backend
from m2v_fast.integrations._base import missing

try:
    from bertopic.backend import BaseEmbedder
except ImportError as error:
    raise missing(__name__, "bertopic", error) from error


class M2VFastBackend(Backend, BaseEmbedder):
    """Embeds documents and words for BERTopic.

        topics = BERTopic(embedding_model=M2VFastBackend("minishlab/potion-base-8M"))

    A `StaticModel` that is given to BERTopic itself does the same, if model2vec is installed; this
    needs bertopic alone.

    A topic model that is saved as "safetensors" or "pytorch" does not hold it: name it again with
    `BERTopic.load(folder, embedding_model=M2VFastBackend(...))`.
    """
