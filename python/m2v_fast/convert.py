"""The command `m2v-fast convert`."""

from __future__ import annotations

from pathlib import Path

import click

from m2v_fast import command_options, streams
from m2v_fast.costs import measure
from m2v_fast.static_model import StaticModel


@click.command()
@click.argument("model")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--dtype",
    type=click.Choice(["float64", "float32", "float16", "int8"]),
    help="Number format of the rows. [default: as stored]",
)
@click.option("--dim", type=click.IntRange(min=1), help="Keep this many columns. [default: all]")
@click.option(
    "--vocabulary-quantization",
    "clusters",
    type=click.IntRange(min=1),
    metavar="ROWS",
    help="Let tokens share this many rows (needs scikit-learn).",
)
@click.option("--texts", metavar="FILE", help='Say what it costs for these texts ("-" is stdin).')
@click.option("--field", help="FILE holds JSON lines, and the texts are in this field.")
@command_options.revision
@click.option("--overwrite", is_flag=True, help="Write to OUT even if there is something in it.")
def convert(
    model: str,
    out: Path,
    dtype: str | None,
    dim: int | None,
    clusters: int | None,
    texts: str | None,
    field: str | None,
    revision: str | None,
    overwrite: bool,
) -> None:
    """Save a smaller model to the folder OUT, which model2vec can load, too.

    \b
        m2v-fast convert MODEL small --dtype int8 --dim 128
        m2v-fast convert MODEL small --dtype float16 --texts texts.txt
        m2v-fast convert MODEL small --vocabulary-quantization 10000

    Without options OUT is the same model in model2vec's layout of files. Columns are kept from the
    first on, which is meant for models whose columns are sorted by what they contribute, as
    model2vec's are. With --texts, one a line, it is said what the vectors lose: their mean cosine
    to those of MODEL (with zeros for columns that are no longer there), and how many of a text's
    10 nearest neighbours among the texts are still the same.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not overwrite:
        raise ValueError(f"{out} is there and not an empty folder; --overwrite writes to it")
    lines = None
    if texts is not None:  # read first, so that a mistake in the file is told before the work
        with streams.reading(texts) as file:
            lines = list(streams.texts(file, field))
    original = StaticModel.from_pretrained(model, revision=revision)
    StaticModel.from_pretrained(
        model,
        revision=revision,
        quantize_to=dtype,
        dimensionality=dim,
        vocabulary_quantization=clusters,
    ).save_pretrained(out)
    saved = StaticModel.from_pretrained(out)
    click.echo(f"{model}: {_described(original)}")
    click.echo(f"{out}: {_described(saved)}")
    if lines is None:
        return
    costs = measure(original, saved, lines)
    click.echo(f"texts       {costs.texts:,}")
    click.echo(f"cosine      {costs.cosine:.4f} on average, {costs.lowest:.4f} at the lowest")
    click.echo(f"neighbours  {costs.overlap:.1%} of the {costs.neighbours} nearest are the same")


def _described(model: StaticModel) -> str:
    files = model._native.files
    size = f", {Path(files[1]).stat().st_size / 1e6:.1f} MB" if files is not None else ""
    rows = f"{model._native.rows:,} x {model.dim}"
    return f"{len(model.tokens):,} tokens, rows {rows} {model.embedding_dtype}{size}"
