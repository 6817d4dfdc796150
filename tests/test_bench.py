"""`m2v-fast bench`: who is measured, that equality comes first, what is kept; never how fast."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np
import pytest
from click.testing import CliRunner, Result
from m2v_fast.bench import contenders, corpus, drawing, measure, run, tables
from m2v_fast.bench.field import BASE, FAST, FAST_ALL, FAST_ENCODE, FAST_QUERIES, PEERS, TOKENIZERS
from m2v_fast.cli import main as command_line
from m2v_fast.comparison import Difference, Rule, compare

from tests.support import process, vocabularies

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.folders import Folder

LINES = ["the first line of a few words", "Zwölf Boxkämpfer jagen Viktor", "中文 text 👍"]
FEW = ("--rounds", "1")


def _bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command_line, ["bench", *map(str, arguments)])


@pytest.fixture(scope="module")
def lines_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "few.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def measured(
    small: Folder, lines_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """What a run said, and the JSON that it kept."""
    out = tmp_path_factory.mktemp("figures") / "figures.json"
    command = ("-m", "m2v_fast", "bench", small.path, lines_file, *FEW, "--json", out)
    done = process.run(*command)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode(), out


def test_every_contender_has_figures_and_equality_or_a_reason(measured: tuple[str, Path]) -> None:
    said, file = measured
    results = json.loads(file.read_text(encoding="utf-8"))
    assert results["base"] == "model2vec"
    absent = results["absent"]
    rates, single = results["throughput"]["few"], results["one_query"]["few"]
    for name in (*BASE, *PEERS):
        # Not both: what is not there has no row.
        assert (name in absent) != (name in rates), name
        assert (name in absent) != (name in single), name
        assert name in said
    for name, reason in absent.items():
        assert f"Not measured: {name}: {reason}." in said
    assert set(rates) >= {"model2vec", TOKENIZERS, FAST, FAST_ALL}
    assert set(single) >= {"model2vec", TOKENIZERS, FAST_ENCODE, FAST_QUERIES}
    for name, row in rates.items():
        assert row["docs_per_s"] > 0
        assert row["first_docs_per_s"] > 0
        assert row["ratio"] > 0
        assert ("equal" in row) == (name != TOKENIZERS), name
    for name in ("model2vec", "tokenizers + numpy", FAST, FAST_ALL):
        assert rates[name]["equal"] == 1
        assert rates[name]["largest_difference"] == 0
    for row in (*single.values(), *results["eight_queries"]["few"].values()):
        assert 0 < row["p50_us"] <= row["p99_us"]
        times = list(row["quantiles_us"].values())
        assert times == sorted(times)
    assert results["texts"]["few"]["documents"] == len(LINES)
    assert results["equality"]["few"]["ids_differ"] == 0
    assert results["equality"]["few"]["vectors_from"] == "model2vec 0.10.0"
    assert set(results["threads"]["few"]) >= {"1"}


def test_new_processes_are_measured_in_their_parts(measured: tuple[str, Path]) -> None:
    results = json.loads(measured[1].read_text(encoding="utf-8"))
    assert set(results["start"]) >= {"model2vec", TOKENIZERS, "m2v_fast", measure.NUMPY_ALONE}
    for name, row in results["start"].items():
        parts = row["import_ms"] + row["load_ms"] + row["first_ms"]
        assert 0 < parts < row["process_ms"], name
        if sys.platform == "linux":
            assert row["peak_mb"] > 0
            assert row["load_mb"] <= row["all_mb"]


def test_what_the_figures_depend_on_is_kept(measured: tuple[str, Path]) -> None:
    said, file = measured
    machine = json.loads(file.read_text(encoding="utf-8"))["machine"]
    assert machine["cpu"]
    assert machine["backend"] in m2v_fast._native.backends()
    assert machine["versions"]["model2vec"] == "0.10.0"
    assert machine["versions"]["m2v-fast"] == m2v_fast.__version__
    assert said.startswith(f"{machine['cpu']}, {machine['backend']}, ")


def test_figures_that_were_kept_are_said_again(measured: tuple[str, Path]) -> None:
    said, file = measured
    done = _bench("--from", file)
    assert done.exit_code == 0
    assert done.stdout == said


@pytest.mark.parametrize("text", ["{}", "[1]", '{"format": 0}', "no"])
def test_what_is_no_file_of_figures_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text, encoding="utf-8")
    done = _bench("--from", tmp_path / "other.json")
    assert done.exit_code == 1
    assert "other.json: not" in done.output


def test_without_model2vec_numpy_is_what_ours_is_held_against(
    small: Folder, lines_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_for = contenders.look_for

    def without(way: str) -> None:
        if way == "model2vec":
            raise contenders.AbsentError("not installed")
        look_for(way)

    monkeypatch.setattr(contenders, "look_for", without)
    monkeypatch.setitem(sys.modules, "model2vec", None)
    wishes = run.Wishes(
        small.path, "small", (str(lines_file),), rounds=1, parts=("throughput",), peers=False
    )
    said: list[str] = []
    results = run.run(wishes, said.extend)
    assert results["absent"] == {"model2vec": "not installed"}
    assert results["base"] == "tokenizers + numpy"
    assert set(results["throughput"]["few"]) == {"tokenizers + numpy", FAST, FAST_ALL}
    assert results["throughput"]["few"][FAST]["equal"] == 1
    assert "not compared with model2vec" in " ".join(said)
    assert "Not measured: model2vec: not installed." in said
    assert results["one_query"] == results["start"] == results["threads"] == {}


_PEER = """#!{python}
import json, sys
texts = []
for line in sys.stdin:
    command, _, argument = line.strip().partition(" ")
    if command == "texts":
        texts = [json.loads(text) for text in open(argument)]
        answer = len(texts)
    elif command == "vectors":
        open(argument, "wb").write(bytes(4 * {width} * len(texts)))
        answer = {width}
    else:
        answer = [1000] * len(texts) if command == "calls" else 0.5
    print(json.dumps(answer), flush=True)
    if command == "vectors" and {ends}:
        sys.exit("has had enough")
