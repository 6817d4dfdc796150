"""Ray Data: the handle as it is, on two processors and on two nodes, one of which dies."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast.bulk import Embedder

from tests.support import texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.support.folders import Folder

ray: Any = pytest.importorskip("ray", reason="needs ray")
pa: Any = importlib.import_module("pyarrow")
pq: Any = importlib.import_module("pyarrow.parquet")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(3000)]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it Ray writes a token into the home folder.
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")


@pytest.fixture
def two_processors() -> Iterator[None]:
    """Ray in this machine's own two processors."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def _write(folder: Path, files: int = 4) -> None:
    folder.mkdir(exist_ok=True)
    each = len(ROWS) // files + 1
    for place in range(files):
        some = range(place * each, min((place + 1) * each, len(ROWS)))
        table = pa.table({"id": list(some), "text": pa.array([ROWS[i] for i in some], pa.string())})
        pq.write_table(table, folder / f"{place}.parquet")


def _check(table: Any, model: StaticModel) -> None:
    table = table.sort_by("id")
    assert table["id"].to_pylist() == list(range(len(ROWS)))
    vectors = table["embedding"].combine_chunks()
    assert vectors.is_valid().to_pylist() == [row is not None for row in ROWS]
    found = vectors.drop_null().flatten().to_numpy(zero_copy_only=False)
    assert_same_bits(
        found.reshape(-1, model.dim), model.encode([row for row in ROWS if row is not None])
    )


@pytest.mark.usefixtures("two_processors")
def test_it_gives_the_bits_of_encode(small: Folder, model: StaticModel, tmp_path: Path) -> None:
    _write(tmp_path / "in")
    dataset = ray.data.read_parquet(str(tmp_path / "in"))
    embed = Embedder(small.path)
    dataset.map_batches(embed, batch_format="pyarrow", batch_size=500).write_parquet(
        str(tmp_path / "out"),
        use_dictionary=["text"],
        write_statistics=["text"],
        compression={"text": "zstd"},
    )
    table = pq.read_table(tmp_path / "out")
    for file in (tmp_path / "out").iterdir():
        columns = pq.read_metadata(file).row_group(0).to_dict()["columns"]
        text, numbers = (
            next(c for c in columns if c["path_in_schema"].startswith(name))
            for name in ("text", "embedding")
        )
        assert (text["compression"], numbers["compression"]) == ("ZSTD", "UNCOMPRESSED")
        assert not numbers["has_dictionary_page"]
    assert pa.types.is_fixed_size_list(table["embedding"].type)
    _check(table, model)


@pytest.mark.usefixtures("two_processors")
def test_a_worker_loads_the_model_once(small: Folder) -> None:
    embed = Embedder(small.path)

    def loads(table: Any) -> Any:
        from m2v_fast.bulk import embedder

        embed(table)
        return pa.table({"pid": [os.getpid()], "loaded": [len(embedder._loaded)]})

    blocks = ray.data.from_items([{"text": row or ""} for row in ROWS]).repartition(20)
    found = blocks.map_batches(loads, batch_format="pyarrow", batch_size=None).take_all()
    assert len(found) == 20
    assert {row["loaded"] for row in found} == {1}


@pytest.mark.usefixtures("two_processors")
def test_another_model_or_none_is_an_error(small: Folder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small.path, folder)
    embed, shipped = Embedder(folder), Embedder(folder, ship=True)
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    dataset = ray.data.from_items([{"text": "a"}])
    sent = dataset.map_batches(shipped, batch_format="pyarrow").take_all()
    assert np.asarray(sent[0]["embedding"]).shape == (32,)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(Exception, match="another model is here"):
        dataset.map_batches(embed, batch_format="pyarrow").take_all()
    shutil.rmtree(folder)
    with pytest.raises(Exception, match="ship=True"):
        dataset.map_batches(embed, batch_format="pyarrow").take_all()


def test_two_nodes_one_of_which_dies(small: Folder, model: StaticModel, tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    _write(tmp_path / "in", 12)
    # A busy machine answers late, which is no death; one that refuses to answer is dead at once.
    health = {"health_check_timeout_ms": 120_000, "health_check_period_ms": 1000}
    head = {"num_cpus": 1, "_system_config": health}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        doomed = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
        cluster.wait_for_nodes()
        embed = Embedder(small.path)
        marks = tmp_path / "marks"
        marks.mkdir()

        def slowly(table: Any) -> Any:
            import time

            import ray as here

            made = embed(table)
            node = here.get_runtime_context().get_node_id()
            (marks / f"{node}-{table['id'][0].as_py()}").write_text("")
            # Until both nodes have had something: on a busy machine one may be there long before.
            until = time.monotonic() + 300
            while time.monotonic() < until:
                if len({mark.name.partition("-")[0] for mark in marks.iterdir()}) == 2:
                    break
                time.sleep(0.1)
            time.sleep(0.5)
            return made

        # Ray reads small files as one block.
        dataset = ray.data.read_parquet(str(tmp_path / "in")).repartition(12)
        made = dataset.map_batches(
            slowly, batch_format="pyarrow", batch_size=None, scheduling_strategy="SPREAD"
        )
        import threading
        import time

        def kill() -> None:
            until = time.monotonic() + 300
            while time.monotonic() < until:
                if any(path.name.startswith(doomed.node_id) for path in marks.iterdir()):
                    break
                time.sleep(0.05)
            cluster.remove_node(doomed, allow_graceful=False)

        killer = threading.Thread(target=kill)
        killer.start()
        made.write_parquet(str(tmp_path / "out"))
        killer.join()
        names = [path.name for path in marks.iterdir()]
        assert any(name.startswith(doomed.node_id) for name in names), (doomed.node_id, names)
        assert sum(node["Alive"] for node in ray.nodes()) == 1
        # Nothing is lost, and nothing twice.
        _check(pq.read_table(tmp_path / "out"), model)
    finally:
        ray.shutdown()
        cluster.shutdown()
