"""Threads, forks and Ctrl-C: the same bits, no hang, no harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from m2v_fast import StaticModel

from tests.support import process, texts
from tests.support.compare import assert_same_bits
from tests.support.folders import Folder, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import MakeFolder


@pytest.mark.parametrize("num_threads", [1, 2, 3, 8, 100, None])
def test_the_number_of_threads_changes_no_bit(
    make_folder: MakeFolder, num_threads: int | None
) -> None:
    folder = make_folder("wordpiece", Shape("float32", 256))
    model = StaticModel.from_pretrained(folder.path)
    # Lengths of all kinds in one batch, so that threads finish in an order of their own.
    some = [*texts.paragraphs(), *texts.AWKWARD, *texts.MULTILINGUAL] * 2
    expected = np.concatenate([model.encode([text]) for text in some])
    assert_same_bits(model.encode(some, num_threads=num_threads), expected, some)


def test_threads_do_not_disturb_each_other(model: StaticModel) -> None:
    some = [*texts.paragraphs()[:400], *texts.AWKWARD, *texts.MULTILINGUAL]
    wishes: list[dict[str, Any]] = [
        {"max_length": max_length, "normalize": normalize}
        for max_length in (1, 5, 64, None)
        for normalize in (False, True)
    ]
    expected = [model.encode(some, **wish) for wish in wishes]
    ids = model.tokenize(some)
    start = threading.Barrier(len(wishes))

    def work(number: int) -> None:
        start.wait()
        for turn in range(10):
            got = model.encode(some, num_threads=1 + turn % 2, **wishes[number])
            assert_same_bits(got, expected[number], some, f"thread {number}, turn {turn}")
            one = model.encode(some[turn], **wishes[number])
            assert_same_bits(one, expected[number][turn], what=f"thread {number}, one text")
            if turn == number:
                assert model.tokenize(some) == ids

    with ThreadPoolExecutor(len(wishes)) as pool:
        for done in [pool.submit(work, number) for number in range(len(wishes))]:
            done.result()


def test_an_error_in_one_thread_stays_there(model: StaticModel) -> None:
    some = list(texts.paragraphs()[:500])
    expected = model.encode(some)
    broken = [*some[:250], "\ud800", *some[250:]]

    def work(number: int) -> None:
        for _ in range(10):
            if number % 2:
                with pytest.raises(UnicodeEncodeError, match="250"):
                    model.encode(broken, num_threads=2)
            else:
                assert_same_bits(model.encode(some, num_threads=2), expected)

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, number) for number in range(4)]:
            done.result()


def test_other_python_threads_run_beside_a_long_batch(model: StaticModel) -> None:
    start = time.perf_counter()
    model.encode(texts.many_paragraphs(5000), num_threads=1)
    half_a_second = int(0.5 * 5000 / (time.perf_counter() - start))
    batch = texts.many_paragraphs(min(half_a_second, 2_000_000))
    finished = threading.Event()

    def work() -> None:
        model.encode(batch, num_threads=1)
        finished.set()

    worker = threading.Thread(target=work)
    worker.start()
    turns = 0
    while not finished.wait(0.001):
        turns += 1
    worker.join()
    # A call that kept the interpreter to itself would leave one or two.
    assert turns >= 10


def test_texts_may_be_dropped_while_they_are_encoded(model: StaticModel) -> None:
    def made() -> list[str]:
        # Strings of their own, that nothing but the list keeps alive.
        kinds = ("{} {}", "{} {} é", "{} {} 中", "{} {} 👍")
        source = texts.many_paragraphs(60_000)
        return [kinds[i % 4].format(i, text) for i, text in enumerate(source)]

    expected = model.encode(made())
    whole = 0
    for _ in range(5):
        batch = made()
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(model.encode, batch, num_threads=2)
            time.sleep(0.005)
            while not result.done():
                batch.clear()
                time.sleep(0.001)
                batch.extend(["x" * 500] * 1000)
            got = result.result()
        whole += len(got) == len(expected)
        # The list may have been read before or after it was cleared, never in between.
        if len(got) == len(expected):
            assert_same_bits(got, expected)
        else:
            assert len(got) in (0, 1000)
    assert whole, "the list was never read before it was cleared"


def test_the_environment_is_left_alone(model: StaticModel) -> None:
    before = dict(os.environ)
    model.encode(texts.many_paragraphs(12_000))
    assert dict(os.environ) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_children_encode(small: Folder) -> None:
    result = process.answer(process.CHILDREN / "fork.py", small.path)
    assert set(result["codes"]) == {0}
    assert result["parent"] is True


@pytest.fixture
def ask_and_interrupt(make_folder: MakeFolder) -> Callable[[int], tuple[float, dict[str, Any]]]:
    """Starts a child on a long batch, interrupts it: when that was, and what it said."""
    folder = make_folder("wordpiece", Shape(width=2))

    def run(threads: int) -> tuple[float, dict[str, Any]]:
        command = [sys.executable, str(process.CHILDREN / "interrupt.py")]
        child = subprocess.Popen(
            [*command, str(folder.path), str(threads)],
            env=process.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None
            assert json.loads(child.stdout.readline()) == {"ready": True}
            time.sleep(1.0)
            sent = time.monotonic()
            child.send_signal(signal.SIGINT)
            rest, _ = child.communicate(timeout=60)
            assert child.returncode == 0
            said: dict[str, Any] = json.loads(rest)
            return sent, said
        finally:
            child.kill()
            child.wait()

    return run


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT can be sent to one process")
@pytest.mark.parametrize("threads", [1, 2, 0])
def test_ctrl_c_stops_a_long_batch(
    ask_and_interrupt: Callable[[int], tuple[float, dict[str, Any]]], threads: int
) -> None:
    sent, said = ask_and_interrupt(threads)
    assert said["interrupted"] is True, "the batch ended before it could be interrupted"
    assert said["same"] is True
    # Noticed within 100 ms; the rest is slack for a busy machine.
    assert said["caught"] - sent < 5.0


@pytest.fixture
def hasty() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*calls: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(place: int) -> None:
        barrier.wait()
        results[place] = calls[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.usefixtures("hasty")
def test_a_card_is_read_by_all_who_ask_at_once(own_folder: MakeFolder) -> None:
    folder = own_folder("wordpiece").path
    (folder / "README.md").write_text("---\nbase_model: a/base\nlanguage: [en]\n---\n")
    StaticModel.from_pretrained(folder).base_model_name  # noqa: B018 - imports are done
    for _ in range(50):
        model = StaticModel.from_pretrained(folder)
        names = at_once(*[lambda: model.base_model_name] * 4)  # noqa: B023
        assert names == ["a/base"] * 4


@pytest.mark.usefixtures("hasty")
def test_a_tokenizer_cuts_to_the_length_that_was_set_last(own_folder: MakeFolder) -> None:
    model = StaticModel.from_pretrained(own_folder("wordpiece").path)
    for length in [3, 5, None] * 60:

        def change(length: int | None = length) -> None:
            model.max_length = length

        at_once(change, lambda: model.tokenizer, lambda: model.tokenizer)
        truncation = model.tokenizer.truncation
        assert (truncation and truncation["max_length"]) == length
