"""The command `m2v-fast check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from m2v_fast import command_options
from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m2v_fast.comparison import Comparison, Difference

_IDS = 6


@click.command()
@click.argument("model", type=click.Path())
@click.argument("texts", required=False, type=click.Path(allow_dash=True))
@command_options.revision
@command_options.column
@click.option(
    "--most",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Show this many of the texts that differ; all are counted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(
    model: str,
    texts: str | None,
    revision: str | None,
    column: str | None,
    most: int,
    as_json: bool,
) -> None:
    """Compare ids and vectors of a model with tokenizers' and model2vec's.

    \b
        m2v-fast check ./model
        m2v-fast check minishlab/potion-base-8M texts.jsonl.gz --column text
        zcat texts.gz | m2v-fast check ./model - --json

    TEXTS is a file as `embed` takes it: lines, JSON lines (.gz, too), Parquet, Arrow or CSV, or "-"
    for stdin. Without one, texts are compared in many scripts and of the kinds that break
    tokenizers. Where model2vec is not installed, vectors are compared with NumPy's mean and norm,
    which is said. The exit code is 1 if anything differs.
    """
    from m2v_fast import hostile, text_files
    from m2v_fast.comparison import compare

    loaded = StaticModel.from_pretrained(model, revision=revision)
    some = [*hostile.MULTILINGUAL, *hostile.AWKWARD]
    found = compare(loaded, some if texts is None else text_files.read(texts, column), most=most)
    if as_json:
        click.echo(json.dumps(as_dict(model, loaded, found), ensure_ascii=False, indent=2))
    else:
        kind = f"{loaded._native.tokens:,} tokens, {loaded.dim} dimensions"
        click.echo(f"model    {kind}, engine {loaded.engine}, backend {loaded.backend}")
        for line in lines(found):
            click.echo(line)
    if not found.same:
        raise SystemExit(1)


def as_dict(source: str, model: StaticModel, found: Comparison) -> dict[str, object]:
    """Return a comparison as it is written to JSON."""
    return {
        "model": source,
        "engine": model.engine,
        "backend": model.backend,
        "same": found.same,
        **found._asdict(),
        "differences": [difference._asdict() for difference in found.differences],
    }


def lines(found: Comparison) -> list[str]:
    """Return a comparison in words."""
    said = [
        f"texts    {found.texts:,}",
        f"ids      {_counted(found.ids_differ, found)} {found.ids_from}",
        f"vectors  {_counted(found.vectors_differ, found)} {found.vectors_from} ({found.rule}; "
        f"largest difference {found.largest:.2g})",
    ]
    if found.failed:
        said.append(f"errors   {found.failed:,} texts that only m2v_fast refuses")
    said += [f"note     {note}" for note in found.notes]
    for difference in found.differences:
        said += _lines(difference)
    counted = max(found.ids_differ, found.vectors_differ) + found.failed
    if counted > len(found.differences):
        said.append(f"{counted - len(found.differences):,} more or so, which --most shows")
    return said


def _counted(different: int, found: Comparison) -> str:
    compared = found.texts - found.not_compared - found.failed
    if not different:
        return f"the same for {compared:,} of {compared:,}:"
    return f"DIFFERENT for {different:,} of {compared:,}, compared with"


def _lines(found: Difference) -> list[str]:
    said = [f"\ntext {found.number} (from 0): {found.excerpt!r}"]
    if found.problem is not None:
        said.append(f"  m2v_fast raises: {found.problem}")
    if found.ids is not None and found.reference_ids is not None:
        ours, theirs = found.ids, found.reference_ids
        pairs = zip(ours, theirs, strict=False)
        first = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(ours), len(theirs)))
        said.append(f"  ids differ from number {first} on ({len(ours)} and {len(theirs)} ids):")
        said.append(f"    m2v_fast    {_some(ours, first)}")
        said.append(f"    tokenizers  {_some(theirs, first)}")
    if found.largest is not None:
        said.append(f"  vectors differ by {found.largest:.3g}")
    return said


def _some(ids: Sequence[int], first: int) -> str:
    shown = " ".join(map(str, ids[first : first + _IDS])) or "(no more)"
    return shown + (" …" if len(ids) > first + _IDS else "")
