"""Clients of Ollama, Cohere and Weaviate."""

from __future__ import annotations

import base64
import http.client
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.server.conftest import NAME, TEXTS, bundled, running

if TYPE_CHECKING:
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.server.conftest import Server


def _equal(got: object, wanted: object) -> None:
    np.testing.assert_array_equal(np.asarray(got, dtype=np.float32), wanted)


def test_ollama(server: Server, reference: StaticModel) -> None:
    import ollama

    client = ollama.Client(host=server.url)
    answer = client.embed(model="minilm:latest", input=list(TEXTS))
    _equal(answer.embeddings, reference.encode(list(TEXTS)))
    assert answer.total_duration is not None
    assert answer.prompt_eval_count is not None
    assert answer.total_duration > 0
    _equal(client.embed(model=NAME, input=TEXTS[0]).embeddings, reference.encode([TEXTS[0]]))
    _equal(client.embeddings(model=NAME, prompt=TEXTS[0]).embedding, reference.encode(TEXTS[0]))
    assert client.embed(model=NAME, input="").embeddings == []
    listed = client.list().models
    assert [model.model for model in listed] == [NAME]
    assert listed[0].modified_at is not None
    shown = client.show(NAME)
    assert shown.modelinfo is not None
    assert shown.modelinfo["model2vec.embedding_length"] == 256
    assert shown.capabilities == ["embedding"]
    with pytest.raises(ollama.ResponseError, match="model 'x' not found") as caught:
        client.embed(model="x", input="a")
    assert caught.value.status_code == 404


def _cohere(server: Server) -> Any:
    import cohere

    return cohere.ClientV2(api_key="none", base_url=server.url)


def test_cohere(server: Server, reference: StaticModel) -> None:
    wanted = reference.encode(list(TEXTS))
    answer = _cohere(server).embed(
        model=NAME,
        texts=list(TEXTS),
        input_type="search_document",
        embedding_types=["float", "binary", "ubinary", "base64"],
    )
    _equal(answer.embeddings.float_, wanted)
    for name in ("binary", "ubinary"):
        bits = reference.encode(list(TEXTS), output_dtype=name)
        np.testing.assert_array_equal(getattr(answer.embeddings, name), bits)
    rows = [np.frombuffer(base64.b64decode(row), "<f4") for row in answer.embeddings.base64]
    _equal(rows, wanted)


def test_cohere_with_ranges(tmp_path: Path, server: Server, reference: StaticModel) -> None:
    import cohere

    sample = reference.encode([f"{word} {number}" for word in TEXTS for number in range(20)])
    ranges = np.stack([sample.min(axis=0) - 0.01, sample.max(axis=0)])
    np.save(tmp_path / "ranges.npy", ranges)
    wish: dict[str, Any] = {
        "model": NAME,
        "texts": list(TEXTS),
        "input_type": "search_query",
        "embedding_types": ["int8", "uint8"],
    }
    with running(tmp_path, bundled(), "--ranges", str(tmp_path / "ranges.npy")) as ranged:
        answer = _cohere(ranged).embed(**wish)
    for name in ("int8", "uint8"):
        steps = reference.encode(list(TEXTS), output_dtype=name, ranges=ranges)
        np.testing.assert_array_equal(getattr(answer.embeddings, name), steps)
    with pytest.raises(cohere.errors.BadRequestError, match="--ranges"):
        _cohere(server).embed(**wish)


def _weaviate(server: Server, path: str, body: object) -> tuple[int, Any]:
    """As Weaviate's Go client sends it: with no Content-Type."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", path, json.dumps(body), {"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    value = json.loads(answer.read())
    connection.close()
    return answer.status, value


def test_weaviate(server: Server, reference: StaticModel) -> None:
    wish = {"text": TEXTS[1], "dims": 0, "vector": None, "error": "", "config": {"task_type": ""}}
    for path in ("/vectors", "/vectors/"):
        status, got = _weaviate(server, path, wish)
        assert status == 200
        assert (got["text"], got["dim"], got["dims"]) == (TEXTS[1], 256, 256)
        _equal(got["vector"], reference.encode(TEXTS[1]))
    status, got = _weaviate(server, "/vectors", {"texts": list(TEXTS)})
    _equal(got["vectors"], reference.encode(list(TEXTS)))
    status, got = _weaviate(server, "/vectors", {"config": {}})
    assert status == 400
    assert "`texts`" in got["error"]
    assert server.ask("/.well-known/live")[0] == 204
    assert server.ask("/.well-known/ready")[0] == 204
    assert server.ask("/meta")[1]["dim"] == 256


@pytest.mark.parametrize("path", ["/v1/embeddings", "/api/embed", "/v2/embed", "/vectors"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": 1}', b"\xff\xfe", b"null"])
def test_no_json_of_the_kind(server: Server, path: str, body: bytes) -> None:
    status, got, headers = server.ask(path, body, method="POST")
    assert status == 400
    assert headers["content-type"] == "application/json"
    message = got["message"] if path == "/v2/embed" else got["error"]
    if path == "/v1/embeddings":
        assert set(message) == {"message", "type", "param", "code"}
        message = message["message"]
    assert isinstance(message, str)
    assert message
