"""Programs that run with compat on, unchanged: `m2v-fast run`, `m2v-fast compat`, `-m`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast
import numpy as np
import pytest
from m2v_fast.compat import switch

from tests.support import process

if TYPE_CHECKING:
    from tests.support.folders import Folder

ON, OFF = "AcceleratedStaticModel", "StaticModel"
RUN = ("-m", "m2v_fast", "run")
windows = pytest.mark.skipif(os.name == "nt", reason="signals and modes of files are of POSIX")

USE = """
import json, sys
from model2vec import StaticModel
model = StaticModel.from_pretrained(sys.argv[1])
print(json.dumps([type(model).__name__, model.encode("one text").tolist()]))
"""

CHILDREN = """
import json, multiprocessing, subprocess, sys
def kind(folder):
    from model2vec import StaticModel
    return type(StaticModel.from_pretrained(folder)).__name__
if __name__ == "__main__":
    folder = sys.argv[1]
    names = [kind(folder)]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        names += pool.map(kind, [folder] * 2)
    code = "import program, sys; print(program.kind(sys.argv[1]))"
    command = [sys.executable, "-c", code, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=sys.argv[2])
    names.append(done.stdout.strip())
    print(json.dumps(names))
"""


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("M2V_FAST_COMPAT", raising=False)


def expected(folder: Folder, name: str) -> list[Any]:
    vector = m2v_fast.StaticModel.from_pretrained(folder.path).encode("one text")
    return [name, vector.tolist()]


# run


def test_a_program_runs_with_compat(small: Folder) -> None:
    assert process.answer("-c", USE, small.path) == expected(small, OFF)
    command = (*RUN, sys.executable, "-c", USE, small.path)
    assert process.answer(*command) == expected(small, ON)
    with_dashes = (*RUN, "--", sys.executable, "-c", USE, small.path)
    assert process.answer(*with_dashes) == expected(small, ON)


@pytest.mark.parametrize("start", [(*RUN, sys.executable), ("-m", "m2v_fast.compat")], ids=str)
def test_children_have_it_too(small: Folder, tmp_path: Path, start: tuple[str, ...]) -> None:
    program = tmp_path / "program.py"
    program.write_text(CHILDREN)
    assert process.answer(*start, program, small.path, tmp_path) == [ON] * 4
    off = {"M2V_FAST_COMPAT": "0"}
    assert process.answer(*start, program, small.path, tmp_path, env=off) == [OFF] * 4


@pytest.mark.parametrize(
    ("value", "name"),
    [("", ON), ("1", ON), ("true", ON), ("Yes", ON), ("0", OFF), ("false", OFF), ("OFF", OFF)],
)
def test_the_variable(small: Folder, value: str, name: str) -> None:
    env = {"M2V_FAST_COMPAT": value}
    answer = process.answer(*RUN, sys.executable, "-c", USE, small.path, env=env)
    assert answer == expected(small, name)


def test_a_value_that_means_nothing_is_named() -> None:
    env = {"M2V_FAST_COMPAT": "maybe"}
    done = process.run(*RUN, sys.executable, "-c", "print('ran')", env=env)
    assert done.stdout.split() == [b"ran"]
    assert b"M2V_FAST_COMPAT='maybe' has no effect" in done.stderr


def test_arguments_and_input_arrive_as_they_are() -> None:
    arguments = ["two words", "", "--help", "-x", "--", "*", 'a"b', "ä\n"]
    code = "import json, sys; print(json.dumps([sys.argv[1:], sys.stdin.read()]))"
    done = process.run(*RUN, sys.executable, "-c", code, *arguments, stdin=b"typed")
    assert json.loads(done.stdout) == [arguments, "typed"]


def test_exit_codes() -> None:
    for code in (0, 1, 7):
        done = process.run(*RUN, sys.executable, "-c", f"raise SystemExit({code})")
        assert done.returncode == code
        assert done.stderr == b""


@windows
def test_signals() -> None:
    for name in ("SIGTERM", "SIGPIPE", "SIGKILL"):
        done = process.run(*RUN, "sh", "-c", f"kill -{name[3:]} $$; echo alive")
        # SIGPIPE is ignored by Python itself, which must not be passed on.
        assert (done.returncode, done.stdout) == (-getattr(signal, name), b"")
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    command = [sys.executable, *RUN, sys.executable, "-c", code]
    with subprocess.Popen(command, env=process.environment(), stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert int(child.stdout.readline()) == child.pid
        # Not SIGINT, which what a shell runs in the background ignores.
        child.send_signal(signal.SIGTERM)
        assert child.wait(process.PATIENCE) == -signal.SIGTERM


def test_commands_that_cannot_be_run(tmp_path: Path) -> None:
    done = process.run(*RUN, "no-such-command-anywhere", "x")
    assert (done.returncode, done.stdout) == (127, b"")
    assert b"no-such-command-anywhere: no such command" in done.stderr
    (tmp_path / "app.py").write_text("")
    done = process.run(*RUN, "app.py", cwd=tmp_path)
    assert done.returncode == 127
    assert b"m2v-fast run python app.py" in done.stderr
    done = process.run(*RUN, tmp_path)
    assert done.returncode == 126
    assert b"cannot be run" in done.stderr
    done = process.run(*RUN)
    assert done.returncode == 2
    assert b"COMMAND" in done.stderr


def test_the_program_does_not_notice(tmp_path: Path) -> None:
    code = (
        "import json, os, sys\n"
        "print(json.dumps([sys.path, [n for n in ('numpy', 'm2v_fast') if n in sys.modules]]))"
    )
    env = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{process.TESTS.parent}"}
    # A file, as -c and -m put the current folder in front.
    (tmp_path / "program.py").write_text(code)
    plain, _ = process.answer(tmp_path / "program.py", env=env)
    path, imported = process.answer(*RUN, sys.executable, tmp_path / "program.py", env=env)
    assert path == plain
    assert imported == []


def test_a_sitecustomize_of_the_user_s_runs(small: Folder, tmp_path: Path) -> None:
    own = tmp_path / "sitecustomize.py"
    env = {"PYTHONPATH": str(tmp_path)}
    own.write_text("import sys\nsys.mine = __file__\n")
    show = "\nmodule = sys.modules['sitecustomize'].__file__"
    show += "\nprint(json.dumps([sys.mine, module, type(model).__name__]))"
    command = (*RUN, sys.executable, "-c", USE + show, small.path)
    assert process.answer(*command, env=env) == [str(own), str(own), ON]
    # Its errors are those that it has without us, and the program runs.
    for broken in ("raise RuntimeError('mine')", "import nothing_of_the_kind"):
        own.write_text(broken)
        plain = process.run("-c", "print(1)", env=env)
        done = process.run(*RUN, sys.executable, "-c", "print(1)", env=env)
        # (The command itself starts below that sitecustomize, and says it once, too.)
        assert done.returncode == plain.returncode
        assert done.stdout == plain.stdout
        assert len(done.stderr.splitlines()) == 2 * len(plain.stderr.splitlines())


def test_it_never_breaks_a_program(tmp_path: Path) -> None:
    # A model2vec and a broken m2v_fast that come first.
    (tmp_path / "m2v_fast.py").write_text("raise RuntimeError('broken')\n")
    (tmp_path / "model2vec").mkdir()
    (tmp_path / "model2vec" / "__init__.py").write_text("from model2vec.model import Some\n")
    (tmp_path / "model2vec" / "model.py").write_text("class Some: pass\n")
    code = "import model2vec\nprint(model2vec.Some.__name__)"
    env = {"PYTHONPATH": os.pathsep.join([str(switch.STARTUP), str(tmp_path)])}
    done = process.run("-c", code, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [b"Some"]
    assert b"m2v_fast.compat has no effect: RuntimeError('broken')" in done.stderr


@pytest.mark.parametrize("before", [None, "", "/a", f"/a{os.pathsep}/b"])
def test_pythonpath(before: str | None) -> None:
    environment = {} if before is None else {"PYTHONPATH": before}
    for _ in range(2):
        switch.on_for_children(environment)
        entries = environment["PYTHONPATH"].split(os.pathsep)
        assert entries == [str(switch.STARTUP), *(before.split(os.pathsep) if before else [])]


def test_a_folder_that_pythonpath_cannot_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "STARTUP", Path(f"a{os.pathsep}b"))
    with pytest.raises(ValueError, match="PYTHONPATH"):
        switch.on_for_children({})


# -m m2v_fast.compat


@pytest.mark.parametrize("how", ["file", "module"])
def test_a_program_is_started_by_the_module(small: Folder, tmp_path: Path, how: str) -> None:
    (tmp_path / "beside.py").write_text("here = 1\n")
    (tmp_path / "program.py").write_text("import beside, os\n" + USE)
    what = [tmp_path / "program.py"] if how == "file" else ["-m", "program"]
    env = {"PYTHONPATH": str(tmp_path)} if how == "module" else {}
    answer = process.answer("-m", "m2v_fast.compat", *what, small.path, env=env)
    assert answer == expected(small, ON)
    off = {**env, "M2V_FAST_COMPAT": "0"}
    answer = process.answer("-m", "m2v_fast.compat", *what, small.path, env=off)
    assert answer == expected(small, OFF)
    done = process.run("-m", "m2v_fast.compat")
    assert done.returncode == 1
    assert b"usage" in done.stderr


# compat enable, disable, status


class Environment:
    """A virtual environment with the packages of this one, and site-packages of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        self.python = folder / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name
        if not self.python.exists():
            self.python = self.python.with_name("python")
        [self.packages] = (path for path in folder.rglob("site-packages") if path.is_dir())
        self.file = self.packages / switch.FILE
        packages = {Path(module.__file__ or "").parents[1] for module in (m2v_fast, np, pytest)}
        lines = "".join(f"{path}\n" for path in sorted(packages))
        (self.packages / "packages.pth").write_text(lines)

    def run(self, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), *map(str, arguments)]
        return subprocess.run(
            command, env=process.environment(env), capture_output=True, text=True, check=False
        )

    def compat(self, *arguments: str, **env: str) -> str:
        done = self.run("-m", "m2v_fast", "compat", *arguments, **env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def loads(self, folder: Folder, **env: str) -> Any:
        done = self.run("-c", USE, folder.path, **env)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)[0]


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("an environment's") / "it")


