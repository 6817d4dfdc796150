"""Virtual environments with one release of a library each, and programs run in them."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: What the package itself needs, apart from the library that is tested.
NEEDED = ("click", "huggingface_hub", "numpy", "platformdirs", "tqdm")


@dataclass(frozen=True)
class Environment:
    """An environment: its interpreter, and what programs in it need to find the package."""

    python: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run its interpreter away from the network and from the user's settings."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [str(self.python), *map(str, arguments)],
            env={**kept, "HF_HUB_OFFLINE": "1", **self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def make(folder: Path, requirement: str, wheel: Path | None, *more: str) -> Environment:
    """Make an environment, or bring one up to date, with a release and with the package.

    Without a wheel, the package is that of the checkout, whose native module must be built.
    """
    if not (folder / "pyvenv.cfg").exists():
        venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install: list[str | Path] = [
        python,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "install",
    ]
    _run(*install, *NEEDED)
    _run(*install, requirement, *more)
    if wheel is None:
        return Environment(python, {"PYTHONPATH": str(ROOT / "python")})
    _run(*install, "--force-reinstall", "--no-deps", wheel)
    return Environment(python)


def _run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}")
