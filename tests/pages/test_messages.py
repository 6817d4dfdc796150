"""Each message that docs/troubleshooting.md explains is one that the sources have."""

from __future__ import annotations

import re

import pytest

from tests.pages.blocks import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"

if not (ROOT / "rust" / "server").exists():
    pytest.skip("of a checkout, not of a source distribution", allow_module_level=True)

#: Of another library.
NOT_OURS = {"Expected all lists to be of size"}


def _sources() -> str:
    """All literals of the sources, those in several parts in one."""
    files = [*ROOT.glob("python/**/*.py"), *ROOT.glob("rust/*/src/**/*.rs")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    text = re.sub(r"\\\n\s*", "", text)
    return re.sub(r"(?<!\\)['\"]\s*\n\s*f?['\"]", "", text).replace('\\"', '"')


def _headings() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return [found.strip() for _, found in re.findall(r"^### (`+)(.+)\1$", text, re.MULTILINE)]


def test_every_message_is_in_the_sources() -> None:
    sources = _sources()
    headings = _headings()
    assert len(headings) > 25
    for heading in headings:
        for part in re.split("…", heading):
            words = part.strip()
            assert heading in NOT_OURS or words in sources, f"{heading!r}: no message has {words!r}"