@pytest.fixture
def environment(_made: Environment) -> Environment:
    for file in _made.packages.iterdir():
        if "m2v_fast" in file.name and file.is_file():
            file.unlink()
    return _made


def test_enable_and_disable(environment: Environment, small: Folder) -> None:
    before = sorted(environment.packages.iterdir())
    assert environment.loads(small) == OFF
    assert environment.compat("status").startswith("compat     off")
    assert str(environment.file) in environment.compat("enable")
    assert environment.loads(small) == ON
    assert environment.loads(small, M2V_FAST_COMPAT="0") == OFF
    status = environment.compat("status")
    assert status.startswith("compat     on\n")
    assert str(environment.file) in status
    assert "0.10.0, which compat knows" in status
    assert "off: M2V_FAST_COMPAT" in environment.compat("status", M2V_FAST_COMPAT="0")
    environment.compat("enable")
    assert environment.loads(small) == ON
    # One line, which Python runs if it begins in this way.
    [line] = environment.file.read_bytes().splitlines()
    assert line.startswith(b"import ")
    assert line.isascii()
    assert str(environment.file) in environment.compat("disable")
    assert environment.loads(small) == OFF
    assert "nothing to remove" in environment.compat("disable")
    assert sorted(environment.packages.iterdir()) == before


def test_the_file_imports_next_to_nothing(environment: Environment) -> None:
    code = "import json, sys; print(json.dumps([sys.path, sorted(sys.modules)]))"
    before = json.loads(environment.run("-c", code).stdout)
    environment.compat("enable")
    after = json.loads(environment.run("-c", code).stdout)
    assert after[0] == before[0]
    assert set(after[1]) - set(before[1]) == {"_m2v_fast_startup"}


