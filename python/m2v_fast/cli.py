"""The command line: `m2v-fast demo`, `info`, `embed`, `compile`, `cache`, `serve`, and more."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from m2v_fast import command_options, streams
from m2v_fast import demo as demo_texts
from m2v_fast._native import Model as NativeModel
from m2v_fast._version import __version__
from m2v_fast.bench.command import bench
from m2v_fast.bulk.command import INPUT_FORMATS, Shard
from m2v_fast.check import check as check_command
from m2v_fast.compat import cli as compat_commands
from m2v_fast.completion import completion
from m2v_fast.convert import convert
from m2v_fast.findings import findings
from m2v_fast.index import default_folder, kept
from m2v_fast.npy import write_file, write_stream
from m2v_fast.sources import BUNDLED_MODEL, resolve
from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Texts read and encoded at once by `embed`: memory stays flat however long the file is.
_BATCH = 10_000


class _Commands(click.Group):
    """A group whose commands turn the errors of bad input into one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OSError, ValueError, TypeError, ImportError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise click.ClickException(_message(error)) from error


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="m2v-fast")
def main() -> None:
    """Turn text into Model2Vec static embeddings.

    \b
        m2v-fast demo
        m2v-fast embed texts.txt -o vectors.npy --model minishlab/potion-base-8M

    MODEL is a local folder, the name of a model on the Hugging Face hub, or "bundled:minilm", the
    small model that comes with the package and needs no network.
    """


def _load(source: str, revision: str | None = None, memory_map: bool = True) -> StaticModel:
    return StaticModel.from_pretrained(source, revision=revision, memory_map=memory_map)


_model_option = click.option(
    "--model",
    "source",
    default=BUNDLED_MODEL,
    show_default=True,
    metavar="MODEL",
    help="The model.",
)
_threads_option = click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Most threads to use. [default: the processors this process may use]",
)


@main.command()
@_model_option
@command_options.revision
def demo(source: str, revision: str | None) -> None:
    """Embed a few documents and queries and rank them.

    \b
        m2v-fast demo
        m2v-fast demo --model minishlab/potion-base-8M
    """
    from m2v_fast.embedding_function import Model2VecEmbeddingFunction

    start = time.perf_counter()
    function = Model2VecEmbeddingFunction(source, revision=revision)
    loaded = time.perf_counter() - start
    documents = function.encode_documents(demo_texts.DOCUMENTS)
    queries = function.encode_queries(demo_texts.QUERIES)
    model = function.model
    click.echo(f"model      {source}, loaded in {loaded * 1e3:.1f} ms")
    click.echo(f"dim        {function.dim}")
    click.echo(
        f"documents  {len(documents)} vectors of shape {documents[0].shape}, {documents[0].dtype}"
    )
    click.echo(f"queries    {len(queries)} vectors of shape {queries[0].shape}, {queries[0].dtype}")
    scores = _unit(np.stack(queries)) @ _unit(np.stack(documents)).T
    for query, row in zip(demo_texts.QUERIES, scores, strict=True):
        click.echo(f"\n{query}")
        for rank, index in enumerate(np.argsort(-row)[:3], start=1):
            click.echo(f"  {rank}. {row[index]:6.3f}  {demo_texts.DOCUMENTS[index]}")

    texts = demo_texts.DOCUMENTS * 500
    size = sum(len(text.encode()) for text in texts)
    seconds = _median_seconds(lambda: model.encode(texts, num_threads=1))
    query_seconds = _median_seconds(lambda: model.encode(demo_texts.QUERIES[:1]), repeats=2001)
    click.echo(
        f"\nspeed      {len(texts) / seconds:,.0f} documents/s, {size / seconds / 1e6:.1f} MB/s on "
        f"one thread (engine {model.engine}, backend {model.backend})"
    )
    click.echo(f"           {query_seconds * 1e6:.1f} microseconds for one query (median)")


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(norms, np.float32(1e-12))
    return unit


