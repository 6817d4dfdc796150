"""Threads on both sides of the encoder: one reads ahead of it, one writes behind it."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from m2v_fast.bulk.writers import Writer

#: Seconds for which a reader that is no longer wanted may finish what it is at. From a disk that is
#: some milliseconds.
PATIENCE = 1.0

#: Batches that may wait on either side, so that memory stays flat whoever is slower.
WAITING = 4

T = TypeVar("T")


@dataclass
class _End:
    """Nothing more comes, because of an error if there is one."""

    error: BaseException | None = None


@contextmanager
def ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """Take items in a thread of its own, some before they are asked for.

    What taking them raises is raised where they are asked for. Left early, the thread ends with the
    item that it is at, and that is not waited for very long: it may come from far away. A process
    that ends before it does so by `ending`.
    """
    waiting: queue.Queue[T | _End] = queue.Queue(WAITING)
    stopped = threading.Event()

    def put(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as error:  # raised again by whoever asks
            put(_End(error))
        else:
            put(_End())

    def take() -> Iterator[T]:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    thread = threading.Thread(target=work, name="m2v-fast reader", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join(PATIENCE)


@contextmanager
def behind(writer: Writer) -> Iterator[Callable[[Any, Any], None]]:
    """Write in a thread of its own what is given to the function."""
    waiting: queue.Queue[tuple[Any, Any] | None] = queue.Queue(WAITING)
    failed: list[BaseException] = []
    stopped = threading.Event()

    def work() -> None:
        while (item := waiting.get()) is not None:
            if failed or stopped.is_set():
                continue
            try:
                writer.add(*item)
            except BaseException as error:  # raised again by whoever adds
                failed.append(error)

    def add(kept: Any, vectors: Any) -> None:
        if failed:
            raise failed[0]
        waiting.put((kept, vectors))

    thread = threading.Thread(target=work, name="m2v-fast writer", daemon=True)
    thread.start()
    try:
        yield add
        waiting.put(None)
        thread.join()
    except BaseException:  # an interrupt of the two lines above, too
        stopped.set()
        raise
    finally:
        waiting.put(None)
        thread.join()
    if failed:
        raise failed[0]
