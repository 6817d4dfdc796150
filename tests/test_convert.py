"""`m2v-fast convert` and what it says of costs; `m2v-fast completion`; examples in every help."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import click
import model2vec
import numpy as np
import pytest
from click.testing import CliRunner, Result
from m2v_fast import StaticModel, quantize_model
from m2v_fast.cli import main
from m2v_fast.costs import measure

from tests.support import process, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import MakeFolder
    from tests.support.folders import Folder

SOME = list(dict.fromkeys(" ".join(text.split()) for text in texts.paragraphs()[:300]))


def run(*arguments: object, code: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(main, list(map(str, arguments)), input=stdin)
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(SOME), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        ([], {}),
        (["--dtype", "int8"], {"quantize_to": "int8"}),
        (["--dtype", "float16", "--dim", 7], {"quantize_to": "float16", "dimensionality": 7}),
        (["--vocabulary-quantization", 40], {"vocabulary_quantization": 40}),
    ],
    ids=str,
)
def test_the_saved_model(
    make_folder: MakeFolder, tmp_path: Path, flags: list[object], options: dict[str, Any]
) -> None:
    folder = make_folder("wordlevel", config={"normalize": True, "max_length": 9})
    said = run("convert", folder.path, tmp_path / "out", *flags).output
    saved = StaticModel.from_pretrained(tmp_path / "out")
    expected = StaticModel.from_pretrained(folder.path, **options)
    assert np.array_equal(saved.encode(SOME), expected.encode(SOME))
    assert (saved.normalize, saved.max_length) == (True, 9)
    assert f"{saved._native.rows:,} x {saved.dim} {saved.embedding_dtype}" in said
    theirs = model2vec.StaticModel.from_pretrained(tmp_path / "out")
    assert np.allclose(theirs.encode(SOME), saved.encode(SOME), atol=1e-2)


def test_the_layout_is_model2vecs(own_folder: MakeFolder, tmp_path: Path) -> None:
    folder = own_folder("wordpiece-tiny", layout="nested")
    run("convert", folder.path, tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").exists()
    assert (tmp_path / "out" / "config.json").exists()


def _said(output: str) -> tuple[int, float, float, float]:
    count, cosine, lowest, overlap = (
        found.replace(",", "")
        for pattern in (
            r"texts +([\d,]+)\n",
            r"cosine +(-?[\d.]+) on average",
            r"(-?[\d.]+) at the lowest",
            r"neighbours +([\d.]+)%",
        )
        for found in re.findall(pattern, output)
    )
    return int(count), float(cosine), float(lowest), float(overlap)


def test_what_it_costs(small: Folder, tmp_path: Path, lines: Path) -> None:
    same = _said(run("convert", small.path, tmp_path / "same", "--texts", lines).output)
    assert same == (len(SOME), 1, 1, 100)
    half = run("convert", small.path, tmp_path / "half", "--dim", 16, "--texts", lines).output
    count, cosine, lowest, overlap = _said(half)
    assert count == len(SOME)
    assert 0 < lowest < cosine < 1
    assert 5 < overlap < 95
    # By their definitions, in float64.
    one = StaticModel.from_pretrained(small.path).encode(SOME).astype(np.float64)
    other = StaticModel.from_pretrained(small.path, dimensionality=16).encode(SOME)
    one, wide = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (one, other.astype(float)))
    cosines = (one[:, :16] * wide).sum(axis=1)
    assert cosine == pytest.approx(cosines.mean(), abs=1e-4)
    assert lowest == pytest.approx(cosines.min(), abs=1e-4)
    shares = []
    for row in range(len(SOME)):
        near = []
        for m in (one, wide):
            scores = m @ m[row]
            scores[row] = -2
            near.append(set(np.argsort(-scores)[:10]))
        shares.append(len(near[0] & near[1]) / 10)
    assert overlap == pytest.approx(100 * np.mean(shares), abs=0.2)
    # From standard input, and from JSON lines.
    piped = run(
        *("convert", small.path, tmp_path / "piped", "--dim", 16, "--texts", "-"),
        stdin=lines.read_text(encoding="utf-8"),
    ).output
    assert _said(piped) == _said(half)


def test_texts_that_do_not_count(small: Folder) -> None:
    model = StaticModel.from_pretrained(small.path)
    smaller = quantize_model(model, dimensionality=8)
    costs = measure(model, smaller, SOME)
    assert measure(model, smaller, [*SOME, "", *SOME]) == costs
    assert measure(model, smaller, SOME[:4]).neighbours == 3
    assert measure(model, smaller, SOME[:2]).overlap == 1
    for few in ([], ["", "  "], SOME[:1] * 3):
        with pytest.raises(ValueError, match="at least two"):
            measure(model, smaller, few)


def test_many_texts_are_sampled(small: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    model = StaticModel.from_pretrained(small.path)
    smaller = quantize_model(model, dimensionality=8)
    monkeypatch.setattr("m2v_fast.costs.MOST_TEXTS", 100)
    monkeypatch.setattr("m2v_fast.costs.MOST_QUERIES", 30)
    costs = measure(model, smaller, SOME)
    assert costs.texts == 100
    assert 0 < costs.overlap < 1


def test_what_is_there_is_kept(small: Folder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    run("convert", small.path, out)  # an empty folder is fine
    before = (out / "model.safetensors").read_bytes()
    refused = run("convert", small.path, out, "--dim", 3, code=1)
    assert "--overwrite" in refused.output
    assert (out / "model.safetensors").read_bytes() == before
    run("convert", small.path, out, "--dim", 3, "--overwrite")
    assert StaticModel.from_pretrained(out).dim == 3
    # Onto itself: what is read is what was there.
    run("convert", out, out, "--dim", 2, "--overwrite")
    assert StaticModel.from_pretrained(out).dim == 2
    (tmp_path / "file").write_text("")
    assert "file" in run("convert", small.path, tmp_path / "file", code=1).output


def test_mistakes(small: Folder, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "1 to 32" in run("convert", small.path, out, "--dim", 99, code=1).output
    assert "float8" in run("convert", small.path, out, "--dtype", "float8", code=2).output
    run("convert", small.path, out, "--dim", 0, code=2)
    assert (
        "nofile" in run("convert", small.path, out, "--texts", tmp_path / "nofile", code=1).output
    )
    assert "nomodel" in run("convert", tmp_path / "nomodel", out, code=1).output
    assert not out.exists()


def test_a_package_that_is_not_there_is_named(small: Folder, tmp_path: Path) -> None:
    code = (
        "import sys\nsys.modules['sklearn.cluster'] = None\nfrom m2v_fast.cli import main\n"
        "main(['convert', *sys.argv[1:], '--vocabulary-quantization', '5'])"
    )
    done = process.run("-c", code, small.path, tmp_path / "out")
    assert done.returncode == 1
    assert b"m2v-fast[quantization]" in done.stderr
    assert b"Traceback" not in done.stderr


# Completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    script = run("completion", shell).stdout
    assert "_M2V_FAST_COMPLETE" in script
    assert "m2v-fast" in script
    program = shutil.which(shell)
    if program is not None:
        done = subprocess.run([program, "-n"], input=script, text=True, check=False)
        assert done.returncode == 0
    run("completion", "csh", code=2)


def test_what_the_script_asks() -> None:
    env = {"_M2V_FAST_COMPLETE": "bash_complete", "COMP_WORDS": "m2v-fast co", "COMP_CWORD": "1"}
    code = "from m2v_fast.cli import main; main(prog_name='m2v-fast')"
    done = process.run("-c", code, env=env)
    words = {line.split(",")[1] for line in done.stdout.decode().split()}
    assert words == {"compat", "compile", "completion", "convert"}


# Help


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for child in command.commands.values():
            yield from _commands(child, f"{name} {child.name}")


@pytest.mark.parametrize("name", [name for name, _ in _commands(main, "m2v-fast")])
def test_every_help_has_an_example(name: str) -> None:
    shown = run(*name.split()[1:], "--help").output
    assert "\\b" not in shown
    assert "\b" not in shown
    examples = [line for line in shown.splitlines() if line.startswith("    ") and name in line]
    assert examples, shown
    for line in examples:
        assert line.strip().startswith((name, "zcat"))