def _median_seconds(call: Any, repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


@main.command()
@click.argument("model")
@command_options.revision
@click.option("--check", is_flag=True, help="Look at every row for NaN and infinity, and the like.")
def info(model: str, revision: str | None, check: bool) -> None:
    """Say what a model is and how it will be run.

    \b
        m2v-fast info minishlab/potion-base-8M
        m2v-fast info --check ./model

    With --check, look also for what loading accepts and is hardly meant: rows and weights that are
    NaN or infinite, rows too long to be normalized, an index of another tokenizer.json. The exit
    code is 1 if there is any.
    """
    start = time.perf_counter()
    loaded = _load(model, revision)
    seconds = time.perf_counter() - start
    native = loaded._native
    if native.files is None:  # pragma: no cover - a loaded model has files
        raise ValueError(f"{model} has no files")
    *files, layout = native.files
    engine = loaded.engine + (", from a compiled index" if loaded.indexed else "")
    if loaded.engine_reason is not None:
        engine += f" ({loaded.engine_reason})"
    rows = {
        "folder": loaded.folder,
        "layout": layout,
        "files": ", ".join(f"{path.name} {_size(path)}" for path in map(Path, files)),
        "tokens": f"{native.tokens:,}",
        "rows": f"{native.rows:,}" + (", shared through a mapping" if native.has_mapping else ""),
        "dim": loaded.dim,
        "dtype": loaded.embedding_dtype + (", with weights" if native.has_weights else ""),
        "normalize": "yes" if loaded.normalize else "no",
        "max_length": "no limit" if loaded.max_length is None else f"{loaded.max_length} tokens",
        "engine": engine,
        "backend": loaded.backend,
        "loaded in": f"{seconds * 1e3:.1f} ms",
    }
    if native.index_problem is not None:
        rows["no index"] = f"{native.index_problem} (set M2V_FAST_CACHE to a folder of yours)"
    for name, value in rows.items():
        click.echo(f"{name:<11}{value}")
    if check:
        found = list(findings(loaded))
        click.echo(f"{'check':<11}{'nothing found' if not found else ''}".rstrip())
        for finding in found:
            click.echo(f"  {finding}")
        if found:
            raise SystemExit(1)


def _size(path: Path) -> str:
    size = path.stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


@main.command()
@click.argument("model")
@command_options.revision
@click.option("-o", "--output", metavar="FILE", help="[default: beside tokenizer.json]")
def compile(model: str, revision: str | None, output: str | None) -> None:  # noqa: A001
    """Make the index of a model ahead of time: it loads several times as fast.

    \b
        m2v-fast compile minishlab/potion-multilingual-128M
        m2v-fast compile ./model -o model.index

    It lies beside tokenizer.json, where loading finds it: for an image that is built once and
    started often, or a package of functions.
    """
    folder = resolve(model, revision=revision)
    path = NativeModel.compile(folder, output)
    if path is None:
        click.echo(
            f"{model}: there is no index of a tokenizer that runs on the fallback "
            f"(m2v-fast info {model} says why it does)"
        )
    else:
        click.echo(f"{path}: {_size(Path(path))}")


@main.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="A file (.parquet, .arrow, .jsonl, .npy), written whole or not at all, or a folder for "
    'parts; a pipe or device, or "-" for stdout, takes .npy.',
)
@_model_option
@command_options.revision
@click.option(
    "--column",
    "--field",
    "column",
    help="The texts' column; with files of lines: they are JSON, and this is the text's field. "
    "[default: text]",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="A,B:TYPE",
    help="Columns to keep; of JSON and CSV with a type: string, int64, float64, bool.",
)
@click.option("--to", default="embedding", show_default=True, help="The vectors' column.")
@click.option("--format", type=click.Choice(["parquet", "arrow", "jsonl", "npy"]))
@click.option("--input-format", type=click.Choice(INPUT_FORMATS), help="[default: by the name]")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16", "int8", "uint8", "binary", "ubinary"]),
    default="float32",
    show_default=True,
)
@click.option("--ranges", metavar="RANGES.npy", help="For int8, uint8: (2, dim), see encode.")
@click.option("--rows-per-part", type=click.IntRange(min=1), default=100_000, show_default=True)
@click.option(
    "--shard", type=Shard(), metavar="I/N", help="Only the I-th of N shards of the parts."
)
@click.option("--resume", is_flag=True, help="Go on with what is in the folder.")
@click.option("--overwrite", is_flag=True, help="Remove what an earlier run left in the folder.")
@click.option("--nulls", type=click.Choice(["null", "error"]), default="null", show_default=True)
@click.option(
    "--bad-rows",
    type=click.Choice(["error", "skip"]),
    default="error",
    show_default=True,
    help="Lines that cannot be read.",
)
@click.option("--max-length", type=int, help="Most tokens kept of a text. [default: the model's]")
@click.option("--normalize/--no-normalize", default=None, help="[default: the model's]")
@_threads_option
@click.option(
    "--memory-map/--no-memory-map",
    default=True,
    help="Map the model's files, or read them: for files that are rewritten in place meanwhile.",
)
@click.option("--progress/--no-progress", default=None, help="[default: if stderr is a terminal]")
def embed(
    inputs: tuple[str, ...],
    output: str,
    source: str,
    revision: str | None,
    column: str | None,
    max_length: int | None,
    normalize: bool | None,
    threads: int | None,
    memory_map: bool,
    progress: bool | None,
    **tables: Any,
) -> None:
    """Embed texts: the lines of a file into a NumPy file, or tables into tables.

    \b
        m2v-fast embed texts.txt -o vectors.npy
        m2v-fast embed texts.jsonl --column text -o vectors.npy --model ./model
        zcat texts.gz | m2v-fast embed - -o - > vectors.npy
        m2v-fast embed docs.jsonl.gz --column text --keep id -o out.parquet
        m2v-fast embed 'in/*.parquet' --column text -o out/

    INPUTs are files, globs, folders, addresses (s3://bucket/folder) or "-" for stdin: Parquet,
    Arrow, JSON lines, CSV, or a text a line in UTF-8, which may be compressed (.gz, .zst). All but
    lines to one .npy needs pyarrow: pip install 'm2v-fast[files]'.

    A folder (OUT/) gets parts and a plan. If it stops, the same command with --resume makes what is
    missing; with --shard several machines write into one folder at the same time.
    """
    from m2v_fast.bulk import command

    model = _load(source, revision, memory_map)
    if max_length is not None:
        model.max_length = max_length
    shown = command.shows(progress)
    defaults = {"to": "embedding", "dtype": "float32", "rows_per_part": 100_000}
    defaults |= {"nulls": "null", "bad_rows": "error"}
    asked = {name: value for name, value in tables.items() if value != defaults.get(name)}
    if not command.is_plain(inputs, output, asked):
        command.tables(
            model,
            inputs,
            output,
            column=column,
            normalize=normalize,
            threads=threads,
            progress=shown,
            **tables,
        )
        return
    _embed_lines(model, inputs[0], output, column, normalize, threads, shown)


