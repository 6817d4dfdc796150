"""`m2v-fast serve`: what is executed. The server itself is tested in tests/server."""

from __future__ import annotations

import os
import stat
import sysconfig
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from m2v_fast import serve
from m2v_fast.cli import main
from m2v_fast.sources import resolve

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def binary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program in the server's place that only the search path leads to."""
    file = tmp_path / "bin" / "m2v-server"
    file.parent.mkdir()
    file.write_text("#!/bin/sh\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(file.parent))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "none"))
    return str(file)


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, words: calls.append([path, *words]))
    return calls


def test_names_and_options(
    binary: str, executed: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("M2V_FAST_CACHE", str(tmp_path / "cache"))
    folder = resolve("bundled:minilm")
    words = ["serve", str(folder), "small=bundled:minilm", "bundled:minilm", "--port", "9000"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    models = [str(folder), f"small={folder}", f"bundled:minilm={folder}"]
    index = f"--index-folder={tmp_path / 'cache'}"
    assert executed == [[binary, binary, *models, index, "--port", "9000"]]


def test_the_servers_own_help(binary: str, executed: list[list[str]]) -> None:
    result = CliRunner().invoke(main, ["serve", "bundled:minilm", "--help"])
    assert result.exit_code == 0
    assert executed[0][-1] == "--help"


def test_no_index_where_none_is_wanted(binary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M2V_FAST_CACHE", "off")
    assert serve.command(["bundled:minilm"])[-1] == "--index-folder=off"
    mine = serve.command(["bundled:minilm", "--index-folder", "x"])
    assert mine[-2:] == ["--index-folder", "x"]


def test_what_cannot_be_served(
    executed: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    for words, message in (
        (["bundled:minilm"], "m2v-fast[server]"),
        (["--port", "1"], "name the models first"),
        ([], "name the models first"),
    ):
        result = CliRunner().invoke(main, ["serve", "--", *words] if words else ["serve"])
        assert result.exit_code == 1
        assert message in result.output
    assert not executed
