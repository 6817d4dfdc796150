"""The command `m2v-fast bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from m2v_fast import command_options
from m2v_fast.sources import BUNDLED_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARTS = ("throughput", "latency", "threads", "start")


class _Program(click.ParamType):  # type: ignore[type-arg]  # of click 8.2 and later
    """`name=program`, or `name=interpreter way`."""

    name = "program"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        name, mark, program = str(value).rpartition("=")
        if mark and name and program:
            return name, program
        return self.fail(f"{value!r} is not NAME=PROGRAM", param, ctx)


@click.command()
@click.argument("model", default=BUNDLED_MODEL, type=click.Path())
@click.argument("texts", nargs=-1, type=click.Path(allow_dash=True))
@command_options.revision
@command_options.column
@click.option(
    "--documents",
    type=click.IntRange(min=1),
    default=5_000,
    show_default=True,
    help="Take this many of each file, from its beginning.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Rounds in which all take turns; medians are told.",
)
@click.option(
    "--only",
    type=click.Choice(_PARTS),
    multiple=True,
    help="Measure this part only; may be given several times.",
)
@click.option("--no-peers", is_flag=True, help="Measure model2vec and NumPy beside, no others.")
@click.option(
    "--kernels", is_flag=True, help="A row for each instruction set, and for large pages, too."
)
@click.option(
    "--rows",
    type=click.Choice(["given", "float32", "float16"]),
    default="given",
    show_default=True,
    help="Random rows of this type on the model's tokenizer: for a folder that has no more.",
)
@click.option(
    "--width", type=click.IntRange(min=1), default=256, show_default=True, help="Of these."
)
@click.option(
    "--peer",
    "programs",
    type=_Program(),
    multiple=True,
    metavar="NAME=PROGRAM",
    help="A program to measure, too, which speaks as m2v_fast/bench/ways.py says; or a Python of "
    "another environment and a way of that file ('tokenizers 1=venv/bin/python tokenizers'). It is "
    "told to run on one thread unless its name ends in ', all threads'.",
)
@click.option(
    "--tokenizers",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Say which engine runs each tokenizer.json in it.",
)
@click.option("--json", "to_json", type=click.Path(path_type=Path), metavar="FILE", help="Keep it.")
@click.option(
    "--plot",
    metavar="OUT",
    help="Draw it: a file (.svg, .png), or a folder/ for a picture of each kind "
    "(needs m2v-fast[plot]).",
)
@click.option(
    "--from",
    "kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Measure nothing: print and draw what --json kept.",
)
@click.option("--note", default="", help="Added to what stands under the pictures.")
def bench(
    model: str,
    texts: tuple[str, ...],
    revision: str | None,
    to_json: Path | None,
    plot: str | None,
    kept: Path | None,
    note: str,
    **wishes: Any,
) -> None:
    """Measure what you gain on this machine: m2v_fast beside others, with your model and texts.

    \b
        m2v-fast bench
        m2v-fast bench ./model texts.jsonl.gz --column text --json figures.json --plot figures.svg
        m2v-fast bench minishlab/potion-base-8M - --only latency < queries.txt
        m2v-fast bench --from figures.json --plot pictures/

    TEXTS are files as `embed` takes them, such as one for each language; without one it is Python's
    own manual. Measured beside ours is what is installed of model2vec, fastembed,
    sentence-transformers (StaticEmbedding), tokenizers alone, tokie, laghu (with laghu-rs) and
    static-embed-runner, each in a process of its own and on one thread unless it says otherwise;
    what is not is told. First of all, ids and
    vectors are compared (see `check`), and the command fails if ours differ. "First seen" is the
    first pass of a model just loaded, "steady" the passes after it.
    """
    # What is missing is told before minutes of work.
    if plot is not None:
        from m2v_fast.bench import drawing

        drawing.matplotlib()
    from m2v_fast.bench import tables

    def say(lines: Iterable[str]) -> None:
        for line in lines:
            click.echo(line)

    if kept is not None:
        results = _kept(kept)
        say(tables.whole(results))
    else:
        results = _measured(model, texts, revision, wishes, say)
    if to_json is not None:
        to_json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        click.echo(f"{to_json}: figures", err=True)
    if plot is not None:
        from m2v_fast.bench import pictures

        folder = plot.endswith("/") or Path(plot).is_dir()
        for file in pictures.draw(results, Path(plot), folder=folder, note=note):
            click.echo(f"{file}: drawn", err=True)


def _measured(
    model: str,
    texts: tuple[str, ...],
    revision: str | None,
    wishes: dict[str, Any],
    say: Any,
) -> dict[str, Any]:
    from m2v_fast.bench import run
    from m2v_fast.sources import resolve

    parts = wishes.pop("only") or _PARTS
    no_peers, programs = wishes.pop("no_peers"), dict(wishes.pop("programs"))
    folder = resolve(model, revision=revision)
    # Where a folder lies on this machine is nobody's business.
    name = folder.resolve().name if Path(model).exists() else model
    return run.run(
        run.Wishes(
            folder,
            name,
            files=texts,
            parts=parts,
            peers=not no_peers,
            programs=programs,
            **wishes,
        ),
        say,
    )


def _kept(file: Path) -> dict[str, Any]:
    from m2v_fast.bench.run import FORMAT

    try:
        results = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: not JSON: {error}") from error
    if not isinstance(results, dict) or results.get("format") != FORMAT:
        raise ValueError(f"{file}: not what this release's m2v-fast bench --json writes")
    return results