def test_the_file_without_the_package(environment: Environment) -> None:
    environment.compat("enable")
    text = environment.file.read_text()
    environment.file.write_text(text.replace("startup", "gone", 1))
    done = environment.run("-c", "print('fine')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")
    assert "not of this one" in environment.compat("status")
    environment.compat("disable")
    assert not environment.file.exists()


#: What older wheels put into site-packages.
OLD = (
    'import os; os.environ.get("M2V_FAST_COMPAT", "0") in ("", "0") '
    'or __import__("_m2v_fast_compat")\n'
)
OLD_MODULE = (
    '"""Imported at interpreter start if M2V_FAST_COMPAT says so: does '
    '`m2v_fast.compat.install()`.\n"""\n'
)


@pytest.mark.parametrize("answer", ["enable", "disable"])
def test_what_an_older_release_left(environment: Environment, small: Folder, answer: str) -> None:
    module = environment.packages / "_m2v_fast_compat.py"
    environment.file.write_text(OLD)
    module.write_text(OLD_MODULE)
    assert "left by an older m2v_fast" in environment.compat("status")
    environment.compat(answer)
    assert "left by" not in environment.compat("status")
    assert environment.loads(small) == (ON if answer == "enable" else OFF)
    assert environment.file.exists() is (answer == "enable")
    assert not module.exists()