"""


def _peer(path: Path, *, width: int = 32, ends: bool = False) -> Path:
    path.write_text(_PEER.format(python=sys.executable, width=width, ends=ends), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_other_programs_take_part(small: Folder, lines_file: Path, tmp_path: Path) -> None:
    """Vectors of zeros, or of another width; one that ends, one that is not there."""
    programs = {
        "zeros": _peer(tmp_path / "zeros"),
        "narrow": _peer(tmp_path / "narrow", width=3),
        "ends": _peer(tmp_path / "ends", ends=True),
        "none": tmp_path / "none",
    }
    options = [f"--peer={name}={program}" for name, program in programs.items()]
    out = tmp_path / "figures.json"
    only = ["--only", "throughput", "--only", "latency", "--no-peers"]
    done = _bench(small.path, lines_file, *FEW, *only, *options, "--json", out)
    assert done.exit_code == 0, done.output
    results = json.loads(out.read_text(encoding="utf-8"))
    assert results["throughput"]["few"]["zeros"]["equal"] == 0
    assert results["throughput"]["few"]["zeros"]["docs_per_s"] == len(LINES) / 0.5
    assert results["one_query"]["few"]["zeros"]["p50_us"] == 1
    assert set(results["absent"]) == {"narrow", "ends", "none"}
    assert "shape (3, 3)" in results["absent"]["narrow"]
    assert results["absent"]["ends"] == "cannot run: has had enough"
    assert "none" in results["absent"]["none"]


def _python_peer(path: Path, body: str) -> Path:
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{body}", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_threads_are_for_those_whose_name_says_so(
    small: Folder, lines_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment has of its own."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    names = tuple(contenders.ONE_THREAD)
    peer = _python_peer(tmp_path / "p", f"sys.exit(str([os.environ.get(n) for n in {names}]))")
    out = tmp_path / "figures.json"
    options = [f"--peer={name}={peer}" for name in ("some", "some, all threads")]
    only = ["--only", "throughput", "--no-peers"]
    done = _bench(small.path, lines_file, *FEW, *only, *options, "--json", out)
    assert done.exit_code == 0, done.output
    absent = json.loads(out.read_text(encoding="utf-8"))["absent"]
    assert absent["some"] == f"cannot run: {list(contenders.ONE_THREAD.values())}"
    assert absent["some, all threads"] == f"cannot run: {[None] * len(names)}"


_OTHER_IDS = """
for line in sys.stdin:
    command, _, argument = line.strip().partition(" ")
    answer = {"batch": 0.5, "vectors": "ids"}.get(command, 0)
    if command == "texts":
        count = len(open(argument).readlines())
    elif command == "vectors":
        open(argument, "w").write("[]\\n" * count)
    print(json.dumps(answer), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_other_interpreters_take_part_and_ids_alone_are_compared(
    small: Folder, lines_file: Path, tmp_path: Path
) -> None:
    programs = {
        "again": f"{sys.executable} tokenizers",
        "vectors": f"{sys.executable} model2vec",
        "none": f"{tmp_path / 'python'} tokenizers",
        "others": _python_peer(tmp_path / "others", _OTHER_IDS),
    }
    out = tmp_path / "figures.json"
    options = [f"--peer={name}={program}" for name, program in programs.items()]
    done = _bench(small.path, lines_file, *FEW, "--only", "throughput", *options, "--json", out)
    assert done.exit_code == 0, done.output
    results = json.loads(out.read_text(encoding="utf-8"))
    rates = results["throughput"]["few"]
    assert not {"equal", "equal_ids"} & set(rates[TOKENIZERS])
    assert rates["again"]["equal_ids"] == 1
    assert rates["others"]["equal_ids"] == 0
    assert rates["vectors"]["equal"] == 1
    assert "ids only: 100 %" in done.output
    assert "ids only: 0.00 %" in done.output
    assert str(tmp_path / "python") in results["absent"]["none"]


_TOKENIZERS_1 = """
import os

class Truncation:
    def __init__(self, most):
        self.most = most

class Row:
    def __init__(self, *ids):
        self.ids = list(ids)

class Tokenizer:
    padding = truncation = 0
    from_file = classmethod(lambda cls, file: cls())

    def encode_batch(self, texts, add_special_tokens):
        assert self.padding is None
        return [Row(self.truncation.most, len(os.sched_getaffinity(0))) for _ in texts]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there can processors be taken away")
def test_tokenizers_1_is_kept_to_one_processor_unless_it_may_take_all(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for it: other names of what is asked, and threads for all processors."""
    (tmp_path / "tokenizers.py").write_text(_TOKENIZERS_1, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    here = len(os.sched_getaffinity(0))
    for options, processors in (({}, 1), ({"as_started": True}, here)):
        program = f"{sys.executable} tokenizers"
        contender = contenders.Contender.given(program, small.path, **options)
        assert contender.vectors(["a", "b"]) == [[512, processors]] * 2
        contender.close()


_LAGHU = """
import os
import numpy

class Model:
    class tokenizer:
        threads = 9

    def encode(self, texts):
        return numpy.full((len(texts), len(os.environ["LAGHU_CACHE"])), self.tokenizer.threads)

def load(folder, fallback):
    assert not fallback
    return Model()
"""


def test_laghu_is_measured_with_its_core_and_on_one_thread_unless_it_says_otherwise(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for it: what there is to hand over."""
    (tmp_path / "laghu.py").write_text(_LAGHU, encoding="utf-8")
    core = tmp_path / "laghu_rs.py"
    core.write_text("raise ImportError('no core')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(contenders.AbsentError, match="no core"):
        contenders.Contender.of("laghu", small.path)
    core.write_text("", encoding="utf-8")
    for options, threads in (({}, 1), ({"as_started": True}, 9)):
        contender = contenders.Contender.of("laghu", small.path, **options)
        vectors: Any = contender.vectors(LINES)
        contender.close()
        assert (vectors == threads).all()


def test_static_embed_runner_is_called_with_so_many_texts_at_once(
    small: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "static_embed_runner.py").write_text(
        "import numpy\n"
        "class StaticEmbedRunner:\n"
        "    load = classmethod(lambda cls, folder: cls())\n"
        "    def encode(self, texts, normalize):\n"
        "        return numpy.full((len(texts), 2), [len(texts), normalize], 'float32')\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.syspath_prepend(tmp_path)
    contender = contenders.Contender.of("static-embed-runner", small.path)
    one: Any = contender.vectors(["one"])
    many: Any = contender.vectors(["many"] * 1030)
    contender.close()
    normalize = json.loads((small.path / "config.json").read_text(encoding="utf-8"))["normalize"]
    assert one.tolist() == [[1, normalize]]
    assert many[:, 0].tolist() == [1024] * 1024 + [6] * 6


def test_one_thread_is_held_against_one_and_all_against_all() -> None:
    figures = {
        "slow": {"docs_per_s": 1.0, "equal": 1},
        "quick": {"docs_per_s": 2.0, "equal": 1},
        "quick, all threads": {"docs_per_s": 4.0, "equal": 0},
        "ids": {"docs_per_s": 9.0},
        FAST: {"docs_per_s": 10.0, "equal": 1},
        FAST_ALL: {"docs_per_s": 16.0, "equal": 1},
    }
    others = {"mb_per_s": 1.0, "ratio": 1.0, "first_docs_per_s": 1.0, "first_ratio": 1.0}
    agree = {"largest_difference": 0.0, "smallest_cosine": 1.0}
    told = tables.throughput("", "slow", {n: {**others, **agree, **f} for n, f in figures.items()})
    assert [line.strip() for line in told if "over the fastest" in line] == [
        f"{FAST}, over the fastest other with vectors, quick: 5.0.",
        f"{FAST_ALL}, over the fastest other with vectors, quick, all threads: 4.0.",
    ]


class _Fixed:
    """A contender whose vectors are given."""

    def __init__(self, vectors: Any) -> None:
        self._vectors = vectors

    def vectors(self, texts: list[str]) -> Any:
        return self._vectors


class _Fields:
    def __init__(self, **vectors: Any) -> None:
        self._contenders = {name: _Fixed(array) for name, array in vectors.items()}

    def of_batches(self) -> dict[str, Any]:
        return self._contenders

    def of_queries(self) -> dict[str, Any]:
        return {}


def test_nothing_is_timed_if_ours_differ() -> None:
    right = np.eye(4, 3, dtype=np.float32)
    wrong = right.copy()
    wrong[2, 0] = np.nextafter(wrong[2, 0], 1)
    rule = Rule(float16=False, normalize=False)
    field: Any = _Fields(model2vec=right, other=wrong, m2v_fast=right)
    found = measure.agreements(field, ["text"] * 4, rule)
    assert found["m2v_fast"]["equal"] == 1
    assert found["other"]["equal"] == 0.75
    assert 0 < found["other"]["largest_difference"] < 1e-40
    field = _Fields(model2vec=right, m2v_fast=wrong)
    with pytest.raises(
        ValueError, match="m2v_fast: the vectors of 1 texts are not those of model2"
    ):
        measure.agreements(field, ["text"] * 4, rule)


def test_the_command_fails_if_ours_differ(
    small: Folder, lines_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_a_difference(*arguments: Any, **options: Any) -> Any:
        difference = Difference(1, "Zwölf", None, None, 0.5)
        found = compare(*arguments, **options)
        return found._replace(vectors_differ=1, differences=[difference])

    monkeypatch.setattr(run, "compare", with_a_difference)
    done = _bench(small.path, lines_file, *FEW)
    assert done.exit_code == 1
    assert "for text 1, 'Zwölf', so there is nothing to time" in done.output
    assert "docs/s" not in done.output


def test_random_rows_on_a_tokenizer_alone(tmp_path: Path, lines_file: Path) -> None:
    folder = tmp_path / "only"
    folder.mkdir()
    (folder / "tokenizer.json").write_text(vocabularies.unigram().to_str(), encoding="utf-8")
    out = tmp_path / "figures.json"
    wishes = [
        "--rows",
        "float16",
        "--width",
        "7",
        "--no-peers",
        "--kernels",
        "--only",
        "throughput",
    ]
    done = _bench(folder, lines_file, *FEW, *wishes, "--json", out)
    assert done.exit_code == 0, done.output
    results = json.loads(out.read_text(encoding="utf-8"))
    assert (results["model"]["dim"], results["model"]["dtype"]) == (7, "float16")
    for kernel in m2v_fast._native.backends():
        assert results["throughput"]["few"][f"m2v_fast, 1 thread, {kernel}"]["equal"] == 1
    # Without the option it is no model.
    assert _bench(folder, lines_file, *FEW).exit_code == 1


def test_models_are_started_with_and_without_their_index(small: Folder, lines_file: Path) -> None:
    file = lines_file.with_suffix(".written")
    contenders.write_texts(file, LINES)
    always = {"model2vec", "m2v_fast", measure.NUMPY_ALONE}
    for indexed, compiled, more in (
        (True, None, measure.WITHOUT_INDEX),
        (False, small.path, measure.WITH_INDEX),
    ):
        found = measure.start_up(
            small.path, file, 1, {}, peers=False, indexed=indexed, compiled=compiled
        )
        assert set(found) == always | {more}


def test_engines_of_a_folder_of_tokenizers(small: Folder, tmp_path: Path) -> None:
    for name, change in (("one", {}), ("other", {"dropout": 0.1})):
        file = json.loads(vocabularies.bpe().to_str())
        file["model"].update(change)
        (tmp_path / f"{name}.json").write_text(json.dumps(file), encoding="utf-8")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    out = tmp_path / "out.txt"
    options = ("--documents", "3", "--only", "threads", "--tokenizers", tmp_path, "--json", out)
    done = _bench(small.path, *FEW, *options)
    assert done.exit_code == 0, done.output
    told = json.loads(out.read_text(encoding="utf-8"))["tokenizers"]
    assert set(told) == {"one", "other"}
    assert told["one"] == {"engine": "bpe", "reason": None}
    assert told["other"]["engine"] == "fallback"
    assert "1 of 2 tokenizers run on an engine of m2v_fast" in done.output


def test_pictures_have_text_both_colours_and_what_they_depend_on(
    measured: tuple[str, Path], tmp_path: Path
) -> None:
    _, file = measured
    out = tmp_path / "all.svg"
    done = _bench("--from", file, "--plot", out, "--note", "A note.")
    assert done.exit_code == 0, done.output
    svg = out.read_text(encoding="utf-8")
    machine = json.loads(file.read_text(encoding="utf-8"))["machine"]
    words = " ".join(line.partition(">")[2].partition("<")[0] for line in svg.split("<text")[1:])
    for word in (machine["cpu"], machine["backend"], "model2vec 0.10.0", FAST, "A note."):
        assert word in words, word
    assert "prefers-color-scheme: dark" in svg
    # Every colour that has one for dark pages is in the picture in the way that is looked for.
    for colour in (drawing.INK, drawing.OURS, drawing.PAPER, drawing.FAINT):
        assert f": {colour}" in svg
    again = tmp_path / "again.svg"
    _bench("--from", file, "--plot", again, "--note", "A note.")
    assert again.read_bytes() == out.read_bytes()


def test_a_folder_gets_a_picture_of_each_kind(measured: tuple[str, Path], tmp_path: Path) -> None:
    done = _bench("--from", measured[1], "--plot", f"{tmp_path}/pictures/")
    assert done.exit_code == 0, done.output
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert names == {"throughput.svg", "latency.svg", "start.svg", "threads.svg"}


def test_without_matplotlib_nothing_is_begun(
    small: Folder, lines_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = _bench(small.path, lines_file, "--plot", "out.svg")
    assert done.exit_code == 1
    assert "pip install 'm2v-fast[plot]'" in done.output
    assert "docs/s" not in done.output


def test_queries_of_few_and_of_many_texts() -> None:
    assert corpus.queries(["a"]) == ["a"]
    assert corpus.queries(LINES)
    many = corpus.queries(corpus.read_texts(None))
    assert len(many) == len(set(many)) == 1000
    assert max(map(len, many)) <= 60


def test_a_share_is_100_per_cent_only_if_nothing_is_missing() -> None:
    assert tables.share(1.0) == "100 %"
    assert tables.share(0.999999) == "99.99 %"


def test_mistakes_are_named(small: Folder, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    for arguments, words in (
        ((small.path, tmp_path / "empty.txt"), "empty.txt: there are no texts in it"),
        ((small.path, tmp_path / "none.txt"), "none.txt"),
        ((tmp_path / "no model",), "no model"),
        ((small.path, "--peer", "program"), "is not NAME=PROGRAM"),
        ((small.path, "--only", "everything"), "everything"),
    ):
        done = _bench(*arguments)
        assert done.exit_code in (1, 2)
        assert words in done.output
        assert "Traceback" not in done.output
