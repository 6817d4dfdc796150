"""Haystack's embedders, computed by m2v_fast.

They live under this name since Haystack restores saved pipelines from `haystack_integrations`, a
namespace that many packages share: no folder above this one may hold an `__init__.py`.
"""

from m2v_fast.integrations._base import missing

try:
    import haystack as _haystack  # noqa: F401 - so that its absence is told once, and here
except ImportError as error:
    raise missing(__name__, "haystack-ai", error, extra="haystack") from error

from haystack_integrations.components.embedders.m2v_fast.document_embedder import (
    M2VFastDocumentEmbedder,
)
from haystack_integrations.components.embedders.m2v_fast.text_embedder import M2VFastTextEmbedder

__all__ = ["M2VFastDocumentEmbedder", "M2VFastTextEmbedder"]
