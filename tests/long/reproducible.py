"""The published wheel from two folders and home directories: the same bytes.

usage: python -m tests.long.reproducible FOLDER; run by `make test-reproducible` from the checkout.
FOLDER is made anew. The sources are those of the source distribution, so that what is tested is
also that anyone can build the wheel of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

#: Folders with names of different lengths, so that a name that got in moves what follows.
FOLDERS = ("a", "quite-another-folder/with-a-longer-name")


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _home(path: Path) -> dict[str, str]:
    """Makes a home directory with the crates that cargo fetched; the toolchain stays."""
    own = Path.home()
    cargo = Path(os.environ.get("CARGO_HOME", own / ".cargo"))
    shutil.copytree(cargo / "registry", path / ".cargo" / "registry", copy_function=_linked)
    rustup = os.environ.get("RUSTUP_HOME", str(own / ".rustup"))
    return {"HOME": str(path), "CARGO_HOME": str(path / ".cargo"), "RUSTUP_HOME": rustup}


def _built(source: Path, tools: Path, home: dict[str, str]) -> Path:
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    environment |= {"SOURCE_DATE_EPOCH": "1700000000", "MAKEFLAGS": ""} | home
    out = source / "dist" / "release"
    # The tools of the checkout: they are not what is tested.
    (source / "target").mkdir()
    (source / "target" / "release-tools").symlink_to(tools, target_is_directory=True)
    subprocess.run(
        ["make", "--old-file=target/release-tools/made", "release-wheel"],
        cwd=source,
        env=environment,
        check=True,
    )
    [wheel] = out.glob("*.whl")
    return wheel


def _differing(first: Path, second: Path) -> list[str]:
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        names = sorted({*one.namelist(), *other.namelist()})
        known = {*one.namelist()} & {*other.namelist()}
        return [name for name in names if name not in known or one.read(name) != other.read(name)]


def main() -> None:
    root = Path(sys.argv[1]).resolve()
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["maturin", "sdist", "--out", root], check=True)
    [archive] = root.glob("*.tar.gz")
    subprocess.run(["cargo", "fetch", "--locked", "--quiet"], check=True)
    wheels = []
    for name, home in zip(FOLDERS, ({}, _home(root / "another-home")), strict=True):
        with tarfile.open(archive) as content:
            content.extractall(root / name, filter="data")
        [source] = (root / name).iterdir()
        wheels.append(_built(source, Path("target/release-tools").resolve(), home))
    first, second = wheels
    if first.name != second.name or first.read_bytes() != second.read_bytes():
        sys.exit(
            f"two builds of {first.name} differ in {_differing(first, second) or 'the archive'}"
        )
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    print(f"{first.name}: {first.stat().st_size:,} bytes, SHA-256 {digest}, twice")


if __name__ == "__main__":
    main()
