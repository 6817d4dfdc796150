"""Files to files: read, encode and write at the same time, part by part."""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from m2v_fast._version import __version__
from m2v_fast.bulk import plan as plans
from m2v_fast.bulk import readers
from m2v_fast.bulk._pyarrow import pyarrow
from m2v_fast.bulk.fingerprint import fingerprint
from m2v_fast.bulk.lines import types_of
from m2v_fast.bulk.pipeline import ahead, behind
from m2v_fast.bulk.rows import BadRows, Batch, Range, row_number
from m2v_fast.bulk.totals import Counts, Totals
from m2v_fast.bulk.writers import WRITERS, Writer, check, remove_temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from m2v_fast._native import Vectors
    from m2v_fast.bulk.columns import Columns
    from m2v_fast.bulk.inputs import Source
    from m2v_fast.static_model import StaticModel


@dataclass
class Job:
    """All that decides what is written."""

    model: StaticModel
    sources: list[Source]
    columns: Columns
    to: str
    format: str
    dtype: str = "float32"
    ranges: NDArray[np.float32] | None = None
    nulls: str = "null"
    normalize: bool | None = None
    threads: int | None = None
    progress: Callable[[int, int], None] = lambda rows, size: None
    """Told of rows that were written, and of their text's bytes."""
    bad: BadRows = field(default_factory=BadRows)
    totals: Totals = field(default_factory=Totals)
    schema: Any = None
    """Of the kept columns; found when the job begins."""

    def prepare(self) -> None:
        """Find out the types of the kept columns.

        Raises:
            ValueError: A file does not have them, or the format has no place for them.
        """
        if self.format == "npy" and (self.columns.kept or len(self.columns.names) > 1):
            raise ValueError(
                "a .npy file holds vectors and nothing else: --keep needs --format parquet, arrow "
                "or jsonl"
            )
        first = self.sources[0]
        self.columns = types_of(first, self.columns) if first.path != "-" else self.columns
        self.schema = readers.schema_of(first, self.columns)

    def encode(self, column: Any) -> Vectors:
        """Encode a column, counting tokens."""
        model = self.model
        normalize = model.normalize if self.normalize is None else self.normalize
        refuse = self.nulls == "error" or self.format == "npy"
        return model._native.encode_arrow(
            column,
            None,
            model.max_length,
            normalize,
            self.threads,
            self.dtype,
            self.ranges,
            refuse,
            True,
        )

    def content(self) -> dict[str, Any]:
        """Return all that decides a byte of the parts."""
        model = self.model
        if model.folder is None:
            raise ValueError("the model has no folder")
        ranges = None if self.ranges is None else hashlib.sha256(self.ranges.tobytes()).hexdigest()
        return {
            "version": __version__,
            "pyarrow": pyarrow("writing files").__version__,
            "model": fingerprint(model.folder),
            "inputs": [source.stamp() for source in self.sources],
            "input formats": [source.format for source in self.sources],
            "column": self.columns.text,
            "keep": [list(kept) for kept in self.columns.kept],
            "to": self.to,
            "format": self.format,
            "dtype": self.dtype,
            "ranges": ranges,
            "nulls": self.nulls,
            "bad rows": "skip" if self.bad.skip else "error",
            "normalize": model.normalize if self.normalize is None else self.normalize,
            "max_length": model.max_length,
        }

    def rows_of(
        self, source: Source, ranges: list[Range]
    ) -> Generator[tuple[Any, Vectors, int] | None]:
        """Read and encode rows: the kept columns, the vectors, and the text's bytes of each batch.

        None ends a range.

        Raises:
            ValueError: A row is at fault; the message names the file and the row.
        """
        made = readers.batches(source, self.columns, ranges, self.bad)
        # Python cannot end while another thread waits for standard input.
        with nullcontext(made) if source.path == "-" else ahead(made) as batches:
            for batch in batches:
                if batch is None:
                    yield None
                    continue
                texts = batch.columns.column(0)
                kept = self._kept(source, batch.columns)
                try:
                    vectors = self.encode(texts)
                except (ValueError, TypeError) as error:
                    raise _placed(source, batch, error) from error
                yield kept, vectors, texts.nbytes

    def _kept(self, source: Source, batch: Any) -> Any:
        pa = pyarrow("keeping columns")
        columns = []
        for wanted in self.schema:
            column = batch.column(wanted.name)
            if column.type != wanted.type:
                try:
                    column = column.cast(wanted.type)
                except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                    raise ValueError(
                        f"{source.name}: column {wanted.name!r} is {column.type} here and "
                        f"{wanted.type} in {self.sources[0].name} ({error})"
                    ) from error
            columns.append(column)
        if not columns:
            return batch.select([])  # which knows how many rows it has
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def write(
        self,
        made: Iterator[tuple[Any, Vectors, int] | None],
        writer: Writer,
        start: int = 0,
        stop: int | None = None,
    ) -> Counts:
        """Write what was made of a range, and return what became of it.

        Args:
            made: By `rows_of`; taken up to the range's end.
            writer: Of the file.
            start: Where the range begins.
            stop: Where bad rows no longer belong to it.
        """
        counts = Counts()
        with behind(writer) as add:
            while (some := next(made, None)) is not None:
                kept, vectors, size = some
                add(kept, vectors)
                counts.count(vectors, size)
                # Now and then, since there may be as many of them as rows.
                counts.count_bad(self.bad, start, stop)
                self.progress(len(vectors), size)
        counts.count_bad(self.bad, start, stop)
        return counts

    def writer(self, target: Path, metadata: dict[str, str]) -> Writer:
        """Start a file."""
        return WRITERS[self.format](target, self.schema, self.to, metadata)

    def nothing(self) -> Vectors:
        """Return vectors of no text."""
        pa = pyarrow("writing files")
        return self.encode(pa.nulls(0, pa.string()))


