"""Engines and files against `encode` and model2vec.

usage: python -m benches.bulk [TEXTS] --model FOLDER [--stages]

Rows a second, and ratios of medians over rounds in which the ways take turns. Each way is timed
with all that its engine costs; model2vec gets a tenth of the rows. With --stages: what `embed` is
made of, in processor time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import m2v_fast.cli
import m2v_fast.integrations.duckdb
import m2v_fast.integrations.polars
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from m2v_fast import StaticModel
from m2v_fast.bench.corpus import read_texts
from m2v_fast.bench.machine import facts
from m2v_fast.bench.models import bundled_folder
from m2v_fast.bulk import Embedder, readers, run
from m2v_fast.bulk.columns import Columns
from m2v_fast.bulk.inputs import find
from m2v_fast.bulk.rows import BadRows
from model2vec import StaticModel as Reference

from benches.arrow import fixed_list, medians

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def engines(
    folder: Path, rows: list[str], reference: Any
) -> dict[str, dict[str, Callable[[], Any]]]:
    """DuckDB and Polars over a list, and over the same with model2vec."""
    model = StaticModel.from_pretrained(folder)
    few = rows[: len(rows) // 10]
    frame, little = pl.DataFrame({"t": rows}), pl.DataFrame({"t": few})
    connection: Any = duckdb.connect()
    for name, some in (("many", rows), ("few", few)):
        connection.register("given", pa.table({"t": some}))
        connection.execute(f"create table {name} as select * from given")
    dim = model.dim
    m2v_fast.integrations.duckdb.register(connection, Embedder(folder, num_threads=1))

    def pieces() -> None:
        # No memory for all vectors at once, as the engines need none.
        for start in range(0, len(rows), 5000):
            model.encode(rows[start : start + 5000])

    def theirs(texts: Any) -> Any:
        vectors = reference.encode(texts.to_pylist(), use_multiprocessing=False)
        return fixed_list(np.ascontiguousarray(vectors))

    connection.create_function("theirs", theirs, ["VARCHAR"], f"FLOAT[{dim}]", type="arrow")
    encode = pl.col("t").m2v.encode(folder)  # type: ignore[attr-defined]
    slow = pl.col("t").map_batches(
        lambda texts: pl.Series(theirs(texts.to_arrow())),
        return_dtype=pl.Array(pl.Float32, dim),
        is_elementwise=True,
    )
    return {
        "list": {
            "list of str, encode": lambda: model.encode(rows),
            "the same, 5,000 at a time": pieces,
        },
        "DuckDB": {
            "DuckDB, m2v_fast": lambda: connection.sql("select m2v(t) from many").to_arrow_table(),
            "DuckDB, model2vec, a tenth": lambda: connection.sql(
                "select theirs(t) from few"
            ).to_arrow_table(),
        },
        "Polars": {
            "Polars, m2v_fast": lambda: frame.select(encode),
            "Polars streaming, m2v_fast": lambda: (
                frame.lazy().select(encode).collect(engine="streaming")
            ),
            "Polars, model2vec, a tenth": lambda: little.select(slow),
        },
    }


def files(folder: Path, source: Path, few: Path, out: Path, reference: Any) -> Any:
    """`m2v-fast embed`, and model2vec with the same reader and writer.

    The command runs in this process, as the others do; once more in one of its own, whose start is
    part of it.
    """

    def embed(dtype: str) -> None:
        arguments = ["embed", str(source), "-o", str(out), "--model", str(folder)]
        m2v_fast.cli.main([*arguments, "--dtype", dtype, "--no-progress"], standalone_mode=False)

    def process() -> None:
        command = [sys.executable, "-m", "m2v_fast", "embed", str(source), "-o", str(out)]
        subprocess.run(
            [*command, "--model", str(folder), "--no-progress"],
            check=True,
            stderr=subprocess.DEVNULL,
        )

    def loop() -> None:
        with pq.ParquetFile(few) as file:
            writer = None
            for batch in file.iter_batches(5000, columns=["text"]):
                vectors = reference.encode(batch.column(0).to_pylist(), use_multiprocessing=False)
                table = pa.table({"embedding": fixed_list(np.ascontiguousarray(vectors))})
                writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
                writer.write_table(table)
            if writer is not None:
                writer.close()

    return {
        "embed float32": lambda: embed("float32"),
        "embed float16": lambda: embed("float16"),
        "embed float32, a process of its own": process,
        "model2vec, same reader and writer, a tenth": loop,
    }


def stages(folder: Path, source: Path, out: Path) -> None:
    """What `embed` is made of: processor seconds of each stage by itself, on one thread."""
    for dtype in ("float32", "float16"):
        job = run.Job(
            model=StaticModel.from_pretrained(folder),
            sources=find((str(source),), None),
            columns=Columns.of("text", (), "embedding"),
            to="embedding",
            format="parquet",
            dtype=dtype,
            threads=1,
        )
        job.prepare()
        taken = dict.fromkeys(("read", "encode", "pages", "pyarrow's writer"), 0.0)

        @contextmanager
        def clock(name: str, taken: dict[str, float] = taken) -> Iterator[None]:
            start = time.process_time()
            yield
            taken[name] += time.process_time() - start

        theirs = None
        with job.writer(out, {}) as writer:
            batches = readers.batches(job.sources[0], job.columns, [(0, None)], BadRows())
            while True:
                with clock("read"):
                    batch = next(batches)
                if batch is None:
                    break
                with clock("encode"):
                    vectors = job.encode(batch.columns.column(0))
                with clock("pages"):
                    writer.add(batch.columns.select([]), vectors)
                with clock("pyarrow's writer"):
                    table = pa.table({"embedding": pa.array(vectors)})
                    theirs = theirs or pq.ParquetWriter(
                        out.with_suffix(".theirs"),
                        table.schema,
                        compression="zstd",
                        compression_level=-5,
                        use_dictionary=False,
                        write_statistics=False,
                    )
                    theirs.write_table(table)
            with clock("pages"):
                writer.commit(job.nothing())
            if theirs is not None:
                theirs.close()
        whole = sum(taken.values()) - taken["pyarrow's writer"]
        for name, seconds in taken.items():
            share = f"{seconds / whole:5.0%}" if name in ("read", "encode", "pages") else "    -"
            print(f"{dtype:<9}{name:<18}{seconds * 1e3:>8.0f} ms {share}")


def peak(folder: Path, source: Path, out: Path) -> float:
    """Megabytes that `embed` has at its most."""
    command = [sys.executable, "-m", "m2v_fast", "embed", str(source), "-o", str(out)]
    # Started by a process that is small itself: what is counted begins before the command does.
    small = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", small, *command, "--model", str(folder), "--no-progress"],
        stdout=subprocess.PIPE,
        check=True,
    )
    return int(done.stdout) / 1024


def interrupted(folder: Path, source: Path, out: Path, times: int) -> list[float]:
    """Seconds from Ctrl-C, at random moments of a run, to the end of the process."""
    command = [sys.executable, "-m", "m2v_fast", "embed", str(source), "-o", f"{out}/"]
    command += ["--model", str(folder), "--rows-per-part", "25000", "--overwrite"]
    taken = []
    for moment in np.random.default_rng(0).uniform(0.2, 2.0, times):
        child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not (out / "part-00000.parquet").exists():
            time.sleep(0.005)
        time.sleep(moment)
        start = time.perf_counter()
        child.send_signal(signal.SIGINT)
        code = child.wait()
        if code != 130:
            raise SystemExit(f"the run came to its end before ({code}): pass more --rows")
        taken.append(time.perf_counter() - start)
        shutil.rmtree(out)
    return taken


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="?", type=Path)
    parser.add_argument("--model", type=Path, default=bundled_folder())
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stages", action="store_true", help="what embed is made of, and no more")
    parser.add_argument(
        "--peak", type=int, nargs="*", help="rows of runs whose memory is looked at, and no more"
    )
    parser.add_argument("--interrupt", type=int, help="Ctrl-C as often, and no more")
    given = parser.parse_args()
    source = read_texts(given.texts)
    print(json.dumps(facts([given.model])))
    rows = (source * (given.rows // len(source) + 1))[: given.rows]
    with tempfile.TemporaryDirectory() as folder:
        many, few, out = (Path(folder) / name for name in ("a.parquet", "b.parquet", "o.parquet"))
        for count in given.peak or ():
            schema = pa.schema([("text", pa.string())])
            with pq.ParquetWriter(many, schema) as writer:
                for start in range(0, count, len(rows)):
                    some = rows[: min(len(rows), count - start)]
                    writer.write_table(pa.table({"text": some}), row_group_size=50_000)
            print(f"embed, {count:,} rows: {peak(given.model, many, out):.0f} MB at most")
        if given.peak:
            return
        pq.write_table(pa.table({"text": rows}), many, row_group_size=50_000)
        if given.interrupt:
            waits = interrupted(given.model, many, Path(folder) / "parts", given.interrupt)
            print(f"Ctrl-C: {np.median(waits):.2f} s to the end, at most {max(waits):.2f} s")
            return
        if given.stages:
            stages(given.model, many, out)
            return
        pq.write_table(pa.table({"text": rows[: len(rows) // 10]}), few)
        reference = Reference.from_pretrained(given.model)
        ways = engines(given.model, rows, reference)
        ways["files"] = files(given.model, many, few, out, reference)
        taken = medians({k: v for some in ways.values() for k, v in some.items()}, given.rounds)
    base = taken["list of str, encode"]
    for way, seconds in taken.items():
        seconds *= 10 if way.endswith("a tenth") else 1
        print(f"{way:<46}{len(rows) / seconds:>12,.0f} rows/s  {base / seconds:8.4f} of encode")


if __name__ == "__main__":
    main()
