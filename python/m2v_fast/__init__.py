"""Model2Vec static embeddings, bit for bit as model2vec computes them, many times faster.

    from m2v_fast import StaticModel

    model = StaticModel.from_pretrained("minishlab/potion-base-8M")
    vectors = model.encode(["How do I index vectors?", "Vectors are indexed by ..."])

`Model2VecEmbeddingFunction` is the same behind Milvus' interface. `BUNDLED_MODEL` names the small
model that comes with the package and needs no network.
"""

from m2v_fast._native import ModelError
from m2v_fast._version import __version__
from m2v_fast.embedding_function import Model2VecEmbeddingFunction
from m2v_fast.quantization import quantize_model
from m2v_fast.sources import BUNDLED_MODEL
from m2v_fast.static_model import StaticModel

__all__ = [
    "BUNDLED_MODEL",
    "Model2VecEmbeddingFunction",
    "ModelError",
    "StaticModel",
    "__version__",
    "quantize_model",
]
