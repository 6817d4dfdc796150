"""Writes THIRD-PARTY-LICENSES: the notices of the Rust crates that are compiled into each wheel.

usage: python scripts/third_party_licenses.py [--check]; with --check it only says whether the file
is what it would write. The texts are those that the crates bring, so `cargo fetch` must have run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME = "THIRD-PARTY-LICENSES"
#: The crate that is built into a wheel, the folder of its workspace, and what the file is about.
WHEELS = (
    ("m2v-python", ROOT, "the binary module of m2v_fast"),
    ("m2v-server", ROOT / "rust" / "server", "the binary m2v-server"),
)
NOTICE = re.compile(r"(licen[cs]e|copying|notice|unlicense)", re.IGNORECASE)

#: What wheels are built for; crates for other systems are in none.
TARGETS = (
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)

#: C sources that a crate brings along, with their own licence.
INSIDE = {"onig_sys": ("oniguruma/COPYING",)}

#: Crates under MIT whose packages leave the text out, and one of the same author that has it.
SAME_AS = {"base64-simd": "outref", "vsimd": "outref"}

HEAD = """\
Licences of the Rust crates that are compiled into {what}.
Made by scripts/third_party_licenses.py; `make deny` checks that it is up to date.
"""


def _cargo(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["cargo", *arguments, "--locked"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def compiled_in(crate: str, folder: Path) -> set[tuple[str, str]]:
    """Names and versions of the crates in the module: no build scripts, no procedural macros."""
    targets = [argument for target in TARGETS for argument in ("--target", target)]
    shown = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]
    tree = _cargo(folder, "tree", "-p", crate, *targets, *shown)
    words = (line.split() for line in tree.splitlines() if line.strip())
    return {(name, version.removeprefix("v")) for name, version, *_ in words}


def notices(package: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and texts of the licence files of a crate; of several to choose from, MIT's."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and NOTICE.match(path.name))
    if re.search(r"\bMIT\b", package["license"] or "") and "AND" not in package["license"]:
        files = [path for path in files if "mit" in path.name.lower()] or files
    found = [(path.name, path) for path in files]
    found += [(name, folder / name) for name in INSIDE.get(package["name"], ())]
    return [(name, path.read_text(encoding="utf-8").strip()) for name, path in found]


def document(crate: str, folder: Path, what: str) -> str:
    """The whole file: each crate, then each text once with the crates that bring it."""
    wanted = compiled_in(crate, folder)
    packages = [
        package
        for package in json.loads(_cargo(folder, "metadata", "--format-version", "1"))["packages"]
        if package["source"] and (package["name"], package["version"]) in wanted
    ]
    packages.sort(key=lambda package: (package["name"], package["version"]))
    by_name = {package["name"]: package for package in packages}
    users: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    lines = [HEAD.format(what=what)]
    for package in packages:
        title = f"{package['name']} {package['version']}"
        found = notices(by_name.get(SAME_AS.get(package["name"], ""), package))
        if not found:
            raise SystemExit(f"{title} brings no licence file: say in this script what it is under")
        lines.append(f"{title}: {package['license'] or 'see its licence file'}")
        for name, text in found:
            words = " ".join(text.split())  # the same text, however its lines are broken
            texts.setdefault(words, "\n".join(map(str.rstrip, text.splitlines())))
            users.setdefault(words, []).append(f"{title} ({name})")
    for words, crates in users.items():
        lines += ["", "=" * 80, *crates, "-" * 80, "", texts[words]]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(description="Licences of the crates in the wheel.")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for crate, folder, what in WHEELS:
        made = document(crate, folder, what)
        file = folder / NAME
        if not check:
            file.write_text(made, encoding="utf-8", newline="\n")
        elif not file.exists() or file.read_text(encoding="utf-8") != made:
            shown = file.relative_to(ROOT)
            sys.exit(f"{shown} is out of date: run python scripts/third_party_licenses.py")


if __name__ == "__main__":
    main()
