"""BERTopic with one of our models as it is, and with the adapter."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel

from tests.support import heard, process

if find_spec("bertopic") is None:
    pytest.skip("needs bertopic", allow_module_level=True)

from bertopic import BERTopic
from bertopic.backend import BaseEmbedder, Model2VecBackend
from bertopic.backend._utils import select_backend
from m2v_fast.integrations.bertopic import M2VFastBackend
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "bertopic_topics.py"
#: Ten texts of each of three subjects.
TEXTS = [
    text.format(*words)
    for text, some in {
        "To bake {} for {}, mix flour, butter and yeast, and heat the oven.": (
            *("bread", "rolls", "cake", "pie", "rye loaves"),
            *("buns", "biscuits", "pastry", "muffins", "tarts"),
        ),
        "The {} of the {} turns around the sun and is seen in a telescope at night.": (
            *("planet", "comet", "moon", "orbit", "asteroid"),
            *("shadow", "rocket", "satellite", "probe", "ring"),
        ),
        "The {} plays a {} by Beethoven in the concert hall with the orchestra.": (
            *("violin", "piano", "cello", "flute", "horn"),
            *("choir", "trumpet", "viola", "oboe", "clarinet"),
        ),
    }.items()
    for words in zip(some, reversed(some), strict=True)
]


def topics_of(embedding_model: Any, **kwargs: Any) -> Any:
    """BERTopic with the steps that are fast and without chance."""
    return BERTopic(
        embedding_model=embedding_model,
        umap_model=PCA(3, random_state=0),
        hdbscan_model=KMeans(3, random_state=0, n_init=3),
        **kwargs,
    )


@pytest.mark.parametrize("wrap", [lambda model: model, M2VFastBackend], ids=["as it is", "adapter"])
def test_topics_are_those_of_our_vectors(wrap: Any) -> None:
    model = heard.bundled()
    topics = topics_of(wrap(model))
    found, _ = topics.fit_transform(TEXTS)
    assert topics.embedding_model.embedding_model is model
    assert model.heard[0] == TEXTS
    vectors = StaticModel.from_pretrained(BUNDLED_MODEL).encode(TEXTS)
    taken = topics._extract_embeddings(TEXTS, method="document")
    assert taken.dtype == np.float32
    assert taken.tobytes() == vectors.tobytes()
    # The same as of the vectors, which BERTopic takes, too.
    expected, _ = topics_of(None).fit_transform(TEXTS, vectors)
    assert found == expected
    assert [len(set(found[start : start + 10])) for start in (0, 10, 20)] == [1, 1, 1]
    assert len(set(found)) == 3
    asked = len(model.heard)
    numbers, _ = topics.find_topics("an opera in the theatre", top_n=1)
    assert numbers == [found[-1]]
    assert model.heard[asked:] == [["an opera in the theatre"]]


def test_the_model_itself_is_taken_for_one_of_model2vec() -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    # Whatever the language: without a backend for the model it decides which one is loaded.
    for language in (None, "english", "multilingual"):
        backend = select_backend(model, language=language)
        assert type(backend) is Model2VecBackend
        assert backend.embedding_model is model
    adapter = M2VFastBackend(model)
    assert select_backend(adapter, language="english") is adapter


@pytest.mark.parametrize("wrap", [lambda model: model, M2VFastBackend], ids=["as it is", "adapter"])
@pytest.mark.parametrize("kind", ["safetensors", "pickle"])
def test_saved_and_loaded(tmp_path: Path, wrap: Any, kind: str) -> None:
    if kind == "safetensors" and find_spec("torch") is None:
        pytest.skip("BERTopic's safetensors need torch")
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    topics = topics_of(wrap(model))
    found, _ = topics.fit_transform(TEXTS)
    place = tmp_path / "topics"
    if kind == "pickle":
        topics.save(place, serialization="pickle")
        again = BERTopic.load(place)
    else:
        topics.save(place, serialization=kind, save_embedding_model=False)
        again = BERTopic.load(place, embedding_model=wrap(model))
    assert type(again.embedding_model) is type(topics.embedding_model)
    assert type(again.embedding_model.embedding_model) is StaticModel
    assert list(again.transform(TEXTS[::10])[0]) == found[::10]


def test_the_adapter() -> None:
    backend = M2VFastBackend(BUNDLED_MODEL, normalize=False)
    assert isinstance(backend, BaseEmbedder)
    assert backend.embedding_model.normalize is False
    expected = StaticModel.from_pretrained(BUNDLED_MODEL, normalize=False).encode(TEXTS)
    for embed in (backend.embed, backend.embed_documents, backend.embed_words):
        for given in (TEXTS, np.array(TEXTS)):
            assert embed(given, verbose=True).tobytes() == expected.tobytes()
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
    topics = [
        line for line in lines if re.match(r"topic \d+, \d+ paragraphs: \w+(, \w+){4}$", line)
    ]
    assert len(topics) >= 5
    question, answer = lines[-2:]
    assert question.startswith("nearest to")
    assert "module" in answer


def test_without_the_framework_the_message_names_the_extra() -> None:
    code = (
        "import json, sys\n"
        "sys.modules['bertopic'] = None\n"
        "try:\n    import m2v_fast.integrations.bertopic\n"
        "except ImportError as error:\n    print(json.dumps(str(error)))\n"
    )
    assert "pip install 'm2v-fast[bertopic]'" in process.answer("-c", code)
