"""Two builds of the package in turn, in one command: what a change gains on this machine.

    python -m benches.ab OLD [NEW] [--rounds N] [--texts N] [--data FOLDER] [--cpu]

OLD and NEW are each a revision of this repository, a wheel, or a folder that has the package in it
as it is imported; without NEW it is the working tree. Revisions and the tree are built into
target/ab. Each workload of each build runs in processes of its own, and in every round the builds
take turns, the other one first each time. Times are of one thread: of the first call in a process,
and of the passes after it. The minimum is what the machine can do, the median what it did. With
--cpu they are of the processor, not of the clock: on a busy machine, what others take is left out.

Both builds' vectors are compared, and it is told where they differ. Without the folder of reference
data (M2V_FAST_TEST_DATA) it is the bundled model on Python's reference manual; with it, on more
languages, and a Unigram model.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

from m2v_fast.bench import corpus, machine, models

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / "target" / "ab"
TREE = "tree"
LANGUAGES = ("de", "zh", "ja", "hi")
UNIGRAM_LANGUAGES = ("en", "ja")


@dataclass(frozen=True)
class Workload:
    """A model over texts, all in one call or each in a call of its own."""

    name: str
    model: Path
    texts: list[str]
    one_by_one: bool = False


def _output(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout.decode()


def _wheel(source: Path, out: Path) -> Path:
    """Builds a wheel; crates that are built in target/ already are used."""
    shutil.rmtree(out, ignore_errors=True)
    command = [Path(sys.executable).parent / "maturin", "build", "--release", "--locked"]
    done = subprocess.run(
        [*map(str, command), "--quiet", "--out", str(out)],
        cwd=source,
        env={"CARGO_TARGET_DIR": str(ROOT / "target"), **os.environ},
        check=False,
    )
    if done.returncode:
        sys.exit(f"{source} could not be built")
    [wheel] = out.glob("*.whl")
    return wheel


def _of_revision(revision: str) -> Path:
    commit = _output("git", "rev-parse", "--verify", f"{revision}^{{commit}}").strip()
    folder = BUILDS / commit
    if found := list((folder / "dist").glob("*.whl")):
        return found[0]
    source = folder / "source"
    shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    wheel = _wheel(source, folder / "made")
    shutil.rmtree(source)
    return wheel.parent.rename(folder / "dist") / wheel.name


def site(build: str, scratch: Path) -> Path:
    """The folder to put first on Python's path for a build."""
    given = Path(build)
    if given.is_dir() and (given / "m2v_fast").is_dir():
        return given.resolve()
    if build == TREE:
        wheel = _wheel(ROOT, BUILDS / TREE)
    else:
        wheel = given if given.suffix == ".whl" else _of_revision(build)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(scratch)
    return scratch


def workloads(data: Path | None, count: int, scratch: Path) -> list[Workload]:
    """What is timed."""
    bundled = models.bundled_folder()
    manual = corpus.read_texts(None)
    found = [
        Workload("WordPiece, en", bundled, manual[:count]),
        Workload("WordPiece, one query a call", bundled, corpus.queries(manual)[:count], True),
    ]
    if data is None:
        return found

    def of(language: str) -> list[str]:
        return corpus.read_texts(data / "corpora" / f"{language}.jsonl.gz", most=count)

    unigram = models.made_model(data / "models" / "xlmr-like", scratch / "unigram", 256, "float32")
    return [
        *found,
        *(Workload(f"WordPiece, {name}", bundled, of(name)) for name in LANGUAGES),
        *(Workload(f"Unigram, {name}", unigram, of(name)) for name in UNIGRAM_LANGUAGES),
    ]


def _told(folder: Path, file: Path, cache: Path) -> dict[str, Any]:
    """What a process says of a build and a workload."""
    done = subprocess.run(
        [sys.executable, "-m", "benches.ab_process", str(file)],
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),
            "M2V_FAST_CACHE": str(cache),
        },
    )
    told: dict[str, Any] = json.loads(done.stdout)
    if not Path(told["module"]).is_relative_to(folder):
        sys.exit(f"{told['module']} was imported, which is not in {folder}")
    return told


def _row(name: str, kind: str, old: list[float], new: list[float]) -> tuple[str, float, float]:
    ratios = min(old) / min(new), median(old) / median(new)
    figures = (1e3 * value for value in (min(old), min(new), median(old), median(new)))
    cells = [name, kind, *(f"{value:.2f}" for value in figures), *(f"{x:.3f}" for x in ratios)]
    return f"| {' | '.join(cells)} |", *ratios


def report(work: Workload, turns: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[Any]:
    """Rows of the table for a workload, of what both builds told in each round."""
    old, new = ([turn[i] for turn in turns] for i in (0, 1))
    same = {told["vectors"] for told in (*old, *new)}
    name = work.name + ("" if len(same) == 1 else " (OTHER VECTORS)")

    def steady(told: list[dict[str, Any]]) -> list[float]:
        return [seconds for one in told for seconds in one["steady"]]

    first = [[told["first"] for told in side] for side in (old, new)]
    return [_row(name, "first", *first), _row(name, "steady", steady(old), steady(new))]


def main() -> None:
    """Compare two builds and print a table."""
    about = (__doc__ or "").split("\n\n")[0]
    data = os.environ.get("M2V_FAST_TEST_DATA")
    parser = argparse.ArgumentParser("python -m benches.ab", description=about)
    parser.add_argument("old", help="a revision, a wheel, or a folder with the package")
    parser.add_argument("new", nargs="?", default=TREE, help="the same (the working tree)")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each build (9)")
    parser.add_argument("--texts", type=int, default=3000, help="texts of a workload (3000)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a process, at least (0.5)")
    parser.add_argument("--data", type=Path, default=data, help="folder of reference data")
    parser.add_argument("--cpu", action="store_true", help="the processor's time, not the clock's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        sites = [
            site(build, scratch / side)
            for side, build in (("old", options.old), ("new", options.new))
        ]
        ratios = []
        backends = set()
        print(
            f"{machine.cpu_model()}; old: {options.old}, new: {options.new}; times in ms, of "
            f"{'the processor' if options.cpu else 'the clock'}\n"
        )
        print(
            "| workload | pass | old min | new min | old median | new median "
            "| old/new min | old/new median |\n|:--|:--|--:|--:|--:|--:|--:|--:|"
        )
        for work in workloads(options.data, options.texts, scratch):
            file = scratch / "workload.json"
            given = {**vars(work), "model": str(work.model)}
            given |= {"seconds": options.seconds, "cpu": options.cpu}
            file.write_text(json.dumps(given), encoding="utf-8")
            turns = []
            for turn in range(options.rounds):
                told: dict[int, Any] = {}
                for side in ((0, 1), (1, 0))[turn % 2]:
                    told[side] = _told(sites[side], file, scratch / f"cache-{side}")
                    backends.add(told[side]["backend"])
                turns.append((told[0], told[1]))
            for row, *found in report(work, turns):
                print(row, flush=True)
                ratios.append(found)
        means = (prod(side) ** (1 / len(ratios)) for side in zip(*ratios, strict=True))
        print("\ngeometric mean of old/new: {:.3f} (min), {:.3f} (median)".format(*means))
        print(f"instruction set: {', '.join(sorted(backends))}; rounds: {options.rounds}")


if __name__ == "__main__":
    main()
