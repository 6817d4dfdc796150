"""What an import brings in, and what it leaves alone. Each case in a fresh process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import engines, process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.folders import Folder

#: Needed for the hub, for progress bars, for the command line; never for encoding.
HEAVY = (
    *("huggingface_hub", "tokenizers", "tqdm", "click", "pandas", "model2vec", "safetensors"),
    *("m2v_fast.bench", "m2v_fast.comparison", "m2v_fast.reference", "m2v_fast.hostile"),
)

REPORT = f"""
import json, os, sys, threading
print(json.dumps({{
    "heavy": [name for name in {HEAVY!r} if name in sys.modules],
    "environment": before == dict(os.environ),
    "threads": threading.active_count(),
}}))
"""
BEFORE = "import os\nbefore = dict(os.environ)\nimport sys\n"

CLEAN = {"heavy": [], "environment": True, "threads": 1}


def test_importing_is_light() -> None:
    assert process.answer("-c", f"{BEFORE}import m2v_fast\n{REPORT}") == CLEAN


#: Of the standard library, each of which takes a good part of what the import takes.
SLOW = ("logging", "pathlib", "urllib.parse", "tempfile", "shutil", "random", "platformdirs")


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder is platformdirs' elsewhere")
@pytest.mark.parametrize("name", engines.NAMES)
def test_a_load_imports_nothing(tmp_path: Path, name: str) -> None:
    """A fork while a thread imports leaves a child that waits for the import for ever."""
    folder = engines.write(tmp_path, name)
    code = (
        "import sys, numpy\n"
        "numpys = set(sys.modules)\n"
        "import m2v_fast\n"
        "before = set(sys.modules)\n"
        f"slow = [name for name in {SLOW!r} if name in before - numpys]\n"
        f"m2v_fast.StaticModel.from_pretrained({str(folder)!r}).encode(['one text'] * 2000)\n"
        "from m2v_fast.index import default_folder\n"
        "assert default_folder()\n"
        "from m2v_fast._log import warning\n"
        "warning('name', '%s and %r', 'one', 2)\n"
        "late = sorted(set(sys.modules) - before)\n"
        "import json\n"
        "print(json.dumps([slow, late]))\n"
    )
    assert process.answer("-c", code, env={"M2V_FAST_CACHE": None}) == [[], []]


@pytest.mark.parametrize("set_up", [True, False])
def test_warnings_without_logging(set_up: bool) -> None:
    """They look as they do where `logging` is imported and nobody has set it up."""
    code = (
        f"{'import logging' if set_up else ''}\n"
        "import sys, m2v_fast\n"
        f"assert ('logging' in sys.modules) == {set_up}\n"
        "model = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)\n"
        "model.encode('a', normalize_embeddings=True)\n"
    )
    done = process.run("-c", code)
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "encode ignores normalize_embeddings=True, as model2vec does: use normalize"
    ]


@pytest.mark.parametrize("name", ["StaticModel", "Model2VecEmbeddingFunction"])
def test_local_models_need_no_hub_and_no_tokenizers(small: Folder, name: str) -> None:
    load = "StaticModel.from_pretrained" if name == "StaticModel" else "Model2VecEmbeddingFunction"
    call = "encode" if name == "StaticModel" else "encode_documents"
    code = (
        f"{BEFORE}import m2v_fast\n"
        f"model = m2v_fast.{load}({str(small.path)!r})\n"
        f"model.{call}(['one text', 'another'] * 20_000)\n{REPORT}"
    )
    assert process.answer("-c", code) == CLEAN


def test_the_bundled_model_needs_neither() -> None:
    code = (
        f"{BEFORE}import m2v_fast\n"
        "model = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)\n"
        f"model.encode('one text')\n{REPORT}"
    )
    assert process.answer("-c", code) == CLEAN


def test_a_wrong_name_is_an_attribute_error() -> None:
    code = (
        "import json, m2v_fast\n"
        "try:\n    m2v_fast.StatikModel\n"
        "except AttributeError as error:\n    print(json.dumps(str(error)))\n"
    )
    assert "StatikModel" in process.answer("-c", code)
