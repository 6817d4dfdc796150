"""Ray and Spark with two workers, over the same pipeline with model2vec.

usage: python -m benches.engines [TEXTS] --model FOLDER   (where `make test-engines` runs)

Files of Parquet are read, embedded, and written (Ray: Parquet) or taken by the engine (Spark: its
sink that keeps nothing). All ways get all rows, so that what the engine takes for itself is the
same for them; how much that is shows the way whose vectors are random numbers that lie ready.
Ratios are of medians over rounds in which the ways take turns.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from m2v_fast import StaticModel
from m2v_fast.bench.corpus import queries, read_texts
from m2v_fast.bench.machine import facts
from m2v_fast.bench.models import bundled_folder
from m2v_fast.bulk import Embedder

from benches.arrow import medians
from benches.model2vec_column import nothing, theirs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def ray_ways(folder: str, source: Path, out: Path) -> dict[str, Callable[[], Any]]:
    """Two tasks at a time."""
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    ray: Any = importlib.import_module("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    ray.data.DataContext.get_current().enable_progress_bars = False

    def embed(table: Any) -> Any:
        return table.append_column("embedding", theirs(folder, table["text"].combine_chunks()))

    dim = StaticModel.from_pretrained(folder).dim

    def alone(table: Any) -> Any:
        return table.append_column("embedding", nothing(table["text"], dim))

    # How docs/bulk.md has vectors written: compressing them and looking for repetitions takes
    # longer than computing them.
    plain = {"use_dictionary": ["text"], "write_statistics": ["text"], "compression": "none"}

    def way(function: Any, **written: Any) -> Callable[[], Any]:
        def run() -> None:
            shutil.rmtree(out, ignore_errors=True)
            # Of so few megabytes Ray makes one task, for one worker.
            data = ray.data.read_parquet(str(source))
            data = data.repartition(target_num_rows_per_block=50_000)
            data = data.map_batches(function, batch_format="pyarrow", batch_size=10_000)
            data.write_parquet(str(out), **written)

        return run

    ours = Embedder(folder, column="text")

    return {
        "Ray, m2v_fast": way(ours),
        "Ray alone": way(alone),
        "Ray, model2vec": way(embed),
        "Ray, m2v_fast, plain": way(ours, **plain),
        "Ray alone, plain": way(alone, **plain),
        "Ray, model2vec, plain": way(embed, **plain),
    }


def spark_ways(folder: str, source: Path) -> dict[str, Callable[[], Any]]:
    """Two workers of one Java process."""
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    sql: Any = importlib.import_module("pyspark.sql")
    functions: Any = importlib.import_module("pyspark.sql.functions")
    types: Any = importlib.import_module("pyspark.sql.types")
    m2v_spark: Any = importlib.import_module("m2v_fast.integrations.spark")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.memory", "2g")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")

    def vectors(batches: Iterator[Any]) -> Iterator[Any]:
        for texts in batches:
            made = theirs(folder, texts)
            yield made.cast(pa.list_(made.type.value_type))

    dim = StaticModel.from_pretrained(folder).dim

    def random(batches: Iterator[Any]) -> Iterator[Any]:
        for texts in batches:
            made = nothing(texts, dim)
            yield made.cast(pa.list_(made.type.value_type))

    annotation = importlib.import_module("collections.abc").Iterator[pa.Array]

    def udf(function: Any) -> Any:
        function.__annotations__ = {"batches": annotation, "return": annotation}
        kind = types.ArrayType(types.FloatType(), containsNull=False)
        return functions.arrow_udf(function, kind)

    slow, alone = udf(vectors), udf(random)

    def way(embedded: Callable[[Any], Any]) -> Callable[[], Any]:
        def run() -> None:
            frame = session.read.parquet(str(source))
            embedded(frame).write.format("noop").mode("overwrite").save()

        return run

    return {
        "Spark, m2v_fast": way(
            lambda frame: m2v_spark.embed_column(frame, "text", "embedding", folder)
        ),
        "Spark alone": way(lambda frame: frame.withColumn("embedding", alone("text"))),
        "Spark, model2vec": way(lambda frame: frame.withColumn("embedding", slow("text"))),
    }


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="?", type=Path)
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="queries instead of paragraphs")
    parser.add_argument("--no-model2vec", action="store_true")
    parser.add_argument("--engine", choices=["ray", "spark"])
    given = parser.parse_args()
    # Workers import model2vec_column.
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    some = read_texts(given.texts)
    some = queries(some) if given.short else some
    print(json.dumps(facts([given.model])))
    rows = (some * (given.rows // len(some) + 1))[: given.rows]
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "in", Path(folder) / "out"
        source.mkdir()
        each = len(rows) // 8 + 1
        for place in range(8):
            table = pa.table({"text": rows[place * each : (place + 1) * each]})
            pq.write_table(table, source / f"{place}.parquet", compression="gzip")
        model = str(given.model)
        for engine in ("ray", "spark"):
            if given.engine in (None, engine):
                ray = engine == "ray"
                ways = ray_ways(model, source, out) if ray else spark_ways(model, source)
                if given.no_model2vec:
                    ways = {name: way for name, way in ways.items() if "model2vec" not in name}
                taken = medians(ways, given.rounds)
                ours = next(iter(taken.values()))
                for name, seconds in taken.items():
                    rate = len(rows) / seconds
                    print(f"{name:<24}{rate:>12,.0f} rows/s  {seconds / ours:6.1f} x the time")


if __name__ == "__main__":
    main()
