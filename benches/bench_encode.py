"""Encoding in one process, for pytest-benchmark: a query, eight queries, a thousand paragraphs.

`m2v-fast bench` is what compares implementations; this keeps the figures of each revision under
.benchmarks/, for `pytest-benchmark compare`.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import m2v_fast
import pytest

if TYPE_CHECKING:
    from benches.conftest import Case

who = pytest.mark.parametrize("name", ["model2vec", "m2v_fast", "m2v_fast, all threads"])


@who
@pytest.mark.benchmark(group="one short query, of 1,000")
def bench_one_query(benchmark: Any, case: Case, name: str) -> None:
    encode = case.encoders[name]
    following = cycle([[query] for query in case.queries])
    benchmark(lambda: encode(next(following)))


@pytest.mark.benchmark(group="one short query, of 1,000")
def bench_one_query_through_the_embedding_function(benchmark: Any, case: Case) -> None:
    function = m2v_fast.Model2VecEmbeddingFunction(case.folder)
    following = cycle([[query] for query in case.queries])
    benchmark(lambda: function.encode_queries(next(following)))


@who
@pytest.mark.benchmark(group="8 short queries, of 1,000")
def bench_eight_queries(benchmark: Any, case: Case, name: str) -> None:
    encode = case.encoders[name]
    following = cycle([case.queries[i : i + 8] for i in range(0, len(case.queries), 8)])
    benchmark(lambda: encode(next(following)))


@who
@pytest.mark.benchmark(group="1,000 paragraphs")
def bench_paragraphs(benchmark: Any, case: Case, name: str) -> None:
    benchmark(case.encoders[name], case.paragraphs)


@pytest.mark.benchmark(group="1,000 paragraphs, first seen")
def bench_first_seen_paragraphs(benchmark: Any, case: Case) -> None:
    def fresh() -> tuple[tuple[m2v_fast.StaticModel, list[str]], dict[str, Any]]:
        return (m2v_fast.StaticModel.from_pretrained(case.folder), case.paragraphs), {}

    def encode(model: m2v_fast.StaticModel, texts: list[str]) -> None:
        model.encode(texts, num_threads=1)

    benchmark.pedantic(encode, setup=fresh, rounds=15)
