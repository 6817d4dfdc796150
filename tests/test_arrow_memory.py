"""Vectors that were dropped leave their memory to the next ones: the same bits, nothing shared."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support import process, texts
from tests.support.compare import assert_same_bits

if TYPE_CHECKING:
    from m2v_fast import StaticModel

pa: Any = importlib.import_module("pyarrow")

#: Bytes of a block that is kept are from 64 kB to 32 MB.
ROWS = (texts.paragraphs() * 4)[:2000]
DTYPES = ["float32", "float16", "int8", "ubinary"]


def _address(vectors: Any) -> int:
    made = pa.array(vectors)
    return int(made.values.buffers()[1].address)


@pytest.fixture
def ranges(model: StaticModel) -> Any:
    """Of the model's own vectors."""
    vectors = model.encode(ROWS)
    return np.stack([vectors.min(axis=0), vectors.max(axis=0)])


def _encode(model: StaticModel, column: Any, dtype: Any, ranges: Any) -> Any:
    given = ranges if dtype == "int8" else None
    return model.encode_arrow(column, output_dtype=dtype, ranges=given, num_threads=1)


def test_the_next_vectors_lie_where_the_last_ones_did(model: StaticModel) -> None:
    column = pa.array(ROWS)
    where = _address(model.encode_arrow(column))
    for _ in range(3):
        assert _address(model.encode_arrow(column)) == where
    # A few rows less: the block holds them. Less than half: they would hold on to it.
    assert _address(model.encode_arrow(column[:1500])) == where
    few = model.encode_arrow(column[:900])
    assert few.shape == (900, model.dim)


def test_what_is_in_use_is_left_alone(model: StaticModel) -> None:
    column = pa.array(ROWS)
    expected = model.encode(ROWS)
    kept = [pa.array(model.encode_arrow(column[:size])) for size in (2000, 2000, 1999, 1500)]
    view = np.asarray(model.encode_arrow(column))
    for _ in range(3):
        model.encode_arrow(column[::-1])
    for made in kept:
        vectors = made.flatten().to_numpy().reshape(len(made), -1)
        assert_same_bits(vectors, expected[: len(made)], ROWS)
    assert_same_bits(view, expected, ROWS)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nulls_and_empty_texts_hold_zeros(model: StaticModel, dtype: Any, ranges: Any) -> None:
    """Whatever was there before."""
    full = pa.array(ROWS)
    rows = [None if place % 3 == 0 else "" if place % 3 == 1 else r for place, r in enumerate(ROWS)]
    chunks = pa.chunked_array([rows[:7], [], rows[7:1300], rows[1300:]])
    wide = dtype in ("int8", "ubinary")
    expected = model.encode(
        [row or "" for row in rows], output_dtype=dtype, ranges=ranges if dtype == "int8" else None
    )
    for column in (pa.array(rows), chunks, pa.array(rows).dictionary_encode()):
        where = _address(_encode(model, full, dtype, ranges))
        vectors = _encode(model, column, dtype, ranges)
        if not wide or len(ROWS) * expected.shape[1] >= 64 << 10:
            assert _address(vectors) == where
        values = pa.array(vectors).values.to_numpy().reshape(expected.shape)
        for place, row in enumerate(rows):
            if row is None:
                assert not values[place].any(), place
            else:
                assert values[place].tobytes() == expected[place].tobytes(), place


def test_failed_and_smaller_calls_change_nothing(model: StaticModel) -> None:
    """An error in the middle leaves a block half written to."""
    column = pa.array(ROWS)
    expected = model.encode(ROWS)
    offsets, data = column.buffers()[1:]
    broken = bytearray(data.to_pybytes())
    start = int(np.frombuffer(offsets, np.int32)[1000])
    broken[start] = 0xFF
    lie = pa.Array.from_buffers(
        pa.string(), len(column), [None, offsets, pa.py_buffer(bytes(broken))]
    )
    for _ in range(3):
        with pytest.raises(ValueError, match="1000"):
            model.encode_arrow(lie)
        assert_same_bits(np.asarray(model.encode_arrow(column)), expected, ROWS)
        assert_same_bits(np.asarray(model.encode_arrow(column[:1])), expected[:1], ROWS)


def test_threads_share_no_block(model: StaticModel) -> None:
    column = pa.array(ROWS)
    expected = model.encode(ROWS)
    problems: list[str] = []

    def work(number: int) -> None:
        for turn in range(20):
            first = (number * 7 + turn * 13) % 900
            part = column[first : first + 1000]
            got = np.asarray(model.encode_arrow(part, num_threads=1 + turn % 2))
            if got.tobytes() != expected[first : first + 1000].tobytes():
                problems.append(f"thread {number}, turn {turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_has_a_block_of_its_own(model: StaticModel) -> None:
    column = pa.array(ROWS)
    expected = model.encode(ROWS)
    model.encode_arrow(column)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        model.encode_arrow(column[::-1])
        same = np.asarray(model.encode_arrow(column)).tobytes() == expected.tobytes()
        os._exit(0 if same else 1)
    got = np.asarray(model.encode_arrow(column))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert_same_bits(got, expected, ROWS)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_more_is_kept_than_the_last_block() -> None:
    """Of many sizes one after another, beyond the limit too."""
    code = (
        "import gc, re, pathlib, pyarrow as pa\n"
        "from m2v_fast import BUNDLED_MODEL, StaticModel\n"
        "model = StaticModel.from_pretrained(BUNDLED_MODEL)\n"
        "def private():\n"
        "    text = pathlib.Path('/proc/self/smaps_rollup').read_text()\n"
        "    return sum(map(int, re.findall(r'Private_\\w+:\\s+(\\d+) kB', text))) / 1024\n"
        "def work(megabytes):\n"
        "    rows = int(megabytes * 2**20) // (4 * model.dim)\n"
        "    model.encode_arrow(pa.array(['a'] * rows).dictionary_encode())\n"
        "    gc.collect()\n"
        "work(1)\n"
        "before = private()\n"
        "for megabytes in (2, 8, 30, 31, 100, 30, 3):\n"
        "    work(megabytes)\n"
        "    pa.default_memory_pool().release_unused()\n"
        "    print(megabytes, private() - before)\n"
    )
    lines = process.run("-c", code).stdout.decode().splitlines()
    assert len(lines) == 7
    for line in lines:
        megabytes, grown = map(float, line.split())
        # What rows and indices take on the way is the allocator's own.
        assert grown < min(megabytes, 32) + 8, lines
