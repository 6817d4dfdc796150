"""The source distribution: the same bytes each time, and what is built from it works.

usage: python -m tests.long.sdist FOLDER; run by `make test-sdist` from the checkout. FOLDER is made
anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

#: Run by the installed package in an empty folder, and by the package of the checkout.
SMOKE = """
import hashlib, m2v_fast
model = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)
texts = ["Where do tides come from?", "Zwölf Boxkämpfer", "向量数据库 👍", ""] * 50
print(hashlib.sha256(model.encode(texts).tobytes()).hexdigest())
"""

#: What distributors and readers look for in the source distribution.
SOURCES = (
    "CHANGELOG.md",
    "SECURITY.md",
    "docs/trust.md",
    "m2v-fast.cyclonedx.json",
    "tests/test_api.py",
    "tests/support/texts.py",
)

#: Run below `m2v-fast run`, without model2vec: the folder that it puts on PYTHONPATH is installed.
STARTED = "import sys; sys.exit('_m2v_fast_startup' not in sys.modules)"

#: What must be in an installed package beside its modules.
LICENCES = ("LICENSE-MIT", "LICENSE-APACHE", "NOTICE", "THIRD-PARTY-LICENSES")

#: What only a setting of maturin's brings along, since it is outside the package's own folder.
MODULES = ("haystack_integrations/components/embedders/m2v_fast/__init__.py",)


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout.decode()


def _sdist(into: Path) -> Path:
    _run("maturin", "sdist", "--out", into)
    [file] = into.iterdir()
    return file


def main() -> None:
    root = Path(sys.argv[1]).resolve()
    shutil.rmtree(root, ignore_errors=True)
    first, second = _sdist(root / "first"), _sdist(root / "second")
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (first, second)}
    if len(digests) != 1:
        sys.exit("two source distributions of the same sources differ")
    with tarfile.open(first) as archive:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames()}
    if missing := {"Cargo.lock", *LICENCES, *SOURCES} - names:
        sys.exit(f"the source distribution lacks {missing}")
    print(f"{first.name}: {first.stat().st_size / 1e6:.1f} MB, SHA-256 {digests.pop()}, twice")

    venv.create(root / "venv", with_pip=True)
    python = root / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    empty = root / "empty"
    empty.mkdir()
    _run(python, "-m", "pip", "install", "--quiet", "--no-cache-dir", first, cwd=empty)
    built = _run(python, "-c", SMOKE, cwd=empty)
    if built != _run(sys.executable, "-c", SMOKE):
        sys.exit("the package built of the source distribution makes other vectors")
    _run(python, "-m", "m2v_fast", "info", "--check", "bundled:minilm", cwd=empty)
    # Nothing of the package runs in an interpreter that does not import it.
    if startup := [str(path) for path in root.glob("venv/**/*m2v_fast*.pth")]:
        sys.exit(f"the package brings start-up files along: {startup}")
    _run(python, "-m", "m2v_fast", "run", python, "-c", STARTED, cwd=empty)
    [information] = root.glob("venv/**/m2v_fast-*.dist-info")
    if missing := {name for name in LICENCES if not (information / "licenses" / name).exists()}:
        sys.exit(f"the installed package lacks {missing}")
    for module in MODULES:
        if not list(root.glob(f"venv/**/site-packages/{module}")):
            sys.exit(f"the installed package lacks {module}")
    if list(empty.iterdir()):
        sys.exit("running the package left something behind")
    print("built, installed and run from an empty folder: the same vectors")


if __name__ == "__main__":
    main()
