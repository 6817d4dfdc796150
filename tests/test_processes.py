"""Worker processes, however they are started, and event loops beside threads: the same bits."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from m2v_fast import Model2VecEmbeddingFunction, StaticModel

from tests.long.threads import Run
from tests.support import engines, process, resources, texts
from tests.support.compare import assert_same_bits
from tests.support.folders import Folder, Shape

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeFolder

SOME = [*texts.paragraphs()[:100], *texts.AWKWARD, *texts.MULTILINGUAL]


@pytest.mark.parametrize("name", engines.NAMES)
def test_eight_threads_on_each_engine(tmp_path: Path, name: str) -> None:
    # `make test-threads` does this for a minute each.
    run = Run(StaticModel.from_pretrained(engines.write(tmp_path, name)), 0.3)
    assert run.go() == []
    assert all(run.results)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_worker_processes(small: Folder, method: str) -> None:
    result = process.answer(process.CHILDREN / "workers.py", method, small.path)
    assert result == {"results": 12, "same": True, "parent": True}


@pytest.mark.skipif(not hasattr(os, "fork") or not resources.TELLS, reason="needs Linux' /proc")
def test_workers_of_a_preloading_server_share_the_model(make_folder: MakeFolder) -> None:
    folder = make_folder("wordpiece-30k", Shape("float32", 256))
    result = process.answer(process.CHILDREN / "preload.py", folder.path)
    assert result["codes"] == [0] * 4
    assert result["size"] > 30_000_000
    for worker in result["workers"]:
        assert worker["same"] is True
        # Not a page of the matrix is a worker's own; what it adds is buffers and results.
        assert worker["files"] < 500_000, result
        assert worker["growth"] < 25_000_000, result


def test_an_event_loop_with_threads(model: StaticModel, small: Folder) -> None:
    function = Model2VecEmbeddingFunction(small.path)
    wishes = [(limit, normalize) for limit in (1, 7, None) for normalize in (False, True)]
    expected = {wish: model.encode(SOME, max_length=wish[0], normalize=wish[1]) for wish in wishes}
    documents = np.stack(function.encode_documents(SOME))

    async def request(number: int) -> None:
        wish = wishes[number % len(wishes)]
        got = await asyncio.to_thread(
            model.encode, SOME, max_length=wish[0], normalize=wish[1], num_threads=1 + number % 2
        )
        assert_same_bits(got, expected[wish], SOME)

    async def serve() -> int:
        ticks = 0
        finished = asyncio.Event()

        async def tick() -> None:
            nonlocal ticks
            while not finished.is_set():
                ticks += 1
                # As often as the loop comes round: how long that takes does not matter.
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(4) as pool:
            embedded = [
                loop.run_in_executor(pool, function.encode_documents, SOME) for _ in range(20)
            ]
            await asyncio.gather(*(request(number) for number in range(60)))
            for vectors in await asyncio.gather(*embedded):
                assert_same_bits(np.stack(vectors), documents, SOME)
        finished.set()
        await ticking
        return ticks

    # The loop went on meanwhile.
    assert asyncio.run(serve()) > 5
