"""Runs in parts: gone on with, refused, shared out, stopped and killed."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast
import pytest
from m2v_fast.bulk import pipeline, writers
from m2v_fast.bulk import plan as plans

from tests.long import kills
from tests.support import process, texts
from tests.support.compare import assert_same_bits
from tests.support.embedding import contents, embed, parts, read, vectors

if TYPE_CHECKING:
    from m2v_fast import StaticModel

    from tests.support.folders import Folder

pa: Any = importlib.import_module("pyarrow")
pq: Any = importlib.import_module("pyarrow.parquet")

ROWS = texts.many_paragraphs(1000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """1,000 rows in three files: Parquet, JSON lines and text."""
    folder = tmp_path / "in"
    folder.mkdir()
    pq.write_table(pa.table({"text": ROWS[:400]}), folder / "a.parquet", row_group_size=130)
    lines = [json.dumps({"text": row}) for row in ROWS[400:700]]
    (folder / "b.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "c.txt").write_text("\n".join(" ".join(row.split()) for row in ROWS[700:]))
    return folder


def options(small: Folder, out: Path) -> list[Any]:
    return ["-o", f"{out}/", "--model", small.path, "--keep", "text", "--rows-per-part", 150]


def test_parts_hold_all_rows_in_order(
    small: Folder, source: Path, tmp_path: Path, model: StaticModel
) -> None:
    out = tmp_path / "out"
    said = embed(source, *options(small, out))
    assert "7 parts" in said
    assert [len(read(part)) for part in parts(out)] == [150, 150, 100, 150, 150, 150, 150]
    table = read(out)
    rows = table["text"].to_pylist()
    assert rows[:700] == ROWS[:700]
    assert_same_bits(vectors(table["embedding"]), model.encode(rows), rows)
    manifest = json.loads((out / "_m2v_fast.json").read_text())
    assert manifest["parts"] == 7
    assert pq.read_metadata(parts(out)[3]).metadata[b"m2v_fast.plan"].decode() == manifest["hash"]
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []


def test_what_is_whole_is_kept_and_what_is_missing_made(
    small: Folder, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    embed(source, *options(small, out))
    expected = contents(out)
    kept = (out / "part-00001.parquet").stat().st_mtime_ns
    for gone in ((0,), (2, 3), (1, 4, 6), tuple(range(7))):
        for number in gone:
            (out / f"part-{number:05}.parquet").unlink()
        (out / "_SUCCESS").unlink()
        (out / f".part-{gone[0]:05}.parquet.tmp-elsewhere-1").write_text("half of it")
        said = embed(source, *options(small, out), "--resume")
        assert f"{len(gone)} parts" in said
        assert contents(out) == expected
        if 1 not in gone:
            assert (out / "part-00001.parquet").stat().st_mtime_ns == kept
        else:
            kept = (out / "part-00001.parquet").stat().st_mtime_ns
    assert "0 rows" in embed(source, *options(small, out), "--resume")
    # On an empty folder it begins.
    again = tmp_path / "again"
    embed(source, *options(small, again), "--resume")
    assert contents(again) == expected


def test_a_run_is_not_begun_twice(small: Folder, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    embed(source, *options(small, out))
    expected = contents(out)
    assert "--resume goes on" in embed(source, *options(small, out), code=1)
    (out / "mine.txt").write_text("not of a run")
    (out / "part-notes.parquet").write_text("neither")
    embed(source, *options(small, out), "--overwrite", "--to", "v")
    assert read(out / "part-00000.parquet").column_names == ["text", "v"]
    embed(source, *options(small, out), "--overwrite")
    found = contents(out)
    assert (found.pop("mine.txt"), found.pop("part-notes.parquet")) == (b"not of a run", b"neither")
    assert found == expected
    other = tmp_path / "other"
    other.mkdir()
    (other / "part-00000.parquet").write_text("whose?")
    assert "nobody knows" in embed(source, *options(small, other), code=1)
    # A folder of other things says that it is meant.
    (tmp_path / "things").mkdir()
    (tmp_path / "things" / "x").write_text("")
    said = embed(source, "-o", tmp_path / "things", "--model", small.path, code=1)
    assert "end it with a slash" in said


def test_another_plan_is_refused(
    small: Folder, source: Path, tmp_path: Path, make_folder: Any
) -> None:
    out = tmp_path / "out"
    embed(source, *options(small, out))
    expected = contents(out)
    base = [source, *options(small, out), "--resume"]
    assert re.search(r'to was "embedding" and is "v"', embed(*base, "--to", "v", code=1))
    assert "dtype was" in embed(*base, "--dtype", "float16", code=1)
    assert "max_length was" in embed(*base, "--max-length", 7, code=1)
    assert "rows per part was 150 and is 99" in embed(*base, "--rows-per-part", 99, code=1)
    from tests.support.folders import Shape

    other = make_folder("wordpiece", Shape(seed=9), config={"normalize": True})
    assert "model was" in embed(*base, "--model", other.path, code=1)
    extra = source / "d.txt"
    extra.write_text("one more")
    assert "d.txt is new" in embed(*base, code=1)
    extra.unlink()
    (source / "c.txt").rename(tmp_path / "c.txt")
    assert "c.txt is gone" in embed(*base, code=1)
    shutil.copyfile(tmp_path / "c.txt", source / "c.txt")
    assert "c.txt has another time" in embed(*base, code=1)
    shutil.copy2(tmp_path / "c.txt", source / "c.txt")
    embed(*base)
    assert contents(out) == expected
    (out / "_m2v_fast.json").write_text("{")
    assert "cannot be read" in embed(*base, code=1)


def test_a_part_that_cannot_be_read_is_named(small: Folder, source: Path, tmp_path: Path) -> None:
    for kind in ("parquet", "arrow", "npy", "jsonl"):
        out = tmp_path / kind
        base = [source, "-o", f"{out}/", "--model", small.path, "--rows-per-part", 150]
        base += ["--format", kind, "--dtype", "float16"]
        embed(*base)
        expected = contents(out)
        part = out / f"part-00002.{kind}"
        part.write_bytes(part.read_bytes()[:-20])
        said = embed(*base, "--resume", code=1)
        assert f"part-00002.{kind}" in said
        assert "remove it" in said
        part.unlink()
        embed(*base, "--resume")
        assert contents(out) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_shards_make_the_same_folder(
    small: Folder, source: Path, tmp_path: Path, count: int
) -> None:
    embed(source, *options(small, tmp_path / "one"))
    out = tmp_path / "out"
    for number in range(count, 0, -1):
        embed(source, *options(small, out), "--shard", f"{number}/{count}")
    assert contents(out) == contents(tmp_path / "one")


def test_shards_write_at_the_same_time(small: Folder, source: Path, tmp_path: Path) -> None:
    embed(source, *options(small, tmp_path / "one"))
    out = tmp_path / "out"
    start = [sys.executable, "-m", "m2v_fast", "embed", str(source)]
    rest = [*map(str, options(small, out)), "--shard"]
    children = [
        subprocess.Popen([*start, *rest, f"{i}/4"], env=process.environment(), stderr=-1)
        for i in range(1, 5)
    ]
    for child in children:
        _, said = child.communicate(timeout=process.PATIENCE)
        assert child.returncode == 0, said
    assert contents(out) == contents(tmp_path / "one")
    # Another plan does not mix in.
    done = process.run(*start[1:], *rest, "1/4", "--to", "v")
    assert done.returncode == 1
    assert b"another plan" in done.stderr


def _limit() -> None:
    # As a full disk, for whoever writes more than this: an error, not a signal.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


@pytest.mark.parametrize("kind", ["parquet", "arrow", "npy", "jsonl"])
def test_a_full_disk_leaves_nothing_torn(
    small: Folder, source: Path, tmp_path: Path, kind: str
) -> None:
    for target in (tmp_path / f"out.{kind}", tmp_path / f"folder-{kind}"):
        folder = target.name.startswith("folder")
        arguments = ["-m", "m2v_fast", "embed", source, "-o", f"{target}/" if folder else target]
        arguments += ["--model", small.path, "--format", kind]
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=process.environment(),
            capture_output=True,
            preexec_fn=_limit,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert done.stderr.startswith(b"Error: "), done.stderr
        assert b"File too large" in done.stderr
        if folder:
            assert [path.name for path in target.iterdir()] == ["_m2v_fast.json"]
        else:
            assert not target.exists()
            assert not list(tmp_path.glob(".out*"))


#: A reader that is always inside of pyarrow, which calls Python, when the command fails.
BUSY = """
import sys
import pyarrow
from m2v_fast import ending
from m2v_fast.bulk import pipeline

