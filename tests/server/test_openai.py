"""OpenAI's client and those that are built on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import openai
import pytest

from tests.server.conftest import NAME, TEXTS, bundled, running

if TYPE_CHECKING:
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.server.conftest import Server


def _client(server: Server, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", **options)


def _equal(got: object, wanted: object) -> None:
    np.testing.assert_array_equal(np.asarray(got, dtype=np.float32), wanted)


def test_base64_is_what_the_client_asks_for(server: Server, reference: StaticModel) -> None:
    answer = _client(server).embeddings.create(model=NAME, input=list(TEXTS))
    _equal([item.embedding for item in answer.data], reference.encode(list(TEXTS)))
    assert [item.index for item in answer.data] == list(range(len(TEXTS)))
    tokens = int(reference.count_tokens(list(TEXTS)).tokens.sum())
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == tokens
    assert answer.model == NAME


def test_floats(server: Server, reference: StaticModel) -> None:
    answer = _client(server).embeddings.create(
        model="minilm:latest", input=TEXTS[1], encoding_format="float"
    )
    _equal(answer.data[0].embedding, reference.encode(TEXTS[1]))


def test_async(server: Server, reference: StaticModel) -> None:
    async def ask() -> list[list[float]]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
            wishes = [client.embeddings.create(model="other", input=text) for text in TEXTS]
            return [answer.data[0].embedding for answer in await asyncio.gather(*wishes)]

    _equal(asyncio.run(ask()), reference.encode(list(TEXTS)))


def test_dimensions(server: Server, reference: StaticModel) -> None:
    answer = _client(server).embeddings.create(model=NAME, input=list(TEXTS), dimensions=33)
    cut = type(reference).from_pretrained("bundled:minilm", dimensionality=33)
    _equal([item.embedding for item in answer.data], cut.encode(list(TEXTS)))


def test_models(server: Server) -> None:
    client = _client(server)
    assert [card.id for card in client.models.list()] == [NAME]
    assert client.models.retrieve(NAME).id == NAME
    with pytest.raises(openai.NotFoundError, match="no-such"):
        client.models.retrieve("no-such")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"input": ""}, "empty string"),
        ({"input": []}, "empty list"),
        ({"input": ["a", ""]}, r"input\[1\]"),
        ({"input": ["a"] * 2049}, "2049 > .* 2048"),
        ({"input": "a", "dimensions": 257}, "257; it must be from 1 to 256"),
        ({"input": [[1, 2]]}, "check_embedding_ctx_length=False"),
        ({"input": [1, 2]}, "check_embedding_ctx_length=False"),
    ],
)
def test_refused(server: Server, wish: dict[str, Any], words: str) -> None:
    with pytest.raises(openai.BadRequestError, match=words) as caught:
        _client(server).embeddings.create(model=NAME, **wish)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.param == ("dimensions" if "dimensions" in wish else "input")


def test_unknown_model(server: Server, tmp_path: Path, reference: StaticModel) -> None:
    with pytest.raises(openai.NotFoundError, match="ada") as caught:
        _client(server).embeddings.create(model="ada", input="a")
    assert caught.value.code == "model_not_found"
    with running(tmp_path, bundled(), "--any-model") as any_model:
        answer = _client(any_model).embeddings.create(model="ada", input=TEXTS[0])
        _equal(answer.data[0].embedding, reference.encode(TEXTS[0]))


def test_token_ids_of_the_model(tmp_path: Path, reference: StaticModel) -> None:
    ids = reference.tokenize([TEXTS[0]])[0]
    with running(tmp_path, bundled(), "--accept-token-ids") as server:
        answer = _client(server).embeddings.create(model=NAME, input=[[int(i) for i in ids]])
        _equal(answer.data[0].embedding, reference.encode(TEXTS[0]))
        with pytest.raises(openai.BadRequestError, match="whose ids are below"):
            _client(server).embeddings.create(model=NAME, input=[[2**32 - 1]])


def test_keys(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# who\nsk-one\nsk-two\n")
    with running(tmp_path, bundled(), "--api-key-file", str(keys)) as server:
        for key in ("sk-one", "sk-two"):
            client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=key)
            assert client.embeddings.create(model=NAME, input="a").data
        with pytest.raises(openai.AuthenticationError):
            _client(server).embeddings.create(model=NAME, input="a")
        for path in ("/health", "/metrics", "/.well-known/ready", "/docs"):
            assert server.ask(path)[0] in (200, 204)
        assert server.ask("/info")[0] == 401


def test_langchain(server: Server, reference: StaticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_openai import OpenAIEmbeddings

    def embeddings(**options: Any) -> OpenAIEmbeddings:
        settings: dict[str, Any] = {"base_url": f"{server.url}/v1", "api_key": "none", **options}
        return OpenAIEmbeddings(model=NAME, **settings)

    told = embeddings(check_embedding_ctx_length=False)
    _equal(told.embed_documents(list(TEXTS)), reference.encode(list(TEXTS)))
    _equal(told.embed_query(TEXTS[0]), reference.encode(TEXTS[0]))

    # By default it sends ids of an encoding that it fetches first: here one of the test's own.
    import tiktoken

    letters = tiktoken.Encoding(
        "letters",
        pat_str=r"[\s\S]",
        mergeable_ranks={bytes([byte]): byte for byte in range(256)},
        special_tokens={},
    )
    monkeypatch.setattr(tiktoken, "encoding_for_model", lambda _: letters)
    monkeypatch.setattr(tiktoken, "get_encoding", lambda _: letters)
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
        embeddings().embed_query(TEXTS[0])


def test_llama_index(server: Server, reference: StaticModel) -> None:
    from llama_index.embeddings.openai import OpenAIEmbedding

    model = OpenAIEmbedding(model_name=NAME, api_base=f"{server.url}/v1", api_key="none")
    _equal(model.get_text_embedding_batch(list(TEXTS)), reference.encode(list(TEXTS)))
    _equal(model.get_query_embedding(TEXTS[0]), reference.encode(TEXTS[0]))


def test_litellm(server: Server, reference: StaticModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    answer = litellm.embedding(
        model=f"openai/{NAME}", input=list(TEXTS), api_base=f"{server.url}/v1", api_key="none"
    )
    _equal([item["embedding"] for item in answer.data], reference.encode(list(TEXTS)))
