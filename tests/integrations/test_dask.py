"""Dask's frames, on threads, processes and two workers of its own scheduler."""

from __future__ import annotations

import importlib
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast.bulk import Embedder

from tests.support import adapters, texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from m2v_fast import StaticModel

    from tests.support.folders import Folder

dd: Any = pytest.importorskip("dask.dataframe", reason="needs dask")
dask: Any = importlib.import_module("dask")
pandas: Any = importlib.import_module("pandas")
m2v_dask: Any = importlib.import_module("m2v_fast.integrations.dask")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(500)]


def _frame() -> Any:
    return dd.from_pandas(pandas.DataFrame({"n": range(len(ROWS)), "t": ROWS}), npartitions=7)


def _check(made: Any, model: StaticModel) -> None:
    assert made["n"].tolist() == list(range(len(ROWS)))
    assert made["v"].isna().tolist() == [row is None for row in ROWS]
    found = np.stack(made["v"].dropna().tolist()).astype(np.float32)
    assert_same_bits(found, model.encode([row for row in ROWS if row is not None]))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_it_gives_the_bits_of_encode(small: Folder, model: StaticModel, scheduler: str) -> None:
    made = m2v_dask.embed_column(_frame(), "t", "v", small.path)
    kind = made.dtypes["v"].pyarrow_dtype
    assert kind.list_size == 32
    _check(made.compute(scheduler=scheduler, num_workers=2), model)


def test_two_workers(small: Folder, model: StaticModel) -> None:
    distributed = importlib.import_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster),
    ):
        _check(m2v_dask.embed_column(_frame(), "t", "v", small.path).compute(), model)


def test_tasks_are_named_by_content(small: Folder, tmp_path: Any, own_folder: Any) -> None:
    one, same = Embedder(small.path, "t", "v"), Embedder(small.path, "t", "v")
    assert dask.base.tokenize(one) == dask.base.tokenize(same)
    assert dask.base.tokenize(pickle.loads(pickle.dumps(one))) == dask.base.tokenize(one)
    other = own_folder("wordpiece", config={"normalize": False})
    assert dask.base.tokenize(Embedder(other.path, "t", "v")) != dask.base.tokenize(one)
    assert dask.base.tokenize(Embedder(small.path, "t", "w")) != dask.base.tokenize(one)


def test_without_dask() -> None:
    said = adapters.message_without("dask", "m2v_fast.integrations.dask")
    assert "pip install 'm2v-fast[dask]'" in said