class Endless:
    closed = False
    def read(self, count):
        return b"x" * count

def items():
    file = pyarrow.PythonFile(Endless(), mode="r")
    yield 1
    while True:
        file.read(10)

def main():
    with ending.threads_are_left():
        with pipeline.ahead(items()) as there:
            next(there)
            print("said", flush=False)
            sys.exit(3)

pipeline.PATIENCE = 0.1
ending.command(main)
"""


def test_an_end_while_pyarrow_reads_has_its_exit_code() -> None:
    for _ in range(8):  # without care, one in three was aborted
        done = process.run("-c", BUSY)
        assert (done.returncode, done.stdout.split()) == (3, [b"said"]), done.stderr


@pytest.mark.parametrize("kind", ["csv", "jsonl", "text"])
def test_an_error_does_not_wait_for_the_end_of_standard_input(
    small: Folder, tmp_path: Path, kind: str
) -> None:
    good, bad = {
        "csv": (b"text\n", b"a,b,c\n"),
        "jsonl": (b"", b"{\n"),
        "text": (b"", b"\xff\n"),
    }[kind]
    arguments = ["-m", "m2v_fast", "embed", "-", "--input-format", kind, "-o"]
    command = [sys.executable, *arguments, tmp_path / "out.parquet", "--model", small.path]
    child = subprocess.Popen(
        list(map(str, command)),
        env=process.environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin
    assert child.stderr
    # It stays open, and more is read than the block with the bad row.
    with contextlib.suppress(BrokenPipeError):  # it may be gone already
        child.stdin.write(good + bad + b"text\n" * 400_000)
        child.stdin.flush()
    patience = threading.Timer(process.PATIENCE, child.kill)
    patience.start()
    assert child.wait() == 1
    patience.cancel()
    assert child.stderr.read().startswith(b"Error: standard input: ")
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()


def processor_time(pid: int) -> float:
    """Seconds that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_within_a_second_and_says_how_to_go_on(
    small: Folder, tmp_path: Path, number: int
) -> None:
    source, out = tmp_path / "a.txt", tmp_path / "out"
    source.write_text("\n".join(" ".join(row.split()) for row in ROWS * 300))
    arguments = ["-m", "m2v_fast", "embed", source, "-o", f"{out}/", "--model", small.path]
    command = [sys.executable, *map(str, [*arguments, "--rows-per-part", 2000])]
    child = subprocess.Popen(command, env=process.environment(), stderr=subprocess.PIPE)
    until = time.monotonic() + process.PATIENCE
    while not (out / "part-00002.parquet").exists() and time.monotonic() < until:
        time.sleep(0.01)
    before = processor_time(child.pid)
    child.send_signal(number)
    patience = threading.Timer(process.PATIENCE, child.kill)
    patience.start()
    said = child.stderr.read() if child.stderr else b""
    patience.cancel()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # Of the processor, which other processes do not take from it.
    assert usage.ru_utime + usage.ru_stime - before < 1
    assert child.returncode == 128 + number, said
    if number == signal.SIGINT:
        assert b"with --resume to go on" in said
        assert b"Traceback" not in said
    names = [path.name for path in out.iterdir()]
    assert not [name for name in names if name.startswith(".")]
    done = process.run(*command[1:], "--resume")
    assert done.returncode == 0, done.stderr
    assert sum(len(read(part)) for part in parts(out)) == len(ROWS) * 300
    assert (out / plans.SUCCESS).exists()


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.csv"])
def test_totals_are_of_the_whole_plan(small: Folder, tmp_path: Path, name: str) -> None:
    """Also those of rows that are bad, whoever met them."""
    source = tmp_path / name
    good = [f"text number {row}" for row in range(1000)]
    lines = {
        "a.txt": [row.encode() for row in good],
        "a.jsonl": [json.dumps({"text": row}).encode() for row in good],
        "a.csv": [f"{row},1".encode() for row in good],
    }[name]
    bad = {"a.txt": b"bad \xff", "a.jsonl": b"{", "a.csv": b"a,b,c"}[name]
    for place in (1000, 999, 640, 639, 200, 0):
        lines.insert(place, bad)
    head = [b"text,n"] if name == "a.csv" else []
    source.write_bytes(b"\n".join([*head, *lines]) + b"\n")
    base = [source, "--model", small.path, "--rows-per-part", 100, "--bad-rows", "skip"]

    def totals(said: str) -> list[str]:
        """The rows and bytes, and every line after that one."""
        rows, *rest = said.splitlines()[-8:]
        return [rows.partition(" text,")[0].partition(": ")[2], *rest]

    expected = totals(embed(*base, "-o", f"{tmp_path}/whole/"))
    assert expected[0].startswith("1,000 rows")
    assert "6 rows that could not be read" in expected[1]
    assert len(expected) == 8
    assert totals(embed(*base, "-o", tmp_path / "one.parquet")) == expected

    out = tmp_path / "out"
    for shard in (2, 1):
        embed(*base, "-o", f"{out}/", "--shard", f"{shard}/2")
    assert contents(out) == contents(tmp_path / "whole")
    said = embed(*base, "-o", f"{out}/", "--resume")
    assert totals(said) == expected
    for gone in (2, 6):
        (out / f"part-{gone:05}.parquet").unlink()
    said = embed(*base, "-o", f"{out}/", "--resume")
    assert re.search(r"2 parts and (8|9) that were there", said), said
    assert totals(said) == expected
    assert contents(out) == contents(tmp_path / "whole")

    (out / "_part-00003.json").unlink()
    (out / "_part-00004.json").write_text("[]")
    said = embed(*base, "-o", f"{out}/", "--resume")
    assert "without 2 parts whose counts are not in the folder" in said
    embed(*base, "-o", f"{out}/", "--overwrite")
    assert contents(out) == contents(tmp_path / "whole")


