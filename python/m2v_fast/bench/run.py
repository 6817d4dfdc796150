"""All that `m2v-fast bench` measures, in its order: equality, throughput, latency, start-up."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from m2v_fast._native import Model as NativeModel
from m2v_fast._native import backends
from m2v_fast.bench import corpus, machine, measure, models, tables
from m2v_fast.bench.contenders import write_texts
from m2v_fast.bench.field import MODEL2VEC, NUMPY, Field
from m2v_fast.comparison import compare, rule_of
from m2v_fast.static_model import StaticModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PARTS = ("throughput", "latency", "threads", "start")
#: Of the layout of the JSON.
FORMAT = 1


@dataclass(frozen=True)
class Wishes:
    """What is asked for."""

    folder: Path
    name: str
    files: tuple[str, ...] = ()
    column: str | None = None
    documents: int = 5_000
    rounds: int = 5
    parts: tuple[str, ...] = PARTS
    rows: str = "given"
    width: int = 256
    peers: bool = True
    kernels: bool = False
    programs: dict[str, str] = field(default_factory=dict)
    tokenizers: Path | None = None


def run(wishes: Wishes, say: Callable[[Iterable[str]], None]) -> dict[str, Any]:
    """Measure, and say every table as soon as it is there.

    Raises:
        ValueError: There are no texts, or our ids or vectors are not those of the reference.
    """
    texts = _texts(wishes)
    with tempfile.TemporaryDirectory(prefix="m2v-bench-") as scratch:
        folder, name = wishes.folder, wishes.name
        if wishes.rows != "given":
            folder = models.made_model(folder, Path(scratch) / "model", wishes.width, wishes.rows)
            name = f"Random rows on the tokenizer of {name}"
        model = StaticModel.from_pretrained(folder)
        results: dict[str, Any] = {
            "format": FORMAT,
            "machine": {**machine.facts(), "load": [machine.load_average()]},
            "model": machine.describe(name, model),
            "base": MODEL2VEC,
            "texts": {
                label: {"documents": len(some), "bytes": corpus.size(some)}
                for label, some in texts.items()
            },
            "absent": {},
            "equality": {},
            **{key: {} for key in ("throughput", "one_query", "eight_queries", "threads", "start")},
            "tokenizers": {},
        }
        say(tables.head(results))
        _equality(model, texts, results, say)
        if {"throughput", "latency"} & set(wishes.parts):
            _speed(wishes, folder, model, texts, results, say)
        if "threads" in wishes.parts:
            for label, some in texts.items():
                most = results["machine"]["processors"]
                rates = measure.threads(model, some, wishes.rounds, most)
                results["threads"][label] = rates
                say(tables.threads(label, rates))
        if "start" in wishes.parts:
            file = Path(scratch) / "texts"
            write_texts(file, [text for some in texts.values() for text in some])
            results["start"] = measure.start_up(
                folder,
                file,
                wishes.rounds,
                results["absent"],
                peers=wishes.peers,
                # The first load has kept the index of a big vocabulary.
                indexed=StaticModel.from_pretrained(folder).indexed,
                compiled=_compiled(folder, Path(scratch) / "compiled"),
            )
            say(tables.start_up(results["start"]))
        if wishes.tokenizers is not None:
            results["tokenizers"] = _engines(wishes.tokenizers, Path(scratch))
            say(tables.tokenizers(results["tokenizers"]))
        results["machine"]["load"].append(machine.load_average())
        say(tables.absent(results["absent"]))
        say(tables.load(results["machine"]["load"]))
    return results


def _compiled(folder: Path, place: Path) -> Path | None:
    """The same model with an index that was made ahead of time, unless it is loaded from one."""
    if StaticModel.from_pretrained(folder).indexed or not (folder / "tokenizer.json").is_file():
        return None
    place.mkdir()
    with suppress(OSError):  # where links are not for everybody
        for file in folder.iterdir():
            if file.suffix != ".m2vindex":  # of another tokenizer.json: it would be written over
                (place / file.name).symlink_to(file.resolve())
        return place if NativeModel.compile(place) else None
    return None


def _texts(wishes: Wishes) -> dict[str, list[str]]:
    if not wishes.files:
        return {"Python manual": corpus.read_texts(None, None, wishes.documents)}
    texts: dict[str, list[str]] = {}
    for file in wishes.files:
        label = "stdin" if file == "-" else Path(file).name.split(".")[0]
        label = file if label in texts else label
        texts[label] = corpus.read_texts(file, wishes.column, wishes.documents)
        if not texts[label]:
            raise ValueError(f"{file}: there are no texts in it")
    return texts


def _equality(
    model: StaticModel,
    texts: dict[str, list[str]],
    results: dict[str, Any],
    say: Callable[[Iterable[str]], None],
) -> None:
    for label, some in texts.items():
        found = compare(model, some, most=3)
        if not found.same:
            first = found.differences[0]
            raise ValueError(
                f"{label}: m2v_fast differs from {found.ids_from} or {found.vectors_from} for text "
                f"{first.number}, {first.excerpt!r}, so there is nothing to time: m2v-fast check "
                "MODEL TEXTS says more; please report it"
            )
        told = found._asdict()
        del told["differences"]
        results["equality"][label] = told
        say(tables.equality(label, told))


def _speed(
    wishes: Wishes,
    folder: Path,
    model: StaticModel,
    texts: dict[str, list[str]],
    results: dict[str, Any],
    say: Callable[[Iterable[str]], None],
) -> None:
    batches, single = "throughput" in wishes.parts, "latency" in wishes.parts
    there = Field(
        folder,
        peers=wishes.peers,
        kernels=backends() if wishes.kernels else (),
        programs=wishes.programs,
        latency=single,
        batches=batches,
    )
    absent = results["absent"] = there.absent
    try:
        base = results["base"] = MODEL2VEC if MODEL2VEC not in absent else NUMPY
        rule = rule_of(model, model2vec=base == MODEL2VEC)
        for label, some in texts.items():
            agree = measure.agreements(there, some, rule)
            if batches:
                found = measure.throughput(there, some, wishes.rounds, agree)
                results["throughput"][label] = found
                title = f"{label}: {len(some):,} documents"
                say(tables.throughput(title, base, found))
            if single:
                queries = corpus.queries(some)
                agree = measure.agreements(there, queries, rule)
                for key, at_once in (("one_query", 1), ("eight_queries", 8)):
                    found = measure.latency(there, queries, at_once, wishes.rounds, agree)
                    results[key][label] = found
                    what = "one short query" if at_once == 1 else "eight short queries"
                    say(tables.latency(f"{label}: {what}", base, found))
        say(tables.summary(results))
    finally:
        there.close()


def _engines(folder: Path, scratch: Path) -> dict[str, dict[str, str | None]]:
    """Say which engine runs each tokenizer.json of a folder."""
    import gzip

    found: dict[str, dict[str, str | None]] = {}
    for file in sorted([*folder.rglob("*.json"), *folder.rglob("*.json.gz")]):
        data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        if b'"model"' not in data or b'"vocab"' not in data:
            continue
        source = scratch / "tokenizer"
        source.mkdir(exist_ok=True)
        (source / "tokenizer.json").write_bytes(data)
        made = models.made_model(source, scratch / "engine", 2, "float32")
        model = StaticModel.from_pretrained(made, index=False)
        name = file.parent.name if file.name == "tokenizer.json" else file.name.split(".json")[0]
        found[name] = {"engine": model.engine, "reason": model.engine_reason}
    if not found:
        raise FileNotFoundError(f"{folder}: there is no tokenizer.json in it")
    return found
