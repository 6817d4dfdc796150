"""Python servers to measure against, each in as few lines as its framework wants.

Each is written for these figures and takes the model's folder from `MODEL`. `fastapi_app` and
`starlette_app` answer `POST /v1/embeddings` as OpenAI's clients ask it, with base64; `weaviate_app`
does what Weaviate's container for Model2Vec does: one text on a thread pool, behind a cache of
1,024 texts, and a list of numbers as JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any


def fastapi_app() -> Any:
    """FastAPI and model2vec."""
    from fastapi import Body, FastAPI
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(os.environ["MODEL"])
    app = FastAPI()

    @app.post("/v1/embeddings")  # type: ignore[untyped-decorator,unused-ignore]
    async def embeddings(wish: dict[str, Any] = Body()) -> dict[str, Any]:  # noqa: B008
        return _answer(model, wish)

    return app


def starlette_app() -> Any:
    """Starlette and m2v_fast."""
    from m2v_fast import StaticModel
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    model = StaticModel.from_pretrained(os.environ["MODEL"])

    async def embeddings(request: Any) -> Response:
        answer = json.dumps(_answer(model, json.loads(await request.body())))
        return Response(answer, media_type="application/json")

    return Starlette(routes=[Route("/v1/embeddings", embeddings, methods=["POST"])])


def weaviate_app() -> Any:
    """As Weaviate's container: FastAPI, a thread pool, a cache."""
    from cachetools import LRUCache, cached
    from fastapi import Body, FastAPI
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(os.environ["MODEL"])
    pool = ThreadPoolExecutor()

    kept = LRUCache(maxsize=1024)

    @cached(cache=kept, lock=Lock())  # type: ignore[untyped-decorator,unused-ignore]
    def encode(text: str) -> Any:
        return model.encode([text], use_multiprocessing=False)[0]

    app = FastAPI()

    @app.post("/vectors")  # type: ignore[untyped-decorator,unused-ignore]
    async def vectors(item: dict[str, Any] = Body()) -> dict[str, Any]:  # noqa: B008
        vector = await asyncio.wrap_future(pool.submit(encode, item["text"]))
        return {"text": item["text"], "vector": vector.tolist(), "dim": len(vector)}

    return app


def _answer(model: Any, wish: dict[str, Any]) -> dict[str, Any]:
    """What OpenAI's API answers; nothing but `encode` is different between the two packages."""
    texts = [wish["input"]] if isinstance(wish["input"], str) else wish["input"]
    rows = model.encode(texts)
    vectors = (
        [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
        if wish.get("encoding_format") == "base64"
        else rows.tolist()
    )
    data = [
        {"object": "embedding", "index": place, "embedding": vector}
        for place, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return {"object": "list", "data": data, "model": wish["model"], "usage": usage}
