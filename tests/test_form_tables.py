"""The checked-in tables of the forms are what the installed reference does, for every scalar."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

tokenizers = pytest.importorskip("tokenizers")

SCRIPT = Path(__file__).parent.parent / "scripts" / "make_form_tables.py"


def script():
    spec = importlib.util.spec_from_file_location("make_form_tables", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_reference_still_agrees_with_the_tables():
    # Seconds: every scalar is asked about five times. Any version of
    # the reference is asked: one that differs is what this test is there to notice.
    tables = script()
    assert tables.build() == tables.TABLES.read_bytes()
