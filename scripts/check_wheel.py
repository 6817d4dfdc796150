"""Says whether a built wheel may be published, beyond what the usual tools look at.

usage: python scripts/check_wheel.py WHEEL. On Linux it shows what `auditwheel show` says.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What a wheel may be: downloaded at every installation of everyone.
MOST_BYTES = 7_000_000
#: The oldest libraries that wheels for Linux are for.
PLATFORMS = re.compile(
    r"manylinux_2_17_\w+\.manylinux2014_\w+|manylinux2014_\w+\.manylinux_2_17_\w+"
    r"|musllinux_1_2_\w+|macosx_\w+|win_\w+"
)


def _sbom(wheel: zipfile.ZipFile) -> list[str]:
    names = [name for name in wheel.namelist() if ".dist-info/sboms/" in name]
    if len(names) != 1:
        return [f"one bill of materials was expected, there are {names}"]
    text = wheel.read(names[0]).decode()
    content = json.loads(text)
    problems = []
    if "file:" in text or "/home/" in text or "/tmp/" in text:
        problems.append("the bill of materials names folders")
    for component in [content["metadata"]["component"], *content["components"]]:
        if not re.match(r"pkg:(cargo|pypi|github|huggingface)/", component.get("purl", "")):
            problems.append(f"{component['name']} has no package URL")
        if not component.get("licenses"):
            problems.append(f"{component['name']} has no licence")
    return problems


def _folders(wheel: zipfile.ZipFile) -> list[str]:
    """Names of folders of the machine that it was built on, in the native module."""
    homes = {str(Path.home()), str(ROOT), os.environ.get("CARGO_HOME", "")} - {"", "/"}
    found = []
    for name in wheel.namelist():
        if name.endswith((".so", ".pyd")):
            data = wheel.read(name)
            found += [f"{name} names {home}" for home in homes if home.encode() + b"/" in data]
    return found


def _needs_more_than_musl(wheel: zipfile.ZipFile) -> list[str]:
    """Libraries that a module for musl asks for, beside musl itself, which knows this name."""
    from elftools.elf.elffile import ELFFile  # auditwheel brings it

    return [
        f"{name} needs {tag.needed}"
        for name in wheel.namelist()
        if name.endswith(".so")
        for tag in ELFFile(wheel.open(name)).get_section_by_name(".dynamic").iter_tags("DT_NEEDED")
        if tag.needed != "libc.so"
    ]


def problems(path: Path) -> list[str]:
    """What is wrong with a wheel; empty if it may be published."""
    found = []
    if (size := path.stat().st_size) > MOST_BYTES:
        found.append(f"it has {size:,} bytes, of {MOST_BYTES:,} that it may have")
    platform = path.stem.split("-")[-1]
    if not PLATFORMS.fullmatch(platform):
        found.append(f"{platform} is none of the platforms that are published")
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        found += [f"{name} is outside of the package" for name in names if ".data/" in name]
        for licence in ("LICENSE-MIT", "LICENSE-APACHE", "NOTICE", "THIRD-PARTY-LICENSES"):
            if not any(name.endswith(f".dist-info/licenses/{licence}") for name in names):
                found.append(f"{licence} is not there")
        found += _sbom(wheel) + _folders(wheel)
        if "musllinux" in platform:
            found += _needs_more_than_musl(wheel)
    return found


def main() -> None:
    """Judge the wheels that are named."""
    for path in map(Path, sys.argv[1:]):
        # On a system with glibc auditwheel takes that one's libc.so for musl's, and ends.
        if "manylinux" in path.name:
            shown = subprocess.run(
                ["auditwheel", "show", path], check=True, capture_output=True, text=True
            ).stdout
            print(shown.strip())
        if found := problems(path):
            sys.exit("\n".join(f"{path.name}: {problem}" for problem in found))
        print(f"{path.name}: {path.stat().st_size:,} bytes, may be published")


if __name__ == "__main__":
    main()
