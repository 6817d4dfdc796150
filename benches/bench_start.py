"""Import, load and first texts, in fresh interpreters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benches import fresh

if TYPE_CHECKING:
    from benches.conftest import Case

PROGRAMS = tuple(fresh.programs(Path()))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.benchmark(group="fresh interpreter")
def bench_process(benchmark: Any, case: Case, program: str) -> None:
    _, parts = fresh.run(fresh.programs(case.folder)[program])
    benchmark.extra_info.update(parts)
    benchmark.pedantic(fresh.run, args=(fresh.programs(case.folder)[program],), rounds=9)
