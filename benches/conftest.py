"""Command-line options, models and texts of the benchmarks, and the check that comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benches import contenders, machine, models
from benches import texts as corpus

# What the models are called in the results: the given one, and one of float32 on its tokenizer.
KINDS = ("float32", "given")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("m2v_fast")
    group.addoption("--text", type=Path, help="texts: .jsonl, .jsonl.gz, or one a line")
    group.addoption("--field", default="text", help="field of the JSON lines (default: text)")
    group.addoption("--model", help="model folder (default: the bundled model)")


class Case:
    """A model's contenders and the texts; all were found equal when it was made."""

    def __init__(self, folder: Path, texts: list[str]) -> None:
        self.folder = folder
        self.texts = texts
        self.queries = corpus.queries(texts)
        self.long = corpus.one_long(texts)
        self.paragraphs = (texts * (1000 // len(texts) + 1))[:1000]
        self.encoders = contenders.contenders(folder)
        contenders.assert_equal(self.encoders, self.paragraphs)
        contenders.assert_equal(self.encoders, self.queries)
        contenders.assert_equal(self.encoders, [self.long])
        contenders.assert_equal(self.encoders, [self.long], max_length=None)


_made: dict[str, Path] = {}


def _folder(config: pytest.Config, kind: str, scratch: Path) -> Path:
    given = models.resolve(config.getoption("--model"))
    if kind not in _made:
        made = models.float32_model(given, scratch / "float32") if kind == "float32" else given
        _made[kind] = made
    return _made[kind]


@pytest.fixture(scope="session", params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The float32 model, then the given one."""
    config = request.config
    folder = _folder(config, request.param, tmp_path_factory.mktemp("model"))
    texts = corpus.read_texts(config.getoption("--text"), config.getoption("--field"))
    return Case(folder, texts)


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: object, output_json: dict[str, Any]
) -> None:
    """Keeps what the figures depend on beside them."""
    output_json["m2v_fast"] = {
        **machine.facts(_made.values()),
        "text": str(config.getoption("--text") or "pydoc_data.topics"),
    }
