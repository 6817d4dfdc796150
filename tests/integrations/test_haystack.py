"""The Haystack components, in Haystack's own pipelines, saved and restored."""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters, process

if find_spec("haystack") is None:
    pytest.skip("needs haystack", allow_module_level=True)

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # read once, by the first import

from haystack import Document, Pipeline
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.core.errors import DeserializationError
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import Secret
from haystack_integrations.components.embedders import m2v_fast as package
from haystack_integrations.components.embedders.m2v_fast import (
    M2VFastDocumentEmbedder,
    M2VFastTextEmbedder,
)

if TYPE_CHECKING:
    from tests.support.folders import Folder

DOCUMENTS, QUERIES = demo.DOCUMENTS, demo.QUERIES
#: The index of the document that answers each query.
ANSWERS = [0, 1, 5, 4]
BOTH = [M2VFastTextEmbedder, M2VFastDocumentEmbedder]

#: Restores a pipeline; nothing of ours is imported beforehand.
READER = """
import json, sys
from haystack import Document, Pipeline

pipeline = Pipeline.loads(open(sys.argv[1], encoding="utf-8").read())
documents = [Document(content="an answer")]
made = pipeline.run({"text": {"text": "a question"}, "documents": {"documents": documents}})
print(json.dumps([made["text"]["embedding"], made["documents"]["documents"][0].embedding]))
"""


@pytest.fixture(scope="module")
def expected() -> Any:
    """What the model makes of the documents."""
    return StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)


def documents() -> list[Document]:
    """The demo's documents, numbered."""
    return [Document(content=text, meta={"index": i}) for i, text in enumerate(DOCUMENTS)]


def test_texts(expected: Any) -> None:
    embedder: Any = M2VFastTextEmbedder(BUNDLED_MODEL)
    for answer in (embedder.run(DOCUMENTS[3]), asyncio.run(embedder.run_async(DOCUMENTS[3]))):
        assert answer.keys() == {"embedding"}
        assert {type(value) for value in answer["embedding"]} == {float}
        assert answer["embedding"] == expected[3].tolist()


def test_documents(expected: Any) -> None:
    embedder: Any = M2VFastDocumentEmbedder(BUNDLED_MODEL)
    given = documents()
    for answer in (embedder.run(given), asyncio.run(embedder.run_async(documents=given))):
        assert answer.keys() == {"documents"}
        made = answer["documents"]
        assert [document.embedding for document in made] == expected.tolist()
        assert [document.meta for document in made] == [document.meta for document in given]
        assert [document.id for document in made] == [document.id for document in given]
    assert {document.embedding for document in given} == {None}
    assert embedder.run([]) == {"documents": []}
    [empty] = embedder.run([Document(content=None)])["documents"]
    assert empty.embedding == [0.0] * 256


def test_documents_are_encoded_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = adapters.count_encoded(monkeypatch)
    embedder: Any = M2VFastDocumentEmbedder(BUNDLED_MODEL)
    made = embedder.run([Document(content=f"text {index}") for index in range(3000)])
    assert len(made["documents"]) == 3000
    assert sizes == [3000]


def test_what_is_put_together() -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    text: Any = M2VFastTextEmbedder(BUNDLED_MODEL, prefix="query: ", suffix=" (end)")
    assert text.run("a text")["embedding"] == model.encode("query: a text (end)").tolist()
    embedder: Any = M2VFastDocumentEmbedder(
        BUNDLED_MODEL,
        prefix="passage: ",
        suffix=" (end)",
        meta_fields_to_embed=["title", "year", "author"],
        embedding_separator=" | ",
    )
    document = Document(content="a text", meta={"year": 1999, "title": "On tides", "author": None})
    [made] = embedder.run([document])["documents"]
    whole = "passage: On tides | 1999 | a text (end)"
    assert made.embedding == model.encode(whole).tolist()


def test_the_progress_bar(capfd: pytest.CaptureFixture[str]) -> None:
    for bar in (False, True):
        M2VFastDocumentEmbedder(BUNDLED_MODEL, progress_bar=bar).run(documents())
        assert ("100%" in capfd.readouterr().err) is bar


