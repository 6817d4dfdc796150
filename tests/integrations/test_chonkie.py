"""chonkie with one of our models as it is, and with the adapter."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import heard, process

if find_spec("chonkie") is None:
    pytest.skip("needs chonkie", allow_module_level=True)

from chonkie import SemanticChunker
from chonkie.embeddings import AutoEmbeddings, BaseEmbeddings
from m2v_fast.integrations.chonkie import M2VFastEmbeddings

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "chonkie_chunks.py"
DOCUMENTS = demo.DOCUMENTS
SUBJECTS = [
    "To bake bread, mix flour and water. Add salt and yeast to the flour. Let the dough rise for "
    "some hours. Bake the dough in a hot oven. The bread is done when its crust is brown. ",
    "The planets turn around the sun. The moon turns around the earth. Comets come from far "
    "beyond the planets. A telescope shows the rings of Saturn. Stars are suns far away. ",
]


def test_a_model_as_it_is() -> None:
    # In a process where nothing of ours is registered with chonkie.
    code = """
import json
from chonkie.embeddings import AutoEmbeddings
from m2v_fast import BUNDLED_MODEL, StaticModel
class Sub(StaticModel):
    pass
for cls in (StaticModel, Sub):
    model = cls.from_pretrained(BUNDLED_MODEL)
    embeddings = AutoEmbeddings.get_embeddings(model)
    vectors = embeddings.embed_batch(["one text", "another"])
    print(json.dumps([
        type(embeddings).__name__, embeddings.model is model, embeddings.dimension == model.dim,
        vectors.tobytes() == model.encode(["one text", "another"]).tobytes(),
    ]))
"""
    done = process.run("-c", code)
    assert done.returncode == 0, done.stderr.decode()
    expected = '["Model2VecEmbeddings", true, true, true]'
    assert done.stdout.decode().splitlines() == [expected] * 2


def test_auto_embeddings_find_the_adapter() -> None:
    model = heard.bundled()
    embeddings = AutoEmbeddings.get_embeddings(model)
    assert type(embeddings) is M2VFastEmbeddings
    assert embeddings.model is model
    named = AutoEmbeddings.get_embeddings(f"m2v_fast://{BUNDLED_MODEL}", normalize=False)
    assert type(named) is M2VFastEmbeddings
    assert named.model.normalize is False
    assert AutoEmbeddings.get_embeddings(named) is named
    # No other model takes the place of one that cannot be loaded.
    with pytest.raises(ValueError, match="/nowhere"):
        AutoEmbeddings.get_embeddings("m2v_fast:///nowhere")


def test_models_of_model2vec_go_where_they_went() -> None:
    code = """
import json
from chonkie.embeddings import registry
before = [(name, cls.__name__) for name, cls in registry.EmbeddingsRegistry.type_registry.items()]
import m2v_fast.integrations.chonkie as ours
ours._register()
after = [(name, cls.__name__) for name, cls in registry.EmbeddingsRegistry.type_registry.items()]
print(json.dumps([after[0][1], after[1:] == before]))
"""
    assert process.answer("-c", code) == ["M2VFastEmbeddings", True]


def test_vectors() -> None:
    embeddings = M2VFastEmbeddings(BUNDLED_MODEL)
    assert isinstance(embeddings, BaseEmbeddings)
    expected = StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)
    assert embeddings.dimension == expected.shape[1]
    batches = (
        embeddings.embed_batch(DOCUMENTS),
        asyncio.run(embeddings.aembed_batch(DOCUMENTS)),
        embeddings(DOCUMENTS),
    )
    for vectors in batches:
        assert type(vectors) is list
        assert {(vector.dtype, vector.shape) for vector in vectors} == {
            (np.dtype(np.float32), expected.shape[1:])
        }
        assert np.stack(vectors).tobytes() == expected.tobytes()
    ones: Any = (
        embeddings.embed(DOCUMENTS[3]),
        asyncio.run(embeddings.aembed(DOCUMENTS[3])),
        embeddings(DOCUMENTS[3]),
    )
    assert {vector.tobytes() for vector in ones} == {expected[3].tobytes()}
    similarity = embeddings.similarity(expected[0], expected[1])
    assert similarity == pytest.approx(float(expected[0] @ expected[1]), abs=1e-6)
    assert embeddings.embed_batch([]) == []


@pytest.mark.parametrize(
    "wrap", [M2VFastEmbeddings, lambda model: AutoEmbeddings.get_embeddings(model)]
)
def test_chunks_end_where_the_subject_changes(wrap: Any) -> None:
    model = heard.bundled()
    chunker = SemanticChunker(wrap(model), threshold=0.5, similarity_window=1)
    chunks = chunker.chunk("".join(SUBJECTS))
    assert "".join(chunk.text for chunk in chunks) == "".join(SUBJECTS)
    assert len(SUBJECTS[0]) in {chunk.end_index for chunk in chunks}
    assert model.heard
    asked = [text for texts in model.heard for text in texts]
    assert all(text in "".join(SUBJECTS) for text in asked)


def test_the_tokenizer_counts_all_tokens_of_a_long_text() -> None:
    embeddings = M2VFastEmbeddings(BUNDLED_MODEL)
    assert embeddings.model.max_length == 512
    tokenizer = embeddings.get_tokenizer()
    words = "word " * 3000
    assert len(tokenizer.encode(words, add_special_tokens=False).ids) == 3000
    chunks = SemanticChunker(embeddings, chunk_size=1000).chunk(words)
    assert sum(chunk.token_count for chunk in chunks) == 3000


def test_wrong_types_and_arguments_are_errors() -> None:
    embeddings = M2VFastEmbeddings(BUNDLED_MODEL)
    with pytest.raises(TypeError, match="normalize"):
        M2VFastEmbeddings(embeddings.model, normalize=True)
    wrong: Any
    for wrong in ("one text", ["fine", None]):
        with pytest.raises(TypeError):
            embeddings.embed_batch(wrong)
    for wrong in (["one text"], None):
        with pytest.raises(TypeError):
            embeddings.embed(wrong)


def test_the_example() -> None:
    done = process.run(EXAMPLE)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert len(lines) > 10
    assert all(0 < int(line.split()[0]) <= 200 for line in lines)


def test_without_the_framework_the_message_names_the_extra() -> None:
    code = (
        "import json, sys\n"
        "sys.modules['chonkie'] = None\n"
        "try:\n    import m2v_fast.integrations.chonkie\n"
        "except ImportError as error:\n    print(json.dumps(str(error)))\n"
    )
    assert "pip install 'm2v-fast[chonkie]'" in process.answer("-c", code)


def test_the_adapter_needs_no_model2vec() -> None:
    code = (
        "import json, sys\n"
        "sys.modules['model2vec'] = None\n"
        "from chonkie.embeddings import AutoEmbeddings\n"
        "import m2v_fast, m2v_fast.integrations.chonkie\n"
        "model = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)\n"
        "embeddings = AutoEmbeddings.get_embeddings(model)\n"
        "print(json.dumps(embeddings.embed('a text').tolist() == model.encode('a text').tolist()))"
    )
    assert process.answer("-c", code) is True
