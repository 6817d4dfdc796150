"""The package on the oldest or the newest releases of what it needs.

usage: python -m tests.long.versions oldest|newest FOLDER WHEEL PYTHON, with the path of uv in UV;
run by `make test-oldest` and `make test-newest` from the checkout. PYTHON is the interpreter that
is tested on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: What the tests need. The references are not pinned here as they are for equality, and what
#: produces Arrow's format is left out: those tests are skipped by pytest and counted below.
TESTS = (
    "safetensors",
    "ml_dtypes>=0.4",
    "pandas>=2",
    "pytest>=8",
    "scikit-learn>=1.3",
    "jinja2",
    "joblib",
    "rich",
)
#: The reference wants newer releases of some than the package does; it works without.
REFERENCE = "model2vec==0.10.0"
#: What is installed beside them is released, where releases are what is tested.
PRERELEASES = {"oldest": "disallow", "newest": "allow"}
#: What the package works with (`make test-newest` tests that next) and the tests do not: they make
#: their models of classes that 1.0 no longer has.
HELD = {"oldest": "", "newest": "tokenizers<1"}
#: What touches a dependency. Ids and vectors are the gate's: they do not depend on releases.
FILES = (
    "tests/test_api.py",
    "tests/test_at_home.py",
    "tests/test_cli.py",
    "tests/test_embedding_function.py",
    "tests/test_hub.py",
    "tests/test_import.py",
    "tests/test_input.py",
    "tests/test_output_dtype.py",
    "tests/test_similarity.py",
)
RESOLUTION = {
    "oldest": ("--resolution", "lowest-direct"),
    "newest": ("--prerelease", "allow", "--upgrade"),
}


def _uv(*arguments: str | Path) -> str:
    command = [os.environ["UV"], "pip", *map(str, arguments), "--quiet"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    which, wheel, interpreter = sys.argv[1], *sys.argv[3:]
    folder = Path(sys.argv[2])
    environment = folder / which
    python = environment / "bin" / "python"
    subprocess.run([interpreter, "-m", "venv", "--clear", environment], check=True)
    target = ("--python", python)
    # Only the package's own dependencies are taken as old as may be, not what tests need.
    held = folder / "held.txt"
    held.write_text(HELD[which], encoding="utf-8")
    options = ("--constraint", str(held), "--no-annotate", "--no-header", *RESOLUTION[which])
    pins = folder / f"{which}.txt"
    pins.write_text(_uv("compile", *target, *options, "pyproject.toml"), encoding="utf-8")
    prerelease = ("--prerelease", PRERELEASES[which])
    _uv("install", *target, *prerelease, "--constraint", pins, wheel, *TESTS)
    _uv("install", *target, "--no-deps", REFERENCE)
    print(_uv("freeze", *target))
    done = subprocess.run(
        [
            python,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "error::SyntaxWarning",
            *FILES,
        ],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        check=False,
    )
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