def _placed(source: Source, batch: Batch, error: Exception) -> Exception:
    """Name the file's row instead of the batch's."""
    found = re.match(r"row (\d+)(:| is null)", str(error))
    if not found:
        return type(error)(f"{source.name}: column {error}")
    row = row_number(source, batch.place(int(found[1])))
    what = "line" if source.format in ("jsonl", "text") else "row"
    rest = str(error)[found.end(1) :]
    if found[2] == " is null":
        rest = " is null, and nulls are errors (--nulls error, or .npy, which has none)"
    return ValueError(f"{source.name}: {what} {row}{rest}")


def one_file(job: Job, target: Path) -> Totals:
    """Write one file, whole or not at all."""
    start = time.perf_counter()
    remove_temporary(target)
    with job.writer(target, {}) as writer:
        for source in job.sources:
            with closing(job.rows_of(source, [(0, None)])) as made:
                job.totals.add(job.write(made, writer))
        writer.commit(job.nothing())
    job.totals.made = job.totals.rows
    job.totals.seconds = time.perf_counter() - start
    return job.totals


def make_plan(job: Job, rows_per_part: int) -> plans.Plan:
    """Look at all inputs, and plan the parts."""
    for source in job.sources:
        if source.path == "-":
            raise ValueError(
                "standard input cannot be read twice, so it cannot become parts that a run goes on "
                "with: name one file as the output"
            )
    rows = [readers.count(source, job.columns) for source in job.sources]
    return plans.Plan.of(job.content(), rows, rows_per_part)


def mine(plan: plans.Plan, shard: tuple[int, int]) -> list[plans.Part]:
    """Return the parts of a shard, from 1 to the number of shards."""
    return [part for part in plan.parts if part.number % shard[1] == shard[0] - 1]


def _part(
    job: Job,
    plan: plans.Plan,
    target: Path,
    part: plans.Part,
    made: Iterator[tuple[Any, Vectors, int] | None],
) -> Counts:
    """Write a part of what comes next."""
    path = plan.path(target, part)
    remove_temporary(path)
    said = {"m2v_fast.plan": plan.mark, "m2v_fast.part": str(part.number)}
    with job.writer(path, said) as writer:
        # What is bad behind the last row is the last part's.
        end = None if part.stop == plan.content["rows"][part.source] else part.stop
        counts = job.write(made, writer, part.start, end)
        # Before the part, which is the mark that all of it is there.
        with plan.counts_kept(target, part, counts):
            writer.commit(job.nothing())
    return counts


def folder(
    job: Job,
    plan: plans.Plan,
    target: Path,
    *,
    shard: tuple[int, int] = (1, 1),
    resume: bool = False,
    overwrite: bool = False,
    begin: Callable[[int], None] = lambda rows: None,
) -> Totals:
    """Write the parts of a plan that are not there yet.

    Args:
        job: What is done.
        plan: Its parts.
        target: The folder; it is made if it is not there.
        shard: Which shard of how many.
        resume: Go on with what is there.
        overwrite: Remove what is there first.
        begin: Told how many rows are to be read.

    Raises:
        FileExistsError: There is a run in the folder, and neither is wanted.
        ValueError: It is of another plan, or a part of it cannot be read.
    """
    start = time.perf_counter()
    target.mkdir(parents=True, exist_ok=True)
    if overwrite:
        plans.remove(target)
    elif not (target / plans.MANIFEST).exists() and next(target.glob("part-*"), None):
        raise FileExistsError(
            f"{target}: holds parts and no {plans.MANIFEST}, so nobody knows of what; name another "
            "folder"
        )
    if not plans.write_manifest(target, plan):
        plans.compare(target, plan)
        if not resume and shard[1] == 1:
            raise FileExistsError(
                f"{target}: holds a run of this plan; --resume goes on with it, --overwrite begins "
                "anew"
            )
    todo = []
    there: dict[int, Counts | None] = {}
    made_now: dict[int, Counts] = {}
    for part in mine(plan, shard):
        path = plan.path(target, part)
        if path.exists():
            check(path, job.format)
            there[part.number] = plan.counts(target, part)
        else:
            todo.append(part)
    begin(sum(part.stop - part.start for part in todo))
    for number, group in groupby(todo, key=lambda part: part.source):
        parts = list(group)
        ranges: list[Range] = [(part.start, part.stop) for part in parts]
        with closing(job.rows_of(job.sources[number], ranges)) as made:
            for part in parts:
                made_now[part.number] = _part(job, plan, target, part, made)
    if all(plan.path(target, part).exists() for part in plan.parts):
        (target / plans.SUCCESS).touch()
    job.totals.add_parts(made_now, there)
    job.totals.seconds = time.perf_counter() - start
    return job.totals
