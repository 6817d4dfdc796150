"""Every dependency is in CONTRIBUTING.md with its reason, and none is there that is not needed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
if not (ROOT / "rust" / "server").exists():
    pytest.skip("of a checkout, not of a source distribution", allow_module_level=True)

tomllib: Any = pytest.importorskip("tomllib", reason="of Python 3.11 and later")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = tomllib.loads((ROOT / name).read_text(encoding="utf-8"))
    return content


def _listed(heading: str) -> set[str]:
    """The names in the first column of the table with that heading."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = text.split(f"| {heading} | why |")[1].split("\n\n")[0].splitlines()[2:]
    for row in rows:
        assert re.fullmatch(r"\| `.+ \| .{10,} \|", row), row
    return {
        name.lower()
        for row in rows
        for name in re.findall(r"`([\w.-]+)`", row.split("|")[1].split("(")[0])
    }


def test_rust() -> None:
    wanted = set()
    for crate in ("arrow", "core", "fuzz", "python", "server", "server/fuzz"):
        manifest = f"rust/{crate}/Cargo.toml"
        content = _read(manifest)
        for table in (content, *content.get("target", {}).values()):
            for kind in ("dependencies", "dev-dependencies", "build-dependencies"):
                wanted |= set(table.get(kind, {}))
    assert _listed("Rust") == wanted - {"m2v-arrow", "m2v-fast", "m2v-server"}


def test_python() -> None:
    content = _read("pyproject.toml")
    project = content["project"]
    lists = [content["build-system"]["requires"], project["dependencies"]]
    lists += [*project["optional-dependencies"].values(), *content["dependency-groups"].values()]
    names = {
        re.split(r"[<>=;\[ ]", wish)[0].lower()
        for wishes in lists
        for wish in wishes
        if isinstance(wish, str)
    }
    assert _listed("Python") == names


def test_lock_files_are_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8")
    assert "lock" not in ignored
    for folder in (".", "rust/fuzz", "rust/peers", "rust/server", "rust/server/fuzz"):
        assert (ROOT / folder / "Cargo.lock").exists()


def test_nothing_in_a_wheel_speaks_to_a_network() -> None:
    """The feature `hub` is for users of the crate: in Python, huggingface_hub does it."""
    tree = ["cargo", "tree", "--locked", "--edges", "normal", "--target", "all", "--prefix", "none"]
    shown = subprocess.run(
        [*tree, "--package", "m2v-python"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[0] for line in shown.splitlines() if line.strip()}
    assert "m2v-fast" in names
    assert not names & {"ureq", "rustls", "ring", "webpki-roots"}


@pytest.mark.parametrize("workspace", [".", "rust/server"])
def test_numbers_are_read_as_the_reference_reads_them(workspace: str) -> None:
    """These features of serde_json would change the scores of Unigram models, and so ids."""
    tree = ["cargo", "tree", "--locked", "--edges", "normal", "--target", "all"]
    shown = subprocess.run(
        [*tree, "--prefix", "none", "--format", "{p} [{f}]"],
        cwd=ROOT / workspace,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    features = {line for line in shown.splitlines() if line.startswith("serde_json ")}
    assert features
    for line in features:
        assert "float_roundtrip" not in line
        assert "arbitrary_precision" not in line
