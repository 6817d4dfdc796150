"""What a release has to be, and does.

usage: python scripts/release.py COMMAND
  check [--tag vX.Y.Z] [--open]   versions, tag and CHANGELOG.md agree, and the tree is clean; with
                                  --open the newest entry may still be Unreleased
  notes [--open]                  print the newest entry of CHANGELOG.md
  close YYYY-MM-DD                give the entry Unreleased the version and the date; open another
  complete FOLDER                 every file that a release publishes is in the folder
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
CLOSED = re.compile(r"(\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)")

#: What is published, each once.
FILES = (
    r"m2v_fast-{}\.tar\.gz",
    r"m2v_fast-{}-cp310-abi3-manylinux[\w.]+_x86_64\.whl",
    r"m2v_fast-{}-cp310-abi3-manylinux[\w.]+_aarch64\.whl",
    r"m2v_fast-{}-cp310-abi3-musllinux_1_2_x86_64\.whl",
    r"m2v_fast-{}-cp310-abi3-musllinux_1_2_aarch64\.whl",
    r"m2v_fast-{}-cp310-abi3-macosx_\w+_arm64\.whl",
    r"m2v_fast-{}-cp310-abi3-macosx_\w+_x86_64\.whl",
    r"m2v_fast-{}-cp310-abi3-win_amd64\.whl",
    r"m2v_fast-{}-cp314-cp314t-manylinux[\w.]+_x86_64\.whl",
    r"m2v_fast-{}-cp314-cp314t-manylinux[\w.]+_aarch64\.whl",
    r"m2v_fast-{}-cp314-cp314t-macosx_\w+_arm64\.whl",
    r"m2v_fast-{}-cp314-cp314t-macosx_\w+_x86_64\.whl",
    r"m2v_fast-{}-cp314-cp314t-win_amd64\.whl",
    r"m2v_fast-{}-cp315-abi3\.abi3t-manylinux[\w.]+_x86_64\.whl",
    r"m2v_fast-{}-cp315-abi3\.abi3t-manylinux[\w.]+_aarch64\.whl",
    r"m2v_fast-{}-cp315-abi3\.abi3t-macosx_\w+_arm64\.whl",
    r"m2v_fast-{}-cp315-abi3\.abi3t-macosx_\w+_x86_64\.whl",
    r"m2v_fast-{}-cp315-abi3\.abi3t-win_amd64\.whl",
    r"m2v_fast_server-{}-py3-none-manylinux[\w.]+_x86_64\.whl",
    r"m2v_fast_server-{}-py3-none-manylinux[\w.]+_aarch64\.whl",
    r"m2v_fast_server-{}-py3-none-macosx_\w+_arm64\.whl",
    r"m2v_fast_server-{}-py3-none-macosx_\w+_x86_64\.whl",
)


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version as each file says it, by the file's name."""
    places = {
        "Cargo.toml": r'^version = "(.+)"$',
        "rust/server/Cargo.toml": r'^version = "(.+)"$',
        "CITATION.cff": r"^version: (.+)$",
        "m2v-fast.cyclonedx.json": r'"bom-ref": "pkg:pypi/m2v-fast@(.+)"',
        "rust/server/m2v-fast-server.cyclonedx.json": r'"bom-ref": "pkg:pypi/m2v-fast-server@(.+)"',
    }
    found = {}
    for name, pattern in places.items():
        match = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        found[name] = match[1] if match else "none"
    return found


def entries(changelog: str) -> list[tuple[str, str]]:
    """Heading and text of each entry of CHANGELOG.md, the newest first."""
    parts = HEADING.split(changelog)[1:]
    return [(parts[i], parts[i + 1].strip()) for i in range(0, len(parts), 2)]


def problems(root: Path, tag: str | None, may_be_open: bool) -> list[str]:
    """What keeps this tree from being released; empty if nothing does."""
    found = []
    said = versions(root)
    version = said["Cargo.toml"]
    found += [
        f"{name} says {other}, Cargo.toml {version}"
        for name, other in said.items()
        if other != version
    ]
    if tag is not None and tag != f"v{version}":
        found.append(f"the tag is {tag}, the version {version}")
    listed = entries((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if may_be_open:
        return found
    if not listed or listed[0] != ("Unreleased", ""):
        found.append(
            "CHANGELOG.md does not begin with an empty entry Unreleased: close it "
            "(python scripts/release.py close DATE)"
        )
    closed = CLOSED.fullmatch(listed[1][0]) if len(listed) > 1 else None
    if not closed or closed[1] != version:
        found.append(f"CHANGELOG.md has no entry '{version} (date)' below Unreleased")
    return found


def notes(changelog: str, may_be_open: bool) -> str:
    """The text of the entry that is released: the newest one that says something."""
    for heading, text in entries(changelog):
        if text and (may_be_open or CLOSED.fullmatch(heading)):
            return text + "\n"
    raise SystemExit("CHANGELOG.md has no entry to be released")


def closed(changelog: str, version: str, date: str) -> str:
    """CHANGELOG.md with the entry Unreleased closed, and another opened."""
    if "\n## Unreleased\n" not in changelog or not CLOSED.fullmatch(f"{version} ({date})"):
        raise SystemExit("there is no entry Unreleased, or the date is not YYYY-MM-DD")
    return changelog.replace("\n## Unreleased\n", f"\n## Unreleased\n\n## {version} ({date})\n", 1)


def missing(names: list[str], version: str) -> list[str]:
    """What a release lacks, and what has no place in it, of the names of its files."""
    left = list(names)
    found = []
    for pattern in FILES:
        wanted = re.compile(pattern.format(re.escape(version)))
        matching = [name for name in left if wanted.fullmatch(name)]
        if len(matching) != 1:
            found.append(f"{len(matching)} files are {wanted.pattern}")
        left = [name for name in left if name not in matching]
    return found + [f"{name} is not expected" for name in left]


def main() -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(description="Check, describe and close a release.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check")
    check.add_argument("--tag")
    check.add_argument("--open", action="store_true")
    commands.add_parser("notes").add_argument("--open", action="store_true")
    commands.add_parser("close").add_argument("date")
    commands.add_parser("complete").add_argument("folder", type=Path)
    arguments = parser.parse_args()
    changelog = ROOT / "CHANGELOG.md"
    found: list[str] = []
    if arguments.command == "check":
        found = problems(ROOT, arguments.tag, arguments.open)
        status = subprocess.run(
            ["git", "status", "--porcelain"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        found += [f"not committed: {line}" for line in status.splitlines()]
    elif arguments.command == "notes":
        print(notes(changelog.read_text(encoding="utf-8"), arguments.open), end="")
    elif arguments.command == "close":
        text = closed(
            changelog.read_text(encoding="utf-8"), versions()["Cargo.toml"], arguments.date
        )
        changelog.write_text(text, encoding="utf-8", newline="\n")
    else:
        names = sorted(path.name for path in arguments.folder.iterdir())
        found = missing(names, versions()["Cargo.toml"])
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
