"""KeyBERT with one of our models as it is, and with the adapter."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import heard, process

if find_spec("keybert") is None:
    pytest.skip("needs keybert", allow_module_level=True)

from keybert import KeyBERT
from keybert.backend import BaseEmbedder, Model2VecBackend
from m2v_fast.integrations.keybert import M2VFastBackend

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "keybert_keywords.py"
DOCUMENTS = demo.DOCUMENTS


@pytest.mark.parametrize("wrap", [lambda model: model, M2VFastBackend], ids=["as it is", "adapter"])
def test_keywords_are_those_of_our_vectors(wrap: Any) -> None:
    model = heard.bundled()
    extractor = KeyBERT(wrap(model))
    assert extractor.model.embedding_model is model
    documents, words = extractor.extract_embeddings(DOCUMENTS)
    texts, vocabulary = model.heard
    assert texts == DOCUMENTS
    assert len(vocabulary) == len(words) > 50
    plain = StaticModel.from_pretrained(BUNDLED_MODEL)
    for vectors, of in ((documents, texts), (words, vocabulary)):
        assert vectors.dtype == np.float32
        assert vectors.tobytes() == plain.encode(of).tobytes()
    found = extractor.extract_keywords(DOCUMENTS, top_n=3)
    assert len(model.heard) == 4
    # Cosines of these very vectors, the highest first.
    unit_words = words / np.linalg.norm(words, axis=1, keepdims=True)
    for number, keywords in enumerate(found):
        scores = unit_words @ (documents[number] / np.linalg.norm(documents[number]))
        for word, score in keywords:
            assert word in DOCUMENTS[number].lower()
            assert score == pytest.approx(scores[vocabulary.index(word)], abs=1e-4)


def test_the_model_itself_is_taken_for_one_of_model2vec() -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    assert type(KeyBERT(model).model) is Model2VecBackend
    assert type(KeyBERT(M2VFastBackend(model)).model) is M2VFastBackend


def test_the_adapter() -> None:
    backend = M2VFastBackend(BUNDLED_MODEL, normalize=False)
    assert isinstance(backend, BaseEmbedder)
    assert backend.embedding_model.normalize is False
    expected = StaticModel.from_pretrained(BUNDLED_MODEL, normalize=False).encode(DOCUMENTS)
    for given in (DOCUMENTS, np.array(DOCUMENTS), iter(DOCUMENTS)):
        assert backend.embed(given, verbose=True).tobytes() == expected.tobytes()
    assert backend.embed([]).shape == (0, backend.embedding_model.dim)
    with pytest.raises(TypeError, match="normalize"):
        M2VFastBackend(backend.embedding_model, normalize=True)
    wrong: Any
    for wrong in ("one text", ["fine", None]):
        with pytest.raises(TypeError):
            backend.embed(wrong)


def test_the_example() -> None:
    done = process.run(EXAMPLE)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(DOCUMENTS)
    for line, document in zip(lines, DOCUMENTS, strict=True):
        words = re.findall(r"(\w+) 0\.\d\d", line)
        assert len(words) == 3
        assert all(word in document.lower() for word in words)


def test_without_the_framework_the_message_names_the_extra() -> None:
    code = (
        "import json, sys\n"
        "sys.modules['keybert'] = None\n"
        "try:\n    import m2v_fast.integrations.keybert\n"
        "except ImportError as error:\n    print(json.dumps(str(error)))\n"
    )
    assert "pip install 'm2v-fast[keybert]'" in process.answer("-c", code)


def test_the_adapter_needs_no_model2vec() -> None:
    code = (
        "import json, sys\n"
        "sys.modules['model2vec'] = None\n"
        "from keybert import KeyBERT\n"
        "from m2v_fast.integrations.keybert import M2VFastBackend\n"
        "extractor = KeyBERT(M2VFastBackend('bundled:minilm'))\n"
        "print(json.dumps([word for word, _ in extractor.extract_keywords('Bread of rye')]))\n"
    )
    assert sorted(process.answer("-c", code)) == ["bread", "rye"]
