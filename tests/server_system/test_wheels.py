"""Both wheels in a fresh environment, as `pip install "m2v-fast[server]"` installs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.server.conftest import TEXTS, Server

SERVED = "bundled:minilm"


@pytest.fixture(scope="module")
def wheels() -> Path:
    folder = os.environ.get("M2V_SERVER_WHEELS")
    assert folder, "M2V_SERVER_WHEELS names no folder: `make test-server-system` does"
    return Path(folder).absolute()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """The folder of programs of an environment that has nothing but these."""
    root = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    install = [str(root / "bin" / "python"), "-m", "pip", "install", "--quiet", "--find-links"]
    subprocess.run([*install, str(wheels), "m2v-fast[server]"], check=True)
    return root / "bin"


def test_serve(fresh: Path, tmp_path: Path) -> None:
    import m2v_fast

    # It is found beside the interpreter; the search path does not lead there.
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "M2V_FAST_CACHE": str(tmp_path)}
    command = [str(fresh / "m2v-fast"), "serve", SERVED, "--port", "0"]
    server = Server(log=tmp_path / "log", command=command, only_env=environment)
    try:
        # One process, and no interpreter.
        program = Path(f"/proc/{server.process.pid}/exe").resolve()
        assert program == (fresh / "m2v-server").resolve()
        wanted = m2v_fast.StaticModel.from_pretrained(SERVED).encode(list(TEXTS))
        got = server.ask("/v1/embeddings", {"model": SERVED, "input": list(TEXTS)})[1]
        vectors = np.asarray([row["embedding"] for row in got["data"]], np.float32)
        np.testing.assert_array_equal(vectors, wanted)
        server.process.send_signal(signal.SIGHUP)
        assert server.ask("/health")[0] == 200
    finally:
        assert server.stop() == 0


def test_what_is_in_the_wheels(wheels: Path) -> None:
    (main,) = wheels.glob("m2v_fast-*.whl")
    (server,) = wheels.glob("m2v_fast_server-*.whl")
    with zipfile.ZipFile(main) as file:
        assert not [name for name in file.namelist() if "m2v-server" in name]
    with zipfile.ZipFile(server) as file:
        names = file.namelist()
        assert [name for name in names if name.endswith("scripts/m2v-server")]
        assert not [name for name in names if name.endswith(".py")]
        assert [name for name in names if name.endswith("THIRD-PARTY-LICENSES")]
