"""Warnings to the log, without an import of `logging`.

It takes a good part of what importing this package takes. And a load imports nothing: a process
that forks while a thread is inside of an import leaves a child in which that import never ends.
"""

from __future__ import annotations

import sys


def warning(name: str, message: str, *values: object) -> None:
    """Log a warning of the module `name`, the values put into the message as `logging` does."""
    logging = sys.modules.get("logging")
    # The last of what `logging` defines that there always was: it may be half imported elsewhere.
    if logging is not None and hasattr(logging, "captureWarnings"):
        logging.getLogger(name).warning(message, *values)
    elif sys.stderr is not None:
        # What `logging` does where nobody has set up anything.
        print(message % values, file=sys.stderr)
