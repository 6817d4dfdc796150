"""What a figure depends on, to be kept beside it."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m2v_fast._native import available_threads, backends
from m2v_fast._version import __version__
from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGES = (
    *("model2vec", "tokenizers", "numpy", "fastembed", "sentence-transformers", "torch", "tokie"),
    *("laghu", "laghu-rs", "static-embed-runner"),
    "huggingface_hub",
)


def cpu_model() -> str:
    """Return the processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """Return the commit of the source tree that this is, marked if files were changed since."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "rust" / "core" / "Cargo.toml").exists():
        return None
    git = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(git, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() or None


def load_average() -> list[float]:
    """Return how many wanted a processor in the last 1, 5 and 15 minutes, where that is told."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else []


def versions() -> dict[str, str]:
    """Return the releases of the packages that are measured, of those that are installed."""
    found = {"m2v-fast": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def facts(models: Iterable[Path] = ()) -> dict[str, Any]:
    """Return processor, versions and commit, and how each model is run."""
    return {
        "cpu": cpu_model(),
        "processors": available_threads(),
        "backend": backends()[-1],
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": versions(),
        "commit": commit(),
        "models": [describe(path.name, StaticModel.from_pretrained(path)) for path in models],
    }


def describe(name: str, model: StaticModel) -> dict[str, Any]:
    """Return what a model is and how it is run."""
    return {
        "name": name,
        "dim": model.dim,
        "dtype": model.embedding_dtype,
        "normalize": model.normalize,
        "tokens": model._native.tokens,
        "engine": model.engine,
        "engine_reason": model.engine_reason,
        "backend": model.backend,
    }