def test_files_of_others_are_left_alone(environment: Environment) -> None:
    others = {environment.file: "# somebody's\n", environment.packages / "_m2v_fast_compat.py": "1"}
    for path, text in others.items():
        path.write_text(text)
    done = environment.run("-m", "m2v_fast", "compat", "enable")
    assert done.returncode == 1
    assert "not of m2v_fast" in done.stderr
    environment.compat("disable")
    assert "(not of m2v_fast)" in environment.compat("status")
    environment.file.write_text(OLD)
    environment.compat("disable")
    del others[environment.file]
    assert not environment.file.exists()
    assert {path: path.read_text() for path in others} == others


def test_an_environment_that_cannot_be_written(environment: Environment) -> None:
    # In a folder that nobody can write to, whoever runs the test.
    code = (
        "import sys\nfrom m2v_fast.compat import switch\nfrom m2v_fast.cli import main\n"
        "switch.for_good = lambda user: switch.Path('/proc/self')\n"
        "sys.argv = ['m2v-fast', 'compat', 'enable']\nmain()"
    )
    if not Path("/proc/self").exists():
        pytest.skip("needs a folder that even its owner cannot write to")
    done = environment.run("-c", code)
    assert done.returncode == 1
    assert "/proc/self cannot be written to: " in done.stderr
    assert "--user" in done.stderr
    assert "m2v-fast run" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_user_s_site_packages(tmp_path: Path, environment: Environment) -> None:
    done = environment.run("-m", "m2v_fast", "compat", "enable", "--user")
    assert done.returncode == 1
    assert "--user" in done.stderr
    assert not environment.file.exists()
    # Not in a virtual environment: as if this process were none.
    code = (
        "import site, sys\nsite.ENABLE_USER_SITE = True\nfrom m2v_fast.cli import main\n"
        "sys.argv = ['m2v-fast', 'compat', *sys.argv[1:]]\nmain()"
    )
    env = {"PYTHONUSERBASE": str(tmp_path / "base")}
    assert environment.run("-c", code, "enable", "--user", **env).returncode == 0
    [file] = tmp_path.rglob(switch.FILE)
    assert str(file) in environment.run("-c", code, "status", **env).stdout
    assert environment.run("-c", code, "disable", **env).returncode == 0
    assert not file.exists()
