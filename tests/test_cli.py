"""The command line: `python -m m2v_fast`, as a user runs it, in a process of its own."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import m2v_fast
import numpy as np
import pytest

from tests.support import process, texts
from tests.support.compare import assert_result, assert_same_bits

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.folders import Folder

#: No command may need a network unless it is given a hub name.
OFFLINE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}

LINES = ["the first line", "Zwölf Boxkämpfer", "", "中文 text 👍", "the last line"]


class Run:
    """One run of the command line."""

    def __init__(
        self, *arguments: str | Path, stdin: bytes | None = None, cwd: Path | None = None
    ) -> None:
        done = process.run("-m", "m2v_fast", *arguments, env=OFFLINE, stdin=stdin, cwd=cwd)
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    def succeeded(self) -> Run:
        """Asserts that it went well."""
        assert self.code == 0, self.err
        return self

    def failed(self, *words: str) -> Run:
        """Asserts a plain message on stderr that holds the words, and nothing on stdout."""
        assert self.code not in (0, None)
        assert self.code > 0, "killed by a signal"
        assert "Traceback" not in self.err
        assert "panicked" not in self.err
        assert self.out == ""
        flat = re.sub(r"\s+", " ", self.err)
        for word in words:
            assert word in flat, self.err
        return self


@pytest.fixture
def lines_file(tmp_path: Path) -> Path:
    """A text file, one text a line."""
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8", newline="\n")
    return path


def _expected(
    source: str | Path, sentences: list[str]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return m2v_fast.StaticModel.from_pretrained(source).encode(sentences)


def test_help_names_the_commands() -> None:
    shown = Run("--help").succeeded().out
    for command in ("demo", "info", "embed"):
        assert command in shown
        told = Run(command, "--help").succeeded().out
        assert told.strip()
        assert Run(command, "-h").succeeded().out == told


def test_version() -> None:
    assert m2v_fast.__version__ in Run("--version").succeeded().out


def test_no_or_an_unknown_command_is_an_error_of_usage() -> None:
    assert Run("frobnicate").failed("frobnicate").code == 2
    assert Run("embed", "--frobnicate").failed("--frobnicate").code == 2


def test_demo_runs_without_a_network(tmp_path: Path) -> None:
    run = Run("demo", cwd=tmp_path).succeeded()
    dim = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL).dim
    assert re.search(rf"\b{dim}\b", run.out)
    # Scores of ranked hits, best first within each query, and a measured speed.
    assert len(re.findall(r"[01]\.\d\d", run.out)) >= 3
    assert re.search(r"\d.*(/s\b|per second)", run.out)
    assert list(tmp_path.iterdir()) == []


def test_info_of_a_folder_and_of_the_bundled_model(small: Folder) -> None:
    for source in (str(small.path), m2v_fast.BUNDLED_MODEL):
        model = m2v_fast.StaticModel.from_pretrained(source)
        shown = Run("info", source).succeeded().out
        for fact in (model.dim, model.embedding_dtype, model.engine, model.backend):
            assert re.search(rf"\b{fact}\b", shown), (fact, shown)
    assert re.search(r"\b4[,_ ]?000\b", Run("info", small.path).out)  # tokens


def test_embed_a_file(small: Folder, lines_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    run = Run("embed", lines_file, "-o", out, "--model", small.path).succeeded()
    assert run.raw == b""
    vectors = np.load(out)
    assert_result(vectors, len(LINES), 32)
    assert_same_bits(vectors, _expected(small.path, LINES), LINES)


def test_embed_with_the_bundled_model(lines_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    Run("embed", lines_file, "-o", out, "--model", m2v_fast.BUNDLED_MODEL).succeeded()
    assert_same_bits(np.load(out), _expected(m2v_fast.BUNDLED_MODEL, LINES), LINES)


def test_embed_many_lines(small: Folder, tmp_path: Path) -> None:
    lines = [" ".join(text.split()) for text in texts.many_paragraphs(12_000)]
    source, out = tmp_path / "many.txt", tmp_path / "many.npy"
    source.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    Run("embed", source, "-o", out, "--model", small.path).succeeded()
    assert_same_bits(np.load(out), _expected(small.path, lines), lines)


def test_stdin_and_stdout(small: Folder, lines_file: Path) -> None:
    run = Run(
        "embed", "-", "-o", "-", "--model", small.path, stdin=lines_file.read_bytes()
    ).succeeded()
    # Whatever else it shows goes to stderr: stdout is the array and nothing more.
    stream = io.BytesIO(run.raw)
    assert_same_bits(np.load(stream), _expected(small.path, LINES), LINES)
    assert stream.read() == b""


def test_json_lines_with_a_field(small: Folder, tmp_path: Path) -> None:
    source, out = tmp_path / "docs.jsonl", tmp_path / "vectors.npy"
    texts_in = ["one", "two\nlines", "drei Straßen", ""]
    records = [json.dumps({"id": i, "body": text}) for i, text in enumerate(texts_in)]
    source.write_text("\n".join(records) + "\n", encoding="utf-8")
    Run("embed", source, "-o", out, "--model", small.path, "--field", "body").succeeded()
    assert_same_bits(np.load(out), _expected(small.path, texts_in), texts_in)


def test_no_lines_no_vectors(small: Folder, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    Run("embed", "-", "-o", out, "--model", small.path, stdin=b"").succeeded()
    assert_result(np.load(out), 0, 32)


def test_lines_end_with_a_line_feed_and_nothing_else(small: Folder, tmp_path: Path) -> None:
    # U+2028, form feed and their like are white space within a line, not ends of lines.
    lines = ["one\u2028same", "two\x0csame", "three\x85same", "four\x1csame"]
    source, out = tmp_path / "odd.txt", tmp_path / "vectors.npy"
    source.write_bytes("\n".join(lines).encode())
    Run("embed", source, "-o", out, "--model", small.path).succeeded()
    assert_same_bits(np.load(out), _expected(small.path, lines), lines)


BAD_RECORDS = {
    "no JSON": (b'{"text": "a"}\n{"text": \n', "2"),
    "no object": (b'{"text": "a"}\n["b"]\n', "2"),
    "no such field": (b'{"text": "a"}\n{"text": "b"}\n{"other": "c"}\n', "3"),
    "field is no text": (b'{"text": "a"}\n{"text": 3}\n', "2"),
    "field is null": (b'{"text": null}\n', "1"),
    "lone surrogate": (b'{"text": "a"}\n{"text": "\\ud800"}\n', ""),
}


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_a_bad_record_is_named(small: Folder, tmp_path: Path, case: str) -> None:
    content, line = BAD_RECORDS[case]
    source, out = tmp_path / "docs.jsonl", tmp_path / "vectors.npy"
    source.write_bytes(content)
    run = Run("embed", source, "-o", out, "--model", small.path, "--field", "text")
    run.failed(line)
    assert re.search(rf"\b{line}\b", run.err)
    assert not out.exists()


def test_bytes_that_are_no_utf8_are_named(small: Folder, tmp_path: Path) -> None:
    source, out = tmp_path / "latin1.txt", tmp_path / "vectors.npy"
    source.write_bytes("fine\nStraße\n".encode("latin-1"))
    Run("embed", source, "-o", out, "--model", small.path).failed("line 2", "UTF-8")
    assert not out.exists()


def test_missing_things_are_named(small: Folder, lines_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "vectors.npy"
    Run("embed", tmp_path / "nofile.txt", "-o", out, "--model", small.path).failed("nofile.txt")
    Run("embed", lines_file, "-o", out, "--model", tmp_path / "nomodel").failed("nomodel")
    Run("embed", lines_file, "-o", tmp_path / "no" / "where.npy", "--model", small.path).failed(
        "where.npy"
    )
    Run("info", tmp_path / "nomodel").failed("nomodel")
    Run("info", "nobody/no-such-model").failed("nobody/no-such-model")
    assert not out.exists()


def test_a_broken_model_is_named(small: Folder, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in (small.config_file, small.tokenizer_file):
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "model.safetensors").write_bytes(b"nothing of the kind")
    Run("info", broken).failed("model.safetensors")
