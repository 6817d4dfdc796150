"""Writes the bills of materials that go into the wheels (CycloneDX 1.5, PEP 770).

usage: python scripts/sbom.py [--check]; with --check it only says whether the files are what it
would write. They are made of the lock files alone: no path of a machine, no time, no random number.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from third_party_licenses import ROOT, compiled_in

if TYPE_CHECKING:
    from pathlib import Path


class Wheel(NamedTuple):
    """What is built, of which workspace, and what it carries beside crates."""

    name: str
    crate: str
    folder: Path
    carries: tuple[dict[str, Any], ...]


def _licence(expression: str) -> list[dict[str, Any]]:
    return [{"expression": re.sub(r"\s*/\s*", " OR ", expression)}]


ONIGURUMA = {
    "type": "library",
    "bom-ref": "pkg:github/kkos/oniguruma",
    "name": "oniguruma",
    "description": "C sources inside the crate onig_sys",
    "licenses": _licence("BSD-2-Clause"),
    "purl": "pkg:github/kkos/oniguruma",
}
MODEL = {
    "type": "machine-learning-model",
    "bom-ref": "pkg:huggingface/sentence-transformers/all-MiniLM-L6-v2",
    "name": "all-MiniLM-L6-v2",
    "description": "Distilled to static embeddings; NOTICE says how and of what",
    "licenses": _licence("Apache-2.0"),
    "purl": "pkg:huggingface/sentence-transformers/all-MiniLM-L6-v2",
}
WHEELS = (
    Wheel("m2v-fast", "m2v-python", ROOT, (MODEL, ONIGURUMA)),
    Wheel("m2v-fast-server", "m2v-server", ROOT / "rust" / "server", (ONIGURUMA,)),
)


def _checksums(lock: str) -> dict[tuple[str, str], str]:
    found = {}
    for block in lock.split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(\w+) = "(.*)"$', block, re.MULTILINE))
        if "checksum" in fields:
            found[fields["name"], fields["version"]] = fields["checksum"]
    return found


def document(wheel: Wheel) -> str:
    """The file: every crate that is compiled in with its hash, and which of them needs which."""
    metadata = json.loads(
        subprocess.run(
            ["cargo", "metadata", "--locked", "--format-version", "1"],
            cwd=wheel.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    wanted = compiled_in(wheel.crate, wheel.folder)
    packages = {
        package["id"]: package
        for package in metadata["packages"]
        if (package["name"], package["version"]) in wanted
    }
    checksums = _checksums((wheel.folder / "Cargo.lock").read_text(encoding="utf-8"))
    [version] = {
        package["version"] for package in packages.values() if package["name"] == wheel.crate
    }
    whole = f"pkg:pypi/{wheel.name}@{version}"

    def reference(package: dict[str, Any]) -> str:
        if package["name"] == wheel.crate:
            return whole
        return f"pkg:cargo/{package['name']}@{package['version']}"

    components = [*wheel.carries]
    for package in packages.values():
        if package["name"] == wheel.crate:
            continue
        component = {
            "type": "library",
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "licenses": _licence(package["license"]),
            "purl": reference(package),
        }
        if checksum := checksums.get((package["name"], package["version"])):
            component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        components.append(component)
    needs = {
        reference(packages[node["id"]]): sorted(
            reference(packages[other["pkg"]])
            for other in node["deps"]
            if other["pkg"] in packages and any(kind["kind"] is None for kind in other["dep_kinds"])
        )
        for node in metadata["resolve"]["nodes"]
        if node["id"] in packages
    }
    needs[whole] = sorted([*needs[whole], *(part["bom-ref"] for part in wheel.carries)])
    content = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": whole,
                "name": wheel.name,
                "version": version,
                "licenses": _licence("MIT OR Apache-2.0"),
                "purl": whole,
            }
        },
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
        "dependencies": [{"ref": ref, "dependsOn": needs[ref]} for ref in sorted(needs)],
    }
    return json.dumps(content, indent=1) + "\n"


def main() -> None:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description="Bills of materials of the wheels.")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for wheel in WHEELS:
        file = wheel.folder / f"{wheel.name}.cyclonedx.json"
        made = document(wheel)
        if not check:
            file.write_text(made, encoding="utf-8", newline="\n")
        elif not file.exists() or file.read_text(encoding="utf-8") != made:
            sys.exit(f"{file.relative_to(ROOT)} is out of date: run python scripts/sbom.py")


if __name__ == "__main__":
    main()
