"""The steps of Dockerfile, one by one, as far as they go without a container engine.

What stands for an instruction is: a folder for a file system, cargo's musl target for the toolchain
of the first image, and `chroot` for starting the second. It needs root, a musl compiler and target.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import struct
import subprocess
from pathlib import Path

import m2v_fast
import numpy as np
import pytest

from tests.server.conftest import ROOT, TEXTS, Server

TARGET = "x86_64-unknown-linux-musl"


class Steps:
    """The instructions of a Dockerfile, carried out below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stages: dict[str, Path] = {}
        self.root = folder
        self.inside = "/"
        self.arguments: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.user = ""
        self.entry: list[str] = []
        self.done: list[str] = []

    def follow(self, file: Path) -> None:
        text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE)
        for line in filter(None, text.splitlines()):
            name, _, rest = line.partition(" ")
            # No shell looks at an ENTRYPOINT, a USER or a FROM.
            if name in ("COPY", "ENV", "RUN"):
                rest = re.sub(r"\$\{(\w+)\}", lambda found: self.arguments[found[1]], rest)
            getattr(self, f"_{name.lower()}")(rest)
            self.done.append(name)

    def _at(self, path: str) -> Path:
        whole = os.path.normpath(os.path.join(self.inside, path))  # noqa: PTH118
        return self.root / whole.lstrip("/")

    def _from(self, rest: str) -> None:
        image, _, name = rest.partition(" AS ")
        assert image == ("rust:1-alpine" if name else "scratch")
        self.root = self.folder / (name or "image")
        self.root.mkdir()
        self.stages[name] = self.root
        self.inside, self.environment = "/", {}

    def _workdir(self, rest: str) -> None:
        self.inside = rest
        self._at(".").mkdir(parents=True)

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.arguments[name] = value

    def _env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.environment[name] = value

    def _copy(self, rest: str) -> None:
        *sources, target = shlex.split(rest)
        context = ROOT
        if sources[0].startswith("--from="):
            context = self.stages[sources.pop(0).removeprefix("--from=")]
        for source in sources:
            there = context / source.lstrip("/")
            if there.is_dir():
                shutil.copytree(there, self._at(target), ignore=shutil.ignore_patterns("target"))
            else:
                shutil.copy(there, self._at(target))

    def _run(self, rest: str) -> None:
        words = shlex.split(rest)
        if words[0] == "apk":
            assert words[1:] == ["add", "--no-cache", "musl-dev"]
            return
        # What is absolute is so inside of the image.
        words = [str(self._at(word)) if word.startswith("/") else word for word in words]
        environment = {
            **os.environ,
            "CARGO_BUILD_TARGET": TARGET,
            f"CC_{TARGET.replace('-', '_')}": "musl-gcc",
            # What was built before is built no second time.
            "CARGO_TARGET_DIR": str(ROOT / "target"),
        }
        subprocess.run(words, cwd=self._at("."), env=environment, check=True)

    def _user(self, rest: str) -> None:
        self.user = rest

    def _expose(self, rest: str) -> None:
        assert rest == "8080"

    def _entrypoint(self, rest: str) -> None:
        self.entry = json.loads(rest)


def _interpreter(binary: Path) -> bool:
    """Whether an ELF file wants a dynamic loader."""
    data = binary.read_bytes()
    assert data[:5] == b"\x7fELF\x02"
    offset = struct.unpack_from("<Q", data, 32)[0]
    size, count = struct.unpack_from("<HH", data, 54)
    kinds = [struct.unpack_from("<I", data, offset + place * size)[0] for place in range(count)]
    return 3 in kinds  # PT_INTERP


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Steps:
    assert os.geteuid() == 0, "this test changes its root, which only root may"
    steps = Steps(tmp_path_factory.mktemp("docker"))
    steps.follow(ROOT / "Dockerfile")
    return steps


def test_what_is_in_the_image(image: Steps) -> None:
    assert image.done.count("FROM") == 2
    assert image.done[-1] == "ENTRYPOINT"
    root = image.stages[""]
    assert {path.name for path in root.iterdir()} == {"m2v-server", "model"}
    assert not _interpreter(root / "m2v-server"), "it is not static"
    # Whether the index helps is known only to the server: it is there, if the vocabulary has one.
    names = {path.name for path in (root / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names


def test_the_image_serves(image: Steps, tmp_path: Path) -> None:
    assert image.user == "65532:65532"
    # Its path is looked for here: the image's environment has none.
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert chroot
    command = [chroot, f"--userspec={image.user}", str(image.stages[""]), *image.entry]
    # Not at every address of this machine, and not at a port that may be taken.
    environment = {**image.environment, "M2V_SERVER_HOST": "127.0.0.1", "M2V_SERVER_PORT": "0"}
    server = Server(log=tmp_path / "log", command=command, only_env=environment)
    try:
        assert server.ask("/v1/models")[1]["data"][0]["id"] == "minilm"
        wanted = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL).encode(list(TEXTS))
        got = server.ask("/v1/embeddings", {"model": "minilm", "input": list(TEXTS)})[1]
        vectors = np.asarray([row["embedding"] for row in got["data"]], np.float32)
        np.testing.assert_array_equal(vectors, wanted)
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        assert re.search(r"^Uid:\s+65532\s+65532\s", status, flags=re.MULTILINE)
        assert json.loads(server.log().splitlines()[-1])["level"] == "INFO"
    finally:
        assert server.stop() == 0