def test_killed_and_gone_on_with_is_the_same_to_the_byte(small: Folder, tmp_path: Path) -> None:
    """The short version of `make test-kills`."""
    killed, finished = kills.kill_and_go_on(tmp_path, 4, 9000, os.getpid(), str(small.path))
    assert killed >= 4
    assert finished


@pytest.mark.parametrize("kind", sorted(writers.ENDS))
def test_a_file_that_was_left_is_not_begun_anew(small: Folder, tmp_path: Path, kind: str) -> None:
    pa = pytest.importorskip("pyarrow")
    kept = pa.RecordBatch.from_arrays([pa.array(["a"])], names=["text"])
    made = m2v_fast.StaticModel.from_pretrained(small.path).encode_arrow(kept, "text")
    schema = pa.schema([]) if kind == "npy" else kept.schema
    writer = writers.WRITERS[kind](tmp_path / f"a{writers.ENDS[kind]}", schema, "vector", {})
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    writer.add(kept.select(schema.names), made)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_the_last_rows_are_written_stops_the_thread() -> None:
    begun, go_on, added = threading.Event(), threading.Event(), []

    class Slow:
        def add(self, kept: int, vectors: int) -> None:
            added.append(kept)
            begun.set()
            go_on.wait(process.PATIENCE)

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def run() -> None:
        with pipeline.behind(Slow()) as add:  # type: ignore[arg-type]
            for number in range(3):
                add(number, number)
            begun.wait(process.PATIENCE)
            # In the thread's join, which is where a run is at the end of each part.
            signal.setitimer(signal.ITIMER_REAL, 0.2)

    before = signal.signal(signal.SIGALRM, interrupt)
    later = threading.Timer(1, go_on.set)
    later.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGALRM, before)
        later.join()
    # A join that was interrupted takes the thread for ended (Python 3.11), so it cannot be joined.
    time.sleep(0.3)
    assert added == [0]
