"""The end of a command whose threads may be inside a library.

Python ends while daemon threads live, and so do libraries with threads of their own. One that asks
for the interpreter's lock then is unwound; with C++ on its stack, as in pyarrow's, that ends the
process by SIGABRT in place of the exit code (Python 3.13 and before; 3.14 lets it hang). And Python
waits for standard input that another thread reads, for as long as nobody writes there.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_stopped = False


@contextmanager
def threads_are_left() -> Iterator[None]:
    """Note that what is raised in here leaves threads behind that nobody can stop."""
    global _stopped
    try:
        yield
    except BaseException:
        _stopped = True
        raise


def command(main: Callable[[], object]) -> None:
    """Run the command of this process.

    When it ends early and has left threads behind, the process ends with it, without the end of the
    interpreter. What is to be removed or said has been by then.
    """
    try:
        main()
    except SystemExit as end:
        if not _stopped or not isinstance(end.code, int):
            raise
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                continue  # nobody is there to read it
        os._exit(end.code)
