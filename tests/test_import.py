"""What an import brings in, and what it leaves alone. Each case in a fresh process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.support import process

if TYPE_CHECKING:
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


#: Of the standard library, each of which takes a good part of what a small model's load takes.
SLOW = (
    *("logging", "pathlib", "urllib.parse", "ipaddress", "tempfile", "shutil", "platformdirs"),
    *("random", "inspect", "dataclasses", "subprocess", "threading"),
)


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder is platformdirs' elsewhere")
def test_a_load_imports_little_that_numpy_does_not(small: Folder) -> None:
    code = (
        "import json, sys, numpy\n"
        "before = set(sys.modules)\n"
        "import m2v_fast.index\n"
        f"m2v_fast.StaticModel.from_pretrained({str(small.path)!r}).encode('one text')\n"
        "assert m2v_fast.index.default_folder()\n"
        f"print(json.dumps([name for name in {SLOW!r} if name in set(sys.modules) - before]))\n"
    )
    assert process.answer("-c", code, env={"M2V_FAST_CACHE": None}) == []


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
