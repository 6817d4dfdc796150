"""Equality, then time: in rounds in which all take turns, so that a busy moment falls on all."""

from __future__ import annotations

import operator
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from m2v_fast.bench import corpus
from m2v_fast.bench.contenders import AbsentError, Contender, fresh
from m2v_fast.bench.field import MODEL2VEC, NUMPY, TOKENIZERS, Field, is_ours
from m2v_fast.comparison import Rule, cosines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from m2v_fast.static_model import StaticModel

T = TypeVar("T")

_SHORTEST_TURN = 0.1
#: What is kept of the times of single calls.
QUANTILES = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100)


def _take_turns(
    field: Field, contenders: dict[str, Contender], rounds: int, call: Callable[[Contender], T]
) -> dict[str, list[T]]:
    """What every call gave in every round; the order moves on by one each round."""
    names = list(contenders)
    found: dict[str, list[T]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if name not in found:
                continue
            try:
                found[name].append(call(contenders[name]))
            except AbsentError as reason:
                _leave_out(field, name, reason)
                del found[name]
    return found


def _leave_out(field: Field, name: str, reason: AbsentError) -> None:
    if is_ours(name):
        raise ValueError(f"{name} fails: {reason}") from reason
    field.leave_out(name, str(reason))


def agreements(field: Field, texts: list[str], rule: Rule) -> dict[str, dict[str, float]]:
    """Say how near the vectors of each are to the judge's: model2vec's, or else NumPy's.

    Of those that make ids alone it is the share of texts with the ids of the tokenizers that are
    installed, where these are measured, too. Whoever fails with these texts is left out.

    Raises:
        ValueError: Ours are not the same.
    """
    contenders = {**field.of_batches(), **field.of_queries()}
    judge = judge_of(contenders)
    expected: Any = contenders[judge].vectors(texts)
    expected_ids: Any = None
    found: dict[str, dict[str, float]] = {}
    for name, contender in contenders.items():
        try:
            vectors: Any = contender.vectors(texts)
        except AbsentError as reason:
            _leave_out(field, name, reason)
            continue
        if isinstance(vectors, list):
            if name == TOKENIZERS:
                expected_ids = vectors
            elif expected_ids is not None:
                same = sum(map(operator.eq, vectors, expected_ids))
                found[name] = {"equal_ids": same / len(texts)}
            continue
        if vectors.shape != expected.shape:
            field.leave_out(name, f"gives vectors of shape {vectors.shape}")
            continue
        # model2vec's own are rounded where the rule says so; what NumPy has is not.
        found[name] = _agreement(vectors, expected, rule)
        if is_ours(name) and found[name]["equal"] < 1:
            count = round((1 - found[name]["equal"]) * len(texts))
            raise ValueError(
                f"{name}: the vectors of {count} texts are not those of {judge}, so there is "
                "nothing to time: m2v-fast check MODEL TEXTS says where they differ"
            )
    return found


def judge_of(contenders: Mapping[str, object]) -> str:
    """Return whose vectors decide, and whose time ratios are of."""
    return MODEL2VEC if MODEL2VEC in contenders else NUMPY


def _agreement(ours: NDArray[Any], expected: NDArray[Any], rule: Rule) -> dict[str, float]:
    with np.errstate(all="ignore"):
        apart = np.abs(ours.astype(np.float64) - expected.astype(np.float64))
    return {
        "equal": float(rule.same(ours, expected).mean()),
        "largest_difference": float(np.nan_to_num(apart).max(initial=0)),
        "smallest_cosine": float(cosines(ours, expected).min(initial=1)),
    }


def throughput(
    field: Field, texts: list[str], rounds: int, agree: dict[str, dict[str, float]]
) -> dict[str, Any]:
    """Return documents and megabytes a second of each contender, on first sight and later."""

    def first_pass(contender: Contender) -> float:
        contender.renew()
        return contender.batch(texts)

    def further_passes(contender: Contender) -> float:
        # Fast ones go through the texts until they took about as long as slow ones do in one pass:
        # what else the machine does must have the same chance to fall on them.
        return contender.batch(texts, _SHORTEST_TURN)

    first = _take_turns(field, field.of_batches(), rounds, first_pass)
    steady = _take_turns(field, field.of_batches(), rounds, further_passes)
    base = judge_of(steady)
    megabytes = corpus.size(texts) / 1e6
    return {
        name: {
            "docs_per_s": len(texts) / median(times),
            "mb_per_s": megabytes / median(times),
            "ratio": median(steady[base]) / median(times),
            "first_docs_per_s": len(texts) / median(first[name]),
            "first_ratio": median(first[base]) / median(first[name]),
            "seconds": times,
            "first_seconds": first[name],
            **agree.get(name, {}),
        }
        for name, times in steady.items()
    }


def latency(
    field: Field,
    queries: list[str],
    at_once: int,
    rounds: int,
    agree: dict[str, dict[str, float]],
) -> dict[str, Any]:
    """Return the times of one call, in microseconds, going through distinct queries."""

    def calls(contender: Contender) -> list[int]:
        return contender.calls(queries, at_once)

    _take_turns(field, field.of_queries(), 1, calls)  # warms up
    called = _take_turns(field, field.of_queries(), rounds, calls)
    microseconds = {name: np.concatenate(times) / 1e3 for name, times in called.items()}
    p50 = {name: float(np.percentile(times, 50)) for name, times in microseconds.items()}
    base = judge_of(called)
    return {
        name: {
            "p50_us": p50[name],
            "p99_us": float(np.percentile(times, 99)),
            "ratio": p50[base] / p50[name],
            "calls": len(times),
            "quantiles_us": {str(q): float(np.percentile(times, q)) for q in QUANTILES},
            **agree.get(name, {}),
        }
        for name, times in microseconds.items()
    }


def threads(model: StaticModel, texts: list[str], rounds: int, most: int) -> dict[str, float]:
    """Return documents a second of ours on one thread and more, up to the processors there are."""
    from time import perf_counter

    texts = texts * (20_000 // len(texts) + 1)  # so that a batch takes longer than to share it out
    counts = sorted({*(1 << i for i in range(most.bit_length()) if 1 << i < most), most})
    seconds: dict[int, list[float]] = {count: [] for count in counts}
    for turn in range(rounds + 1):
        for count in counts[:: -1 if turn % 2 else 1]:
            start = perf_counter()
            model.encode(texts, num_threads=count)
            if turn:  # the first round fills caches
                seconds[count].append(perf_counter() - start)
    return {str(count): len(texts) / median(times) for count, times in seconds.items()}


NUMPY_ALONE = "import numpy, and nothing else"
WITHOUT_INDEX = "m2v_fast, without its compiled index"
WITH_INDEX = "m2v_fast, with a compiled index"
#: What is started anew: names, ways and options.
_STARTED: dict[str, tuple[str, dict[str, Any]]] = {
    NUMPY_ALONE: ("nothing", {}),
    MODEL2VEC: ("model2vec", {}),
    TOKENIZERS: ("tokenizers", {}),
    "fastembed": ("fastembed", {}),
    "sentence-transformers": ("sentence-transformers", {}),
    "laghu": ("laghu", {}),
    "static-embed-runner": ("static-embed-runner", {}),
    "m2v_fast": ("m2v_fast", {}),
}


def start_up(
    folder: Path,
    file: Path,
    rounds: int,
    absent: dict[str, str],
    *,
    peers: bool,
    indexed: bool,
    compiled: Path | None,
) -> dict[str, dict[str, float]]:
    """Return milliseconds and megabytes of whole new processes, and of their parts.

    Args:
        folder: The model's.
        file: Texts to encode for the figures of memory, as `contenders.write_texts` writes them.
        rounds: Processes of each kind.
        absent: Those that are known not to run; who fails here is added.
        peers: Measure others than model2vec, too.
        indexed: Measure ours without the compiled index of a big vocabulary as well.
        compiled: The same model with an index beside its tokenizer.json, to be measured as well.
    """
    started = dict(_STARTED)
    if not peers:
        started = {name: started[name] for name in (NUMPY_ALONE, MODEL2VEC, "m2v_fast")}
    if indexed:
        started[WITHOUT_INDEX] = ("m2v_fast", {"index": False})
    if compiled is not None:
        started[WITH_INDEX] = ("m2v_fast", {})
    told: dict[str, list[dict[str, float]]] = {n: [] for n in started if n not in absent}
    for turn in range(rounds + 1):
        for name in list(told):
            way, options = started[name]
            try:
                place = compiled if name == WITH_INDEX and compiled else folder
                found = fresh(way, place, file, **options)
            except AbsentError as reason:
                if is_ours(name):
                    raise ValueError(f"{name} fails: {reason}") from reason
                absent[name] = str(reason)
                del told[name]
                continue
            if turn:  # the first one warms the file cache
                told[name].append(found)
    return {
        name: {key: median(row[key] for row in rows) for key in rows[0]}
        for name, rows in told.items()
    }