def _embed_lines(
    model: StaticModel,
    file: str,
    output: str,
    field: str | None,
    normalize: bool | None,
    threads: int | None,
    progress: bool,
) -> None:
    """Embed lines into a .npy file or stream."""
    from tqdm import tqdm

    stream = streams.is_stream(output)
    with tqdm(unit="text", unit_scale=True, disable=not progress) as bar:

        def parts(texts: Iterator[str]) -> Iterator[NDArray[np.float32]]:
            while batch := list(islice(texts, _BATCH)):
                yield model.encode(batch, normalize=normalize, num_threads=threads)
                bar.update(len(batch))

        with streams.ended_by_sigterm(), streams.reading(file) as lines:
            if not stream:
                rows = write_file(Path(output), model.dim, parts(streams.texts(lines, field)))
            else:
                # The head of the file says how many rows follow, so they are counted first.
                with streams.rewindable(lines) as twice, streams.writing(output) as target:
                    start = twice.tell()
                    count = sum(1 for _ in streams.texts(twice, field))
                    twice.seek(start)
                    texts = streams.texts(twice, field)
                    rows = write_stream(target, count, model.dim, parts(texts))
    if not stream:
        click.echo(f"{output}: {rows} x {model.dim} float32", err=True)


@main.command()
@click.option("--clear", is_flag=True, help="Remove every index.")
def cache(clear: bool) -> None:
    """List the compiled indexes that are kept, or remove them.

    \b
        m2v-fast cache
        m2v-fast cache --clear

    The environment variable M2V_FAST_CACHE names the folder, M2V_FAST_CACHE_SIZE how many bytes it
    may hold (K, M and G stand for powers of 1,000); those not used for longest go first.
    """
    folder = default_folder()
    if folder is None:
        click.echo("no indexes are kept: M2V_FAST_CACHE says so")
        return
    entries = kept(folder)
    click.echo(f"{folder}: {len(entries)} indexes, {sum(e.size for e in entries) / 1e6:.1f} MB")
    for entry in entries:
        path = Path(entry.path)
        if clear:
            path.unlink(missing_ok=True)
        used = time.strftime("%Y-%m-%d", time.localtime(entry.used))
        done = "  removed" if clear else ""
        click.echo(f"  {path.name}  {entry.size / 1e6:.1f} MB  used {used}{done}")


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@command_options.revision
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="MODEL... [OPTIONS]")
def serve(revision: str | None, words: tuple[str, ...]) -> None:
    """Serve models over the APIs of OpenAI, TEI, Ollama, Cohere and Weaviate.

    \b
        m2v-fast serve minishlab/potion-base-8M
        m2v-fast serve ./model small=bundled:minilm --port 9000
        m2v-fast serve ./model --help

    Needs m2v-fast[server]. The models come first, then options of the server: this process becomes
    it. The first model answers requests that name none.
    """
    from m2v_fast.serve import run

    run(words, revision)


main.add_command(bench)
main.add_command(check_command)
main.add_command(convert)
main.add_command(completion)
main.add_command(compat_commands.run)
main.add_command(compat_commands.compat)
