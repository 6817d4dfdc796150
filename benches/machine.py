"""What a figure depends on, to be kept beside it."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import m2v_fast

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGES = ("m2v-fast", "model2vec", "tokenizers", "numpy", "huggingface_hub")


def cpu_model() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str:
    """The commit of the source tree, marked if files were changed since."""
    root = Path(__file__).resolve().parent.parent
    git = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def facts(models: Iterable[Path] = ()) -> dict[str, Any]:
    """Processor, versions and commit, and how each model is run."""
    loaded = [(path, m2v_fast.StaticModel.from_pretrained(path)) for path in models]
    return {
        "cpu": cpu_model(),
        "processors": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "commit": commit(),
        "models": [
            {
                "name": path.name,
                "dim": model.dim,
                "dtype": model.embedding_dtype,
                "backend": model.backend,
                "engine": model.engine,
                "engine_reason": model.engine_reason,
            }
            for path, model in loaded
        ],
    }
