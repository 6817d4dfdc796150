"""`m2v-fast embed` for tables and folders: options to a job, and a job's end to words."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from m2v_fast import ending, streams
from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.inputs import FORMATS, find, kind_of
from m2v_fast.bulk.plan import MANIFEST
from m2v_fast.output import checked_ranges

if TYPE_CHECKING:
    from m2v_fast.bulk.run import Job
    from m2v_fast.bulk.totals import Totals
    from m2v_fast.static_model import StaticModel


def is_plain(inputs: tuple[str, ...], output: str, options: dict[str, Any]) -> bool:
    """Whether it is lines to one .npy file or stream, which needs no pyarrow."""
    if len(inputs) != 1 or any(value for value in options.values()):
        return False
    name = inputs[0]
    kind, compression = kind_of(name)
    if name != "-" and (kind not in ("text", "jsonl", None) or compression or "://" in name):
        return False
    if Path(name).is_dir():
        return False
    # Whatever else the name ends with, it was a .npy file before there were others.
    return not is_folder(output) and _format_of(output) in ("npy", None)


def is_folder(output: str) -> bool:
    """Whether an output is a folder for parts: it says so with a slash, or is one already.

    Raises:
        IsADirectoryError: It is one with other things in it, and does not say so.
    """
    if output.endswith(("/", os.sep)):
        return True
    path = Path(output)
    if not path.is_dir():
        return False
    if (path / MANIFEST).exists() or not any(path.iterdir()):
        return True
    raise IsADirectoryError(
        f"{output}: is a folder; name a file to write, or end it with a slash for a folder of parts"
    )


class Shard(click.ParamType):  # type: ignore[type-arg]  # of click 8.2 and later
    """`3/8`: the third of eight."""

    name = "shard"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """Read it."""
        if isinstance(value, tuple):
            return value
        number, _, count = str(value).partition("/")
        if number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count):
            return int(number), int(count)
        return self.fail(f"{value!r} is no shard: 1/8 to 8/8 are the shards of eight", param, ctx)


def tables(
    model: StaticModel,
    inputs: tuple[str, ...],
    output: str,
    *,
    column: str | None,
    keep: tuple[str, ...],
    to: str,
    format: str | None,  # noqa: A002 - the option's name
    input_format: str | None,
    dtype: str,
    ranges: str | None,
    rows_per_part: int,
    shard: tuple[int, int] | None,
    resume: bool,
    overwrite: bool,
    nulls: str,
    bad_rows: str,
    normalize: bool | None,
    threads: int | None,
    progress: bool,
) -> None:
    """Embed files of tables or lines into a file or a folder."""
    pyarrow("files other than lines to .npy")
    from m2v_fast.bulk import run
    from m2v_fast.bulk.columns import Columns

    ended = _format_of(output)
    whole = ended is not None and not is_folder(output)
    kind = format or ended or "parquet"
    if whole and format not in (None, ended):
        raise click.UsageError(f"{output} does not end as {format} files do")
    if whole and (shard or resume):
        raise click.UsageError(
            "--shard and --resume are for folders of parts; one file is written whole or not at all"
        )
    if overwrite and (shard or resume):
        raise click.UsageError(
            "--overwrite begins anew, and --shard and --resume go on: remove the folder instead"
        )
    if not is_folder(output) and streams.is_stream(output):
        raise click.UsageError("tables are written to files and folders; a stream takes .npy only")
    sources = find(inputs, input_format)
    job = run.Job(
        model=model,
        sources=sources,
        columns=Columns.of(column or "text", keep, to),
        to=to,
        format=kind,
        dtype=dtype,
        nulls=nulls,
        normalize=normalize,
        threads=threads,
    )
    if dtype in ("int8", "uint8"):
        given = None if ranges is None else np.load(ranges)
        job.ranges = checked_ranges(dtype, given, model.dim)
    elif ranges is not None:
        raise click.UsageError("--ranges is for --dtype int8 and uint8")
    job.bad.skip = bad_rows == "skip"
    with (
        _bar(job, progress) as bar,
        streams.ended_by_sigterm(),
        ending.threads_are_left(),
    ):
        try:
            job.prepare()
            if whole:
                totals = run.one_file(job, Path(output))
            else:
                plan = run.make_plan(job, rows_per_part)
                totals = run.folder(
                    job,
                    plan,
                    Path(output),
                    shard=shard or (1, 1),
                    resume=resume,
                    overwrite=overwrite,
                    begin=lambda rows: bar.reset(rows),
                )
        except KeyboardInterrupt:
            bar.close()
            click.echo(_stopped(output, whole, shard), err=True)
            raise SystemExit(130) from None
    _say(output, totals)


def _format_of(output: str) -> str | None:
    kinds = {"parquet": "parquet", "arrow": "arrow", "jsonl": "jsonl"}
    if output.lower().endswith(".npy"):
        return "npy"
    kind, compression = kind_of(output)
    return None if compression else kinds.get(kind or "")


def _bar(job: Job, shown: bool) -> Any:
    from tqdm import tqdm

    bar = tqdm(unit="row", unit_scale=True, disable=not shown)
    size = 0

    def progress(rows: int, count: int) -> None:
        nonlocal size
        size += count
        bar.set_postfix_str(f"{size / 1e6:,.0f} MB", refresh=False)
        bar.update(rows)

    job.progress = progress
    return bar


def _stopped(output: str, whole: bool, shard: tuple[int, int] | None) -> str:
    if whole:
        return f"stopped; {output} was not written"
    return f"stopped; {output} keeps the parts that are whole: " + (
        "run the same command again to go on"
        if shard
        else "run the same command with --resume to go on"
    )


def _say(output: str, totals: Totals) -> None:
    lines = totals.lines()
    click.echo(f"{output}: {next(lines)}", err=True)
    for line in lines:
        click.echo(f"  {line}", err=True)


#: Names for the option --input-format.
INPUT_FORMATS = tuple(dict.fromkeys(FORMATS.values()))


def shows(progress: bool | None) -> bool:
    """Whether a bar is shown: as asked for, by default to terminals."""
    return sys.stderr.isatty() if progress is None else progress
