"""Spark: an arrow_udf on local[2], and on two workers of its own, one of which is killed."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast.bulk import Embedder

from tests.support import adapters, texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from m2v_fast import StaticModel

    from tests.support.folders import Folder

pyspark: Any = pytest.importorskip("pyspark", reason="needs pyspark")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("needs Java", allow_module_level=True)
m2v_spark: Any = importlib.import_module("m2v_fast.integrations.spark")

ROWS: list[Any] = [*texts.MULTILINGUAL, None, "", *texts.many_paragraphs(3000)]


os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable


def _session(master: str, **more: str) -> Any:
    builder = importlib.import_module("pyspark.sql").SparkSession.builder
    builder = builder.master(master).appName("tests").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
    for name, value in more.items():
        builder = builder.config(name.replace("_", "."), value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


@pytest.fixture
def spark() -> Iterator[Any]:
    """Two workers in threads of one Java process."""
    session = _session("local[2]")
    yield session
    session.stop()


def _frame(session: Any, partitions: int = 6) -> Any:
    frame = session.createDataFrame(list(enumerate(ROWS)), "id int, text string")
    return frame.repartition(partitions)


def _check(rows: Any, model: StaticModel) -> None:
    rows = sorted(rows, key=lambda row: row["id"])
    assert [row["id"] for row in rows] == list(range(len(ROWS)))
    assert [row["embedding"] is None for row in rows] == [row is None for row in ROWS]
    found = np.array([row["embedding"] for row in rows if row["embedding"] is not None])
    expected = model.encode([row for row in ROWS if row is not None])
    assert_same_bits(found.astype(np.float32), expected)


def test_it_gives_the_bits_of_encode(
    small: Folder, model: StaticModel, spark: Any, tmp_path: Path
) -> None:
    made = m2v_spark.embed_column(_frame(spark), "text", "embedding", small.path)
    assert made.schema["embedding"].dataType.simpleString() == "array<float>"
    _check(made.collect(), model)
    # With Java's own gzip: the default, snappy, has a library of C that not every machine can load.
    made.write.option("compression", "gzip").parquet(str(tmp_path / "out"))
    _check(spark.read.parquet(str(tmp_path / "out")).collect(), model)
    # As a function of columns, and with options.
    embed = m2v_spark.udf(small.path, max_length=2, normalize=False)
    rows = _frame(spark).where("text is not null").select("id", embed("text").alias("v")).collect()
    found = np.array([row["v"] for row in sorted(rows, key=lambda row: row["id"])], np.float32)
    some = [row for row in ROWS if row is not None]
    assert_same_bits(found, model.encode(some, max_length=2, normalize=False))


def test_number_formats(small: Folder, model: StaticModel, spark: Any) -> None:
    frame = spark.createDataFrame([("one text",), ("another",)], "text string")
    for dtype in ("binary", "ubinary"):
        made = m2v_spark.embed_column(frame, "text", "v", small.path, output_dtype=dtype)
        found = [row["v"] for row in made.collect()]
        expected: Any = model.encode(["one text", "another"], output_dtype=dtype)
        assert found == expected.tolist()
    with pytest.raises(ValueError, match="float16"):
        m2v_spark.udf(small.path, output_dtype="float16")


def test_another_model_or_none_is_an_error(small: Folder, spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(small.path, folder)
    gone, shipped = Embedder(folder), Embedder(folder, ship=True)
    frame = spark.createDataFrame([("a",)], "text string")
    sent = m2v_spark.embed_column(frame, "text", "v", shipped)
    shutil.rmtree(folder)
    with pytest.raises(Exception, match="ship=True"):
        m2v_spark.embed_column(frame, "text", "v", gone).collect()
    assert len(sent.collect()[0]["v"]) == 32


def test_two_workers_one_of_which_is_killed(
    small: Folder, model: StaticModel, tmp_path: Path
) -> None:
    """Executors in processes of their own: Spark's cluster on one machine."""
    session = _session("local-cluster[2,1,1024]", spark_task_maxFailures="8")
    try:
        marks = tmp_path / "marks"
        marks.mkdir()
        embed = Embedder(small.path)

        def slowly(batches: Any) -> Any:
            import signal
            import time

            import pyarrow as pa

            for batch in batches:
                time.sleep(0.1)
                # The first task of all kills the Java process that it belongs to.
                try:
                    (marks / "killed").touch(exist_ok=False)
                except FileExistsError:
                    pass
                else:
                    pid = os.getpid()
                    while True:
                        process = marks.__class__(f"/proc/{pid}")
                        if b"java" in (process / "cmdline").read_bytes().split(b"\0")[0]:
                            break
                        # Behind the program's name: its state and its parent.
                        stat = (process / "stat").read_text()
                        pid = int(stat.rpartition(")")[2].split()[1])
                    os.kill(pid, signal.SIGKILL)
                    time.sleep(60)
                made = pa.array(embed.encode(batch.column("text")))
                vectors = made.cast(pa.list_(pa.float32()))
                yield pa.RecordBatch.from_arrays(
                    [batch.column("id"), vectors], names=["id", "embedding"]
                )

        made = _frame(session, 8).mapInArrow(slowly, "id int, embedding array<float>")
        rows = made.collect()
        assert (marks / "killed").exists()
        # Nothing is lost, and nothing twice.
        _check(rows, model)
    finally:
        session.stop()


def test_without_spark() -> None:
    said = adapters.message_without("pyspark", "m2v_fast.integrations.spark")
    assert "pip install 'm2v-fast[spark]'" in said