@pytest.mark.parametrize("kind", BOTH)
def test_the_constructor_loads_nothing(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = adapters.count_loads(monkeypatch)
    embedder = kind(BUNDLED_MODEL)
    assert loads == []
    for _ in range(2):
        embedder.warm_up()
        embedder.run("a text" if kind is M2VFastTextEmbedder else documents())
    assert loads == [BUNDLED_MODEL]
    with pytest.raises(FileNotFoundError, match="bundled:nothing"):
        kind("bundled:nothing").warm_up()


@pytest.mark.parametrize("kind", BOTH)
def test_the_configuration_is_kept(kind: Any, small: Folder) -> None:
    embedder = kind(
        Path(small.path),
        prefix="a ",
        suffix=" b",
        model_kwargs={"normalize": False, "cache_dir": small.path, "force_download": True},
    )
    data = embedder.to_dict()
    assert data["type"].startswith("haystack_integrations.components.embedders.m2v_fast.")
    parameters = data["init_parameters"]
    assert parameters["model"] == str(small.path)
    assert parameters["model_kwargs"] == {"normalize": False, "cache_dir": str(small.path)}
    again = kind.from_dict(data)
    assert again.to_dict() == data
    item: Any = "a text" if kind is M2VFastTextEmbedder else documents()
    assert again.run(item) == embedder.run(item)
    assert again.run(item) != kind(small.path).run(item)


@pytest.mark.parametrize("kind", BOTH)
def test_tokens(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    inner = StaticModel.from_pretrained

    def noted(source: Any, *, token: Any = None, **kwargs: Any) -> StaticModel:
        seen.append(token)
        return inner(source, **kwargs)

    monkeypatch.setattr(StaticModel, "from_pretrained", noted)
    for name in ("HF_API_TOKEN", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    kind(BUNDLED_MODEL).warm_up()
    kind(BUNDLED_MODEL, token=None).warm_up()
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    embedder = kind(BUNDLED_MODEL)
    embedder.warm_up()
    kind(BUNDLED_MODEL, token=Secret.from_token("hf_other")).warm_up()
    assert seen == [None, None, "hf_secret", "hf_other"]
    assert "hf_secret" not in str(embedder.to_dict())
    with pytest.raises(ValueError, match="token"):
        kind(BUNDLED_MODEL, token=Secret.from_token("hf_other")).to_dict()
    with pytest.raises(TypeError, match="token"):
        kind(BUNDLED_MODEL, model_kwargs={"token": "hf_secret"})


def test_wrong_types_are_errors() -> None:
    text: Any = M2VFastTextEmbedder(BUNDLED_MODEL)
    wrong: Any
    for wrong in (["a text"], documents(), None):
        with pytest.raises(TypeError, match="M2VFastDocumentEmbedder takes"):
            text.run(wrong)
    embedder: Any = M2VFastDocumentEmbedder(BUNDLED_MODEL)
    for wrong in ("a text", ["a text"], [*documents(), "a text"], documents()[0]):
        with pytest.raises(TypeError, match="M2VFastTextEmbedder takes"):
            embedder.run(wrong)
    with pytest.raises(TypeError, match="dimension"):
        M2VFastTextEmbedder(BUNDLED_MODEL, model_kwargs={"dimension": 3}).warm_up()


def searching() -> tuple[Pipeline, Pipeline]:
    """A pipeline that fills a store, and one that searches it."""
    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    filling = Pipeline()
    filling.add_component("documents", M2VFastDocumentEmbedder(BUNDLED_MODEL))
    filling.add_component("write", DocumentWriter(store))
    filling.connect("documents", "write")
    finding = Pipeline()
    finding.add_component("text", M2VFastTextEmbedder(BUNDLED_MODEL))
    finding.add_component("retrieve", InMemoryEmbeddingRetriever(store, top_k=3))
    finding.connect("text.embedding", "retrieve.query_embedding")
    return filling, finding


def test_the_expected_document_comes_first() -> None:
    filling, finding = searching()
    assert filling.run({"documents": {"documents": documents()}}) == {
        "write": {"documents_written": 10}
    }
    for query, answer in zip(QUERIES, ANSWERS, strict=True):
        found = finding.run({"text": {"text": query}})["retrieve"]["documents"]
        assert [len(found), found[0].meta["index"]] == [3, answer]

    async def first(query: str) -> int:
        found: Any = await finding.run_async({"text": {"text": query}})
        index: int = found["retrieve"]["documents"][0].meta["index"]
        return index

    assert [asyncio.run(first(query)) for query in QUERIES] == ANSWERS


def test_another_process_restores_a_pipeline(tmp_path: Path) -> None:
    pipeline = Pipeline()
    pipeline.add_component("text", M2VFastTextEmbedder(BUNDLED_MODEL))
    pipeline.add_component("documents", M2VFastDocumentEmbedder(BUNDLED_MODEL))
    file = tmp_path / "pipeline.yaml"
    file.write_text(pipeline.dumps(), encoding="utf-8")
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    assert process.answer("-c", READER, file) == model.encode(["a question", "an answer"]).tolist()
    # The name of the package is what makes Haystack trust it.
    elsewhere = pipeline.dumps().replace("haystack_integrations.", "elsewhere.")
    with pytest.raises(DeserializationError):
        Pipeline.loads(elsewhere)


def test_the_namespace_is_shared(tmp_path: Path) -> None:
    """Another distribution's folders of the same names are found beside ours, in either order."""
    here = Path(package.__file__).parent
    for above in list(here.parents)[:3]:
        assert not (above / "__init__.py").exists()
    other = tmp_path / "haystack_integrations" / "components" / "embedders" / "other"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("NAME = 'other'\n", encoding="utf-8")
    root = str(here.parents[3 - 1].parent)
    for order in ([root, str(tmp_path)], [str(tmp_path), root]):
        code = (
            f"import sys, json\nsys.path[:0] = {order!r}\n"
            "from haystack_integrations.components.embedders.other import NAME\n"
            "from haystack_integrations.components.embedders.m2v_fast import M2VFastTextEmbedder\n"
            "print(json.dumps([NAME, M2VFastTextEmbedder.__name__]))\n"
        )
        assert process.answer("-c", code) == ["other", "M2VFastTextEmbedder"]


def test_the_example() -> None:
    adapters.run_search("haystack_search.py")


def test_without_the_framework_the_message_names_the_extra() -> None:
    adapter = "haystack_integrations.components.embedders.m2v_fast"
    message = adapters.message_without("haystack", adapter)
    assert "pip install 'm2v-fast[haystack]'" in message
    assert adapter in message
    assert sys.modules[adapter] is package
