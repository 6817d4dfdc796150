"""Clients of text-embeddings-inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.server.conftest import NAME, TEXTS

if TYPE_CHECKING:
    from m2v_fast import StaticModel

    from tests.server.conftest import Server


def _equal(got: object, wanted: object) -> None:
    np.testing.assert_array_equal(np.asarray(got, dtype=np.float32), wanted)


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    # It refuses requests to this machine as well if it is told to be offline.
    from huggingface_hub import InferenceClient, constants

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return InferenceClient(server.url)


def test_feature_extraction(client: Any, reference: StaticModel) -> None:
    wanted = reference.encode([TEXTS[0]], normalize=True)
    _equal(client.feature_extraction(TEXTS[0]), wanted)
    plain = client.feature_extraction(TEXTS[0], normalize=False)
    _equal(plain, reference.encode([TEXTS[0]], normalize=False))


def test_sentence_similarity(client: Any, reference: StaticModel) -> None:
    got = client.sentence_similarity(TEXTS[0], list(TEXTS[1:]))
    vectors = reference.encode(list(TEXTS), normalize=True)
    np.testing.assert_allclose(got, vectors[1:] @ vectors[0], atol=1e-6)


def test_llama_index(server: Server, reference: StaticModel) -> None:
    from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference

    model = TextEmbeddingsInference(model_name=NAME, base_url=server.url)
    texts = list(TEXTS[:4])
    _equal(model.get_text_embedding_batch(texts), reference.encode(texts, normalize=True))


def test_embed(server: Server, reference: StaticModel) -> None:
    status, got, headers = server.ask("/embed", {"inputs": list(TEXTS)})
    assert status == 200
    _equal(got, reference.encode(list(TEXTS), normalize=True))
    assert headers["x-compute-characters"] == str(sum(map(len, TEXTS)))
    tokens = int(reference.count_tokens(list(TEXTS)).tokens.sum())
    assert headers["x-compute-tokens"] == str(tokens)
    status, got, _ = server.ask("/", {"inputs": TEXTS[0], "dimensions": 8, "normalize": True})
    cut = type(reference).from_pretrained("bundled:minilm", dimensionality=8)
    _equal(got, cut.encode([TEXTS[0]], normalize=True))


def test_vertex(server: Server, reference: StaticModel) -> None:
    instances = [{"inputs": text} for text in TEXTS]
    asked = [*instances, {"inputs": list(TEXTS[:3]), "normalize": False}]
    status, got, _ = server.ask("/vertex", {"instances": asked})
    assert (status, list(got), len(got["predictions"])) == (200, ["predictions"], len(asked))
    *single, several = got["predictions"]
    # An instance's answer is that of /embed: a list of vectors.
    _equal(single, reference.encode(list(TEXTS), normalize=True)[:, None])
    _equal(several, reference.encode(list(TEXTS[:3]), normalize=False))


def test_zero_vectors_stay_zeros(server: Server) -> None:
    status, got, _ = server.ask("/embed", {"inputs": " "})
    assert (status, got) == (200, [[0.0] * 256])


def test_truncation(server: Server, reference: StaticModel) -> None:
    words = [f"{word} " for word in ("cat", "dog", "train", "house", "tree")] * 300
    text = "".join(words)
    left = server.ask("/embed", {"inputs": text, "truncation_direction": "left"})[1]
    # Each of the words is one token.
    limit = reference.max_length
    assert limit is not None
    assert len(words) > limit
    status, whole, _ = server.ask("/embed", {"inputs": "".join(words[-limit:])})
    assert status == 200
    _equal(left, np.float32(whole))
    status, got, _ = server.ask("/embed", {"inputs": text, "truncate": False})
    assert (status, got["error_type"]) == (422, "Validation")
    assert got["error"] == f"`inputs` must have less than {limit} tokens. Given: {len(words)}"


def test_embed_all(server: Server, reference: StaticModel) -> None:
    texts = list(TEXTS[:3])
    status, got, _ = server.ask("/embed_all", {"inputs": texts})
    assert status == 200
    for rows, wanted in zip(got, reference.encode_as_sequence(texts), strict=True):
        _equal(np.reshape(np.asarray(rows, np.float32), (-1, reference.dim)), wanted)


def test_tokenize_and_decode(server: Server, reference: StaticModel) -> None:
    for text in TEXTS[:3]:
        status, got, _ = server.ask("/tokenize", {"inputs": text, "add_special_tokens": False})
        assert status == 200
        encoding = reference.tokenizer.encode(text, add_special_tokens=False)
        assert [token["id"] for token in got[0]] == encoding.ids
        assert [token["text"] for token in got[0]] == encoding.tokens
        # What is special by its id has no place.
        places = [(token["start"], token["stop"]) for token in got[0] if not token["special"]]
        assert set(places) <= set(encoding.offsets)
        status, decoded, _ = server.ask("/decode", {"ids": encoding.ids})
        assert (status, decoded) == (200, [reference.tokenizer.decode(encoding.ids)])


def test_info(server: Server) -> None:
    status, got, _ = server.ask("/info")
    assert status == 200
    assert got["model_id"] == NAME
    assert got["max_input_length"] == 512
    assert got["max_client_batch_size"] == 2048


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "Validation"),
        (b'{"inputs": "\xff"}', 400, "Validation"),
        (b'{"inputs": "\\ud800"}', 400, "Validation"),
        ({"inputs": []}, 400, "Empty"),
        ({"inputs": ""}, 422, "Validation"),
        ({"inputs": ["a"] * 2049}, 422, "Validation"),
        ({"inputs": 1}, 422, "Validation"),
        ({}, 422, "Validation"),
        ({"inputs": "a", "dimensions": 0}, 422, "Validation"),
        ({"inputs": "a", "dimensions": -1}, 422, "Validation"),
        ({"inputs": "a", "prompt_name": "x"}, 422, "Validation"),
        ({"inputs": [[1]]}, 422, "Validation"),
    ],
)
@pytest.mark.parametrize("path", ["/embed", "/", "/embed_all"])
def test_refused(server: Server, path: str, body: Any, status: int, kind: str) -> None:
    got = server.ask(path, body)
    assert (got[0], got[1]["error_type"]) == (status, kind)
    assert set(got[1]) == {"error", "error_type"}
