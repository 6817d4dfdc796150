"""Options, model and texts of the benchmarks, and the check that comes first."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel
from m2v_fast.bench import corpus, machine
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from collections.abc import Callable


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("m2v_fast")
    group.addoption("--text", type=Path, help="texts, as `m2v-fast bench` takes them")
    group.addoption("--field", default="text", help="field of the JSON lines (default: text)")
    group.addoption(
        "--model", default=BUNDLED_MODEL, help="model folder (default: the bundled one)"
    )


class Case:
    """The ways to encode with a model, and the texts, whose vectors are the same for all."""

    def __init__(self, folder: Path, texts: list[str]) -> None:
        # The library reads this when it first runs.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        from model2vec import StaticModel as Reference

        self.folder = folder
        self.queries = corpus.queries(texts)
        self.paragraphs = (texts * (1000 // len(texts) + 1))[:1000]
        ours, reference = StaticModel.from_pretrained(folder), Reference.from_pretrained(folder)
        self.encoders: dict[str, Callable[[list[str]], Any]] = {
            "model2vec": lambda batch: reference.encode(batch, use_multiprocessing=False),
            "m2v_fast": lambda batch: ours.encode(batch, num_threads=1),
            "m2v_fast, all threads": ours.encode,
        }
        for batch in (self.paragraphs, self.queries):
            first, *others = (encode(batch) for encode in self.encoders.values())
            for other in others:
                np.testing.assert_array_equal(first, other)


@pytest.fixture(scope="session")
def case(request: pytest.FixtureRequest) -> Case:
    option = request.config.getoption
    return Case(resolve(option("--model")), corpus.read_texts(option("--text"), option("--field")))


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: object, output_json: dict[str, Any]
) -> None:
    """Keep what the figures depend on beside them."""
    output_json["m2v_fast"] = {
        **machine.facts(),
        "model": config.getoption("--model"),
        "text": str(config.getoption("--text") or "pydoc_data.topics"),
    }
